"""Command lines that were given to the original, without a scheduler (tests/fixtures/cli/arguments-*.jsonl)."""

import json
import re

import pytest

from tests.conftest import FIXTURES

LISTED = re.compile(r"Must supply one of the following commands: (.*)\n")
# What differs on purpose, by client and command line, with the reason.
DIFFERENCES = {
    ("0.5.0-incubating", "get_scheduler west"): "the command is newer than 0.5.0, which did not know it",
    ("0.5.0-incubating", "help"): "the overview has the commands of this project, by category",
}


def recorded() -> list[dict]:
    """Return the recordings of command lines of 0.5.0 and 0.22.0."""
    files = sorted((FIXTURES / "cli").glob("arguments-*.jsonl"))
    assert len(files) == 2
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def is_covered(row: dict, missing: set[str]) -> bool:
    return not missing & set(row["argv"][:2])


@pytest.fixture(scope="module")
def ours() -> set[str]:
    """The names of the commands of this project."""
    from aurora_admin.registry import Registry

    return {command.name for command in Registry().commands()}


def test_the_recorded_command_lines_of_our_commands_give_the_same(admin, clusters, tmp_path, ours):
    rows = recorded()
    original = {row["argv"][0] for row in rows if row["argv"]}
    covered = [row for row in rows if is_covered(row, original - ours)]
    assert covered
    clusters.write("west")
    for row in covered:
        if (row["client"], " ".join(row["argv"])) in DIFFERENCES:
            continue
        for name, text in row["files"].items():
            (tmp_path / name).write_text(text)
        result = admin(*row["argv"], stdin=row["stdin"])
        assert result.code == row["exit"], row["argv"]
        assert result.out == row["stdout"], row["argv"]
        if LISTED.fullmatch(row["stderr"]):  # each program lists the commands that it has
            assert LISTED.fullmatch(result.err), row["argv"]
        elif "traceback" not in row:
            assert result.err == row["stderr"], row["argv"]


def test_every_difference_was_recorded():
    lines = {(row["client"], " ".join(row["argv"])) for row in recorded()}
    assert set(DIFFERENCES) <= lines
