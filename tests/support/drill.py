"""The steps of a drill, and how its table shows that it passed."""

import re

STEPS = (
    "start a scheduler",
    "list backups",
    "stage",
    "print tasks",
    "delete tasks",
    "commit",
    "start it again",
    "compare tasks",
    "back up, compare the rest",
    "stop",
)
HA_STEPS = (
    "start three ZooKeeper servers",
    "start three schedulers",
    "stop all schedulers",
    "empty the log",
    "start partially disabled",
    "look for a leader",
    "find the elected scheduler",
    "list backups",
    "stage",
    "print tasks",
    "delete tasks",
    "commit",
    "another leads, compare tasks",
    "undo the flags, restart all",
    "compare tasks",
    "back up, compare the rest",
    "stop",
)


def assert_passed(result, steps=STEPS):
    assert result.code == 0, result.out + result.err
    assert [step for step in steps if re.search(rf"^{step}  .*  +[\d.]+ s$", result.out, re.MULTILINE)] == list(steps)
    assert result.out.splitlines()[-1] == "PASS"
