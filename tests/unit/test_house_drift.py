"""Declarations, options, hooks, exit codes, entry points and manual pages agree with each other."""

import argparse
import configparser
import importlib
import inspect
import re
import shutil
import subprocess
from functools import cache

import pytest

from aurora_admin import errors, hookspec, main, manpages
from aurora_admin.parser import CommandParser
from aurora_admin.registry import RegisteredCommand, Registry, load
from tests.support.places import CHECKOUT


@cache
def built_in() -> list[RegisteredCommand]:
    registry = Registry()
    found = registry.all()
    assert not registry.problems
    return [registered for registered in found if registered.plugin.distribution == "aurora_admin"]


@pytest.mark.parametrize("registered", built_in(), ids=lambda registered: registered.command.name)
def test_a_command_is_complete(registered):
    command = registered.command
    parser = CommandParser(command)
    module = load(registered, parser)
    assert inspect.getdoc(module), "the description of the manual page"
    assert not command.summary.endswith(".")
    examples = module.EXAMPLES.strip().split("\n")
    assert any(command.name in line for line in examples)
    assert all(line.startswith("aurora_admin ") for line in examples)
    for option in parser.common + parser.old + parser.own_options():
        assert option.help not in (None, "", argparse.SUPPRESS), option.option_strings
        assert option.nargs == 0 or option.choices or option.metavar, option.option_strings
        assert option.nargs in (None, 0), f"{option.option_strings}: one value or none"
    advice = getattr(module, "IF_UNKNOWN", "") + getattr(module, "IF_REFUSED", "")
    assert set(re.findall(r"{(\w*)}", advice)) <= set(command.argument_names)
    assert command.effect == "read" or hasattr(module, "IF_UNKNOWN")
    assert set(command.see_also) <= {other.command.name for other in built_in()}


def test_the_module_of_a_command_has_the_name_of_the_command():
    for registered in built_in():
        path = CHECKOUT / "plugins" / registered.plugin.name / f"{registered.command.name}.py"
        assert not registered.command.module
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 120, path


def test_every_hook_is_documented_with_its_arguments():
    hooks = {name: one for name, one in vars(hookspec).items() if hasattr(one, "aurora_admin_spec")}
    assert hooks
    for name, hook in hooks.items():
        assert re.fullmatch(r"aurora_admin_[a-z_]+", name)
        text = inspect.getdoc(hook) or ""
        arguments = list(inspect.signature(hook).parameters)
        assert arguments or "Takes no arguments." in text
        assert all(f"{argument}:" in text for argument in arguments), name


def test_every_exit_code_is_in_the_table():
    classes = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, errors.AdminError)]
    assert {one.exit_code for one in classes} <= errors.EXIT_CODES.keys()
    assert errors.EXIT_CODES.keys() >= errors.ORIGINAL_EXIT_CODES >= {0, 1, 2, 130}
    assert {main.INTERRUPTED, main.OUTPUT_CLOSED} <= errors.EXIT_CODES.keys()
    page = (CHECKOUT / "man" / "aurora_admin.1").read_text()
    assert all(f"\n\\fB{code}\\fR\n" in page for code in errors.EXIT_CODES)


def test_setup_cfg_names_every_plugin():
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg")
    lines = config["options.entry_points"]["aurora_admin.plugins.v1"].split("\n")
    folders = {path.parent.name for path in (CHECKOUT / "plugins").glob("*/__init__.py")}
    assert {tuple(line.split(" = ")) for line in lines if line} == {
        (name, f"aurora_admin.plugins.{name}") for name in folders
    }
    assert all(importlib.import_module(f"aurora_admin.plugins.{name}").__doc__ for name in folders)


def test_the_manual_is_fresh():
    committed = {path.name: path.read_text(encoding="utf-8") for path in (CHECKOUT / "man").glob("*.1")}
    fresh = manpages.pages_of("aurora_admin")
    assert committed.keys() == fresh.keys(), "run script/generate"
    for name in fresh:
        assert committed[name] == fresh[name], f"{name} has drifted: run script/generate"


def test_the_manual_does_not_depend_on_the_terminal(monkeypatch):
    wide = manpages.pages_of("aurora_admin")
    monkeypatch.setenv("COLUMNS", "30")
    assert manpages.pages_of("aurora_admin") == wide


@pytest.mark.parametrize("page", sorted((CHECKOUT / "man").glob("*.1")), ids=lambda path: path.name)
def test_a_page_is_lint_clean(page):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-T", "lint", page], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    headings = re.findall(r"^\.SH (.*)$", page.read_text(), re.MULTILINE)
    assert {"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"} <= set(headings)


@pytest.mark.parametrize("page", sorted((CHECKOUT / "man").glob("*.1")), ids=lambda path: path.name)
def test_a_page_has_the_option_that_shows_help(page):
    text = page.read_text().replace("\\", "")
    assert re.search(r"^.*fB-h.*fB--help.*\n(?:show|print) this help", text, re.MULTILINE)
    assert "\0" not in text
