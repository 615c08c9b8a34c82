"""The sequence of host_drain, with a clock that takes no time (docs/cli.md 6)."""

import signal

import pytest

from aurora_admin.client.maintenance import DRAINED, DRAINING
from aurora_admin.errors import AdminError, Interrupted, OutcomeUnknown, Refused
from aurora_admin.plugins.maintenance.drain_and_return import DrainAndReturn
from aurora_admin.plugins.maintenance.states import (
    RETURNED,
    UNKNOWN,
    UNSAFE,
    HostStates,
    fail_if_not_drained,
    go_on,
    told_at_an_end,
)
from tests.support.drains import HostTable, Run, Terminal

LOST = "No usable reply to drainHosts. It may have been carried out."


def lost() -> OutcomeUnknown:
    return OutcomeUnknown(LOST)


def error_of(run: Run, kind: type[AdminError] = AdminError) -> AdminError:
    """Run a drain that ends early, and return its error."""
    with pytest.raises(kind) as raised, told_at_an_end(run.sequence.states, "west"):
        run.sequence.run()
    return raised.value


def test_the_batches_come_one_after_the_other():
    table = HostTable(["h1", "h2", "h10"], polls={"h2": 3})
    run = Run(table, "h2,h1,h10")
    run.sequence.run()
    batch = [("probe", "{0}"), ("drain", "{0}"), ("status", "{0}")]
    assert table.made == [
        ("start", "h2,h1,h10"),
        *[(name, hosts.format(host)) for host in ("h1", "h10") for name, hosts in batch],
        *[(name, hosts.format("h2")) for name, hosts in [*batch, batch[2], batch[2]]],
    ]
    assert run.scripts == ["h1", "h10", "h2"]
    assert run.time.slept == [5] * 5
    assert run.log[:4] == [
        " INFO] Beginning SLA check for set(['h1'])",
        " INFO] All hosts passed SLA check.",
        " INFO] Waiting for hosts to be in DRAINED: set(['h1'])",
        " INFO] Beginning SLA check for set(['h10'])",
    ]
    fail_if_not_drained(run.sequence.states, "west")


def test_a_batch_that_takes_too_long_is_given_up_and_the_next_one_follows():
    table = HostTable(["h1", "h2", "h3"], polls={"h1": 99, "h2": 60})
    run = Run(table, "h1,h2,h3", grouping="none")
    run.sequence.run()
    assert run.time.slept == [5] * 60
    assert table.made.count(("status", "h1")) == 0, "h2 takes as long"
    assert run.scripts == ["h2", "h3"]
    assert run.log[-2:] == [
        " WARN] Failed to move all hosts into DRAINED within 5 mins:",
        "\tHost:h1\tStatus:DRAINING",
    ]
    assert run.sequence.states.known_not_drained() == ["h1"]
    one_by_one = Run(HostTable(["h1", "h2"], polls={"h1": 99}), "h1,h2")
    one_by_one.sequence.run()
    assert (one_by_one.scripts, one_by_one.time.slept) == (["h2"], [5] * 61)


def test_a_host_that_fails_the_check_is_not_drained():
    table = HostTable(["h1", "h2", "h3"], unsafe=["h1", "h3"])
    run = Run(table, "h1,h2,h3", grouping="none")
    run.sequence.run()
    assert [call for call in table.made if call[0] == "drain"] == [("drain", "h2")]
    assert run.stdout.getvalue() == "".join(f"h{number}\twest/www/prod/web\t50.00\tFalse\tn/a\n" for number in (1, 3))
    skipped = "Some hosts did not pass SLA check and will not be drained! Skipping hosts: set(['h1', 'h3'])"
    assert f" WARN] {skipped}" in run.log
    assert not any("All hosts passed" in line for line in run.log)
    assert table.modes == {"h1": "SCHEDULED", "h2": "DRAINED", "h3": "SCHEDULED"}
    with pytest.raises(AdminError, match=r"2 of 3 hosts are not drained \(SCHEDULED after a failed .*: h1,h3\)"):
        fail_if_not_drained(run.sequence.states, "west")


def test_hosts_that_are_unknown_are_not_drained_and_count():
    table = HostTable(["h1"])
    run = Run(table, "nosuch,h1")
    run.sequence.run()
    assert ("drain", "h1") in table.made
    assert run.sequence.states.known_not_drained() == []
    with pytest.raises(AdminError, match=r"^1 of 2 hosts are not drained \(unknown to the scheduler: nosuch\)\. "):
        fail_if_not_drained(run.sequence.states, "west")


def test_a_host_that_was_not_named_is_never_drained():
    table = HostTable(["h1", "h2"])
    table.start = lambda hosts: {"h1": "SCHEDULED", "h2": "SCHEDULED"}
    run = Run(table, "h1")
    run.sequence.run()
    assert {hosts for _, hosts in table.made} == {"h1"}


