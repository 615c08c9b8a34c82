"""A standby, and an elected scheduler that is not registered, respond as a real one did."""

from collections.abc import Iterator

import pytest

from tests.support.elected_schedulers import Elected
from tests.support.processes import Scheduler
from tests.support.recordings import (
    LISTED,
    NAMES,
    WHERE,
    HttpResponse,
    Recording,
    meaning,
    recorded_backup,
    refusal,
    send_recorded,
)
from tests.support.thrift_calls import call, get, said
from tests.support.waiting import wait_until
from tests.support.zookeeper import zookeeper_client

STAGED = "scheduler-backup-2026-01-02-03-04"
LEADER = "http://localhost:8122"
# The text of the page is ours; of the real one only the length was recorded.
PAGES = ("noleader-getQuota",)
EXCEPTIONS = {"standby-stageRecovery-bypass": refusal(f"Backup x does not exist. {LISTED}", WHERE)}
# What a request needs to have happened before.
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
    one = elected.start_candidate(local(elected))
    wait_until(lambda: get(one.url, "/leaderhealth")[0] == 503, "the standby knows the leader")
    return one


@pytest.fixture(scope="module")
def unregistered(elected, zookeeper) -> Scheduler:
    elected.path += "-unregistered"
    master = f"-mesos_master_address=zk://{zookeeper.hosts}/no/master"
    one = local(elected, master, "-max_registration_delay=1hrs")
    (one.backup_dir / STAGED).write_bytes(recorded_backup())
    return one.start(until="Awaiting registration")


def expected(recording: Recording) -> HttpResponse:
    response = recording.response
    if recording.name in PAGES:
        return response._replace(body="")
    if recording.name in EXCEPTIONS:
        ours = meaning(EXCEPTIONS[recording.name].expected)
        return response._replace(body=response.body._replace(body=ours))
    return response


def response_to(url: str, name: str) -> HttpResponse:
    for before in BEFORE.get(name, ()):
        send_recorded(url, Recording(before))
    response = send_recorded(url, Recording(name))
    if name in PAGES:
        assert "No Leader Found" in response.body
        return response._replace(body="")
    return response


@pytest.mark.parametrize("name", names("standby-"))
def test_a_standby_responds_as_recorded(elected, standby, name):
    response = response_to(standby.url, name)
    if response.location:
        response = response._replace(location=response.location.replace(elected.leader.url, LEADER))
    assert response == expected(Recording(name))


@pytest.mark.parametrize("name", names("noleader-"))
def test_an_unregistered_scheduler_responds_as_recorded(unregistered, name):
    assert said(call(unregistered.url, "unloadRecovery", _headers={"Bypass-Leader-Redirect": ""})) == ("OK", "")
    assert response_to(unregistered.url, name) == expected(Recording(name))


def test_every_recording_is_used_and_every_exception_needed(fixtures):
    assert len([*names("standby-"), *names("noleader-")]) == 18
    assert {*EXCEPTIONS, *PAGES, *BEFORE} <= set(NAMES)
    assert all(expected(Recording(name)) != Recording(name).response for name in EXCEPTIONS)
