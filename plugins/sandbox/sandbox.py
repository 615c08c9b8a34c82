"""A reference scheduler with folders of its own, and the commands of this program run against it as processes."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType

from aurora_admin.client.scheduler import Scheduler
from aurora_admin.clusters import Cluster
from aurora_admin.command import Context

CLUSTER = "drill"
SHOWN_LINES = 8
STOP_SECONDS = 30
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
SERVING = re.compile(r"Serving on (http://\S+)")


class StepFailed(Exception):
    """A step did not do what it should; the text says what it did."""


class Sandbox:
    """Folders, one scheduler and the commands; leaving the context ends the scheduler, whatever happened.

    `show` gets each command as an operator would type it, and its output.
    """

    def __init__(self, folder: Path, show: Callable[[str], None] | None) -> None:
        self.backups, self.log = folder / "backups", folder / "log"
        self.url = ""
        self._folder, self._show = folder, show
        self._runs = 0
        self._scheduler: subprocess.Popen[bytes] | None = None
        self._scheduler_log = folder / "scheduler.log"
        self._read = 0  # how much of the scheduler's log has been reported
        self._environment = {**os.environ, "HOME": str(folder), "AURORA_CONFIG_ROOT": str(folder)}

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._scheduler and self._scheduler.poll() is None:
            self._scheduler.kill()
            self._scheduler.wait()

    @property
    def is_shown(self) -> bool:
        """Whether everything that is printed is shown as it comes."""
        return self._show is not None

    def admin(self, *arguments: str) -> Path:
        """Run a command as an operator would and return the file with what it printed, on both streams.

        Raises:
            StepFailed: it did not exit with 0; the text is its last line.
        """
        return self._run("aurora_admin", "aurora_admin", arguments)

    def initialize_log(self) -> None:
        """Make the scheduler's log, once."""
        self._run("aurora-reference-log", "aurora_admin.scheduler.logtool", ("initialize", f"--path={self.log}"))

    def start(self) -> None:
        """Start the scheduler on its folders and wait until it serves; `url` and the clusters file lead to it then."""
        flags = (f"-cluster_name={CLUSTER}", "-ip=127.0.0.1", "-hostname=127.0.0.1", "-http_port=0",
                 f"-native_log_file_path={self.log}", f"-backup_dir={self.backups}")
        self._announce("aurora-reference-scheduler", flags)
        with open(self._scheduler_log, "ab") as log, _uninterrupted():
            self._scheduler = subprocess.Popen([sys.executable, "-m", "aurora_admin.scheduler.main", *flags],
                                               env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.url = self._wait_until_serving()
        clusters = [{"name": CLUSTER, "scheduler_uri": self.url}]
        (self._folder / "clusters.json").write_text(json.dumps(clusters), encoding="utf-8")

    def _wait_until_serving(self) -> str:
        said = ""
        while not (found := SERVING.search(said)):
            code = self._scheduler.poll() if self._scheduler else None
            if code is not None:
                raise StepFailed(f"the scheduler ended with {code} instead of serving: {_last_line(said)}")
            time.sleep(0.01)
            said += "\n".join(self.news())
        return found.group(1)

    def wait_exit(self) -> int:
        """Wait until the scheduler has ended by itself.

        Raises:
            StepFailed: it goes on.
        """
        assert self._scheduler
        try:
            return self._scheduler.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise StepFailed(f"the scheduler still runs after {STOP_SECONDS} s") from None

    def tasks(self, context: Context) -> Iterator[bytes]:
        """Yield every task that the scheduler has, as it encodes them."""
        cluster = Cluster(CLUSTER, {"name": CLUSTER, "scheduler_uri": self.url}, "the drill")
        return Scheduler(cluster, context.options, context.out).raw_tasks("getTasksStatus")

    def terminate(self) -> None:
        """Ask the scheduler to end."""
        assert self._scheduler
        self._scheduler.terminate()

    def news(self) -> list[str]:
        """Return the whole lines that the scheduler has logged since the last call, and show them."""
        with open(self._scheduler_log, "rb") as log:
            log.seek(self._read)
            said = log.read()
        said = said[:said.rfind(b"\n") + 1]
        self._read += len(said)
        lines = said.decode("utf-8", "replace").splitlines()
        self._present(iter(lines))
        return lines

    def _run(self, program: str, module: str, arguments: tuple[str, ...]) -> Path:
        self._announce(program, arguments)
        self._runs += 1
        printed = self._folder / f"{self._runs:02d}-{arguments[0]}.out"
        with open(printed, "wb") as file:
            code = subprocess.call([sys.executable, "-m", module, *arguments], env=self._environment,
                                   stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self._present(read_lines(printed))
        if code:
            raise StepFailed(f"{arguments[0]} ended with {code}: {_last_line(printed.read_text(errors='replace'))}")
        return printed

    def _announce(self, program: str, arguments: tuple[str, ...]) -> None:
        if self._show:
            self._show(f"$ {shlex.join((program, *arguments))}")

    def _present(self, lines: Iterator[str]) -> None:
        if self._show:
            for line in islice(lines, SHOWN_LINES):
                self._show(line)
            if more := sum(1 for _ in lines):
                self._show(f"... and {more} lines more")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C until it is known what was started: what nobody knows, nobody would end."""
    caught: list[int] = []
    handlers = {sig: signal.signal(sig, lambda number, _: caught.append(number)) for sig in INTERRUPTS}
    try:
        yield
    finally:
        for sig, handler in handlers.items():
            signal.signal(sig, handler)
    if caught:
        raise KeyboardInterrupt


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text that may be long and may hold anything."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
