"""The canonical encoding: equal values have one form."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thrift.Thrift import TType

from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import canonical, same
from aurora_admin.wire.errors import WireError
from tests.support.wire import UNIQUE, sample, sample_task, snapshots, structs


def shuffled(raw, ttype, rng):
    """The same value with its fields, and the elements of its sets and maps, in another order."""
    if ttype == TType.STRUCT:
        members = [field._replace(value=shuffled(field.value, field.ttype, rng)) for field in fields.parse(raw)]
        rng.shuffle(members)
        return fields.join(members)
    if ttype in (TType.LIST, TType.SET):
        etype, items = fields.elements(raw)
        items = [shuffled(item, etype, rng) for item in items]
        if ttype == TType.SET:
            rng.shuffle(items)
        return fields.container(etype, items)
    if ttype == TType.MAP:
        return shuffled_map(raw, rng)
    return raw


def shuffled_map(raw, rng):
    ktype, vtype, count = struct.unpack_from("!BBi", raw)
    entries, at = [], 6
    for _ in range(count):
        middle = fields.skip(raw, at, ktype)
        end = fields.skip(raw, middle, vtype)
        entries.append(raw[at:middle] + shuffled(raw[middle:end], vtype, rng))
        at = end
    rng.shuffle(entries)
    return raw[:6] + b"".join(entries)


@given(structs(UNIQUE), st.randoms(use_true_random=False))
def test_the_order_of_fields_and_of_elements_of_sets_and_maps_does_not_count(raw, rng):
    other = shuffled(raw, TType.STRUCT, rng)
    assert canonical(other) == canonical(raw)
    assert same(raw, other)


@given(structs())
def test_a_canonical_encoding_stays_as_it_is(raw):
    once = canonical(raw)
    assert canonical(once) == once
    assert len(once) == len(raw)


@given(structs(UNIQUE), structs(UNIQUE))
def test_different_values_differ(one, other):
    """Compared with an oracle of frozen sets."""
    assert same(one, other) == (frozen(one, TType.STRUCT) == frozen(other, TType.STRUCT))


def frozen(raw, ttype):
    if ttype == TType.STRUCT:
        return frozenset((field.id, field.ttype, frozen(field.value, field.ttype)) for field in fields.parse(raw))
    if ttype in (TType.LIST, TType.SET):
        etype, items = fields.elements(raw)
        found = [frozen(item, etype) for item in items]
        # A set with an element twice differs from one that has it once.
        return etype, tuple(sorted(found, key=repr)) if ttype == TType.SET else tuple(found)
    return canonical(raw, ttype)


def test_lists_keep_their_order_and_sets_have_none():
    items = [fields.string(b"b"), fields.string(b"a")]
    one, other = (fields.container(TType.STRING, order) for order in (items, items[::-1]))
    assert canonical(one, TType.SET) == canonical(other, TType.SET)
    assert canonical(one, TType.LIST) != canonical(other, TType.LIST)


def test_nested_sets_are_sorted_from_the_inside():
    one = b"".join(
        [
            fields.header(TType.SET, 4),
            fields.container(
                TType.STRUCT,
                [
                    fields.put(b"\0", [1], TType.SET, fields.container(TType.BYTE, [b"\2", b"\1"])),
                    fields.put(b"\0", [1], TType.SET, fields.container(TType.BYTE, [b"\1", b"\3"])),
                ],
            ),
            b"\0",
        ]
    )
    assert same(one, shuffled(one, TType.STRUCT, random.Random(1)))
    assert b"\1\2" in canonical(one)


def test_of_two_fields_with_one_id_the_last_counts():
    one, other = fields.Field(1, TType.BYTE, b"\1"), fields.Field(1, TType.BYTE, b"\2")
    assert not same(fields.join([one, other]), fields.join([other, one]))


def test_a_struct_can_be_compared_with_encoded_bytes():
    one = ResourceAggregate(resources={Resource(numCpus=1.5), Resource(ramMb=128)})
    other = ResourceAggregate(resources={Resource(ramMb=128), Resource(numCpus=1.5)})
    assert same(one, other)
    assert same(one, codec.encode(other))
    assert not same(one, ResourceAggregate(resources={Resource(ramMb=128), Resource(numCpus=1.0)}))
    changed = fields.put(sample_task(), [2], TType.I32, fields.i32(99))
    assert not same(changed, sample_task())


@pytest.mark.parametrize("snapshot", snapshots(["era-013-dbscript", "small-022"]))
def test_a_decoded_and_encoded_snapshot_is_the_same(snapshot):
    raw = snapshot()
    assert same(codec.decode(Snapshot, raw), raw)


def test_bytes_after_the_value_are_refused():
    with pytest.raises(WireError, match="1 bytes follow"):
        canonical(sample() + b"\0")
