"""What a drill waits for in the words of its processes."""

import os
import re

from aurora_admin.plugins.drill.background import Background
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
