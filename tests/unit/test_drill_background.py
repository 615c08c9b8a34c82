"""How a drill waits for its processes."""

import os
import re

import pytest

from aurora_admin.plugins.drill import background
from aurora_admin.plugins.drill.background import Background, StepFailed
from tests.support.waiting import wait_until

SAYS = "echo standing by; echo awaiting; exec sleep 60"


def test_what_came_together_with_what_was_waited_for_is_found(tmp_path):
    log = tmp_path / "log"
    one = Background("it", log, dict(os.environ))
    one.start(["sh", "-c", SAYS])
    try:
        wait_until(lambda: log.read_text().endswith("awaiting\n"), "both lines")
        assert one.wait_for(re.compile("(standing)")) == ("standing", ["standing by", "awaiting"])
        assert one.wait_for(re.compile("(awaiting)")) == ("awaiting", [])
    finally:
        one.kill()


def test_what_the_process_before_has_said_does_not_count(tmp_path):
    one = Background("it", tmp_path / "log", dict(os.environ))
    one.start(["sh", "-c", "echo first"])
    assert one.wait_for(re.compile("(first)"))[0] == "first"
    one.wait_exit()
    one.start(["sh", "-c", "echo second"])
    assert one.wait_for(re.compile("(first|second)"))[0] == "second"
    one.kill()


def test_a_process_that_ends_instead_is_reported_with_its_last_line(tmp_path):
    process = Background("the server", tmp_path / "log", dict(os.environ))
    process.start(["sh", "-c", "echo no room; exit 3"])
    with pytest.raises(StepFailed, match="the server ended with 3 before it was ready: no room"):
        process.wait_for(re.compile("(ready)"))


def test_a_process_that_makes_no_progress_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(background, "IDLE_SECONDS", 0.3)
    process = Background("the server", tmp_path / "log", dict(os.environ))
    process.start(["sleep", "60"])
    with pytest.raises(StepFailed, match="waiting for: the server ready"):
        process.wait_for(re.compile("(ready)"))
    process.kill()


def test_a_slow_process_that_makes_progress_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(background, "IDLE_SECONDS", 1.0)
    process = Background("the server", tmp_path / "log", dict(os.environ))
    process.start(["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo step; sleep 0.3; done; echo ready; exec sleep 60"])
    assert process.wait_for(re.compile("(ready)"))[0] == "ready"
    process.kill()
