"""The arithmetic of quotas against a plain model, and the forms in which every release understands a quota."""

from fractions import Fraction
from math import nan, trunc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_admin.client import quota
from aurora_admin.client.quota import Amount, Amounts, allocated, consumption, quota_of
from aurora_admin.client.reply import Reply
from aurora_admin.errors import AdminError, BadReply
from aurora_admin.gen.api.ttypes import GetQuotaResult, Resource, ResourceAggregate, Result
from aurora_admin.plugins.quota.arithmetic import increased, new_quota
from aurora_admin.wire.codec import decode, encode

OK = 1
MEGABYTE = 1 << 20
MAX_I64 = (1 << 63) - 1
AMOUNT = st.integers(0, MAX_I64)
CORES = st.floats(0, 1e9)
INCREMENT = st.one_of(st.integers(-(1 << 85), 1 << 85), st.integers(-3 * MEGABYTE, 3 * MEGABYTE))
OTHERS = st.sampled_from(
    [(), (Amount("numGpus", 4),), (Amount("namedPort", "http"), Amount("namedPort", "admin"), Amount("ipAddr", 2))]
)


def reply_of(aggregate):
    """Return what the client reads from a reply with this quota."""
    result = decode(Result, encode(Result(getQuotaResult=GetQuotaResult(quota=aggregate))))
    return Reply(OK, "", result)


def model_sum(old, increment):
    """Return old megabytes and an increment in bytes as whole megabytes, exactly; None if 64 bits cannot hold them."""
    total = trunc(Fraction(old) + Fraction(increment, MEGABYTE))
    return total if -(1 << 63) <= total <= MAX_I64 else None


QUOTAS = st.builds(quota_of, CORES, AMOUNT, AMOUNT, OTHERS)


@given(QUOTAS, st.floats(-1e9, 1e9), INCREMENT, INCREMENT)
def test_an_increase_is_the_exact_sum_truncated_to_megabytes(old, more_cpus, more_ram, more_disk):
    wanted = (model_sum(old.ram_mb, more_ram), model_sum(old.disk_mb, more_disk))
    if None in wanted:
        with pytest.raises(AdminError, match=r"(ram|disk) would be -?\d+ MB, but a scheduler can store at most"):
            increased(old, more_cpus, more_ram, more_disk)
        return
    new = increased(old, more_cpus, more_ram, more_disk)
    assert new == quota_of(old.cpus + more_cpus, *wanted, old.others)


@given(CORES, st.integers(-(1 << 90), 1 << 90))
def test_a_new_quota_is_an_increase_from_nothing(cpus, size):
    wanted = model_sum(0, size)
    if wanted is None:
        with pytest.raises(AdminError, match="give a smaller size"):
            new_quota(cpus, size, 0)
    else:
        assert new_quota(cpus, size, 0) == quota_of(cpus, wanted, 0)


@pytest.mark.parametrize(("before", "more", "word"), [(1e308, 1e308, "inf"), (nan, 1.0, "nan")])
def test_a_sum_of_cores_that_is_not_finite_is_refused(before, more, word):
    with pytest.raises(AdminError, match=f"cpu would be {word}, but a quota needs a finite number"):
        increased(quota_of(before, 0, 0), more, 0, 0)


@pytest.mark.parametrize(("before", "more", "after"), [(MAX_I64 - 1, MEGABYTE, MAX_I64), (MAX_I64, -1, MAX_I64 - 1)])
def test_the_largest_sum_that_fits(before, more, after):
    assert increased(quota_of(0.0, before, before), 0.0, more, more) == quota_of(0.0, after, after)
    for ram, disk in ((MAX_I64, 0), (0, MAX_I64)):
        with pytest.raises(AdminError, match="would be 9223372036854775808 MB"):
            increased(quota_of(0.0, ram, disk), 0.0, MEGABYTE, MEGABYTE)


