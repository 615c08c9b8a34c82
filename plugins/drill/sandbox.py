"""A reference scheduler with folders of its own, and the commands of this program run against it as processes."""

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
from aurora_admin.plugins.drill.background import Background, StepFailed, last, tied

CLUSTER = "drill"
SHOWN_LINES = 8
SERVING = re.compile(r"Serving on (http://\S+)")


class Sandbox:
    """Folders, one scheduler and the commands; leaving the context ends every process, whatever happened.

    `show` gets each command as an operator would type it, and its output.
    """

    def __init__(self, folder: Path, show: Callable[[str], None] | None) -> None:
        self.folder, self.backups, self.log = folder, folder / "backups", folder / "log"
        self.url = ""
        self._show = show
        self._runs = 0
        self._environment = {**os.environ, "HOME": str(folder), "AURORA_CONFIG_ROOT": str(folder)}
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
        """Return a process to be started, which ends with the sandbox."""
        self._processes.append(Background(what, self.folder / log, self._environment))
        return self._processes[-1]

    @property
    def is_shown(self) -> bool:
        """Whether everything that is printed is shown as it comes."""
        return self._show is not None

    def admin(self, *arguments: str) -> Path:
        """Run a command as an operator would and return the file with what it printed, on both streams.

        Raises:
            StepFailed: it did not exit with 0; the text is its last line.
        """
        return self._succeed("aurora_admin", "aurora_admin", (*arguments, *self.options()))

    def refused(self, *arguments: str) -> str:
        """Run a command that must fail, and return the last line that it prints.

        Raises:
            StepFailed: it exited with 0.
        """
        code, printed = self._run("aurora_admin", "aurora_admin", (*arguments, *self.options()))
        if not code:
            raise StepFailed(f"{arguments[0]} ended with 0: {last_line(printed)}")
        return last_line(printed)

    def log_tool(self, *arguments: str) -> None:
        """Run a command of the log's own program.

        Raises:
            StepFailed: it did not exit with 0.
        """
        self._succeed("aurora-reference-log", "aurora_admin.scheduler.logtool.main", arguments)

    def initialize_log(self) -> None:
        """Make the scheduler's log, once."""
        self.log_tool("initialize", f"--path={self.log}")

    def start(self) -> None:
        """Start the scheduler on its folders and wait until it serves; `url` and the clusters file lead to it then."""
        self.start_scheduler(self.scheduler, self.log)
        self.url = self.wait_for(self.scheduler, SERVING)
        self.write_clusters()

    def start_scheduler(self, one: Background, log: Path, *flags: str) -> None:
        """Start a scheduler with some flags more, and go on."""
        flags = (
            f"-cluster_name={CLUSTER}",
            "-ip=127.0.0.1",
            "-hostname=127.0.0.1",
            "-http_port=0",
            f"-native_log_file_path={log}",
            f"-backup_dir={self.backups}",
            *flags,
        )
        self._announce("aurora-reference-scheduler", flags)
        one.start([sys.executable, "-m", "aurora_admin.scheduler.main", *flags])

    def wait_for(self, one: Background, pattern: re.Pattern[str]) -> str:
        """Wait until a process says something, and show all that it says."""
        found, lines = one.wait_for(pattern)
        self._present(iter(lines))
        return found

    def write_clusters(self) -> None:
        """Have the clusters file lead to the scheduler as `cluster` says."""
        text = json.dumps([self.cluster()])
        (self.folder / "clusters.json").write_text(text, encoding="utf-8")

    def cluster(self) -> dict[str, str]:
        """Return the clusters file's entry."""
        return {"name": CLUSTER, "scheduler_uri": self.url}

    def options(self) -> Sequence[str]:
        """Return what every command is given."""
        return ()

    def tasks(self, context: Context) -> Iterator[bytes]:
        """Yield every task that the scheduler has, as it encodes them."""
        bypass = "--bypass-leader-redirect" in self.options()
        cluster = Cluster(CLUSTER, self.cluster(), "the drill")
        return Scheduler(cluster, context.out, bypass_leader_redirect=bypass).raw_tasks("getTasksStatus")

    def news(self) -> list[str]:
        """Return the whole lines that the scheduler has logged since the last call, and show them."""
        lines = self.scheduler.news()
        self._present(iter(lines))
        return lines

    def _succeed(self, program: str, module: str, arguments: tuple[str, ...]) -> Path:
        code, printed = self._run(program, module, arguments)
        if code:
            raise StepFailed(f"{arguments[0]} ended with {code}: {last_line(printed)}")
        return printed

    def _run(self, program: str, module: str, arguments: tuple[str, ...]) -> tuple[int, Path]:
        self._announce(program, arguments)
        self._runs += 1
        printed = self.folder / f"{self._runs:02d}-{arguments[0]}.out"
        with open(printed, "wb") as file:
            code = subprocess.call(
                tied([sys.executable, "-m", module, *arguments]),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self._present(read_lines(printed))
        return code, printed

    def _announce(self, program: str, arguments: tuple[str, ...]) -> None:
        if self._show:
            self._show(f"$ {shlex.join((program, *arguments))}")

    def _present(self, lines: Iterator[str]) -> None:
        if self._show:
            for line in islice(lines, SHOWN_LINES):
                self._show(line)
            if more := sum(1 for _ in lines):
                self._show(f"... and {more} lines more")


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text that may be long and may hold anything."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


def last_line(path: Path) -> str:
    """Return the last line of a text that says something."""
    return last(path.read_text(encoding="utf-8", errors="replace").splitlines())
