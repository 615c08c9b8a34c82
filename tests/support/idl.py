"""The IDL, parsed: its enums, structs, unions and services, with their comments."""

import json
import re
from typing import NamedTuple

from tests.support.places import CHECKOUT

# One declaration with its comment: `4: optional set<Resource> resources = {},  // what one instance needs`.
FIELD = re.compile(
    r" *(?P<id>\d+): (?P<optional>optional )?(?P<type>[\w.]+(?:<.*?>)?) (?P<name>\w+)"
    r"(?: = (?P<default>.*?))?,?(?:  +// (?P<comment>.+))?$"
)
MEMBER = re.compile(r"  (?P<name>[A-Z]\w*) = (?P<value>\d+),(?:  +// (?P<comment>.+))?$")
BLOCK = re.compile(r"(?P<kind>enum|struct|union|service) (?P<name>\w+)(?: extends (?P<extends>\w+))? \{$")
METHOD = re.compile(r"  (?P<result>\w+) (?P<name>\w+)\((?P<end>\))?$")
RETIRED = re.compile(r"\[retired after (.+)\]")


class Field(NamedTuple):
    id: int
    name: str
    type: str
    requiredness: str
    default: object
    comment: str

    @property
    def declared(self):
        return self[:-1]

    @property
    def retired(self):
        found = RETIRED.search(self.comment)
        return found and found[1]


class Block(NamedTuple):
    """An enum, struct, union, service or method; `body` has its members, fields, methods or arguments by name."""

    kind: str
    comment: str
    extends: str | None
    body: dict


def field(line):
    found = FIELD.match(line)
    assert found, f"not the declaration of a field: {line}"
    default = json.loads(found["default"]) if found["default"] else None
    requiredness = "optional" if found["optional"] else "default"
    return Field(
        int(found["id"]),
        found["name"],
        found["type"].replace("api.", ""),
        requiredness,
        default,
        found["comment"] or "",
    )


def methods(lines):
    found = {}
    comment = ""
    for line in filter(None, lines):
        if line.startswith("  //"):
            comment = line
        elif start := METHOD.match(line):
            found[start["name"]] = Block("method", comment, start["result"], {})
            name, comment = start["name"], ""
        elif line != "  )":
            argument = field(line)
            found[name].body[argument.name] = argument
    return found


def body(kind, lines):
    if kind == "service":
        return methods(lines)
    if kind == "enum":
        members = [MEMBER.match(line) for line in lines]
        return {member["name"]: (int(member["value"]), member["comment"]) for member in members}
    return {declared.name: declared for declared in map(field, lines)}


def read_idl(name):
    lines = [line.rstrip() for line in (CHECKOUT / "thrift" / f"{name}.thrift").read_text().splitlines()]
    blocks = {}
    for number, line in enumerate(lines):
        if start := BLOCK.match(line):
            end = lines.index("}", number)
            comment = lines[number - 1] if lines[number - 1].startswith("//") else ""
            blocks[start["name"]] = Block(
                start["kind"], comment, start["extends"], body(start["kind"], lines[number + 1 : end])
            )
    return blocks


IDL = {name: read_idl(name) for name in ("api", "storage", "slim", "serverset")}
