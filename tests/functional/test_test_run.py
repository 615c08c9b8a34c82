"""The test run itself: what it may leave out, and what it says of it."""

import ast
import os
import re
import shutil
import subprocess
import sys
from functools import cache

import pytest

from tests.conftest import OTHER_COMPILER
from tests.support.places import CHECKOUT

TESTS = f"""
import pytest

@pytest.mark.parametrize("count", [1000, 500])
def test_of_every_item(sweep, count):
    print("SAMPLE", count, list(sweep(range(count), 5)))

def test_without_its_program():
    pytest.skip("no strace here")

def test_with_another_compiler():
    pytest.skip({OTHER_COMPILER!r})
"""


@pytest.fixture(scope="module")
def run_tests(tmp_path_factory):
    """Run the tests above with this run's options; the same run is made once."""
    folder = tmp_path_factory.mktemp("tests")
    (folder / "test_it.py").write_text(TESTS)
    common = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-s", "-c", os.devnull, f"--rootdir={folder}"]

    @cache
    def call(*arguments, ci=""):
        command = [sys.executable, "-m", "pytest", *common, str(folder), *arguments]
        env = {**os.environ, "CI": ci, "PYTHONPATH": str(CHECKOUT)}
        return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)

    return call


def test_a_missing_part_is_skipped_by_name_but_fails_in_ci(run_tests):
    here, in_ci = run_tests(), run_tests(ci="true")
    assert (here.returncode, in_ci.returncode) == (0, 1)
    assert "2 passed, 2 skipped" in here.stdout
    assert "test_it.py::test_without_its_program: Skipped: no strace here\n" in here.stdout
    assert "1 failed, 2 passed, 1 skipped" in in_ci.stdout
    assert "skipped in CI, where no test may be skipped: " in in_ci.stdout


def test_what_ci_runs_says_that_it_is_ci(tmp_path):
    (tmp_path / ".ci").mkdir()
    (tmp_path / "script").mkdir()
    shutil.copy(CHECKOUT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "script" / "test").write_text("#!/bin/sh\necho CI is $CI")
    (tmp_path / "script" / "test").chmod(0o755)
    env = {name: value for name, value in os.environ.items() if name != "CI"}
    assert subprocess.check_output([tmp_path / ".ci" / "run"], env=env, text=True) == "CI is true\n"


def samples(done) -> dict[int, list[int]]:
    """Return the items that were taken, by how many there were."""
    assert done.returncode == 0, done.stdout
    found = re.findall(r"SAMPLE (\d+) (\[.*\])", done.stdout)
    return {int(count): ast.literal_eval(items) for count, items in found}


def test_the_summary_says_what_was_sampled(run_tests):
    sampled, full = run_tests(), run_tests("--all")
    assert "sampled (--all runs everything, --seed=0 these)" in sampled.stdout
    assert "test_it.py::test_of_every_item: 10 of 1500 in 2 cases\n" in sampled.stdout
    assert "sampled" not in full.stdout
    assert samples(full) == {1000: list(range(1000)), 500: list(range(500))}


def test_a_sample_is_the_same_for_the_same_seed_and_has_both_ends(run_tests):
    first, again, other = (samples(run_tests(*arguments)) for arguments in ((), ("--seed=0",), ("--seed=1",)))
    assert first == again != other
    assert all((len(items), items[0], items[-1]) == (5, 0, count - 1) for count, items in first.items())
    assert first.keys() == {1000, 500}


CTRL_C = "tests/functional/test_cli_streams.py::test_ctrl_c_while_waiting_is_silent"


def test_ctrl_c_reaches_programs_where_the_parent_ignores_it(tmp_path):
    """As under a job runner: what starts with SIGINT ignored passes that on to all that it starts."""
    pytest_command = f'"{sys.executable}" -m pytest -p no:cacheprovider --basetemp="{tmp_path}/tests" {CTRL_C}'
    done = subprocess.run(
        ["sh", "-c", f"trap '' INT; exec {pytest_command}"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
