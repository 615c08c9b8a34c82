"""The examples in docstrings run."""

import doctest
from importlib import import_module

import pytest

from tests.conftest import CHECKOUT

MODULES = (
    "aurora_admin.scheduler.background",
    "aurora_admin.scheduler.statistics",
    "aurora_admin.wire.path",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_right(name, monkeypatch):
    monkeypatch.chdir(CHECKOUT)  # some read tests/data
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert not result.failed
