"""When an elected scheduler is registered, and what it does and is until then."""

from tests.support.statistics import lifecycle, variables
from tests.support.thrift_calls import call, code_and_text, get, post, request
from tests.support.waiting import wait_until

BYPASS = {"Bypass-Leader-Redirect": "true"}
MASTER_FLAGS = ("-max_registration_delay=1hrs",)


def test_an_elected_scheduler_is_advertised_when_there_is_a_master(elected, zk, zookeeper):
    mesos = f"{elected.path}-mesos"
    one = elected.add(f"-mesos_master_address=zk://{zookeeper.hosts}{mesos}", *MASTER_FLAGS)
    one.start(until="Awaiting registration")
    assert (lifecycle(one), variables(one)["framework_registered"]) == ("LEADER_AWAITING_REGISTRATION", 0)
    assert elected.names("member_") == []
    assert get(one.url, "/leaderhealth")[0] == 502
    assert post(one.url, request("listBackups"))[0] == 503
    assert code_and_text(call(one.url, "getRoleSummary", _headers=BYPASS)) == ("OK", "")
    zk.create(f"{mesos}/log_replicas", makepath=True)
    zk.create(f"{mesos}/json.info", b"{}")
    assert lifecycle(one) == "LEADER_AWAITING_REGISTRATION"
    zk.create(f"{mesos}/json.info_", b"{}", ephemeral=True, sequence=True)
    elected.wait_advertised(one)
    assert (lifecycle(one), variables(one)["framework_registered"]) == ("ACTIVE", 1)
    assert one.stop() == 0


def test_only_a_registered_leader_writes_snapshots_and_backups_by_itself(elected, zk, zookeeper):
    mesos = f"{elected.path}-mesos"
    often = ("-backup_interval=10ms", "-dlog_snapshot_interval=10ms")
    one = elected.add(f"-mesos_master_address=zk://{zookeeper.hosts}{mesos}", *MASTER_FLAGS, *often)
    one.start(until="Awaiting registration")
    for _ in range(100):
        assert (variables(one)["scheduler_log_snapshots"], variables(one)["scheduler_backup_success"]) == (0, 0)
    zk.create(f"{mesos}/json.info_", b"{}", makepath=True, ephemeral=True, sequence=True)
    wait_until(lambda: variables(one)["scheduler_log_snapshots"] != 0, "a snapshot")
    wait_until(lambda: variables(one)["scheduler_backup_success"] != 0, "a backup")


def test_without_a_master_it_ends_after_max_registration_delay(elected, zookeeper):
    one = elected.add(f"-mesos_master_address=zk://{zookeeper.hosts}/no/such", "-max_registration_delay=100ms")
    one.initialize()
    one.spawn()
    assert one.wait_exit() == 1
    assert "not registered within 0.1 s (-max_registration_delay)" in one.log


def test_a_master_that_was_there_before_is_found(elected, zk, zookeeper):
    mesos = f"{elected.path}-mesos"
    zk.create(f"{mesos}/info_", b"", sequence=True, makepath=True)
    elected.lead(f"-mesos_master_address=zk://{zookeeper.hosts}{mesos}")


def test_alone_it_waits_for_a_master_as_well(scheduler, zookeeper):
    one = scheduler(f"-mesos_master_address=zk://{zookeeper.hosts}/no/such", *MASTER_FLAGS, started=False)
    one.start(until="Awaiting registration")
    assert get(one.url, "/leaderhealth")[0] == 502
    assert post(one.url, request("listBackups"))[0] == 503
    assert code_and_text(call(one.url, "listBackups", _headers=BYPASS)) == ("OK", "")


def test_gc_executor_path_is_warned_of(scheduler):
    assert "-gc_executor_path is set: it must be left out during a recovery" in scheduler("-gc_executor_path=/x").log
