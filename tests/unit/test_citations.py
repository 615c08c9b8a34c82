"""What the code and the documents cite in docs/ is there, and the links of the documents lead somewhere."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.places import CHECKOUT

DOCS = CHECKOUT / "docs"
CITING_SUFFIXES = {".py", ".thrift", ".md", ".cfg", ".toml"}
CITING_FOLDERS = ("script/", "contrib/")
NUMBER = r"\d+(?:\.\d+)*"
NUMBERS = rf"{NUMBER}(?:(?:, and|,| and| to) {NUMBER})*"
# Paths in Aurora's repository have another folder below docs/, or the tag before it: rel/0.10.0:docs/storage-config.md.
CITATION = re.compile(rf"(?<![\w:/.-])docs/(?P<name>[\w-]+\.(?:md|json))\b`?(?P<numbers>,?\s\(?{NUMBERS})?")
INTERNAL = re.compile(rf"(?:§|\bsection )({NUMBER})")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
# A citation may go on in the next line of a comment, but not after an empty line.
LINE_BREAK = re.compile(r"(?<!\n)\n[ \t]*#?[ \t]*(?!\n)")
# "shared/dedicated" is a class of hosts.
FORMER = re.compile(r"(?<![\w-])(?:spec|shared)/(?!dedicated)|\bspec \d")


@cache
def citing_files() -> list[str]:
    """Return the tracked files that may cite a document, relative to the checkout."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=CHECKOUT, text=True).rstrip("\0").split("\0")
    return [name for name in listed if Path(name).suffix in CITING_SUFFIXES or name.startswith(CITING_FOLDERS)]


@cache
def documents() -> list[Path]:
    return sorted(DOCS.glob("*.md"))


def linking_files() -> list[Path]:
    return [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *documents()]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def headings(path: Path) -> list[str]:
    return HEADING.findall(FENCED.sub("", text_of(path)))


@cache
def numbers(path: Path) -> Counter[str]:
    found = (re.match(rf"({NUMBER})\.? ", heading) for heading in headings(path))
    return Counter(match[1] for match in found if match)


@cache
def anchors(path: Path) -> set[str]:
    """Return the names that GitHub gives to the headings."""
    names: Counter[str] = Counter()
    found = set()
    for heading in headings(path):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{name}-{names[name]}" if names[name] else name)
        names[name] += 1
    return found


def citations(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each cited document, with the numbers after it."""
    for match in CITATION.finditer(LINE_BREAK.sub(" ", text)):
        yield match["name"], re.findall(NUMBER, match["numbers"] or "")


def missing(name: str, cited: list[str]) -> list[str]:
    """Return what of a citation does not exist."""
    path = DOCS / name
    if not path.is_file():
        return [f"docs/{name}"]
    return [f"docs/{name} {number}" for number in cited if number not in numbers(path)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(docs/storage.md 4 and 5.1).", [("storage.md", ["4", "5.1"])]),
        ("`docs/wire.md` 2.1 to 2.3", [("wire.md", ["2.1", "2.3"])]),
        ("docs/storage.md 3.4, docs/cli.md 1.6, 2.", [("storage.md", ["3.4"]), ("cli.md", ["1.6", "2"])]),
        ("docs/api.md (1.8, 2 and 5.5)", [("api.md", ["1.8", "2", "5.5"])]),
        ("# of docs/cli.md\n    # 1.6, and\n", [("cli.md", ["1.6"])]),
        ("docs/replicated-log.md 2.6, row 20; docs/wire.json", [("replicated-log.md", ["2.6"]), ("wire.json", [])]),
        ("docs/cli.md\n\n1. A list", [("cli.md", [])]),
        ("rel/0.22.0 docs/operations/storage.md 1, rel/0.10.0:docs/storage-config.md 1", []),
    ],
)
def test_citations_are_found(text, found):
    assert list(citations(text)) == found


def test_every_citation_has_its_heading():
    found = {name: list(citations(text_of(CHECKOUT / name))) for name in citing_files()}
    assert sum(map(len, found.values())) > 100
    assert not {name: gone for name, cited in found.items() if (gone := [one for c in cited for one in missing(*c)])}


def test_a_number_within_a_document_has_its_heading():
    for path in documents():
        cited = INTERNAL.findall(LINE_BREAK.sub(" ", text_of(path)))
        assert not set(cited) - numbers(path).keys(), path


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_a_heading_number_is_given_once(path):
    assert not [number for number, count in numbers(path).items() if count > 1]


def test_nothing_cites_what_came_before_the_documents():
    found = {name: FORMER.findall(text_of(CHECKOUT / name)) for name in citing_files()}
    assert not {name: cited for name, cited in found.items() if cited}


@pytest.mark.parametrize("path", linking_files(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_links_lead_somewhere(path):
    for link in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCED.sub("", text_of(path)))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_names_every_document():
    named = LINK.findall(text_of(DOCS / "README.md"))
    assert {path.name for path in documents()} - {"README.md"} <= set(named)
