"""The examples in docstrings are true."""

import doctest
from importlib import import_module

import pytest

from tests.support.sources import SOURCES, module_of

EXAMPLES = sorted(module_of(path) for path in SOURCES if ">>>" in path.read_text(encoding="utf-8"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_module_are_true(name):
    result = doctest.testmod(import_module(name))
    assert (result.attempted > 0, result.failed) == (True, 0)
