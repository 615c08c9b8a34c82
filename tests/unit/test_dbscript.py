"""SQL text to tables and records; that the records of real scripts come out right, the tests of eras say."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_admin.snapshot.dbscript.parser import ScriptError, read_script
from aurora_admin.snapshot.dbscript.rebuild import rebuild
from aurora_admin.snapshot.dbscript.tables import Tables
from aurora_admin.wire import fields
from tests.support.dbscript import encoded

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


def test_backslashes_count_only_where_they_are_escapes():
    escaped = r"""STRINGDECODE('can''t \"quote\" \\ \t\n\f\r \u00fc\u4e2d \ud83d\ude80 \\u0041')"""
    assert values(r"'a\nb'", escaped) == [r"a\nb", 'can\'t "quote" \\ \t\n\f\r ü中 🚀 \\u0041']


@given(st.lists(st.text(), max_size=5))
def test_any_text_comes_back(texts):
    assert values(*map(encoded, texts)) == texts


def test_rows_of_several_inserts_are_all_there():
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
        (["DROP TABLE T;\n"], "'DROP TABLE T;' of its dbScript: it is of no known kind"),
        (["INSERT INTO PUBLIC.T(ID) VALUES\n(1);\n"], "INSERT INTO PUBLIC.T"),
        (script("1", counted=2), "its dbScript counts 2 rows of table T and has 1"),
        ([TABLE], "its dbScript counts no rows of table T and has 0"),
        (script("SELECT 1"), "no value stands at its character"),
        (script("1, 2"), "it is not understood"),
        (script(r"STRINGDECODE('\q')"), "it is not understood"),
        ([TABLE, "INSERT INTO PUBLIC.T(ID, VALUE) VALUES\n(1, 'x'), DELETE;\n"], r"no '\(' stands"),
        ([TABLE, "INSERT INTO PUBLIC.T(ID, VALUE) VALUES\n(1, 'x'"], r"no '\)' stands"),
    ],
)
def test_what_is_not_understood_is_named(statements, text):
    with pytest.raises(ScriptError, match=text):
        read(*statements)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ScriptError, match="not understood"):
        read_script([b"\xff"])


def test_an_amount_that_stands_twice_is_the_one_that_is_not_0():
    """A 0.18 that takes a script over adds amounts from columns that it no longer fills."""
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
def test_a_damaged_script_is_understood_or_refused_in_words(fixtures, sweep, name):
    """A flipped byte in a value can be told only by what refers to it; but nothing else than a refusal comes of it."""
    raw = (fixtures / "backups" / name).read_bytes()
    statements = [item[4:] for item in fields.elements(fields.get(raw, 11))[1]]
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
