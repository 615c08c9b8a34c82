"""The README and the changelog agree with the program."""

import re
import shlex

from aurora_admin import __version__
from aurora_admin.plugins.help import recovery
from aurora_admin.registry import Registry
from aurora_admin.scheduler.flags import parser as flags
from aurora_admin.scheduler.logtool import main as logtool
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


def command_lines(program: str) -> list[list[str]]:
    """Return the command lines of a program in the README and in `help recovery`."""
    text = "\n".join([(CHECKOUT / "README.md").read_text(), recovery.__doc__]).replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in re.findall(rf"^ *({program} .*)$", text, re.MULTILINE)]


def test_the_command_lines_of_the_log_tool_are_valid():
    lines = [words for words in command_lines("aurora-reference-log") if "PATH" not in " ".join(words)]
    assert {words[0] for words in lines} >= {"wipe", "initialize"}
    for words in lines:
        assert logtool.parse(words)[1].command == words[0]


def test_the_command_lines_of_the_scheduler_are_valid():
    required = ["-cluster_name=west", "-backup_dir=backups", "-native_log_file_path=log"]
    lines = command_lines("aurora-reference-scheduler")
    assert any("-max_registration_delay" in " ".join(words) for words in lines)
    for words in lines:
        given = [word for word in words if not word.startswith("@")]
        assert flags.parse([*given, *(one for one in required if one.split("=")[0] not in " ".join(given))])
