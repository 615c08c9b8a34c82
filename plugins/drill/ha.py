"""The documented restore of a cluster of three schedulers: its sandbox and its steps."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from aurora_admin.plugins.drill.background import Background, StepFailed, last_text
from aurora_admin.plugins.drill.sandbox import CLUSTER, Sandbox, read_lines
from aurora_admin.plugins.drill.steps import Drill
from aurora_admin.plugins.drill.zookeeper import start_servers

SCHEDULERS = 3
SERVER_SET = "/aurora/scheduler"
GROUP = "/aurora/replicated-log"
NO_MASTER = "/no/mesos"
STANDBY = re.compile(r"Standing by on (http://\S+)")
LEADER = re.compile(r"Found leading scheduler at: (http://\S+)")
AWAITING_REGISTRATION = "scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1"
REPLAYED = re.compile(r"Awaiting registration on (http://[^\s;]+)")
PAGE_SECONDS = 10


class HaSandbox(Sandbox):
    """Three ZooKeeper servers and three schedulers. Commands go to one scheduler, or to the leader in ZooKeeper."""

    def __init__(self, folder: Path, show: Callable[[str], None] | None) -> None:
        super().__init__(folder, show)
        self.hosts = ""
        self.is_direct = False
        self.urls: dict[Background, str] = {}
        self.schedulers = [
            self.background(f"scheduler {number}", f"scheduler{number}.log") for number in range(1, SCHEDULERS + 1)
        ]

    def start_all(self, *flags: str) -> None:
        """Start every scheduler with additional flags, and wait until all are candidates."""
        common = (f"-zk_endpoints={self.hosts}", f"-serverset_path={SERVER_SET}", f"-native_log_zk_group_path={GROUP}")
        for number, scheduler in enumerate(self.schedulers, 1):
            self.start_scheduler(scheduler, self.folder / f"log{number}", *common, *flags)
            self.urls[scheduler] = self.wait_for(scheduler, STANDBY)

    def stop_all(self) -> None:
        """Stop every scheduler.

        Raises:
            StepFailed: one of them did not exit with 0.
        """
        running = [scheduler for scheduler in self.schedulers if scheduler.is_running()]
        for scheduler in running:
            scheduler.terminate()
        failed = [scheduler.what for scheduler in running if scheduler.wait_exit()]
        if failed:
            raise StepFailed(f"{', '.join(failed)} did not exit with 0")

    def find_elected(self) -> Background:
        """Wait for the scheduler that is elected and has replayed the log; send commands to it from then on."""
        found: list[Background] = []

        def is_found() -> bool:
            found[:] = [scheduler for scheduler in self.schedulers if self._is_elected(scheduler)]
            return bool(found)

        self.wait_until(is_found, f"{AWAITING_REGISTRATION} on /vars of a scheduler")
        self.scheduler, self.url, self.is_direct = found[0], self.urls[found[0]], True
        self.wait_for(self.scheduler, REPLAYED)
        self.write_clusters()
        return found[0]

    def _is_elected(self, scheduler: Background) -> bool:
        return scheduler.is_running() and AWAITING_REGISTRATION in variables(self.urls[scheduler])

    def use_zookeeper(self) -> None:
        """Let commands find the leader in ZooKeeper."""
        self.is_direct = False
        self.write_clusters()

    def cluster(self) -> dict[str, str]:
        if self.is_direct:
            return super().cluster()
        return {"name": CLUSTER, "zk": self.hosts, "scheduler_zk_path": SERVER_SET}

    def options(self) -> Sequence[str]:
        return ("--bypass-leader-redirect",) if self.is_direct else ()


class HaDrill(Drill):
    """The steps of a drill with three schedulers."""

    sandbox: HaSandbox

    def start_zookeeper(self) -> str:
        """Start the ZooKeeper servers."""
        self.sandbox.hosts = start_servers(self.sandbox)
        return self.sandbox.hosts

    def start(self) -> str:
        """Initialise the log, start all schedulers, and find the leader as any client does."""
        self._initialize()
        self.sandbox.start_all()
        self.sandbox.use_zookeeper()
        return self.find_leader()

    def stop(self) -> str:
        """Stop all schedulers."""
        self.sandbox.stop_all()
        return "every scheduler exited with 0"

    def empty_log(self) -> str:
        """Delete the log and initialise it again."""
        self.sandbox.log_tool("wipe", *self._log(), "--yes")
        self._initialize()
        return f"{GROUP} is empty"

    def start_disabled(self) -> str:
        """Start all schedulers so that the elected one does not register with Mesos."""
        self.sandbox.start_all(
            f"-mesos_master_address=zk://{self.sandbox.hosts}{NO_MASTER}", "-max_registration_delay=360mins"
        )
        return "no Mesos master, -max_registration_delay=360mins"

    def find_no_leader(self) -> str:
        """Check that no leader is found in ZooKeeper."""
        self.sandbox.wait_until(self._is_leader_missing, f"get_scheduler finds no leader under {SERVER_SET}")
        return "no leader is advertised, as expected"

    def _is_leader_missing(self) -> bool:
        """A busy machine may not reach ZooKeeper in time; then the message does not name the path."""
        return SERVER_SET in self.sandbox.refused("get_scheduler", CLUSTER, "--timeout=2")

    def find_elected(self) -> str:
        """Find the elected scheduler by /vars."""
        return f"{self.sandbox.find_elected().what} at {self.sandbox.url}"

    def find_next(self) -> str:
        """Check that another scheduler is elected and has the tasks of the backup."""
        before = self.sandbox.scheduler
        if self.sandbox.find_elected() is before:
            raise StepFailed("the same scheduler was elected again")
        return f"{self.sandbox.scheduler.what}: {self.compare_tasks()}"

    def restart(self) -> str:
        """Restart all schedulers with the usual flags, and find the leader in ZooKeeper."""
        self.sandbox.stop_all()
        self.sandbox.start_all()
        self.sandbox.use_zookeeper()
        return self.find_leader()

    def find_leader(self) -> str:
        """Find the leader in ZooKeeper, and verify that it leads."""
        lines = list(read_lines(self.sandbox.admin("get_scheduler", CLUSTER, "--verify", "--timeout=600")))
        found = next(filter(None, map(LEADER.search, lines)), None)
        if found is None:
            raise StepFailed(f"get_scheduler found no leader: {last_text(lines)}")
        return found.group(1)

    def _initialize(self) -> None:
        self.sandbox.log_tool("initialize", *self._log())

    def _log(self) -> tuple[str, str]:
        return f"--zk={self.sandbox.hosts}", f"--group={GROUP}"


HA_STEPS = (
    ("start three ZooKeeper servers", HaDrill.start_zookeeper),
    ("start three schedulers", HaDrill.start),
    ("stop all schedulers", HaDrill.stop),
    ("empty the log", HaDrill.empty_log),
    ("start partially disabled", HaDrill.start_disabled),
    ("look for a leader", HaDrill.find_no_leader),
    ("find the elected scheduler", HaDrill.find_elected),
    ("list backups", HaDrill.list_backups),
    ("stage", HaDrill.stage),
    ("print tasks", HaDrill.print_tasks),
    ("delete tasks", HaDrill.delete),
    ("commit", HaDrill.commit),
    ("another leads, compare tasks", HaDrill.find_next),
    ("undo the flags, restart all", HaDrill.restart),
    ("compare tasks", HaDrill.compare_tasks),
    ("back up, compare the rest", HaDrill.compare_the_rest),
    ("stop", HaDrill.stop),
)


def variables(url: str) -> list[str]:
    """Return the lines of /vars of a scheduler of this machine; none if it does not reply."""
    try:
        with build_opener(ProxyHandler({})).open(f"{url}/vars", timeout=PAGE_SECONDS) as page:  # our own scheduler
            text: bytes = page.read()
            return text.decode("utf-8", "replace").splitlines()
    except OSError:  # the scheduler has just exited
        return []
