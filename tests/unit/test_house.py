"""The doors that stay shut, read from the imports in the source, and what a start of the program may import."""

import ast
import os
import re
import subprocess
import sys

import pytest

from aurora_admin.registry import Registry
from tests.support.sources import PACKAGE, SOURCES, imports, is_in, module_of

CORE = (
    "__main__",
    "command",
    "errors",
    "hookspec",
    "logfiles",
    "main",
    "manpages",
    "output",
    "parser",
    "rcfile",
    "registry",
)


def at_door(inside: str, *packages: str, but: str = "nothing") -> set[str]:
    """Imports of the packages by modules of `inside`: 'importer -> imported'."""
    return {
        f"{module_of(path)} -> {name}"
        for path in SOURCES
        for name in imports(path)
        for package in packages
        if is_in(module_of(path), inside) and is_in(name, package) and not re.fullmatch(but, module_of(path))
    }


def ours(*names: str) -> tuple[str, ...]:
    return tuple(f"aurora_admin.{name}" for name in names)


def plugins() -> list[str]:
    return sorted(path.name for path in (PACKAGE / "plugins").iterdir() if (path / "__init__.py").exists())


def test_the_sources_are_all_seen():
    assert {
        "aurora_admin.main",
        "aurora_admin.plugins.backup.stage_recovery",
        "aurora_admin.client.http.transport",
        "aurora_admin.scheduler.storage.sqlite",
    } <= {module_of(path) for path in SOURCES}


def test_plugins_do_not_know_the_scheduler_or_the_rooms_behind_the_command():
    assert not at_door("aurora_admin.plugins", *ours("scheduler", "main", "parser", "registry", "manpages"))


@pytest.mark.parametrize("plugin", plugins())
def test_plugins_do_not_know_each_other(plugin):
    others = [f"aurora_admin.plugins.{name}" for name in plugins() if name != plugin]
    assert not at_door(f"aurora_admin.plugins.{plugin}", *others)


def test_the_core_does_not_know_the_plugins():
    for module in CORE:
        assert not at_door(f"aurora_admin.{module}", "aurora_admin.plugins")


def test_the_core_names_no_command():
    # `help` is also an English word, and the name of an argument of argparse.
    built_in = [offer for offer in Registry().offers() if offer.plugin.distribution == "aurora_admin"]
    names = {offer.command.name for offer in built_in} - {"help"}
    assert len(names) > 9
    for module in CORE:
        text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
        assert not {name for name in names if re.search(rf"\b{name}\b", text)}, module


def test_the_client_does_not_know_the_scheduler():
    assert not at_door("aurora_admin.client", *ours("scheduler", "plugins"))
    assert not at_door("aurora_admin.clusters", *ours("scheduler", "plugins"))


def test_the_scheduler_does_not_know_the_program():
    assert not at_door("aurora_admin.scheduler", *ours("main", "parser", "registry", "plugins", "client", "command"))


def test_the_core_does_not_know_the_scheduler():
    for module in CORE:
        found = at_door(f"aurora_admin.{module}", "aurora_admin.scheduler")
        # The generator of manual pages reads what flags the programs have, and only when it makes their pages.
        assert {line.removeprefix("aurora_admin.manpages -> aurora_admin.scheduler") for line in found} <= {
            ".flags",
            ".flags.parser",
            ".logtool",
            ".logtool.main",
        }


@pytest.mark.parametrize(
    ("room", "known"),
    [
        ("wire", ()),
        ("zookeeper", ("wire",)),
        ("snapshot", ("wire",)),
        ("backup", ("wire", "snapshot")),
        ("samples", ("wire", "snapshot", "backup")),
    ],
)
def test_a_shared_room_knows_only_the_rooms_below_it(room, known):
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir()} - {room, *known, "gen", "__init__"}
    assert not at_door(f"aurora_admin.{room}", *ours(*rooms))


def test_thrift_stays_behind_the_commands():
    rooms = r"aurora_admin\.(client|wire|snapshot|backup|samples|scheduler|zookeeper)(\..*)?"
    assert not at_door("aurora_admin", "thrift", "aurora_admin.gen", but=rooms)


def test_kazoo_stays_with_discovery_election_and_the_zookeeper_engine():
    rooms = r"aurora_admin\.(client\.discovery|scheduler\.election|scheduler\.storage\.zookeeper|zookeeper)(\..*)?"
    assert not at_door("aurora_admin", "kazoo", but=rooms)


def test_plyvel_stays_with_the_reader_of_mesos_replicas():
    assert not at_door("aurora_admin", "plyvel", but=r"aurora_admin\.scheduler\.logtool\.mesos_replica")


def test_only_output_prints():
    for path in SOURCES:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        assert not [node for node in calls if ast.unparse(node.func) == "print"], path
        if not is_in(module_of(path), "aurora_admin.scheduler") and path.name != "output.py":
            assert not re.search(r"sys\.std(out|err)\b", path.read_text(encoding="utf-8")), path


def test_nothing_heavy_is_imported_at_the_top_of_a_plugin():
    for name in plugins():
        assert imports(PACKAGE / "plugins" / name / "__init__.py") <= {
            "collections.abc",
            "collections.abc.Iterator",
            "functools",
            "functools.partial",
            "aurora_admin.command",
            "aurora_admin.command.Command",
            "aurora_admin.hookspec",
            "aurora_admin.hookspec.hookimpl",
        }


STARTED = set(ours("command", "hookspec", "parser", "registry", "plugins", *(f"plugins.{name}" for name in plugins())))
LOOKED_UP = set(ours("client", "client.discovery", "clusters"))
LOADED = """
import sys
from aurora_admin import main
before = set(sys.modules)
code = main.main(sys.argv[1:])
sys.stdout.flush()
print(code, *sorted(set(sys.modules) - before), sep="\\n", file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("line", "allowed", "standard_count"),
    [
        ("--version", set(), 0),
        ("help", STARTED | {"aurora_admin.plugins.help.help"}, 44),
        ("get_scheduler west", STARTED | LOOKED_UP | {"aurora_admin.plugins.cluster.get_scheduler"}, 52),
    ],
)
def test_a_start_imports_no_more_than_it_did(line, allowed, standard_count, clusters, tmp_path):
    """Lower the numbers, never raise them. The standard library's own are Python 3.11's."""
    clusters.write("west")
    env = {"PATH": os.environ["PATH"], "AURORA_CONFIG_ROOT": str(tmp_path / "etc"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *line.split()], capture_output=True, text=True, env=env, check=True
    )
    code, *loaded = done.stderr.split()
    others = {name for name in loaded if name.partition(".")[0] not in {*sys.stdlib_module_names, "pluggy"}}
    assert (code, others - allowed) == ("0", set())
    if sys.version_info[:2] == (3, 11):
        assert sum(name.partition(".")[0] in sys.stdlib_module_names for name in loaded) <= standard_count, loaded
