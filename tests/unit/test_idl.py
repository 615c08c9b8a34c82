"""The IDL and the code generated from it match the contract (docs/wire.json), and every field has a comment."""

import inspect
import json
import re
from importlib import import_module

import pytest

from aurora_admin.wire.struct import Struct
from tests.support.idl import IDL, RETIRED
from tests.support.places import CHECKOUT

GENERATED = {name: import_module(f"aurora_admin.gen.{name}.ttypes") for name in IDL}


@pytest.fixture(scope="module")
def contract():
    return json.loads((CHECKOUT / "docs" / "wire.json").read_text())


def of_kind(module, *kinds):
    return {name: block for name, block in IDL[module].items() if block.kind in kinds}


def test_every_field_member_method_and_argument_has_a_comment():
    unexplained = []
    for module, blocks in IDL.items():
        for name, block in blocks.items():
            parts = {f"{name}.{part}": inner for part, inner in block.body.items()}
            for method, inner in list(parts.items()) if block.kind == "service" else ():
                parts |= {f"{method}.{part}": argument for part, argument in inner.body.items()}
            comments = {name: block.comment} | {
                part: inner[1] if block.kind == "enum" else inner.comment for part, inner in parts.items()
            }
            unexplained += [f"{module}.{part}" for part, comment in comments.items() if not comment]
    assert unexplained == []


def test_enums(contract):
    expected = {
        name: {member["name"]: member["value"] for member in enum["members"] if member["current"]}
        for name, enum in contract["enums"].items()
        if enum["current"]
    }
    assert {
        name: {member: value for member, (value, _) in block.body.items()}
        for name, block in of_kind("api", "enum").items()
    } == expected
    assert {name: getattr(GENERATED["api"], name)._NAMES_TO_VALUES for name in expected} == expected


@pytest.mark.parametrize("module", ["api", "storage"])
def test_constants(contract, module):
    expected = {
        name: set(constant["value"]) if "set<" in constant["type"] else constant["value"]
        for name, constant in contract["constants"].items()
        if constant["current"] and constant["module"] == module
    }
    generated = vars(import_module(f"aurora_admin.gen.{module}.constants"))
    assert {name: generated.get(name) for name in expected} == expected


def in_force(entries):
    """The current entries in their order, and the last entry of each retired id."""
    current = sorted((entry for entry in entries if entry["current"]), key=lambda entry: entry["position"])
    taken = {entry["id"] for entry in current}
    # Of two retired names of one id the later one comes later in the list.
    retired = {entry["id"]: entry for entry in entries if entry["id"] not in taken}
    return current, [retired[number] for number in sorted(retired)]


def expected_fields(struct):
    current, retired = in_force(struct["fields"])
    keywords = struct["kind"] == "struct"

    def declared(entry, requiredness):
        return (
            entry["id"],
            entry["name"],
            entry["type"],
            requiredness if keywords else "default",
            entry.get("default"),
        )

    if not struct["current"]:
        # The struct itself is retired. A required field would only make reading it fail.
        return [declared(entry, entry["requiredness"].replace("required", "default")) for entry in retired]
    return [declared(entry, entry["requiredness"]) for entry in current] + [
        declared(entry, "optional") for entry in retired
    ]


@pytest.mark.parametrize("module", ["api", "storage"])
def test_structs(contract, module):
    expected = {name: struct for name, struct in contract["structs"].items() if struct["module"] == module}
    found = of_kind(module, "struct", "union")
    assert {name: block.kind for name, block in found.items()} == {name: s["kind"] for name, s in expected.items()}
    for name, struct in expected.items():
        assert [each.declared for each in found[name].body.values()] == expected_fields(struct), name


@pytest.mark.parametrize("module", ["api", "storage"])
def test_retired_fields_name_their_last_release(contract, module):
    for name, block in of_kind(module, "struct", "union").items():
        struct = contract["structs"][name]
        _, retired = in_force(struct["fields"])
        expected = {entry["name"]: entry["last_release"] for entry in retired} if struct["current"] else {}
        assert {each.name: each.retired for each in block.body.values() if each.retired} == expected, name
        found = RETIRED.search(block.comment)
        assert (found and found[1]) == struct["last_release"], name


