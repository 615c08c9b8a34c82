"""Lists of hosts, and their groups (docs/cli.md 3.3 and 3.8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_admin import hosts
from aurora_admin.errors import AdminError

NEITHER = "Please specify either --filename or --hosts"
# What hosts are named with, and what may be around them.
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs"), exclude_characters=",\ufeff"), min_size=1
)
BLANKS = st.sampled_from(["", " ", "\t", "  "])


@pytest.mark.parametrize("pair", [(None, None), ("", None), (None, ""), ("", ""), ("file", "h1")])
def test_exactly_one_way_of_naming_hosts_is_required(pair):
    with pytest.raises(AdminError, match=f"^{NEITHER}$"):
        hosts.required_hosts(*pair)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("h1", ["h1"]),
        ("h2,h1", ["h2", "h1"]),
        (" h1 ,\th2 ", ["h1", "h2"]),
        ("h1,,h2,", ["h1", "h2"]),
        ("h1,h2,h1, h1", ["h1", "h2"]),
        ("#h1", ["#h1"]),
        ("h 1", ["h 1"]),
        ("höst", ["höst"]),
    ],
)
def test_a_text_of_hosts(text, found):
    assert hosts.required_hosts(None, text) == found
    assert hosts.optional_hosts(None, text) == found


@pytest.mark.parametrize("text", [",", " ", " , ,", "\t"])
def test_a_text_without_a_host_is_never_an_empty_list(text):
    for read in (hosts.required_hosts, hosts.optional_hosts):
        with pytest.raises(AdminError, match=r"^No valid hosts found\.$"):
            read(None, text)


def test_no_filter_is_no_host():
    assert hosts.optional_hosts(None, None) == hosts.optional_hosts("", "") == []
    with pytest.raises(AdminError, match=r"^Cannot specify both filename and list"):
        hosts.optional_hosts("file", "h1")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"h1\nh2\n", ["h1", "h2"]),
        (b"h1\r\nh2\r\n", ["h1", "h2"]),
        (b"h1\rh2\r", ["h1", "h2"]),
        (b"h1\n\n \n\th2", ["h1", "h2"]),
        (b"h2\nh1\nh2\n", ["h2", "h1"]),
        (b"\xef\xbb\xbfh1\n", ["h1"]),
        ("höst\n".encode(), ["höst"]),
        (b"h1,h2\n", ["h1,h2"]),
    ],
)
def test_a_file_of_hosts(tmp_path, content, found):
    path = tmp_path / "hosts"
    path.write_bytes(content)
    assert hosts.required_hosts(str(path), None) == found


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_a_file_without_a_host_is_never_an_empty_list(tmp_path, content):
    path = tmp_path / "hosts"
    path.write_bytes(content)
    for read in (hosts.required_hosts, hosts.optional_hosts):
        with pytest.raises(AdminError) as raised:
            read(str(path), None)
        assert raised.value.message == f"No valid hosts found in {path}."


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"h1\nh\xff\n", "2: this is not UTF-8, at byte 4"),
        (b"\xfe\xff\x00h", "1: this is not UTF-8, at byte 0"),
        (b"\xc3", "1: this is not UTF-8, at byte 0"),
    ],
)
def test_a_file_that_is_not_utf_8_says_where(tmp_path, content, place):
    path = tmp_path / "hosts"
    path.write_bytes(content)
    with pytest.raises(AdminError) as raised:
        hosts.required_hosts(str(path), None)
    assert raised.value.message == f"{path}:{place}. Nothing was sent"


def test_a_file_that_cannot_be_read(tmp_path):
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "nosuch", "No such file or directory")):
        with pytest.raises(AdminError) as raised:
            hosts.required_hosts(str(path), None)
        assert raised.value.message == f"Cannot read {path}: {reason}. Nothing was sent"


@given(st.lists(st.tuples(BLANKS, NAMES, BLANKS), min_size=1))
def test_every_host_that_is_named_is_there_once_in_order(entries):
    text = ",".join("".join(entry) for entry in entries)
    assert hosts.required_hosts(None, text) == list(dict.fromkeys(name for _, name, _ in entries))


@given(st.lists(NAMES, unique=True), st.sampled_from(list(hosts.GROUPINGS)))
def test_groups_hold_every_host_once(names, grouping):
    groups = hosts.grouped(names, grouping)
    assert [key for key, _ in groups] == sorted({hosts.GROUPINGS[grouping](name) for name in names})
    assert sorted(name for _, members in groups for name in members) == sorted(names)
    assert all(members == sorted(members) for _, members in groups)


def test_a_grouping_that_does_not_exist():
    assert hosts.checked_grouping("none") == "none"
    with pytest.raises(AdminError) as raised:
        hosts.checked_grouping("")
    assert raised.value.message == "Unknown grouping function . Must be one of: ['none', 'by_host']"
    with pytest.raises(AdminError, match=r"Must be one of: \['by_host'\]$"):
        hosts.checked_grouping("none", ["by_host"])


def test_hosts_are_shown_as_python_2_showed_a_set_of_them():
    assert hosts.shown([]) == "set([])"
    assert hosts.shown({"h2", "h10", "h1"}) == "set(['h1', 'h10', 'h2'])"
    assert hosts.shown(["it's\n"]) == 'set(["it\'s\\n"])'
