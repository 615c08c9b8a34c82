"""Real processes for tests: the installed programs, started as a user starts them."""

import json
import os
import re
import signal
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import communicate, stats, wait_exit, wait_until

PROGRAMS = Path(sysconfig.get_path("scripts"))
# Root may read every file; a process with this wrapper may not.
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.getuid() == 0 else ()


@dataclass(frozen=True)
class Result:
    """Exit code and output of a program that has ended."""

    code: int
    out: str
    err: str


def environment(home: Path, **extra: str) -> dict[str, str]:
    """Return an environment without the developer's settings: another home, no clusters.json, UTF-8."""
    return {
        "PATH": f"{PROGRAMS}:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(home),
        "AURORA_CONFIG_ROOT": str(home / "etc"),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
        **extra,
    }


def run(command: Sequence[object], env: Mapping[str, str], stdin: str = "", cwd: Path | None = None) -> Result:
    """Run a program to its end and return its exit code, output and errors as text."""
    process = subprocess.Popen(
        [str(part) for part in command],
        env=env,
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
    )
    with process:
        try:
            out, err = communicate(process, stdin)
        except BaseException:
            process.kill()
            raise
    return Result(process.returncode, out, err)


def processes_of_session(leader: int) -> list[int]:
    """Return the running processes of a session of the system; the process that opened it gave it its number.

    Zombies do not count: init may take its time to read the exit status of a process that lost its parent.
    """
    return [number for number, fields in stats() if int(fields[3]) == leader and fields[0] != "Z"]


def kill_session(leader: int) -> None:
    """Kill all processes of a session of the system."""
    for number in processes_of_session(leader):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def pause(process: subprocess.Popen[Any]) -> None:
    """Stop a child process with SIGSTOP; on return all its threads have stopped."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


def resume(process: subprocess.Popen[Any]) -> None:
    process.send_signal(signal.SIGCONT)


class Clusters:
    """The clusters.json of one test."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "clusters.json"

    def write(self, *names: str, **uris: str) -> None:
        """Write clusters: `name=uri` has that scheduler_uri, a bare name one where nothing listens."""
        nowhere = dict.fromkeys(names, "http://127.0.0.1:1")
        self.write_documents({"name": name, "scheduler_uri": uri} for name, uri in {**nowhere, **uris}.items())

    def write_documents(self, documents: Iterable[object]) -> None:
        """Write any cluster documents."""
        self.write_text(json.dumps(list(documents)))

    def write_text(self, text: str) -> None:
        """Write any text as the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(text, encoding="utf-8")


@dataclass
class Scheduler:
    """A reference scheduler with folders of its own. It can be started again on them after `stop` and `kill`."""

    folder: Path
    flags: tuple[str, ...] = ()
    wrapper: tuple[str, ...] = ()
    port: int = 0
    url: str = ""
    host: str = "127.0.0.1"
    ip: str = "127.0.0.1"
    cluster: str = "west"
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.backup_dir = self.folder / "backups"
        self.log_dir = self.folder / "log"
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        self._log = self.folder / "scheduler.err"
        self._log.touch()

    @property
    def log(self) -> str:
        """The log of all its processes so far."""
        return self._log.read_text(errors="surrogateescape")

    def initialize(self) -> None:
        """Initialize the folder of its replicated log."""
        program = PROGRAMS / "aurora-reference-log"
        done = run([program, "initialize", f"--path={self.log_dir}"], environment(self.folder))
        assert done.code == 0, done.err

    def command(self) -> list[str]:
        """Return the command line."""
        return [
            *self.wrapper,
            str(PROGRAMS / "aurora-reference-scheduler"),
            f"-cluster_name={self.cluster}",
            f"-http_port={self.port}",
            f"-hostname={self.host}",
            f"-ip={self.ip}",
            f"-backup_dir={self.backup_dir}",
            f"-native_log_file_path={self.log_dir}",
            *self.flags,
        ]

    def spawn(self) -> None:
        """Start the process and return at once."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env=environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def start(self, until: str = "Serving") -> "Scheduler":
        """Start the process and wait until it logs its address: "Serving on http://...", "Standing by on ..."."""
        if not self.log_dir.exists():
            self.initialize()
        seen = len(self.log)
        self.spawn()
        self.url = str(wait_until(lambda: self._url_since(seen, until), until))
        return self

    def _url_since(self, seen: int, what: str) -> str | None:
        found = re.search(rf"{what} on (http://[^\s;]+)", self.log[seen:])
        assert found or self._is_running(), f"the scheduler ended before it logged {what}:\n{self.log}"
        return found and found.group(1)

    def _is_running(self) -> bool:
        return bool(self.process) and self.process.poll() is None

    def wait_exit(self) -> int:
        """Wait for the process to end by itself and return its exit code."""
        assert self.process
        return wait_exit(self.process)

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the process to end and return its exit code."""
        assert self.process
        self.process.send_signal(sig)
        return self.wait_exit()

    def kill(self) -> None:
        """Kill the process and its children, if they run."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process:
            self.wait_exit()

    def restart(self) -> "Scheduler":
        """Stop the process if it runs, and start it again on the same folders."""
        if self._is_running():
            assert self.stop() == 0, self.log
        self.kill()
        return self.start()
