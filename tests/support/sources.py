"""The Python sources of the checkout, and what they import."""

import ast
from functools import cache
from pathlib import Path

from tests.conftest import CHECKOUT

PACKAGE = CHECKOUT / "aurora_admin"
SOURCES = [path for path in PACKAGE.rglob("*.py") if "gen" not in path.relative_to(PACKAGE).parts]
SOURCES += (PACKAGE / "plugins").rglob("*.py")  # a symbolic link, which rglob of Python 3.13 does not follow
TESTS = sorted((CHECKOUT / "tests").rglob("*.py"))


def module_of(path: Path) -> str:
    """Return the name of the module in a file."""
    return ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(path: Path) -> set[str]:
    """Every module imported, wherever in the file; `from a import b` counts as a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute here"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
