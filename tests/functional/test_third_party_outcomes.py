"""How commands of other distributions end: bugs, errors of the system, unknown outcomes, confirmation."""

import pexpect
import pytest

from tests.support.distributions import fleet
from tests.support.processes import environment
from tests.support.waiting import DEADLINE_SECONDS


def test_a_bug_is_reported_with_the_name_of_the_plugin(scratch):
    scratch.install("aurora-fleet", fleet(command="def run(context, args):\n  context.out.print('so far')\n  1 / 0"))
    result = scratch("fleet_hello", "west")
    assert (result.code, result.out) == (1, "so far\n")
    assert result.err.startswith("Traceback (most recent call last):\n")
    assert result.err.splitlines()[-1].startswith("FATAL] This is a bug in plugin plugin of aurora_fleet 1.2.")


FAILING = {
    "open('/nosuch/file')": "/nosuch/file: No such file or directory",
    "import os; os.rename('/nosuch/a', '/nosuch/b')": "/nosuch/a, /nosuch/b: No such file or directory",
    "raise FileNotFoundError(2, 'No usable temporary directory')": "No usable temporary directory",
    "raise OSError('no room')": "no room",
    "raise TimeoutError": "TimeoutError",
}


@pytest.mark.parametrize("source", FAILING)
def test_what_the_system_refuses_is_no_bug(scratch, source):
    scratch.install(
        "aurora-fleet", fleet(command=f"def run(context, args):\n  context.out.print('so far')\n  {source}")
    )
    result = scratch("fleet_hello", "west")
    assert (result.code, result.out) == (1, "so far\n")
    assert result.err == (
        f"FATAL] fleet_hello cannot continue: {FAILING[source]}. Correct that and run the command again; "
        "-v shows where it failed\n"
    )
    assert scratch("-v", "fleet_hello", "west").err.startswith("Traceback (most recent call last):\n")
    assert scratch("-q", "fleet_hello", "west").err == ""


def test_a_command_that_changes_something_says_that_it_may_have_been_carried_out(scratch):
    scratch.install(
        "aurora-fleet", fleet(effect="write", command="def run(context, args):\n  raise OSError('no room')")
    )
    result = scratch("fleet_hello", "west")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert "no room. A call that was sent before may have been carried out. Correct that" in result.err


LOST = """
    from aurora_admin.errors import OutcomeUnknown
    def run(context, args): raise OutcomeUnknown("It may have been carried out.")
"""


def test_an_unknown_outcome_has_its_own_exit_code_in_new_commands_and_general_advice(scratch):
    scratch.install("aurora-fleet", fleet(command=LOST))
    result = scratch("fleet_hello", "west")
    assert (result.code, result.out) == (13, "")
    assert result.err == (
        "FATAL] It may have been carried out. Find out whether it was before you repeat the command\n"
    )


def test_advice_with_an_unknown_name_does_not_hide_the_error(scratch):
    scratch.install("aurora-fleet", fleet(command=LOST + '    IF_UNKNOWN = "Look at {nosuch} of {cluster} {"\n'))
    assert scratch("fleet_hello", "west").err == "FATAL] It may have been carried out. Look at {nosuch} of west {\n"


def test_a_destructive_command_needs_yes_without_a_terminal(scratch):
    scratch.install("aurora-fleet", fleet(effect="destroy"))
    refused = scratch("fleet_hello", "west", stdin="yes\n")
    assert (refused.code, refused.out) == (1, ""), "there is no terminal"
    assert refused.err.startswith("FATAL] Not confirmed: nothing was changed. ")
    assert scratch("fleet_hello", "west", "--yes").out == "Hello west\n"
    dry = scratch("fleet_hello", "--dry-run", "west", "--yes")
    assert (dry.code, dry.out) == (0, "Dry run: nothing was changed.\n")


@pytest.mark.parametrize(
    ("answer", "code", "shown"),
    [("yes", 0, "Hello west"), ("y", 1, "FATAL] Not confirmed"), ("", 1, "FATAL] Not confirmed")],
)
def test_a_destructive_command_asks_on_a_terminal(scratch, answer, code, shown):
    scratch.install("aurora-fleet", fleet(effect="destroy"))
    child = pexpect.spawn(
        str(scratch.venv / "bin" / "aurora_admin"),
        ["fleet_hello", "west"],
        encoding="utf-8",
        env=environment(scratch.home, PYTHONPATH=scratch.libraries),
        timeout=DEADLINE_SECONDS,
    )
    child.expect_exact("Greet west? Type yes to continue: ")
    child.sendline(answer)
    child.expect_exact(shown)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
