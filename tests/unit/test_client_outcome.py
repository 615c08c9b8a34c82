"""Which calls only read, by the services of the IDL."""

import pytest

from aurora_admin.client.outcome import READ_ONLY_ADMIN_CALLS, is_read_only
from aurora_admin.gen.api import AuroraAdmin, AuroraSchedulerManager, ReadOnlyScheduler


def methods(service) -> set[str]:
    """Return the methods that a service declares itself."""
    return {name.removesuffix("_args") for name in vars(service) if name.endswith("_args")}


@pytest.mark.parametrize("method", sorted(methods(ReadOnlyScheduler) | READ_ONLY_ADMIN_CALLS))
def test_a_call_that_only_reads_may_be_repeated(method):
    assert is_read_only(method)


@pytest.mark.parametrize(
    "method", sorted((methods(AuroraAdmin) | methods(AuroraSchedulerManager)) - READ_ONLY_ADMIN_CALLS)
)
def test_every_other_call_is_taken_for_one_that_changes_something(method):
    assert not is_read_only(method)


def test_the_exceptions_are_calls_of_the_administrators_service():
    assert methods(AuroraAdmin) >= READ_ONLY_ADMIN_CALLS
