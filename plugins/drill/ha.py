"""The restore of a cluster of three schedulers, as its documentation has it: the steps and where they take place."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.request import urlopen

from aurora_admin.plugins.drill.background import Background, StepFailed, last, wait_until
from aurora_admin.plugins.drill.sandbox import CLUSTER, Sandbox, read_lines
from aurora_admin.plugins.drill.steps import Drill
from aurora_admin.plugins.drill.zookeeper import start_servers

SCHEDULERS = 3
SERVERSET = "/aurora/scheduler"
GROUP = "/aurora/replicated-log"
NO_MASTER = "/no/mesos"
STANDING_BY = re.compile(r"Standing by on (http://\S+)")
LEADER = re.compile(r"Found leading scheduler at: (http://\S+)")
AWAITING = "scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1"
REPLAYED = re.compile(r"Awaiting registration on (http://[^\s;]+)")
PAGE_SECONDS = 10


class HaSandbox(Sandbox):
    """ZooKeeper servers and three schedulers; commands go to one of them, or to whoever leads."""

    def __init__(self, folder: Path, show: Callable[[str], None] | None) -> None:
        super().__init__(folder, show)
        self.hosts = ""
        self.is_direct = False
        self.urls: dict[Background, str] = {}
        self.schedulers = [
            self.background(f"scheduler {number}", f"scheduler{number}.log") for number in range(1, SCHEDULERS + 1)
        ]

    def start_all(self, *flags: str) -> None:
        """Start every scheduler with some flags more, and wait until all stand for election."""
        where = (f"-zk_endpoints={self.hosts}", f"-serverset_path={SERVERSET}", f"-native_log_zk_group_path={GROUP}")
        for number, one in enumerate(self.schedulers, 1):
            self.start_scheduler(one, self.folder / f"log{number}", *where, *flags)
            self.urls[one] = self.wait_for(one, STANDING_BY)

    def stop_all(self) -> None:
        """End every scheduler.

        Raises:
            StepFailed: one of them failed.
        """
        running = [one for one in self.schedulers if one.is_running()]
        for one in running:
            one.terminate()
        failed = [one.what for one in running if one.wait_exit()]
        if failed:
            raise StepFailed(f"{', '.join(failed)} did not end with 0")

    def awaiting(self) -> Background:
        """Wait until one of the schedulers is elected and has replayed the log, and have commands go to it."""
        found: list[Background] = []

        def is_found() -> bool:
            found[:] = [one for one in self.schedulers if one.is_running() and AWAITING in _page(self.urls[one])]
            return bool(found)

        wait_until(is_found, f"{AWAITING} on /vars of a scheduler")
        self.scheduler, self.url, self.is_direct = found[0], self.urls[found[0]], True
        self.wait_for(self.scheduler, REPLAYED)
        self.write_clusters()
        return found[0]

    def lead_by_zookeeper(self) -> None:
        """Have commands find the leader in ZooKeeper."""
        self.is_direct = False
        self.write_clusters()

    def cluster(self) -> dict[str, str]:
        if self.is_direct:
            return super().cluster()
        return {"name": CLUSTER, "zk": self.hosts, "scheduler_zk_path": SERVERSET}

    def options(self) -> Sequence[str]:
        return ("--bypass-leader-redirect",) if self.is_direct else ()


class HaDrill(Drill):
    """The steps of a drill with three schedulers."""

    sandbox: HaSandbox

    def start_zookeeper(self) -> str:
        """Start the servers."""
        self.sandbox.hosts = start_servers(self.sandbox)
        return self.sandbox.hosts

    def start(self) -> str:
        """Make the log, start all schedulers, and find the leader as any client does."""
        self._initialize()
        self.sandbox.start_all()
        self.sandbox.lead_by_zookeeper()
        return self.find_leader()

    def stop(self) -> str:
        """End all schedulers."""
        self.sandbox.stop_all()
        return "every scheduler ended with 0"

    def empty_log(self) -> str:
        """Delete the log and make it anew."""
        self.sandbox.log_tool("wipe", *self._log(), "--yes")
        self._initialize()
        return f"{GROUP} is empty"

    def start_disabled(self) -> str:
        """Start all schedulers so that the elected one does not register."""
        self.sandbox.start_all(
            f"-mesos_master_address=zk://{self.sandbox.hosts}{NO_MASTER}", "-max_registration_delay=360mins"
        )
        return "no Mesos master, -max_registration_delay=360mins"

    def find_nobody(self) -> str:
        """Look for the leader, in vain."""
        said = self.sandbox.refused("get_scheduler", CLUSTER, "--timeout=2")
        if SERVERSET not in said:
            raise StepFailed(f"it does not say that nobody is in {SERVERSET}: {said}")
        return "nobody is advertised, as it must be"

    def find_elected(self) -> str:
        """Look for the elected scheduler on the pages of all."""
        one = self.sandbox.awaiting()
        return f"{one.what} at {self.sandbox.url}"

    def find_next(self) -> str:
        """See another scheduler elected, with the tasks of the backup."""
        before = self.sandbox.scheduler
        if self.sandbox.awaiting() is before:
            raise StepFailed("the same scheduler leads again")
        return f"{self.sandbox.scheduler.what}: {self.compare_tasks()}"

    def restart(self) -> str:
        """Start all schedulers as usual again, and find the leader in ZooKeeper."""
        self.sandbox.stop_all()
        self.sandbox.start_all()
        self.sandbox.lead_by_zookeeper()
        return self.find_leader()

    def find_leader(self) -> str:
        """Look the leader up in ZooKeeper, and ask it whether it leads."""
        printed = list(read_lines(self.sandbox.admin("get_scheduler", CLUSTER, "--verify", "--timeout=60")))
        found = next(filter(None, map(LEADER.search, printed)), None)
        if found is None:
            raise StepFailed(f"get_scheduler found nobody: {last(printed)}")
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
    ("look for a leader", HaDrill.find_nobody),
    ("find the elected one", HaDrill.find_elected),
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


def _page(url: str) -> list[str]:
    try:
        with urlopen(f"{url}/vars", timeout=PAGE_SECONDS) as page:  # noqa: S310  it is a scheduler of the drill
            text: bytes = page.read()
            return text.decode("utf-8", "replace").splitlines()
    except OSError:  # it ended meanwhile
        return []
