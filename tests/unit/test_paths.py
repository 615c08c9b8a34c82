"""Each path of a field is written once in the package."""

import ast
from collections import defaultdict
from functools import reduce
from importlib import import_module

from aurora_admin.wire.path import path
from tests.support.imports import MODULES, imports


def paths_in(module):
    """Yield struct and names of each call of path() whose names are a literal, and its line."""
    scope = vars(import_module(module))
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 2:
            struct, names = node.args
            if scope.get(node.func.id) is path and isinstance(names, ast.Constant):
                first, *rest = ast.unparse(struct).split(".")
                yield (reduce(getattr, rest, scope[first]), names.value), f"{module}:{node.lineno}"


def test_no_two_constants_are_the_same_path():
    found = defaultdict(list)
    for module, source in MODULES.items():
        if "aurora_admin.wire.path" in imports(source):
            for key, where in paths_in(module):
                found[key].append(where)
    assert len(found) > 100
    assert {key: places for key, places in found.items() if len(places) > 1} == {}
