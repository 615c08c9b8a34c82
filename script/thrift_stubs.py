"""Writes the types of the generated Thrift code beside it, as .pyi files, from the compiler's JSON.

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
SCALARS = {"bool": "bool", "i8": "int", "i16": "int", "i32": "int", "i64": "int", "double": "float", "string": "str",
           "binary": "bytes"}


def python_type(type_id: str, of: dict[str, Any]) -> str:
    """The annotation of a value; `of` says the class or the elements."""
    if type_id in ("struct", "union"):
        package, _, name = of["class"].rpartition(".")
        return f"{package}.{name}" if package else str(name)
    if type_id == "map":
        return f"dict[{part('key', of)}, {part('value', of)}]"
    if type_id == "list":
        return f"list[{part('elem', of)}]"
    if type_id == "set":
        # Decoded it is a set; a writer may give a list, which keeps its order.
        return f"Collection[{part('elem', of)}]"
    return SCALARS[type_id]


def part(which: str, of: dict[str, Any]) -> str:
    return python_type(of[f"{which}TypeId"], of.get(f"{which}Type", {}))


def struct(name: str, fields: list[dict[str, Any]]) -> Iterator[str]:
    typed = [f"{field['name']}: {python_type(field['typeId'], field.get('type', {}))} | None" for field in fields]
    yield f"class {name}(Struct):"
    yield from (f"    {field}" for field in typed)
    arguments = "".join(f", {field} = ..." for field in typed)
    yield f"    def __init__(self{arguments}) -> None: ..."


def enum(declared: dict[str, Any]) -> Iterator[str]:
    yield f"class {declared['name']}:"
    yield from (f"    {member['name']}: Final = {member['value']}" for member in declared["members"])
    yield "    _VALUES_TO_NAMES: Final[dict[int, str]]"
    yield "    _NAMES_TO_VALUES: Final[dict[str, int]]"


def ttypes(idl: dict[str, Any]) -> Iterator[str]:
    for declared in idl["enums"]:
        yield from enum(declared)
    for declared in idl["structs"]:
        yield from struct(declared["name"], declared["fields"])


def constants(idl: dict[str, Any]) -> Iterator[str]:
    for constant in idl["constants"]:
        yield f"{constant['name']}: Final[{python_type(constant['typeId'], constant.get('type', {}))}]"


def service(declared: dict[str, Any]) -> Iterator[str]:
    """The structs on the wire only: this project calls and serves without the generated clients and processors."""
    for function in declared["functions"]:
        yield from struct(f"{function['name']}_args", function["arguments"])
        success = {"name": "success", "typeId": function["returnTypeId"], "type": function.get("returnType", {})}
        yield from struct(f"{function['name']}_result", [success])


def write_stubs(out: Path, idl: dict[str, Any]) -> None:
    header = HEADER.format(name=idl["name"])
    includes = "".join(f"from aurora_admin.gen.{name} import ttypes as {name}\n" for name in idl["includes"])
    package = out / idl["namespaces"]["py"]
    stubs = {"ttypes": (includes, ttypes(idl)), "constants": (OWN_TYPES, constants(idl))}
    stubs |= {declared["name"]: (OWN_TYPES, service(declared)) for declared in idl["services"]}
    for module, (imports, lines) in stubs.items():
        (package / f"{module}.pyi").write_text(header + imports + "\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for path in folder.glob("*.json"):
        write_stubs(folder, json.loads(path.read_text()))
