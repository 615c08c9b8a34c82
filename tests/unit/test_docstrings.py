"""The examples in docstrings run."""

import doctest
from importlib import import_module

import pytest

from tests.support.places import CHECKOUT

PACKAGE = CHECKOUT / "aurora_admin"
EXAMPLE = ">>> "
MODULES = sorted(
    ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if EXAMPLE in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_right(name, monkeypatch):
    monkeypatch.chdir(CHECKOUT)  # some read tests/data
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert not result.failed


def test_what_others_start_from_has_an_example():
    assert {
        "aurora_admin.backup.reader",
        "aurora_admin.client.scheduler",
        "aurora_admin.command",
        "aurora_admin.scheduler.background",
        "aurora_admin.wire.path",
        "aurora_admin.wire.window",
    } <= set(MODULES)
