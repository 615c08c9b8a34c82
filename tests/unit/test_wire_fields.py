"""Field splice: one field changes, and every other byte stays as and where it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thrift.Thrift import TType

from aurora_admin.wire import fields
from aurora_admin.wire.errors import WireError
from tests.support.wire import IDS, Kind, sample_task, structs, values

STATUS, EVENTS, CONFIG, EXECUTOR_DATA = [2], [4], [1, 4], [1, 4, 25, 2]
ANY_VALUE = st.sampled_from([TType.I32, TType.STRING, TType.STRUCT, TType.SET]).flatmap(
    lambda ttype: st.tuples(st.just(ttype), values(ttype, Kind(depth=1)))
)


def structs_inside(raw, path=()):
    """Yield the paths of all structs, itself included, that readers would find: of several with one id the last."""
    yield path
    last = {field.id: field for field in fields.parse(raw)}
    for field in last.values():
        if field.ttype == TType.STRUCT:
            yield from structs_inside(field.value, (*path, field.id))


@st.composite
def structs_and_paths(draw):
    """A struct and a path to a field, there or not, inside any struct in it; or through some that are not there."""
    raw = draw(structs())
    inside = draw(st.sampled_from(list(structs_inside(raw))))
    parent = fields.parse(fields.get(raw, *inside) if inside else raw)
    known = [field.id for field in parent]
    number = draw(st.sampled_from(known) if known and draw(st.booleans()) else IDS)
    missing = draw(st.lists(IDS, max_size=2)) if number not in known else []
    return raw, [*inside, number, *missing]


def replaced(raw, path, change):
    """An oracle that takes apart and joins everything: `change` is given the fields of the innermost struct."""
    found = fields.parse(raw)
    if len(path) == 1:
        return fields.join(change(found, path[0]))
    last = max((n for n, field in enumerate(found) if field.id == path[0]), default=None)
    if last is None:
        new = fields.Field(path[0], TType.STRUCT, replaced(b"\0", path[1:], change))
        return fields.join(inserted(found, new))
    found[last] = found[last]._replace(value=replaced(found[last].value, path[1:], change))
    return fields.join(found)


def inserted(found, new):
    at = next((n for n, field in enumerate(found) if field.id > new.id), len(found))
    return [*found[:at], new, *found[at:]]


@given(structs())
def test_taking_apart_and_joining_changes_nothing(raw):
    assert fields.join(fields.parse(raw)) == raw


@given(structs_and_paths(), ANY_VALUE)
def test_a_put_changes_one_field_and_nothing_else(case, typed):
    raw, path = case
    ttype, value = typed

    def change(found, number):
        new = fields.Field(number, ttype, value)
        there = [n for n, field in enumerate(found) if field.id == number]
        return [*found[: there[-1]], new, *found[there[-1] + 1 :]] if there else inserted(found, new)

    spliced = fields.put(raw, path, ttype, value)
    assert spliced == replaced(raw, path, change)
    assert fields.get(spliced, *path) == value


@given(structs_and_paths())
def test_a_drop_takes_one_field_out_and_nothing_else(case):
    raw, path = case
    spliced = fields.drop(raw, path)
    assert fields.get(spliced, *path) is None
    if fields.get(raw, *path) is None:
        assert spliced == raw
    else:
        assert spliced == replaced(raw, path, lambda found, number: [field for field in found if field.id != number])


@given(structs_and_paths(), st.sampled_from([TType.LIST, TType.SET]), st.lists(values(TType.STRUCT), max_size=3))
def test_an_append_adds_one_element_at_the_end_and_nothing_else(case, ttype, items):
    raw, path = case
    raw = fields.put(raw, path, ttype, fields.container(TType.STRUCT, items))
    spliced = fields.append(raw, path, ttype, b"\0")
    assert fields.elements(fields.get(spliced, *path)) == (TType.STRUCT, [*items, b"\0"])
    assert fields.put(spliced, path, ttype, fields.container(TType.STRUCT, items)) == raw


@given(structs_and_paths())
def test_an_append_makes_the_list_that_is_not_there(case):
    raw, path = case
    raw = fields.drop(raw, path)
    appended = fields.append(raw, path, TType.LIST, fields.string(b"x"), TType.STRING)
    assert appended == fields.put(raw, path, TType.LIST, fields.container(TType.STRING, [fields.string(b"x")]))


@given(values(TType.LIST), values(TType.SET))
def test_elements_and_container_are_each_others_inverse(one, other):
    for value in (one, other):
        assert fields.container(*fields.elements(value)) == value


@given(st.data(), st.sampled_from([*range(2, 5), 6, 8, *range(10, 16)]), st.binary(max_size=4), st.binary(max_size=4))
def test_a_skip_ends_where_the_value_does(data, ttype, before, after):
    value = data.draw(values(ttype))
    assert fields.skip(before + value + after, len(before), ttype) == len(before) + len(value)


def test_no_limit_but_the_length_holds_for_bytes_in_memory():
    raw = b"\0"
    raw = fields.put(raw, [1, 2], TType.LIST, fields.container(TType.STRUCT, [b"\0"] * 5000))
    raw = fields.put(raw, [1, 3], TType.STRING, fields.string(b"x" * 5000))
    assert fields.join(fields.parse(raw)) == raw


def test_a_type_that_only_newer_libraries_have_is_stepped_over():
    inner = fields.put(b"\0", [1], TType.UUID, b"0123456789abcdef")
    raw = fields.put(inner, [2], TType.STRUCT, inner)
    assert [field.value for field in fields.parse(raw)] == [b"0123456789abcdef", inner]


def test_a_change_of_status_leaves_the_rest_of_a_task():
    task = sample_task()
    event = fields.put(b"\0", [2], TType.I32, fields.i32(4))
    changed = fields.append(fields.put(task, STATUS, TType.I32, fields.i32(4)), EVENTS, TType.LIST, event)
    assert len(changed) == len(task) + len(event)
    assert [field for field in fields.parse(changed) if field.id not in (2, 4)] == [
        field for field in fields.parse(task) if field.id not in (2, 4)
    ]
    assert fields.drop(task, EXECUTOR_DATA) == fields.put(
        task, CONFIG, TType.STRUCT, fields.drop(fields.get(task, *CONFIG), EXECUTOR_DATA[2:])
    )


def test_what_is_on_the_way_must_be_a_struct():
    raw = fields.put(b"\0", [1], TType.I32, fields.i32(7))
    with pytest.raises(WireError, match="field 1 on the way to 2 is no struct"):
        fields.put(raw, [1, 2], TType.I32, fields.i32(1))
    assert fields.get(raw, 1, 2) is None
    assert fields.drop(raw, [1, 2]) == raw


@pytest.mark.parametrize(("ttype", "etype"), [(TType.SET, TType.STRUCT), (TType.LIST, TType.STRING)])
def test_an_append_to_something_else_is_refused(ttype, etype):
    raw = fields.append(b"\0", [1], TType.LIST, b"\0")
    with pytest.raises(WireError, match="field 1 holds other things"):
        fields.append(raw, [1], ttype, b"\0", etype)


def test_bytes_after_the_end_are_refused():
    for call in (
        fields.parse,
        lambda raw: fields.get(raw, 1),
        lambda raw: fields.drop(raw, [1]),
        lambda raw: fields.put(raw, [1], TType.BOOL, b"\1"),
    ):
        with pytest.raises(WireError, match="1 bytes follow") as raised:
            call(b"\0\0")
        assert raised.value.offset == 1
    with pytest.raises(WireError, match="2 bytes follow"):
        fields.elements(fields.container(TType.BOOL, [b"\1"]) + b"\0\0")


def test_scalars_are_written_as_thrift_does():
    assert fields.header(TType.LIST, -2) == bytes.fromhex("0f fffe")
    assert fields.i32(-3) + fields.i64(4) == bytes.fromhex("fffffffd 0000000000000004")
    assert fields.double(1.5) + fields.boolean(True) + fields.boolean(False) == bytes.fromhex("3ff8000000000000 01 00")
    assert fields.string("é".encode()) == bytes.fromhex("00000002 c3a9")
