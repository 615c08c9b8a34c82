"""The examples in docstrings."""

import doctest
import importlib

import pytest

MODULES = [
    "aurora_admin.client.scheduler",
    "aurora_admin.command",
    "aurora_admin.output",
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_right(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed
