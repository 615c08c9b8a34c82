"""Field splice: one field changes, and all other bytes stay the same."""

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
    """Yield the paths of all structs that readers find, itself included: of several with one id the last."""
    yield path
    last = {field.id: field for field in fields.parse(raw)}
    for field in last.values():
        if field.ttype == TType.STRUCT:
            yield from structs_inside(field.value, (*path, field.id))


@st.composite
def structs_and_paths(draw):
    """A struct and a path to a field, present or missing, possibly through missing structs."""
    raw = draw(structs())
    inside = draw(st.sampled_from(list(structs_inside(raw))))
    parent = fields.parse(fields.get(raw, *inside) if inside else raw)
    known = [field.id for field in parent]
    number = draw(st.sampled_from(known) if known and draw(st.booleans()) else IDS)
    missing = draw(st.lists(IDS, max_size=2)) if number not in known else []
    return raw, [*inside, number, *missing]


def replaced(raw, path, change):
    """An oracle that parses and joins all structs on the path: `change` gets the fields of the innermost one."""
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
def test_parsing_and_joining_changes_nothing(raw):
    assert fields.join(fields.parse(raw)) == raw


@given(structs_and_paths(), ANY_VALUE)
def test_put_changes_only_the_field(case, typed):
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
def test_drop_removes_only_the_field(case):
    raw, path = case
    spliced = fields.drop(raw, path)
    assert fields.get(spliced, *path) is None
    if fields.get(raw, *path) is None:
        assert spliced == raw
    else:
        assert spliced == replaced(raw, path, lambda found, number: [field for field in found if field.id != number])


@given(structs_and_paths(), st.sampled_from([TType.LIST, TType.SET]), st.lists(values(TType.STRUCT), max_size=3))
def test_append_adds_only_an_element_at_the_end(case, ttype, items):
    raw, path = case
    raw = fields.put(raw, path, ttype, fields.container(TType.STRUCT, items))
    spliced = fields.append(raw, path, ttype, b"\0")
    assert fields.elements(fields.get(spliced, *path)) == (TType.STRUCT, [*items, b"\0"])
    assert fields.put(spliced, path, ttype, fields.container(TType.STRUCT, items)) == raw


@given(structs_and_paths())
def test_append_creates_a_missing_list(case):
    raw, path = case
    raw = fields.drop(raw, path)
    appended = fields.append(raw, path, TType.LIST, fields.string(b"x"), TType.STRING)
    assert appended == fields.put(raw, path, TType.LIST, fields.container(TType.STRING, [fields.string(b"x")]))


@given(values(TType.LIST), values(TType.SET))
def test_container_is_the_inverse_of_elements(one, other):
    for value in (one, other):
        assert fields.container(*fields.elements(value)) == value


@given(st.data(), st.sampled_from([*range(2, 5), 6, 8, *range(10, 16)]), st.binary(max_size=4), st.binary(max_size=4))
def test_skip_returns_the_end_of_the_value(data, ttype, before, after):
    value = data.draw(values(ttype))
    assert fields.skip(before + value + after, len(before), ttype) == len(before) + len(value)


def test_bytes_in_memory_have_no_limits_but_their_length():
    raw = b"\0"
    raw = fields.put(raw, [1, 2], TType.LIST, fields.container(TType.STRUCT, [b"\0"] * 5000))
    raw = fields.put(raw, [1, 3], TType.STRING, fields.string(b"x" * 5000))
    assert fields.join(fields.parse(raw)) == raw


def test_a_type_of_newer_libraries_is_skipped():
    inner = fields.put(b"\0", [1], TType.UUID, b"0123456789abcdef")
    raw = fields.put(inner, [2], TType.STRUCT, inner)
    assert [field.value for field in fields.parse(raw)] == [b"0123456789abcdef", inner]


def test_changing_the_status_keeps_the_other_fields_of_a_task():
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


def test_a_path_must_go_through_structs():
    raw = fields.put(b"\0", [1], TType.I32, fields.i32(7))
    with pytest.raises(WireError, match="field 1 around field 2 is not a struct"):
        fields.put(raw, [1, 2], TType.I32, fields.i32(1))
    assert fields.get(raw, 1, 2) is None
    assert fields.drop(raw, [1, 2]) == raw


@pytest.mark.parametrize(("ttype", "etype"), [(TType.SET, TType.STRUCT), (TType.LIST, TType.STRING)])
def test_appending_to_a_field_of_another_type_is_refused(ttype, etype):
    raw = fields.append(b"\0", [1], TType.LIST, b"\0")
    with pytest.raises(WireError, match="field 1 has another type"):
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


def test_scalars_are_encoded_as_thrift_encodes_them():
    assert fields.header(TType.LIST, -2) == bytes.fromhex("0f fffe")
    assert fields.i32(-3) + fields.i64(4) == bytes.fromhex("fffffffd 0000000000000004")
    assert fields.double(1.5) + fields.boolean(True) + fields.boolean(False) == bytes.fromhex("3ff8000000000000 01 00")
    assert fields.string("é".encode()) == bytes.fromhex("00000002 c3a9")
