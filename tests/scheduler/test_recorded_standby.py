"""What a standby, and an elected scheduler that is not registered, answer is what a real one answered."""

from collections.abc import Iterator

import pytest

from tests.scheduler.test_recorded_exchanges import LISTED, WHERE, backup, refused
from tests.support.elected_schedulers import Elected
from tests.support.processes import Scheduler
from tests.support.recordings import NAMES, Answer, Recording, meaning, replay
from tests.support.thrift_calls import call, get, said
from tests.support.waiting import wait_until
from tests.support.zookeeper import zookeeper_client

STAGED = "scheduler-backup-2026-01-02-03-04"
LEADER = "http://localhost:8122"
# The page is for people, in our own words; of the real one only the length was recorded.
PAGES = ("noleader-getQuota",)
EXCEPTIONS = {"standby-stageRecovery-bypass": refused(f"Backup x does not exist. {LISTED}", WHERE)}
# What came before a request, where that matters.
BEFORE = {"noleader-deleteRecoveryTasks-bypass": ("noleader-stageRecovery-bypass",)}


def names(kind: str) -> list:
    return [name for name in NAMES if name.startswith(kind)]


@pytest.fixture(scope="module")
def elected(tmp_path_factory, zookeeper, fixtures) -> Iterator[Elected]:
    with zookeeper_client(zookeeper.hosts) as client:
        one = Elected(tmp_path_factory.mktemp("recorded"), zookeeper.hosts, client)
        yield one
        one.close()


def local(elected: Elected, *flags: str) -> Scheduler:
    return elected.add(*flags, host="localhost", cluster="local")


@pytest.fixture(scope="module")
def standby(elected) -> Scheduler:
    elected.path += "-standby"
    elected.leader = local(elected).start()
    one = elected.standing(local(elected))
    wait_until(lambda: get(one.url, "/leaderhealth")[0] == 503, "the standby knows the leader")
    return one


@pytest.fixture(scope="module")
def unregistered(elected, zookeeper) -> Scheduler:
    elected.path += "-unregistered"
    master = f"-mesos_master_address=zk://{zookeeper.hosts}/no/master"
    one = local(elected, master, "-max_registration_delay=1hrs")
    (one.backup_dir / STAGED).write_bytes(backup())
    return one.start(until="Awaiting registration")


def expected(recording: Recording) -> Answer:
    answer = recording.answer
    if recording.name in PAGES:
        return answer._replace(body="")
    if recording.name in EXCEPTIONS:
        ours = meaning(EXCEPTIONS[recording.name].answer)
        return answer._replace(body=answer.body._replace(body=ours))
    return answer


def played(url: str, name: str) -> Answer:
    for before in BEFORE.get(name, ()):
        replay(url, Recording(before))
    answer = replay(url, Recording(name))
    if name in PAGES:
        assert "No Leader Found" in answer.body
        return answer._replace(body="")
    return answer


@pytest.mark.parametrize("name", names("standby-"))
def test_a_standby_answers_as_recorded(elected, standby, name):
    answer = played(standby.url, name)
    if answer.location:
        answer = answer._replace(location=answer.location.replace(elected.leader.url, LEADER))
    assert answer == expected(Recording(name))


@pytest.mark.parametrize("name", names("noleader-"))
def test_an_unregistered_scheduler_answers_as_recorded(unregistered, name):
    assert said(call(unregistered.url, "unloadRecovery", _headers={"Bypass-Leader-Redirect": ""})) == ("OK", "")
    assert played(unregistered.url, name) == expected(Recording(name))


def test_nothing_was_left_out(fixtures):
    assert len([*names("standby-"), *names("noleader-")]) == 18
    assert all(expected(Recording(name)) != Recording(name).answer for name in EXCEPTIONS)
