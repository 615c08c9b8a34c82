"""The tests themselves: what they may import from each other."""

import pytest

from tests.support.imports import TESTS, imports, is_in, module_of

SHARED = ("tests.support", "tests.conftest")


def test_the_tests_are_all_seen():
    assert {"tests.unit.test_tests", "tests.support.imports", "tests.functional.conftest"} <= set(map(module_of, TESTS))


@pytest.mark.parametrize("path", TESTS, ids=module_of)
def test_a_test_imports_nothing_from_another_test(path):
    """What two need is in tests/support. The programs of a benchmark are in a folder of their own."""
    shared = (*SHARED, "tests.bench") if is_in(module_of(path), "tests.bench") else SHARED
    ours = {name for name in imports(path) if is_in(name, "tests")} - {"tests"}
    assert not {name for name in ours if not any(is_in(name, room) for room in shared)}
