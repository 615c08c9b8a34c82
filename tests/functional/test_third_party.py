"""Plugins of other distributions: how they are found and documented, and that a broken one affects nothing else."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.support.distributions import COMMAND, broken, build, fleet, pack, site_packages
from tests.support.places import CHECKOUT
from tests.support.processes import environment, run


def test_a_distribution_adds_a_command(scratch, tmp_path):
    scratch.install("aurora-fleet", fleet())
    assert scratch("fleet_hello", "west", "--shout", "very").out == "Hello west very\n"
    overview = scratch("help")
    assert (overview.code, overview.err) == (0, "")
    assert (
        "\nGreetings:\n\nfleet_hello\n    usage: fleet_hello [--shout] cluster\n    Say hello to a cluster\n"
        in overview.out
    )
    explained = scratch("help", "fleet_hello")
    assert explained.out.startswith("Usage: fleet_hello [--shout] cluster\n\nSay hello to a cluster, politely.\n\n")
    assert "\n\nOptions:\n  --shout HOW " in explained.out
    assert scratch("fleet_hello").err.startswith("FATAL] usage: fleet_hello [--shout] cluster\n")
    assert ", fleet_hello, " in scratch().err


def test_its_manual_page_comes_from_the_same_generator(scratch, tmp_path):
    scratch.install("aurora-fleet", fleet())
    pages = tmp_path / "pages"
    made = scratch(
        "-m", "aurora_admin.manpages", "--distribution", "aurora-fleet", "--output", str(pages), program="python"
    )
    assert (made.code, made.out, made.err) == (0, "", "")
    [page] = pages.iterdir()
    assert page.name == "aurora_admin-fleet_hello.1"
    assert '"aurora_fleet 1.2"' in page.read_text()
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    lint = run(["mandoc", "-T", "lint", page], environment(tmp_path))
    assert (lint.code, lint.out) == (0, "")
    shown = run(["mandoc", "-T", "ascii", page], environment(tmp_path)).out
    shown = re.sub(r".\x08", "", shown)
    assert re.search(r"NAME\s+aurora_admin-fleet_hello - Say hello to a cluster\n", shown)
    assert re.search(r"DESCRIPTION\s+Say hello to a cluster, politely.\s+Nothing is sent - not even a greeting.", shown)
    assert re.search(r"--shout HOW\s+'very' is 100% loud", shown)
    assert "aurora_admin fleet_hello west" in shown
    assert re.search(r"COMPATIBILITY\s+The original greets loudly.\s+It ends with 1 - this command with 0.", shown)
    assert "aurora_admin-get_scheduler(1)" in shown


def test_the_plugin_in_contributing_works(scratch, clusters, scheduler, tmp_path):
    manual = (CHECKOUT / "CONTRIBUTING.md").read_text()
    [shown] = re.findall(r"^## A plugin of your own\n(.*?)^## ", manual, re.MULTILINE | re.DOTALL)
    files = re.findall(r"^`([\w./]+)`\n\n```\w*\n(.*?)^```$", shown, re.MULTILINE | re.DOTALL)
    assert len(files) == 4
    for name, text in files:
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text(text)
    pip, line, generate = re.findall(r"^```\n([^`]*)```$", shown, re.MULTILINE)[-1].splitlines()
    assert pip == "pip install ."
    scratch.install_wheel(build("wheel", tmp_path / "source", tmp_path))
    one = scheduler()
    clusters.write(west=one.url)
    program, *arguments = line.split()
    empty = scratch(*arguments, program=program)
    assert (empty.code, empty.out) == (1, "")
    assert empty.err.endswith("west has no backups: make one with aurora_admin scheduler_backup_now west\n")
    assert scratch("scheduler_backup_now", "west").code == 0
    newest = scratch(*arguments, program=program)
    assert newest.code == 0
    assert (one.backup_dir / newest.out.removesuffix("\n")).is_file()
    python, *arguments, folder = generate.split()
    made = scratch(*arguments, str(tmp_path / folder), program=python)
    assert (made.code, made.err) == (0, "")
    assert [path.name for path in (tmp_path / folder).iterdir()] == ["aurora_admin-mysite_newest_backup.1"]


BROKEN_IMPORTS = {
    "ImportError": ("import nosuchmodule", "ModuleNotFoundError: No module named 'nosuchmodule'"),
    "SyntaxError": ("def x(:", "SyntaxError: "),
    "SystemExit": ("import sys; sys.exit('no licence')", "SystemExit: no licence"),
    "any error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "several lines": ("raise ValueError('one\\n\\ntwo')", "ValueError: one two"),
}
HOOK = "from aurora_admin.hookspec import hookimpl\n@hookimpl\n"
BROKEN_HOOKS = {
    "registration": (HOOK + "def aurora_admin_commands(colour): return []", "PluginValidationError: "),
    "unknown hook": (HOOK + "def aurora_admin_comands(): return []", "PluginValidationError: "),
    "first call": (HOOK + "def aurora_admin_commands(): 1 / 0", "ZeroDivisionError: "),
    "first call exits": (HOOK + "def aurora_admin_commands(): raise SystemExit(3)", "SystemExit: 3"),
    "while it yields": (HOOK + "def aurora_admin_commands():\n yield 1 / 0", "ZeroDivisionError: "),
    "not iterable": (HOOK + "def aurora_admin_commands(): return 5", "TypeError: "),
}


@pytest.mark.parametrize("how", [*BROKEN_IMPORTS, *BROKEN_HOOKS])
def test_a_broken_plugin_is_reported_with_the_cause_and_all_other_commands_work(scratch, how):
    source, cause = {**BROKEN_IMPORTS, **BROKEN_HOOKS}[how]
    scratch.install("aurora-broken", broken(source))
    scratch.install("aurora-fleet", fleet())
    named = re.compile(rf" WARN\] Plugin plugin of aurora_broken 1\.2 is left out: {re.escape(cause)}.*\n")
    overview = scratch("help")
    assert (overview.code, "\nfleet_hello\n" in overview.out) == (0, True)
    assert named.fullmatch(overview.err)
    greeted = scratch("fleet_hello", "west")
    assert (greeted.code, greeted.out) == (0, "Hello west\n")
    assert named.fullmatch(greeted.err)
    assert scratch("fleet_hello", "west", "-q").err == ""
    led = scratch("get_scheduler", "west")
    assert (led.code, led.err) == (0, ""), "a built-in command does not load other plugins"


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (broken(HOOK + "def aurora_admin_commands(): yield {'name': 'x'}"), "it is not a Command but {'name': 'x'}"),
        (fleet(name="--hello", module="aurora_broken"), "'--hello' cannot be typed as a command"),
    ],
)
def test_an_invalid_declaration_is_left_out(scratch, files, fault):
    scratch.install("aurora-broken", files)
    assert scratch("help").err == f" WARN] A command of plugin plugin of aurora_broken 1.2 is left out: {fault}\n"


def test_a_built_in_command_keeps_its_name(scratch):
    scratch.install("aurora-fleet", fleet(name="get_scheduler"))
    assert scratch("get_scheduler", "west").out == "Found leading scheduler at: http://127.0.0.1:1\n"
    err = scratch("help").err
    assert re.fullmatch(
        r" WARN\] Command get_scheduler of plugin plugin of aurora_fleet 1\.2 is left out: "
        r"cluster of aurora_admin \S+ has that name\n",
        err,
    )


def test_a_name_declared_twice_belongs_to_the_first_distribution_by_name(scratch):
    scratch.install("zz-fleet", fleet(module="zz_fleet", command=COMMAND.replace("Hello", "Bye")))
    scratch.install("aa-fleet", fleet(module="aa_fleet"))
    result = scratch("fleet_hello", "west")
    assert result.out == "Hello west\n"
    assert result.err == (
        " WARN] Command fleet_hello of plugin plugin of zz_fleet 1.2 is left out: "
        "plugin of aa_fleet 1.2 has that name\n"
    )


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import nosuchmodule", "ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        (
            "def configure(parser): parser.add_argument('-v')",
            "ArgumentError: argument -v: conflicting option string: -v",
        ),
    ],
)
def test_the_error_of_a_command_that_cannot_be_loaded_has_the_cause(scratch, source, cause):
    scratch.install("aurora-fleet", fleet(command=source))
    expected = f"FATAL] Command fleet_hello of plugin plugin of aurora_fleet 1.2 cannot be loaded: {cause}\n"
    for line in (["fleet_hello", "west"], ["help", "fleet_hello"], ["fleet_hello", "--shout", "west"]):
        result = scratch(*line)
        assert (result.code, result.out, result.err) == (1, "", expected)
    assert scratch("-q", "fleet_hello", "west").err == ""
    assert scratch("help").code == 0


def test_the_error_of_an_invalid_help_text_is_one_line(scratch):
    scratch.install("aurora-fleet", fleet(command=COMMAND.replace("100%%", "100%")))
    for line in (["help", "fleet_hello"], ["fleet_hello", "-h"]):
        result = scratch(*line)
        assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
        assert result.err.startswith("FATAL] ")
        assert "%" in result.err


def test_options_of_a_command_may_stand_before_it(scratch):
    scratch.install("aurora-fleet", fleet())
    assert scratch("--shout", "very", "fleet_hello", "west").out == "Hello west very\n"
    assert scratch("-v", "--shout=very", "fleet_hello", "west").out == "Hello west very\n"
    # A value that is the name of a command is taken for the command. That has no such option, so nothing is run.
    assert scratch("--shout", "get_scheduler", "fleet_hello", "west").code == 2
    assert scratch("--nosuch", "fleet_hello", "west").code == 2
    assert scratch("nosuch", "fleet_hello", "west").err.startswith("Must supply one of")


def test_a_bare_checkout_has_the_built_in_commands(checkout, tmp_path):
    for built in checkout.glob("*.egg-info"):
        shutil.rmtree(built)
    done = subprocess.run(
        [sys.executable, "-m", "aurora_admin"],
        cwd=checkout,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    for names in (", get_scheduler, help, host_activate, ", ", recovery_status, scheduler_backup_now, "):
        assert names in done.stderr


STALE = "[aurora_admin.plugins.v1]\nnosuch = aurora_admin.plugins.nosuch\n"


@pytest.mark.parametrize("version", ["0.0.9", "0.9.0", "10.0.0"])
def test_the_metadata_of_another_version_beside_ours_hides_no_command(scratch, version):
    before = scratch("help")
    left = site_packages(scratch.venv) / f"aurora_admin-{version}.dist-info"
    left.mkdir()
    for text in (STALE, ""):  # versions before the plugins have no entry points
        (left / "entry_points.txt").write_text(text)
        assert scratch("help") == before


def test_of_two_versions_of_a_plugin_the_newer_one_counts(scratch):
    scratch.install("aurora-fleet", fleet())
    packages = site_packages(scratch.venv)
    newer = (packages / "aurora_fleet-1.2.dist-info").rename(packages / "aurora_fleet-0.10.0.dist-info")
    older = packages / "aurora_fleet-0.9.0.dist-info"
    shutil.copytree(newer, older)
    (older / "entry_points.txt").write_text(STALE)
    assert scratch("fleet_hello", "west").out == "Hello west\n"
    assert scratch("help").err == ""


@pytest.mark.parametrize(
    "text",
    [
        "[metadata]\nname = theirs\n[options.entry_points]\naurora_admin.plugins.v1 =\n    nosuch = nosuch\n",
        "[metadata]\nname = theirs\n",
        "[flake8]\nmax-line-length = 100\n",
        "no section",
        "[metadata]\nname = \udcff\n",
        "",
        None,
    ],
)
def test_a_setup_cfg_of_another_project_beside_the_package_hides_no_command(scratch, text):
    """As after `pip install --target .` in a checkout."""
    before = scratch("help")
    path = site_packages(scratch.venv) / "setup.cfg"
    if text is None:
        path.mkdir()
    else:
        path.write_text(text, errors="surrogateescape")
    assert scratch("help") == before
    assert scratch("scheduler_backup_now").err.startswith("FATAL] usage: scheduler_backup_now cluster\n")


def test_a_plugin_in_a_zip_archive_is_found(scratch, tmp_path):
    packed = pack(tmp_path, "aurora-fleet", fleet(), "aurora_fleet")
    scratch.libraries += f":{packed}"
    assert scratch("fleet_hello", "west").out == "Hello west\n"


def test_a_plugin_may_be_an_object(scratch):
    files = fleet()
    files["aurora_fleet/__init__.py"] += "\n    import types\n    box = types.SimpleNamespace(hooks=None)\n"
    files["aurora_fleet/holder.py"] = """
        import aurora_fleet
        class Holder:
            hooks = aurora_fleet
    """
    scratch.install("aurora-fleet", files, "aurora_fleet.holder:Holder.hooks")
    assert scratch("fleet_hello", "west").out == "Hello west\n"
