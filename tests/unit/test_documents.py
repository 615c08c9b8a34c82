"""The README and the changelog agree with the program."""

import re

from aurora_admin import __version__
from aurora_admin.registry import Registry
from tests.support.places import CHECKOUT


def test_the_readme_lists_every_command_with_its_summary():
    listed = re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", (CHECKOUT / "README.md").read_text(), re.MULTILINE)
    assert listed == [(registered.command.name, registered.command.summary) for registered in Registry().all()]


def test_every_script_in_the_readme_exists():
    named = set(re.findall(r"script/\w[\w-]*", (CHECKOUT / "README.md").read_text()))
    assert {"script/demo", "script/test"} <= named
    assert all((CHECKOUT / name).stat().st_mode & 0o111 for name in named)


def test_the_changelog_begins_with_this_version_or_unreleased_changes():
    headings = re.findall(r"^## \[(\S+)\]", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in ("Unreleased", __version__)
