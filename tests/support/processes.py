"""Real processes for tests: the installed programs, started as a user would, ended whatever happens."""

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
    """What a finished program left behind."""

    code: int
    out: str
    err: str


def environment(home: Path, **extra: str) -> dict[str, str]:
    """Nothing of the developer's own: no home, no clusters file, no locale but UTF-8."""
    return {
        "PATH": f"{PROGRAMS}:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(home),
        "AURORA_CONFIG_ROOT": str(home / "etc"),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
        **extra,
    }


def run(command: Sequence[object], env: Mapping[str, str], stdin: str = "") -> Result:
    """Run a program to its end and return its exit code, output and errors as text."""
    process = subprocess.Popen(
        [str(part) for part in command],
        env=env,
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
    """Return the processes that a process with a session of its own has left running."""
    return [number for number, fields in stats() if int(fields[3]) == leader]


def end_session(leader: int) -> None:
    """Kill what is left of a process with a session of its own, and of all that it started there."""
    for number in processes_of_session(leader):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def pause(process: subprocess.Popen[Any]) -> None:
    """Stop a child where it stands, without its knowledge; none of its threads does anything any more on return."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


def resume(process: subprocess.Popen[Any]) -> None:
    process.send_signal(signal.SIGCONT)


class Clusters:
    """The clusters.json of one test."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "clusters.json"

    def write(self, *names: str, **uris: str) -> None:
        """Write clusters: bare names get a scheduler_uri where nothing listens, `name=uri` that one."""
        nowhere = dict.fromkeys(names, "http://127.0.0.1:1")
        self.write_documents({"name": name, "scheduler_uri": uri} for name, uri in {**nowhere, **uris}.items())

    def write_documents(self, documents: Iterable[object]) -> None:
        """Write any cluster documents."""
        self.write_text(json.dumps(list(documents)))

    def write_text(self, text: str) -> None:
        """Write the file as it is given, broken or not."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(text, encoding="utf-8")


@dataclass
class Scheduler:
    """A reference scheduler with folders of its own; `start` it, `stop` it, `kill` it, start it again."""

    folder: Path
    flags: tuple[str, ...] = ()
    wrapper: tuple[str, ...] = ()
    port: int = 0
    url: str = ""
    host: str = "127.0.0.1"
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
        """All that the scheduler has said since it was made, restarts included."""
        return self._log.read_text(errors="surrogateescape")

    def initialize(self) -> None:
        """Make its log, once."""
        program = PROGRAMS / "aurora-reference-log"
        done = run([program, "initialize", f"--path={self.log_dir}"], environment(self.folder))
        assert done.code == 0, done.err

    def command(self) -> list[str]:
        """Return its command line."""
        return [
            *self.wrapper,
            str(PROGRAMS / "aurora-reference-scheduler"),
            f"-cluster_name={self.cluster}",
            f"-http_port={self.port}",
            f"-hostname={self.host}",
            "-ip=127.0.0.1",
            f"-backup_dir={self.backup_dir}",
            f"-native_log_file_path={self.log_dir}",
            *self.flags,
        ]

    def spawn(self) -> None:
        """Start the process and go on at once; `start` waits until it serves."""
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
        """Start it, on its log if there is one, and wait until it says so: Serving, Standing by, Awaiting ..."""
        if not self.log_dir.exists():
            self.initialize()
        seen = len(self.log)
        self.spawn()
        self.url = str(wait_until(lambda: self._url_since(seen, until), until))
        return self

    def _url_since(self, seen: int, what: str) -> str | None:
        found = re.search(rf"{what} on (http://[^\s;]+)", self.log[seen:])
        assert found or self._is_running(), f"the scheduler ended and never said {what}:\n{self.log}"
        return found and found.group(1)

    def _is_running(self) -> bool:
        return bool(self.process) and self.process.poll() is None

    def wait_exit(self) -> int:
        """Wait for the process to end by itself and return its exit code."""
        assert self.process
        return wait_exit(self.process)

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        assert self.process
        self.process.send_signal(sig)
        return self.wait_exit()

    def kill(self) -> None:
        """End it and what it started as a power cut would; legal at any time."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process:
            self.wait_exit()

    def restart(self) -> "Scheduler":
        """Stop it if it runs, and start it again on the same folders."""
        if self._is_running():
            assert self.stop() == 0, self.log
        self.kill()
        return self.start()
