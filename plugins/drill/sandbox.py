"""A reference scheduler with its own folders, and the installed commands that are run against it as processes."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType

from aurora_admin.client.scheduler import Scheduler
from aurora_admin.clusters import Cluster
from aurora_admin.command import Context
from aurora_admin.plugins.drill.background import Background, StepFailed, last_text, tied, wait_until

CLUSTER = "drill"
SHOWN_LINES = 8
PROXY_SUFFIX = "_proxy"  # of the variables that name proxies; everything in a drill is on this machine
SERVING = re.compile(r"Serving on (http://\S+)")


class Sandbox:
    """Folders, one scheduler and the commands. Leaving the context kills every process.

    `show` gets each command as an operator would type it, and its output.
    """

    def __init__(self, folder: Path, show: Callable[[str], None] | None) -> None:
        self.folder, self.backups, self.log = folder, folder / "backups", folder / "log"
        self.url = ""
        self._show = show
        self._runs = 0
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith(PROXY_SUFFIX)}
        self._environment = {**kept, "HOME": str(folder), "AURORA_CONFIG_ROOT": str(folder)}
        self._processes: list[Background] = []
        self.scheduler = self.background("the scheduler", "scheduler.log")

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()

    def background(self, what: str, log: str) -> Background:
        """Return a process to be started; it is killed at the end of the sandbox."""
        self._processes.append(Background(what, self.folder / log, self._environment))
        return self._processes[-1]

    @property
    def is_shown(self) -> bool:
        """Whether all output of the commands and the scheduler is shown."""
        return self._show is not None

    def admin(self, *arguments: str) -> Path:
        """Run a command as an operator would; return the file that has its output, stdout and stderr together.

        Raises:
            StepFailed: the command did not exit with 0; the text is its last line.
        """
        return self._run_successfully("aurora_admin", "aurora_admin", (*arguments, *self.options()))

    def refused(self, *arguments: str) -> str:
        """Run a command that must fail; return its last line.

        Raises:
            StepFailed: the command exited with 0.
        """
        code, output = self._run("aurora_admin", "aurora_admin", (*arguments, *self.options()))
        if not code:
            raise StepFailed(f"{arguments[0]} ended with 0: {last_line(output)}")
        return last_line(output)

    def log_tool(self, *arguments: str) -> None:
        """Run a command of aurora-reference-log.

        Raises:
            StepFailed: the command did not exit with 0.
        """
        self._run_successfully("aurora-reference-log", "aurora_admin.scheduler.logtool.main", arguments)

    def initialize_log(self) -> None:
        """Initialise the log of the scheduler."""
        self.log_tool("initialize", f"--path={self.log}")

    def start(self) -> None:
        """Start the scheduler and wait until it serves; then `url` and the clusters file have its address."""
        self.start_scheduler(self.scheduler, self.log)
        self.url = self.wait_for(self.scheduler, SERVING)
        self.write_clusters()

    def start_scheduler(self, scheduler: Background, log: Path, *flags: str) -> None:
        """Start a scheduler with additional flags and return at once."""
        flags = (
            f"-cluster_name={CLUSTER}",
            "-ip=127.0.0.1",
            "-hostname=127.0.0.1",
            "-http_port=0",
            f"-native_log_file_path={log}",
            f"-backup_dir={self.backups}",
            # A drain that goes on would change the tasks that are compared with the backup.
            "-host_maintenance_polling_interval=365days",
            *flags,
        )
        self._print_command("aurora-reference-scheduler", flags)
        scheduler.start([sys.executable, "-m", "aurora_admin.scheduler.main", *flags])

    def wait_for(self, process: Background, pattern: re.Pattern[str]) -> str:
        """Wait for a log line of a process and return the group of the pattern; what it logged meanwhile is shown."""
        found, lines = process.wait_for(pattern)
        self._print_output(iter(lines))
        return found

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition; raises as background.wait_until."""
        wait_until(condition, what, self._processes)

    def write_clusters(self) -> None:
        """Write the clusters file with the entry of `cluster()`."""
        text = json.dumps([self.cluster()])
        (self.folder / "clusters.json").write_text(text, encoding="utf-8")

    def cluster(self) -> dict[str, str]:
        """Return the entry of the clusters file."""
        return {"name": CLUSTER, "scheduler_uri": self.url}

    def options(self) -> Sequence[str]:
        """Return the options that every command needs to reach the scheduler."""
        return ()

    def tasks(self, context: Context) -> Iterator[bytes]:
        """Yield every task of the scheduler as it was encoded."""
        cluster = Cluster(CLUSTER, self.cluster(), "the drill")
        bypass = "--bypass-leader-redirect" in self.options()
        return Scheduler(cluster, context.out, bypass_leader_redirect=bypass).raw_tasks("getTasksStatus")

    def new_lines(self) -> list[str]:
        """Return and show the lines that the scheduler has logged since the last call."""
        lines = self.scheduler.new_lines()
        self._print_output(iter(lines))
        return lines

    def _run_successfully(self, program: str, module: str, arguments: tuple[str, ...]) -> Path:
        code, output = self._run(program, module, arguments)
        if code:
            raise StepFailed(f"{arguments[0]} ended with {code}: {last_line(output)}")
        return output

    def _run(self, program: str, module: str, arguments: tuple[str, ...]) -> tuple[int, Path]:
        self._print_command(program, arguments)
        self._runs += 1
        output = self.folder / f"{self._runs:02d}-{arguments[0]}.out"
        with open(output, "wb") as file:
            code = subprocess.call(
                tied([sys.executable, "-m", module, *arguments]),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self._print_output(read_lines(output))
        return code, output

    def _print_command(self, program: str, arguments: tuple[str, ...]) -> None:
        if self._show:
            self._show(f"$ {shlex.join((program, *arguments))}")

    def _print_output(self, lines: Iterator[str]) -> None:
        if self._show:
            for line in islice(lines, SHOWN_LINES):
                self._show(line)
            if more := sum(1 for _ in lines):
                self._show(f"... and {more} lines more")


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file of any size; bytes that are not UTF-8 are replaced."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


def last_line(path: Path) -> str:
    """Return the last line of a text file that is not blank."""
    return last_text(path.read_text(encoding="utf-8", errors="replace").splitlines())