def read_by_old(raw):
    """Return what a scheduler up to 0.13 reads of a quota, which skips the set."""
    found = decode(ResourceAggregate, raw)
    return found.numCpus, found.ramMb, found.diskMb


def read_by_new(raw):
    """Return what a scheduler from 0.14 on reads of a quota: the set, which has each resource once."""
    members = [
        {name: getattr(one, name) for name in Resource.__slots__} for one in decode(ResourceAggregate, raw).resources
    ]
    return sorted((name, value) for one in members for name, value in one.items() if value is not None)


@given(CORES, AMOUNT, AMOUNT, OTHERS)
def test_every_release_reads_the_same_quota(cpus, ram, disk, others):
    raw = encode(quota._aggregate(quota_of(cpus, ram, disk, others)))
    assert read_by_old(raw) == (cpus, ram, disk)
    assert read_by_new(raw) == sorted([("numCpus", cpus), ("ramMb", ram), ("diskMb", disk), *others])


@given(CORES, AMOUNT, AMOUNT, OTHERS, st.booleans())
def test_a_quota_that_was_sent_is_read_as_it_was(cpus, ram, disk, others, is_old):
    one = quota_of(cpus, ram, disk, () if is_old else tuple(sorted(others)))
    sent = quota._aggregate(one)
    if is_old:
        sent.resources = None  # up to 0.13
    found = allocated(reply_of(sent))
    assert (found.cpus, found.ram_mb, found.disk_mb) == (cpus, ram, disk)
    assert sorted(found.others) == sorted(one.others)


def test_resources_are_in_the_order_in_which_they_are_shown():
    given = [Resource(numGpus=2), Resource(diskMb=3), Resource(namedPort="b"), Resource(namedPort="a")]
    found = allocated(reply_of(ResourceAggregate(resources=[*given, Resource(ramMb=5), Resource(numCpus=1.5)])))
    assert [name for name, _ in found.amounts] == ["numCpus", "ramMb", "diskMb", "namedPort", "namedPort", "numGpus"]
    assert [found.get(name) for name in quota.MEMBERS] == [1.5, 5, 3, 2, 2, None]


def test_a_resource_that_is_given_twice_counts_once_and_two_amounts_are_added_up():
    given = [Resource(ramMb=5), Resource(ramMb=5), Resource(ramMb=7)]
    assert allocated(reply_of(ResourceAggregate(resources=given))).ram_mb == 12


def test_the_set_of_resources_wins_over_the_older_fields():
    both = ResourceAggregate(resources=[Resource(numCpus=1.0)], numCpus=9.0, ramMb=9)
    assert allocated(reply_of(both)) == Amounts((Amount("numCpus", 1.0),))


@pytest.mark.parametrize("aggregate", [ResourceAggregate(), ResourceAggregate(resources=())])
def test_a_quota_without_resources_is_nothing(aggregate):
    found = allocated(reply_of(aggregate))
    assert (found, found.cpus, found.ram_mb) == (Amounts(), 0.0, 0)


@pytest.mark.parametrize("result", [None, Result(), Result(getQuotaResult=GetQuotaResult())])
def test_a_reply_without_a_quota_is_not_a_quota_of_zeros(result):
    with pytest.raises(BadReply, match="has no result"):
        allocated(Reply(OK, "", result))


def test_a_quota_with_an_unknown_resource_is_not_increased():
    old = allocated(reply_of(ResourceAggregate(resources=[Resource(numCpus=1.0), Resource()])))
    with pytest.raises(AdminError, match=r"a resource that this program does not know, .* Nothing was set"):
        increased(old, 1.0, 0, 0)


def test_consumption_that_a_release_does_not_report_is_unknown():
    used = ResourceAggregate(numCpus=1.0, ramMb=2, diskMb=3)
    result = Result(getQuotaResult=GetQuotaResult(quota=used, prodSharedConsumption=used))
    assert consumption(Reply(OK, "", result)) == [quota_of(1.0, 2, 3), None, None, None]
