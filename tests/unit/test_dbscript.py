"""SQL text to tables and records. The scripts of real schedulers are tested in tests/scheduler/test_eras.py."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.snapshot.dbscript.parser import ScriptError, read_script
from aurora_admin.snapshot.dbscript.rebuild import rebuild
from aurora_admin.snapshot.dbscript.tables import Tables
from aurora_admin.wire.path import path
from tests.support.dbscript import encoded

DB_SCRIPT = path(Snapshot, "dbScript")
TABLE = "CREATE MEMORY TABLE PUBLIC.T(\n    ID BIGINT NOT NULL,\n    VALUE VARCHAR\n);\n"


def script(*values, counted=None):
    """A script with one table of these values, each as SQL text."""
    rows = [f"({number}, {value})" for number, value in enumerate(values)]
    inserts = [f"INSERT INTO PUBLIC.T(ID, VALUE) VALUES\n{row};\n" for row in rows]
    count = len(rows) if counted is None else counted
    return [TABLE, f"-- {count} +/- SELECT COUNT(*) FROM PUBLIC.T;\n", *inserts]


def read(*statements):
    return read_script(statement.encode() for statement in statements)


def values(*texts):
    return [row["VALUE"] for row in read(*script(*texts))["T"]]


def test_every_kind_of_value_is_read():
    assert values("1", "-1", "0.5", "1.0E10", "1.5E-7", "TRUE", "FALSE", "NULL", "'it''s'", "X'00ff'", "''") == [
        1,
        -1,
        0.5,
        1.0e10,
        1.5e-7,
        True,
        False,
        None,
        "it's",
        b"\x00\xff",
        "",
    ]


def test_backslashes_are_escapes_only_in_stringdecode():
    escaped = r"""STRINGDECODE('can''t \"quote\" \\ \t\n\f\r \u00fc\u4e2d \ud83d\ude80 \\u0041')"""
    assert values(r"'a\nb'", escaped) == [r"a\nb", 'can\'t "quote" \\ \t\n\f\r ü中 🚀 \\u0041']


@given(st.lists(st.text(), max_size=5))
def test_any_text_is_read_as_it_was_written(texts):
    assert values(*map(encoded, texts)) == texts


def test_rows_of_several_inserts_are_read():
    both = [
        TABLE,
        "-- 3 +/- SELECT COUNT(*) FROM PUBLIC.T;\n",
        "INSERT INTO PUBLIC.T(ID, VALUE) VALUES\n(1, 'a); (b'),\n(2, 'c');\n",
        "INSERT INTO PUBLIC.T(VALUE, ID) VALUES\n('d', 3);\n",
    ]
    assert [(row["ID"], row["VALUE"]) for row in read(*both)["T"]] == [(1, "a); (b"), (2, "c"), (3, "d")]


@pytest.mark.parametrize(
    ("statements", "text"),
    [
        (["DROP TABLE T;\n"], "'DROP TABLE T;' of its dbScript: unknown kind of statement"),
        (["INSERT INTO PUBLIC.T(ID) VALUES\n(1);\n"], "INSERT INTO PUBLIC.T"),
        (script("1", counted=2), "its dbScript counts 2 rows of table T and has 1"),
        ([TABLE], "its dbScript counts no rows of table T and has 0"),
        (script("SELECT 1"), "no value at character"),
        (script("1, 2"), "malformed"),
        (script(r"STRINGDECODE('\q')"), "malformed"),
        ([TABLE, "INSERT INTO PUBLIC.T(ID, VALUE) VALUES\n(1, 'x'), DELETE;\n"], r"no '\(' at character"),
        ([TABLE, "INSERT INTO PUBLIC.T(ID, VALUE) VALUES\n(1, 'x'"], r"no '\)' at character"),
    ],
)
def test_an_unknown_statement_is_named(statements, text):
    with pytest.raises(ScriptError, match=text):
        read(*statements)


def test_bytes_that_are_not_utf8_are_refused():
    with pytest.raises(ScriptError, match="malformed"):
        read_script([b"\xff"])


def test_of_an_amount_with_two_rows_the_one_that_is_not_0_counts():
    """A scheduler of 0.18 that loads an older script adds amounts from columns that it does not fill any more."""
    rows = [
        {"O": 1, "TYPE_ID": kind, "VALUE": value}
        for kind, value in ((1, "1.5"), (1, "0.0"), (2, "0"), (2, "256"), (3, "0"), (3, "0"), (4, "http"))
    ]
    found = Tables({"R": rows}).resources("R", "O", 1)
    assert {(r.numCpus, r.ramMb, r.diskMb, r.namedPort) for r in found} == {
        (1.5, None, None, None),
        (None, 256, None, None),
        (None, None, 0, None),
        (None, None, None, "http"),
    }


@pytest.mark.parametrize("name", ["era-013-dbscript", "era-018-trimmed"])
def test_a_damaged_script_is_read_or_refused(fixtures, sweep, name):
    """A flipped byte in a value may go unnoticed, but nothing except ScriptError is raised."""
    raw = (fixtures / "backups" / name).read_bytes()
    statements = DB_SCRIPT.values(raw)
    places = [
        (number, at)
        for number, statement in enumerate(statements)
        for at in range(len(statement))
        if statement.startswith((b"INSERT", b"--"))
    ]
    rng = random.Random(3)
    refused = 0
    for number, at in sweep(places, 150):
        damaged = bytearray(statements[number])
        damaged[at] ^= rng.randrange(1, 256)
        try:
            rebuild(read_script([*statements[:number], bytes(damaged), *statements[number + 1 :]]))
        except ScriptError:
            refused += 1
    assert refused
