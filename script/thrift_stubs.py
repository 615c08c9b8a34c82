"""Write the types of the generated Thrift code beside it, as .pyi files, from the compiler's JSON.

Usage: thrift_stubs.py DIR, where DIR holds the generated packages and, for each, NAME.json of `thrift --gen json`.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEADER = """\
# Written by script/generate from thrift/{name}.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct
"""
OWN_TYPES = "from .ttypes import *\n"
SCALARS = {
    "bool": "bool",
    "i8": "int",
    "i16": "int",
    "i32": "int",
    "i64": "int",
    "double": "float",
    "string": "str",
    "binary": "bytes",
}


def annotation(type_id: str, of: dict[str, Any]) -> str:
    """Say in Python what a Thrift type is; `of` has the class of a struct and the elements of a container."""
    if type_id in ("struct", "union"):
        return str(of["class"])
    if type_id == "map":
        return f"dict[{element('key', of)}, {element('value', of)}]"
    if type_id == "list":
        return f"list[{element('elem', of)}]"
    if type_id == "set":
        # Decoded it is a set, but a writer may give a list, which keeps its order.
        return f"Collection[{element('elem', of)}]"
    return SCALARS[type_id]


def element(which: str, of: dict[str, Any]) -> str:
    return annotation(of[f"{which}TypeId"], of.get(f"{which}Type", {}))


def struct(name: str, fields: list[dict[str, Any]]) -> Iterator[str]:
    """Declare a struct: any field may be absent, and its constructor takes them by name."""
    typed = [f"{field['name']}: {annotation(field['typeId'], field.get('type', {}))} | None" for field in fields]
    yield f"class {name}(Struct):"
    yield from (f"    {field}" for field in typed)
    arguments = "".join(f", {field} = ..." for field in typed)
    yield f"    def __init__(self{arguments}) -> None: ..."


def ttypes(idl: dict[str, Any]) -> Iterator[str]:
    """Declare enums, whose values are plain numbers, and structs."""
    for enum in idl["enums"]:
        yield f"class {enum['name']}:"
        yield from (f"    {member['name']}: Final = {member['value']}" for member in enum["members"])
        yield "    _VALUES_TO_NAMES: Final[dict[int, str]]"
        yield "    _NAMES_TO_VALUES: Final[dict[str, int]]"
    for declared in idl["structs"]:
        yield from struct(declared["name"], declared["fields"])


def constants(idl: dict[str, Any]) -> Iterator[str]:
    for constant in idl["constants"]:
        yield f"{constant['name']}: Final[{annotation(constant['typeId'], constant.get('type', {}))}]"


def service(declared: dict[str, Any]) -> Iterator[str]:
    """Declare what a service puts on the wire; its generated clients and processors are not for use here."""
    for function in declared["functions"]:
        yield from struct(f"{function['name']}_args", function["arguments"])
        success = {"name": "success", "typeId": function["returnTypeId"], "type": function.get("returnType", {})}
        yield from struct(f"{function['name']}_result", [success])


def write_stubs(out: Path, idl: dict[str, Any]) -> None:
    """Write one stub for each module that the compiler made of one IDL file."""
    header = HEADER.format(name=idl["name"])
    includes = "".join(f"from aurora_admin.gen.{name} import ttypes as {name}\n" for name in idl["includes"])
    stubs = {"ttypes": (includes, ttypes(idl)), "constants": (OWN_TYPES, constants(idl))}
    stubs |= {declared["name"]: (OWN_TYPES, service(declared)) for declared in idl["services"]}
    for module, (imports, lines) in stubs.items():
        text = header + imports + "\n" + "\n".join(lines) + "\n"
        (out / idl["namespaces"]["py"] / f"{module}.pyi").write_text(text)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for path in folder.glob("*.json"):
        write_stubs(folder, json.loads(path.read_text()))
