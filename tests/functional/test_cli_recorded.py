"""Command lines that were given to the original client: without a scheduler, and with a scripted one."""

import pytest

from aurora_admin.registry import Registry
from tests.support.recorded_cli import ALL_DIFFERENCES, comparable, expected, is_needed, recorded, run_scripted
from tests.support.recorded_differences import ADDITIONAL_CALLS

FILES = ("arguments-*.jsonl", "get-cluster-config-*.jsonl", "scripted-scheduler-*.jsonl", "drain-timeout-*.jsonl")
OURS = {command.name for command in Registry().commands()}
ALL = recorded("*.jsonl")
ORIGINAL = {row.command for row in ALL} - {""}
ROWS = [row for pattern in FILES for row in recorded(pattern)]


def test_no_command_of_the_original_is_missing():
    assert set() == ORIGINAL - OURS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.place} {row.line}")
def test_a_recorded_command_line_gives_what_it_gave(row, tmp_path):
    assert comparable(row, run_scripted(row, tmp_path)) == expected(row)


@pytest.mark.parametrize("difference", ALL_DIFFERENCES, ids=lambda one: f"{one.lines} {one.part} {one.reason}")
def test_every_difference_is_needed(difference):
    assert is_needed(difference, ALL)


def test_every_additional_call_is_made(tmp_path):
    made = {
        command: {call for row in ROWS if row.command == command for call in run_scripted(row, tmp_path).calls}
        for command in ADDITIONAL_CALLS
    }
    for command, calls in ADDITIONAL_CALLS.items():
        assert calls.keys() <= made[command], command
