"""The client with real schedulers in a real ZooKeeper."""

from tests.support.waiting import wait_until


def test_the_leader_is_found_and_verified(elected, admin):
    leader = elected.lead()
    elected.wait_advertised(leader)
    for option in ((), ("--verify",)):
        result = admin("get_scheduler", "west", *option)
        assert (result.code, result.out, result.err) == (0, f"Found leading scheduler at: {leader.url}\n", "")


def test_a_standby_redirects_the_client(elected, admin, clusters):
    leader = elected.lead()
    elected.wait_advertised(leader)
    clusters.write(west=elected.stand_by().url)
    wait_until(
        lambda: f"another one does: {leader.url}, " in admin("get_scheduler", "west", "--verify").err,
        "the standby knows the leader",
    )
    result = admin("scheduler_print_recovery_tasks", "west", "--bypass-leader-redirect")
    assert result.err.startswith(" WARN] The scheduler at ")
    assert f"Call the leader, {leader.url}, without --bypass-leader-redirect" in result.err
    assert admin("scheduler_print_recovery_tasks", "west").err.count("\n") == 1
    assert admin("scheduler_list_backups", "west").code == 0


def test_after_the_leaders_death_a_call_waits_for_the_next_one(elected, admin):
    leader = elected.lead()
    elected.wait_advertised(leader)
    elected.stand_by()
    leader.kill()
    result = admin("scheduler_backup_now", "west", "--timeout", "50")
    assert result.code == 0, result.err
    assert result.err.endswith("Response from scheduler: OK (message: )\n")


def test_a_scheduler_that_waits_for_mesos_is_not_found_and_reports_its_role(elected, admin, zookeeper, clusters):
    master = f"zk://{zookeeper.hosts}{elected.path}-mesos"
    waiting = elected.add(f"-mesos_master_address={master}", "-max_registration_delay=1hrs")
    waiting.start(until="Awaiting registration")
    result = admin("get_scheduler", "west", "--timeout", "3")
    assert result.code == 1
    assert "(candidates: 1). Nothing was sent; " in result.err
    assert "its /vars has scheduler_lifecycle_LEADER_AWAITING_REGISTRATION 1\n" in result.err
    clusters.write(west=waiting.url)
    result = admin("get_scheduler", "west", "--verify")
    assert (result.code, result.out) == (1, "")
    assert f"The scheduler at {waiting.url} is elected, but not registered with Mesos yet" in result.err
    assert admin("scheduler_list_backups", "west", "--bypass-leader-redirect").code == 0
    for timeout in ("", "--timeout=300"):
        result = admin("scheduler_commit_recovery", "west", *timeout.split())
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith(
            f"FATAL] The scheduler of west at {waiting.url}/api is elected, but not registered"
        )


def test_a_leader_of_another_cluster_is_warned_about(admin, scheduler, clusters):
    url = scheduler().url
    clusters.write(west=url, east=url)
    assert admin("get_scheduler", "--verify", "west").err == ""
    result = admin("get_scheduler", "--verify", "east")
    assert (result.code, result.out) == (0, f"Found leading scheduler at: {url}\n")
    assert result.err.startswith(" WARN] The scheduler of east is one of the cluster west, by its -cluster_name: ")


def test_the_pages_that_are_read_are_in_the_debug_log(admin, scheduler, clusters):
    url = scheduler().url
    clusters.write(west=url)
    assert f"DEBUG] GET {url}/leaderhealth: 200 OK after 0." in admin("-v", "get_scheduler", "--verify", "west").err
