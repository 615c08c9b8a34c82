"""The imports of the package and of its tests, read from the source: lazy and TYPE_CHECKING imports too."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

from tests.support.places import CHECKOUT

PACKAGE = CHECKOUT / "aurora_admin"
# plugins is a symbolic link, which rglob of Python 3.13 does not follow.
SOURCES = sorted({*PACKAGE.rglob("*.py"), *(PACKAGE / "plugins").rglob("*.py")})
TESTS = sorted((CHECKOUT / "tests").rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in SOURCES}
TEST_MODULES = {module_of(path): path for path in TESTS}


@cache
def imports(path: Path) -> frozenset[str]:
    """Every imported module; `from a import b` counts as a.b if that is one of these modules, else as a."""
    found = set()
    package = ".".join(path.parent.relative_to(CHECKOUT).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            names = {f"{origin}.{alias.name}" for alias in node.names}
            found |= names & (MODULES.keys() | TEST_MODULES.keys()) or {origin}
    return frozenset(found)


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def room_of(module: str) -> str:
    """The part of the package that a module belongs to: `client` for aurora_admin.client.http.proxy."""
    return module.split(".")[1] if "." in module else "__init__"


def import_graph() -> dict[str, set[str]]:
    """The modules of the package that each of them imports."""
    return {module: set(imports(path) & MODULES.keys()) - {module} for module, path in MODULES.items()}


def circles(graph: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Yield each group of nodes that can all reach one another, sorted."""
    reached = {node: _reached_from(node, graph) for node in graph}
    groups = {frozenset(other for other in reached[node] if node in reached[other]) for node in graph}
    yield from sorted(sorted(group) for group in groups if group)


def _reached_from(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = set(graph[start])
    while waiting:
        found |= waiting
        waiting = {after for node in waiting for after in graph[node]} - found
    return found
