"""The generator of man pages, and the distributions and systems that it cannot serve."""

import sys

from tests.support.distributions import broken
from tests.support.processes import environment, run

# python -m would find the package in the current folder.
GENERATE = """
import runpy, sys
sys.path.remove("")
runpy.run_module("aurora_admin.manpages", run_name="__main__", alter_sys=True)
"""

WITHOUT_MANPAGE = f"import sys; sys.modules['argparse_manpage'] = None{GENERATE}"


def test_the_generator_names_the_missing_argparse_manpage(scratch, tmp_path):
    made = scratch("-c", WITHOUT_MANPAGE, "--output", str(tmp_path / "pages"), program="python")
    assert (made.code, made.out, made.err) == (
        1,
        "",
        "Manual pages need argparse-manpage, which is not installed: pip install 'aurora_admin[man]'\n",
    )
    assert not (tmp_path / "pages").exists()


def test_the_generator_needs_output_outside_of_a_checkout(scratch):
    made = scratch("-c", GENERATE, program="python")
    assert (made.code, made.out) == (2, "")
    assert made.err.endswith(": error: name the folder of the pages: --output=DIR\n")
    assert not list(scratch.venv.glob("**/man/*.1"))


def test_the_generator_needs_output_for_another_distribution(tmp_path):
    made = run([sys.executable, "-m", "aurora_admin.manpages", "--distribution", "mysite"], environment(tmp_path))
    assert (made.code, made.out) == (2, "")
    assert made.err.endswith(": error: name the folder of the pages: --output=DIR\n")


def test_a_distribution_without_usable_commands_is_an_error_of_one_line(scratch, tmp_path):
    made = scratch(
        "-m", "aurora_admin.manpages", "--distribution", "nosuch", "--output", str(tmp_path / "pages"), program="python"
    )
    assert (made.code, made.err) == (1, "No installed distribution nosuch has commands\n")
    scratch.install("aurora-broken", broken("1 / 0"))
    made = scratch(
        "-m", "aurora_admin.manpages", "--distribution", "aurora-broken", "--output", str(tmp_path), program="python"
    )
    assert (made.code, made.err) == (
        1,
        "Plugin plugin of aurora_broken 1.2 is left out: ZeroDivisionError: division by zero\n",
    )