@pytest.mark.parametrize("error", [AdminError("No reply."), Refused()])
def test_a_check_that_cannot_be_made_ends_the_drain_before_anything_is_drained(error):
    table = HostTable(["h1", "h2", "h3"], errors={"probe": [None, error]})
    run = Run(table, "h1,h2,h3")
    message = error_of(run).message
    assert [call for call in table.made if call[0] == "drain"] == [("drain", "h1")]
    reason = " No reply" if error.message else ""
    assert message.startswith(
        "The SLA check of h2 could not be made, so neither these hosts nor the following ones were drained"
        f"{'.' if reason else ''}{reason} (DRAINED: h1; SCHEDULED: h2,h3). "
    )
    assert message.endswith(": aurora_admin host_activate --hosts=h2,h3 west")


def test_a_refused_drain_ends_it_and_the_hint_has_the_modes():
    error = error_of(Run(HostTable(["h1", "h2"], errors={"drain": [Refused()]}), "h1,h2"), Refused)
    assert error.message == ""
    assert error.hint.startswith("The drain has ended early (SCHEDULED: h1,h2). ")


def test_a_lost_reply_is_asked_about_and_the_drain_goes_on():
    table = HostTable(["h1"], polls={"h1": 2}, errors={"drain": [lost()]})
    table.modes["h1"] = "DRAINING"  # it was carried out
    table.start = lambda _: {"h1": "SCHEDULED"}
    run = Run(table, "h1")
    run.sequence.run()
    assert [name for name, _ in table.made] == ["probe", "drain", "status", "status"], "it is not sent again"
    assert f" WARN] {LOST} Asking the scheduler which hosts are being drained" in run.log
    assert run.scripts == ["h1"]


def test_a_drain_whose_reply_was_lost_is_sent_again_only_for_hosts_that_are_still_scheduled():
    table = HostTable(["h1", "h2", "h3"], errors={"drain": [lost(), lost()]})

    def after_loss(hosts):
        # h1 is being drained, h2 is not, and h3 was brought back into service by someone.
        table.modes.update(h1="DRAINED", h3="NONE")
        return type(table).status(table, hosts)

    table.status = after_loss
    run = Run(table, "h1,h2,h3", grouping="none")
    run.sequence.run()
    assert [call for call in table.made if call[0] == "drain"] == [
        ("drain", "h1,h2,h3"),
        ("drain", "h2"),
        ("drain", "h2"),
    ]
    assert run.sequence.states.known_not_drained() == ["h3"]
    assert run.scripts == ["h1", "h2"]


def test_too_many_lost_replies_end_the_drain():
    table = HostTable(["h1", "h2"], errors={"drain": [lost() for _ in range(9)]})
    error = error_of(Run(table, "h1,h2"), OutcomeUnknown)
    assert [name for name, _ in table.made].count("drain") == 3
    assert error.message == f"{LOST[:-1]} (SCHEDULED or DRAINING: h1; SCHEDULED: h2)."


def test_the_loss_of_the_first_reply_is_not_hidden():
    table = HostTable(["h1"], errors={"start": [lost()]})
    error = error_of(Run(table, "h1"), OutcomeUnknown)
    assert table.made == [("start", "h1")]
    assert error.message.endswith("(perhaps SCHEDULED: h1).")
    assert error.advice.endswith("aurora_admin host_activate --hosts=h1 west")


def test_an_error_before_anything_was_sent_has_no_modes():
    table = HostTable(["h1"], errors={"start": [AdminError("Nothing was sent.")]})
    assert error_of(Run(table, "h1")).message == "Nothing was sent."
    with pytest.raises(KeyboardInterrupt):
        error_of(Run(HostTable(["h1"], errors={"start": [KeyboardInterrupt()]}), "h1"))


def test_ctrl_c_says_which_hosts_are_in_which_mode():
    table = HostTable(["h1", "h2", "h3"], errors={"status": [None, KeyboardInterrupt()]})
    error = error_of(Run(table, "h1,h2,h3,nosuch"), Interrupted)
    modes = "DRAINED: h1; DRAINING: h2; SCHEDULED: h3; unknown to the scheduler: nosuch"
    assert (error.message, error.exit_code) == (f"Interrupted ({modes}).", 130)


def test_ctrl_c_while_the_reply_is_awaited_says_what_is_uncertain():
    interrupted = Interrupted("Interrupted before the reply to drainHosts arrived.")
    table = HostTable(["h1", "h2"], errors={"drain": [interrupted]})
    error = error_of(Run(table, "h1,h2"), Interrupted)
    assert error.message.endswith("arrived (SCHEDULED or DRAINING: h1; SCHEDULED: h2).")
    assert [name for name, _ in table.made] == ["start", "probe", "drain"], "it is not sent again"


