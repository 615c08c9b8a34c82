"""Files of quotas: what is read, and the line of what is wrong."""

import json

import pytest

from aurora_admin.client.quota import quota_of
from aurora_admin.errors import AdminError
from aurora_admin.output import Output
from aurora_admin.plugins.quota.quota_file import read_quotas

GOOD = {"www-data": quota_of(40.0, 65536, 131072), "ads": quota_of(2.5, 512, 1024)}
VALUES = "{cpu: 1, ram: 1G, disk: 1G}"


@pytest.fixture
def read(tmp_path):
    def call(content):
        path = tmp_path / "quotas.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_quotas(str(path), Output(None, None))

    return call


@pytest.fixture
def problem(read, tmp_path):
    """Return the line and the text of the error for a file."""

    def call(content):
        with pytest.raises(AdminError) as raised:
            read(content)
        start, _, rest = raised.value.message.partition(": ")
        assert "\n" not in rest
        assert rest.endswith(". Nothing was sent")
        place, _, line = start.rpartition(":")
        assert place == str(tmp_path / "quotas.yaml")
        return int(line), rest.removesuffix(". Nothing was sent")

    return call


YAML = """\
# of west
www-data: {cpu: 40, ram: 64G, disk: 128G}

ads:
  cpu: "2.5"
  disk: 1 gb
  ram: 512M
"""
JSON = {"www-data": {"cpu": 40, "ram": "64G", "disk": "128G"}, "ads": {"cpu": 2.5, "ram": "512M", "disk": "1G"}}


@pytest.mark.parametrize(
    "content",
    [
        YAML,
        YAML.replace("\n", "\r\n"),
        "\ufeff" + YAML,
        f"---\n{YAML}...\n",
        json.dumps(JSON),
        json.dumps(JSON, indent="\t"),
        json.dumps(JSON, separators=("\t,\t", "\t:\t")),
        json.dumps(JSON, indent=1).replace("\n", "\r\n"),
    ],
)
def test_yaml_and_json_are_read(read, content):
    assert read(content) == GOOD


@pytest.mark.parametrize("role", ["no", "on", "123", "1.5", "2026-11-22", "'~'", '"null"', "a b", "'<<'", "ü"])
def test_a_role_is_what_is_written(read, role):
    assert list(read(f"{role}: {VALUES}\n")) == [role.strip("'\"")]


def test_numbers_are_read_as_set_quota_reads_them(read):
    assert read("a: {cpu: 010, ram: 1048576, disk: +1G}") == {"a": quota_of(10.0, 1, 1024)}


def test_an_alias_is_what_it_stands_for(read):
    assert read(f"a: &one {VALUES}\nb: *one\n") == dict.fromkeys("ab", quota_of(1.0, 1024, 1024))


@pytest.mark.parametrize(
    ("content", "line", "text"),
    [
        ("", 1, "the file has no quotas"),
        ("\r\n", 1, "the file has no quotas"),
        ("# nothing\n---\n", 1, "the file has no quotas"),
        ("{}", 1, "the file has no quotas"),
        ("[]", 1, "the file has no mapping"),
        ("www", 1, "the file has no mapping"),
        ("a:\n- 1\n", 2, "a has no mapping"),
        ("\n\na: 1\n", 3, "a has no mapping"),
        ("a:\nb: 1\n", 1, "a has no mapping"),
        (f"a: {VALUES}\nb: {{ram: 1G,\n disk: 1G}}\n", 2, "b has no cpu"),
        ("a:\r\n  cpu: 1\r\n  ram: 1G\r\n  disk: 1G\r\n  gpu: 1\r\n", 5, "a has gpu, which is none of cpu, ram, disk"),
        (f"a: {VALUES}\nb: {VALUES}\na: {VALUES}\n", 3, "the file has a twice, first in line 1"),
        (f'{{"a": {json.dumps(JSON["ads"])},\n "a": 1}}', 2, "the file has a twice, first in line 1"),
        ("a:\n  cpu: 1\n  cpu: 1\n", 3, "a has cpu twice, first in line 2"),
        ("~: {}", 1, "a key of the file is not a name"),
        ("'  ': {}", 1, "a key of the file is not a name"),
        ("[a]: {}", 1, "a key of the file is not a name"),
        (f"a:\n  <<: {VALUES}\n", 2, "a key of a is not a name"),
        ("a: {cpu: x, ram: 1G, disk: 1G}", 1, "cpu of a: could not convert string to float: x"),
        ("a: {cpu: .inf, ram: 1G, disk: 1G}", 1, "cpu of a: could not convert string to float: .inf"),
        ("a: {cpu: 1,\n ram: 1.5xx, disk: 1G}", 2, "ram of a: Invalid size: Amount did not have a valid base: 1.5xx."),
        ('{"a": {"cpu": 1,\n"ram": 1.5, "disk": 1}}', 2, "ram of a: Invalid size: "),
        ("a:\n  cpu: true\n  ram: 1G\n  disk: 1G\n", 2, "cpu of a is not a number"),
        ("a:\n  cpu: 1\n  ram:\n  disk: 1G\n", 3, "ram of a is not a number"),
        ("a: {cpu: 1, ram: [1G], disk: 1G}", 1, "ram of a is not a number"),
        ("a: {cpu: !!python/name:os.system 1, ram: 1G, disk: 1G}", 1, "cpu of a is not a number"),
        ("a: {cpu: -1, ram: 1G, disk: 1G}", 1, "cpu of a is negative: -1"),
        ("a: {cpu: 1, ram: -1k, disk: 1G}", 1, "ram of a is negative: -1k"),
        ("a: {cpu: 1, ram: 1G, disk: 9999999999999999T}", 1, "a: disk would be "),
        ("a: {cpu: 1", 1, "this is not YAML: while parsing a flow mapping, expected ',' or '}'"),
        ("a: 1\n\tb: 1\n", 2, "this is not YAML: while scanning for the next token, found character '\\t'"),
        ("a: b: c\n", 1, "this is not YAML: mapping values are not allowed here"),
        (f"a: {VALUES}\n--- 1\n", 2, "this is not YAML: expected a single document in the stream"),
        ("a: *b\n", 1, "this is not YAML: found undefined alias"),
        ("a: 1\n\x07", 2, "this is not YAML: the character U+0007 is not allowed"),
        ("[" * 100_000, 1, "this is nested too deeply"),
        (b"a: 1\nb: \xff\n", 2, "this is not UTF-8, at byte 8"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(problem, content, line, text):
    found_line, found = problem(content)
    assert (found_line, found[: len(text)]) == (line, text)


def test_no_object_is_made_that_a_file_names(problem, tmp_path):
    made = tmp_path / "made"
    problem(f"a: !!python/object/apply:os.mkdir ['{made}']\n")
    problem(f"!!python/object/apply:os.mkdir ['{made}']: {VALUES}\n")
    assert not made.exists()