def test_services(contract):
    found = of_kind("api", "service")
    assert {name: block.extends for name, block in found.items()} == {
        name: service["extends"] for name, service in contract["services"].items()
    }
    for name, service in contract["services"].items():
        expected = {method["name"]: method for method in service["methods"] if method["current"]}
        assert list(found[name].body) == list(expected)
        for method, block in found[name].body.items():
            current, retired = in_force(expected[method]["args"])
            assert block.extends == expected[method]["result_type"]
            assert [(each.id, each.name, each.type, each.retired) for each in block.body.values()] == [
                (entry["id"], entry["name"], entry["type"], entry["last_release"]) for entry in current + retired
            ], method


def test_there_are_45_methods():
    assert sum(len(block.body) for block in of_kind("api", "service").values()) == 45


def test_no_session_is_sent_where_its_id_has_another_meaning():
    methods = {
        name: block.body for service in of_kind("api", "service").values() for name, block in service.body.items()
    }
    trap = {
        "addInstances",
        "rollbackJobUpdate",
        "slaDrainHosts",
        "pruneTasks",
        "triggerExplicitTaskReconciliation",
        "triggerImplicitTaskReconciliation",
    }
    assert {name for name in trap if "session" in methods[name]} == set()


@pytest.mark.parametrize("module", ["api", "storage"])
def test_generated_structs(contract, module):
    for name, struct in contract["structs"].items():
        if struct["module"] != module:
            continue
        generated = getattr(GENERATED[module], name)
        current, retired = in_force(struct["fields"])
        assert {(entry[0], entry[2]): entry[1] for entry in generated.thrift_spec if entry} == {
            (entry["id"], entry["name"]): entry["ttype"] for entry in current + retired
        }, name
        assert list(inspect.signature(generated).parameters) == [entry["name"] for entry in current + retired]


def test_the_default_container_of_a_task_is_mesos():
    api = GENERATED["api"]
    assert api.TaskConfig().container == api.Container(mesos=api.MesosContainer())


def test_slim_structs_are_subsets_of_the_full_ones():
    for name, block in IDL["slim"].items():
        fields = {(spec[0], spec[2]): spec[1] for spec in getattr(GENERATED["slim"], name).thrift_spec if spec}
        if name == "Empty":
            assert fields == {}
            continue
        module, full = re.match(r"// (api|storage)\.(\w+)", block.comment).groups()
        specs = [spec for spec in getattr(GENERATED[module], full).thrift_spec if spec]
        assert fields.items() <= {(spec[0], spec[2]): spec[1] for spec in specs}.items(), name


def test_slim_strings_are_bytes():
    assert [
        spec for name in IDL["slim"] for spec in getattr(GENERATED["slim"], name).thrift_spec if "UTF8" in repr(spec)
    ] == []


def test_the_decoder_does_not_treat_structs_as_immutable():
    """It would call their constructors, which is slower (docs/wire.md 5.2)."""
    assert Struct.__setattr__ is object.__setattr__


def test_the_folder_of_the_idl_is_not_a_package():
    """It would hide the thrift library from programs that start in the checkout."""
    assert sorted(path.name for path in (CHECKOUT / "thrift").iterdir()) == [f"{name}.thrift" for name in sorted(IDL)]


@pytest.mark.parametrize("name", ["api", "serverset", "slim", "storage"])
def test_no_struct_is_declared_twice(name):
    """The compiler takes the last one without a word."""
    text = (CHECKOUT / "thrift" / f"{name}.thrift").read_text()
    names = re.findall(r"^(?:struct|union|enum|exception) (\w+)", text, re.MULTILINE)
    assert names
    assert sorted(set(names)) == sorted(names)