def test_a_script_that_cannot_be_run_ends_the_drain():
    def fail(host):
        raise AdminError(f"Cannot run it for {host}.")

    run = Run(HostTable(["h1", "h2"]), "h1,h2", after=fail)
    assert error_of(run).message.startswith("Cannot run it for h1 (DRAINED: h1; SCHEDULED: h2). ")


def test_hosts_that_the_status_leaves_out_count_as_drained():
    table = HostTable(["h1"])
    table.status = lambda hosts: {}
    run = Run(table, "h1")
    run.sequence.run()
    assert (run.scripts, run.time.slept) == (["h1"], [5])


def test_a_drain_of_the_last_hosts_warns():
    warning = " WARN] These are all the hosts that get tasks: what runs on them has no host to go to. "
    run = Run(HostTable(["h1"], has_others=False), "h1")
    run.sequence.run()
    assert [line for line in run.log if line.startswith(warning)] == [f"{warning}Ctrl-C ends the drain"]
    unknown = Run(HostTable(["h1"], has_others=False), "nosuch")
    unknown.sequence.run()
    assert unknown.log == []


def test_a_terminal_shows_how_far_the_drain_is():
    table = HostTable(["h1", "h2"], polls={"h1": 2})
    run = Run(table, "h1,h2", stderr=Terminal())
    run.sequence.run()
    assert [line for line in run.log if "since the start" in line] == [
        " INFO] 0 of 2 hosts drained, 7 tasks left, 0:00:05 since the start",
        " INFO] 1 of 2 hosts drained, 0:00:10 since the start",
        " INFO] 2 of 2 hosts drained, 0:00:15 since the start",
    ]
    without = Run(HostTable(["h1"], tasks=None, polls={"h1": 2}), "h1", stderr=Terminal())
    without.sequence.run()
    assert " INFO] 0 of 1 hosts drained, 0:00:05 since the start" in without.log


def test_the_progress_counts_hosts_that_are_unknown():
    run = Run(HostTable(["h1"], tasks=None), "h1,nosuch", stderr=Terminal())
    run.sequence.run()
    assert " INFO] 1 of 2 hosts drained, 0:00:05 since the start" in run.log


def test_how_to_go_on_names_the_hosts_that_it_applies_to():
    states = HostStates()
    for host, state in (("h1", DRAINED), ("h2", RETURNED), ("no such", UNKNOWN)):
        states.note([host], state)
    assert go_on(states, "west") == "Check the spelling of no such"
    states.note(["no such"], RETURNED)
    assert go_on(states, "west") == ""
    states.note(["h 3"], UNSAFE)
    states.note(["h4"], DRAINING)
    advice = go_on(states, "we st")
    assert advice.startswith("The scheduler goes on with hosts that are DRAINING: aurora_admin host_status --hosts=h4 ")
    assert advice.endswith("aurora_admin host_activate --hosts='h 3,h4' 'we st'")


def test_sigterm_has_its_meaning_again_after_a_drain():
    before = signal.getsignal(signal.SIGTERM)
    error_of(Run(HostTable(["h1"], errors={"status": [KeyboardInterrupt()]}), "h1"), Interrupted)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_pipe_gets_no_progress():
    run = Run(HostTable(["h1"]), "h1")
    run.sequence.run()
    assert not any("since the start" in line for line in run.log)


def test_names_that_a_terminal_would_obey_cannot_forge_a_line():
    host = "h1\n\tHost:h2\tStatus:DRAINED\x1b[2J"
    run = Run(HostTable([host], polls={host: 99}), host)
    run.sequence.run()
    assert run.log[-1] == "\tHost:h1\\n\\tHost:h2\\tStatus:DRAINED\\x1b[2J\tStatus:DRAINING"


def test_release_0_5_brings_hosts_back():
    table = HostTable(["h1", "h2"], unsafe=["h2"], polls={"h1": 100})
    run = Run(table, "h1,h2,nosuch", DrainAndReturn)
    assert run.sequence.run() == ["h2"]
    assert table.made == [
        ("start", "h1,h2,nosuch"),
        ("probe", "h1"),
        ("drain", "h1"),
        *[("status", "h1")] * 100,
        ("end", "h1"),
        ("probe", "h2"),
        ("end", "h2"),
    ]
    assert run.time.slept == [30] * 100, "it waits without a limit"
    assert run.scripts == ["h1"]
    assert run.log[2:5] == [
        " INFO] Sleeping for 30 secs.",
        " WARN] h1 is currently in status DRAINING",
        " INFO] Sleeping for 30 secs.",
    ]
    assert table.modes == {"h1": "NONE", "h2": "NONE"}


def test_ctrl_c_in_the_sequence_of_0_5_says_which_hosts_are_back():
    table = HostTable(["h1", "h2"], errors={"drain": [None, KeyboardInterrupt()]})
    error = error_of(Run(table, "h1,h2", DrainAndReturn), Interrupted)
    assert error.message == "Interrupted (back in service: h1; SCHEDULED: h2)."
