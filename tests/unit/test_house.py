"""Which room may import which, read from the source, and what a start of the program may import."""

import ast
import os
import re
import subprocess
import sys
import token
import tokenize
from collections import Counter

import pytest

from aurora_admin.registry import Registry
from tests.support.imports import MODULES, PACKAGE, circles, import_graph, imports, is_in, room_of

# The rooms of the package, and the rooms that each may import: only rooms above it in this table.
ROOMS = {
    "errors": "",
    "wire": "",
    "gen": "wire",
    "calls": "wire gen",
    "zookeeper": "wire gen",
    "snapshot": "wire gen",
    "backup": "wire gen snapshot",
    "samples": "wire gen snapshot backup",
    "rows": "",
    "output": "errors rows",
    "logfiles": "errors output",
    "clusters": "errors",
    "units": "errors",
    "hosts": "errors",
    "sla": "errors hosts",
    "client": "errors wire gen calls zookeeper output clusters sla",
    "command": "errors output clusters client",
    "advice": "errors command",
    "hookspec": "command",
    "tokens": "",
    "options": "output tokens",
    "parser": "errors output rows command tokens options",
    "rcfile": "errors options",
    "registry": "errors command hookspec parser",
    "plugins": "errors wire snapshot backup samples output clusters client units hosts sla command parser hookspec",
    "scheduler": "wire gen calls zookeeper snapshot backup output",
    "manpage_texts": "errors client options",
    "manpages": "errors manpage_texts options parser registry scheduler",
    "main": "errors output logfiles command advice options parser rcfile registry",
    "__main__": "main",
}
# The libraries, and the only modules or packages that may import each.
LIBRARIES = {
    "thrift": "wire gen zookeeper snapshot backup samples client scheduler",
    "kazoo": "zookeeper client.discovery scheduler.election scheduler.storage.zookeeper",
    "cheroot": "scheduler.web",
    "plyvel": "scheduler.logtool.mesos_replica",
    "plyvel_next": "scheduler.logtool.mesos_replica",
    "pluggy": "hookspec registry",
    "tabulate": "rows",
    "yaml": "plugins.quota.quota_file",
    "argparse_manpage": "manpages",
}
# Commands whose names are also English words.
WORDS = {"help", "drill", "query", "version"}


def ours(names: str) -> list[str]:
    return [f"aurora_admin.{name}" for name in names.split()]


def plugins() -> list[str]:
    return sorted(path.name for path in (PACKAGE / "plugins").iterdir() if (path / "__init__.py").exists())


def test_every_room_is_in_the_table_below_those_that_it_imports():
    assert {room_of(module) for module in MODULES} == {*ROOMS, "__init__"}
    order = list(ROOMS)
    for room, known in ROOMS.items():
        assert set(known.split()) <= set(order[: order.index(room)]), room


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_that_it_may(room):
    allowed = {room, "__init__", *ROOMS[room].split()}
    for module, imported in import_graph().items():
        if room_of(module) == room:
            assert {name for name in imported if room_of(name) not in allowed} == set(), module


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_imported_only_where_it_may_be(library):
    importers = {module for module, path in MODULES.items() for name in imports(path) if is_in(name, library)}
    allowed = ours(LIBRARIES[library])
    assert importers
    assert {module for module in importers if not any(is_in(module, package) for package in allowed)} == set()


def test_the_modules_do_not_import_each_other_in_a_circle():
    assert list(circles(import_graph())) == []


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, [["a", "b", "c"]]),
        ({"a": {"b"}, "b": {"a"}, "c": {"d", "a"}, "d": {"c"}}, [["a", "b"], ["c", "d"]]),
    ],
)
def test_a_circle_of_imports_is_found(graph, found):
    assert list(circles(graph)) == found


@pytest.mark.parametrize("plugin", plugins())
def test_a_plugin_does_not_import_another_plugin(plugin):
    for module, imported in import_graph().items():
        if is_in(module, f"aurora_admin.plugins.{plugin}"):
            others = {name for name in imported if room_of(name) == "plugins"}
            assert all(is_in(name, f"aurora_admin.plugins.{plugin}") for name in others), module


def test_only_the_drill_starts_the_scheduler():
    starting = {module for module, path in MODULES.items() if "aurora_admin.scheduler" in path.read_text()}
    assert {module for module in starting if room_of(module) not in ("scheduler", "manpages")} == {
        "aurora_admin.plugins.drill.sandbox"
    }


def test_the_generator_of_man_pages_knows_only_the_parsers_of_the_scheduler():
    [graph] = [imported for module, imported in import_graph().items() if module == "aurora_admin.manpages"]
    assert {name for name in graph if room_of(name) == "scheduler"} == set(
        ours("scheduler.flags.parser scheduler.logtool.main")
    )


def test_no_two_classes_have_the_same_name():
    """A class of ours may have the name of a generated one only where it wraps that very thing."""
    wrappers = {"Op", "Transaction"}
    defined = Counter(
        node.name
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and (room_of(module) != "gen" or module == "aurora_admin.gen.api.ttypes")
    )
    assert {name for name, count in defined.items() if count > 1} <= wrappers


def text_of(path) -> str:
    """Return the strings and comments of a module; its functions may have the name that a command has too."""
    with tokenize.open(path) as file:
        return "".join(f"{one.string} " for one in tokenize.generate_tokens(file.readline) if one.type != token.NAME)


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "plugins"])
def test_only_plugins_name_commands(room):
    names = {one.command.name for one in Registry().all() if one.plugin.distribution == "aurora_admin"} - WORDS
    assert len(names) > 8
    for module, path in MODULES.items():
        if room_of(module) == room:
            text = text_of(path)
            assert {name for name in names if re.search(rf"\b{name}\b", text)} == set(), module


def test_only_output_prints():
    for module, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        assert not [node for node in calls if ast.unparse(node.func) == "print"], module
        if room_of(module) not in ("scheduler", "output"):
            assert not re.search(r"sys\.std(out|err)\b", text), module


def test_nothing_heavy_is_imported_at_the_top_of_a_plugin():
    for name in plugins():
        assert imports(PACKAGE / "plugins" / name / "__init__.py") <= {
            "collections.abc",
            "functools",
            "aurora_admin.command",
            "aurora_admin.hookspec",
        }


LOOK_UP = ours(
    "client client.discovery client.discovery.leader client.http client.http.url clusters plugins.cluster.get_scheduler"
)
STARTED = {
    *ours("command hookspec options parser registry tokens plugins"),
    *(f"aurora_admin.plugins.{name}" for name in plugins()),
}
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
        ("help", {*STARTED, *ours("plugins.help.help")}, 43),
        (
            "get_scheduler west",
            {
                *STARTED,
                *LOOK_UP,
            },
            51,
        ),
    ],
)
def test_a_start_imports_no_more_than_it_did(line, allowed, standard_count, clusters, tmp_path):
    """Lower the numbers, never raise them. They are those of Python 3.11's standard library."""
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
