"""A record in the scheduler's log is one line, even if a client sent control characters."""

import logging

import pytest

from aurora_admin.scheduler.main import LINE, OneLine


@pytest.mark.parametrize("text", ["a\nINFO forged", "a\r\n", "a\x85b", "a\u2028b", "\x1b[2K", "a\x00b", "\u2029"])
def test_control_characters_are_escaped(text):
    record = logging.LogRecord("name", logging.INFO, "path", 1, "said: %s", (text,), None)
    line = OneLine(LINE).format(record)
    assert line.isprintable()
    assert len(line.splitlines()) == 1


def test_other_text_is_unchanged():
    record = logging.LogRecord("name", logging.INFO, "path", 1, "%s", ("caf\u00e9 \u65e5\u672c",), None)
    assert OneLine("%(message)s").format(record) == "caf\u00e9 \u65e5\u672c"
