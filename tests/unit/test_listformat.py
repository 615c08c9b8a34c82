"""The format language of query: which formats need only some fields of a task."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_admin.client.task_fields import Fields
from aurora_admin.errors import AdminError
from aurora_admin.plugins.tasks.listformat import DEFAULT, ListFormat

SOME = {"role": "www", "instanceId": 7, "taskId": None}
OTHERS = {"user": "bob", "s": "s"}


def outcome(listformat, fields):
    """Return the line, or the beginning of the error; the names of known fields follow there."""
    try:
        return listformat.line(Fields(fields))
    except AdminError as error:
        return error.message.partition("\n")[0]


pieces = st.sampled_from(
    [
        "%",
        "%%",
        "%role%",
        "%instanceId%",
        "%user%",
        "%(role)",
        "%(taskId)",
        "%(s)",
        "s",
        "d",
        "03d",
        "-5s",
        ".1s",
        "#",
        "*",
    ]
)


@given(st.lists(pieces, max_size=6).map("".join) | st.text("%()sdole r01-", max_size=12))
def test_a_format_that_needs_only_some_fields_is_not_changed_by_others(text):
    listformat = ListFormat(text)
    if listformat.needs_only(SOME):
        assert outcome(listformat, SOME) == outcome(listformat, {**SOME, **OTHERS})


@given(st.text("%()sdole r01-\n", max_size=30))
def test_a_format_gives_a_line_or_an_error_of_ours(text):
    with suppress(AdminError):
        ListFormat(text).line(Fields(SOME))


@pytest.mark.parametrize(
    ("text", "is_enough"),
    [
        (DEFAULT, False),
        ("", True),
        ("100%%", True),
        ("%role% %(instanceId)03d|%(taskId)-9s|", True),
        ("%role% %user%", False),
        ("%role% %s", False),
        ("100% sure", False),
        ("100%", False),
    ],
)
def test_which_formats_need_only_some_fields(text, is_enough):
    assert ListFormat(text).needs_only(SOME) is is_enough


def test_the_default_format_needs_only_what_every_task_has():
    from aurora_admin.client.task_fields import COMMON

    assert ListFormat(DEFAULT).needs_only(COMMON)
