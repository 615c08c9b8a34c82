"""Fixtures for all tests. The processes behind them are in tests/support/processes.py."""

import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.places import FIXTURES
from tests.support.processes import PROGRAMS, Clusters, Result, Scheduler, environment, run
from tests.support.zookeeper import ZooKeeper, running, zookeeper_client

T = TypeVar("T")
OTHER_COMPILER = "the Thrift compiler of this Debian is another"
SAMPLED = "sampled"  # a property of a test: how many of how many items it took; the summary adds them up


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run every case of exhaustive tests, not a sample")
    parser.addoption("--seed", type=int, default=0, metavar="N", help="which sample exhaustive tests take (default 0)")


def pytest_configure() -> None:
    """Start every process with Ctrl-C in effect, also where this one was started with it ignored.

    A process hands down that it ignores a signal, but not that it handles one.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    return fail_skipped_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    return fail_skipped_in_ci((yield))


def fail_skipped_in_ci(report):
    """Turn a skip into a failure in CI, which has all programs. Only the version of the Thrift compiler may differ."""
    is_allowed = hasattr(report, "wasxfail") or OTHER_COMPILER in str(report.longrepr)
    if report.skipped and not is_allowed and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where no test may be skipped: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was not tested in full: a line for each function of tests, with the number of its cases."""
    sampled: dict[str, list[tuple[int, int]]] = {}
    calls = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    for report in calls:
        for name, counts in report.user_properties:
            if name == SAMPLED and report.when == "call" and counts[0] < counts[1]:
                sampled.setdefault(report.nodeid.partition("[")[0], []).append(counts)
    if sampled:
        seed = terminalreporter.config.getoption("--seed")
        terminalreporter.section(f"sampled (--all runs everything, --seed={seed} these)")
    for function, counts in sorted(sampled.items()):
        taken, total = map(sum, zip(*counts, strict=True))
        cases = f" in {len(counts)} cases" if len(counts) > 1 else ""
        terminalreporter.line(f"{function}: {taken} of {total}{cases}")
    if skipped := terminalreporter.getreports("skipped"):
        terminalreporter.section("skipped")
    for report in skipped:
        terminalreporter.line(f"{report.nodeid}: {reason(report)}")


def reason(report) -> str:
    """Return why a test was skipped."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.fixture
def sweep(request: pytest.FixtureRequest) -> Callable[[Sequence[T], int], Sequence[T]]:
    """`sweep(items, sample)` returns all items with --all, else the first, the last and a random choice by --seed."""

    def choose(items: Sequence[T], sample: int) -> Sequence[T]:
        if request.config.getoption("--all") or len(items) <= sample:
            return items
        seed = request.config.getoption("--seed")
        rng = random.Random(f"{seed} {request.node.nodeid}")
        inner = rng.sample(range(1, len(items) - 1), sample - 2)
        request.node.user_properties.append((SAMPLED, (sample, len(items))))
        return [items[index] for index in [0, *sorted(inner), len(items) - 1]]

    return choose


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of files recorded from real schedulers."""
    return FIXTURES


@pytest.fixture
def clusters(tmp_path: Path) -> Clusters:
    """The clusters.json that `admin` reads: `clusters.write("east", west=scheduler.url)`."""
    return Clusters(tmp_path / "etc")


@pytest.fixture
def admin(tmp_path: Path) -> Callable[..., Result]:
    """`admin("scheduler_snapshot", "west")` runs the installed program: code, out, err."""

    def call(*arguments: object, stdin: str = "", **env: str) -> Result:
        return run([PROGRAMS / "aurora_admin", *arguments], environment(tmp_path, **env), stdin)

    return call


@pytest.fixture
def no_user_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own credentials, proxies and certificates."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        "NETRC",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSL_CERT_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Callable[..., Scheduler]]:
    """`scheduler("-flag=value")` starts a reference scheduler; with `started=False` it is only prepared."""
    schedulers: list[Scheduler] = []

    def create(*flags: str, wrapper: Sequence[str] = (), started: bool = True) -> Scheduler:
        one = Scheduler(tmp_path / f"scheduler{len(schedulers)}", flags, tuple(wrapper))
        schedulers.append(one)
        return one.start() if started else one

    yield create
    for one in schedulers:
        one.kill()


@pytest.fixture(scope="session")
def zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeper]:
    """One ZooKeeper server for all tests that do not stop it. Each test uses a path of its own."""
    with running(tmp_path_factory.mktemp("zookeeper")) as one:
        yield one


@pytest.fixture
def zk(zookeeper: ZooKeeper) -> Iterator[Any]:
    """A plain client of that ZooKeeper."""
    with zookeeper_client(zookeeper.hosts) as client:
        yield client


@pytest.fixture
def ensemble(tmp_path: Path) -> Iterator[ZooKeeper]:
    """Three ZooKeeper servers that only this test uses and may kill, pause and start again."""
    with running(tmp_path, 3) as one:
        yield one
