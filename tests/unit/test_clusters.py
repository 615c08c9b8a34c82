"""Reading clusters.json (docs/connection.md 1)."""

import json
import os
from pathlib import Path

import pytest

from aurora_admin.clusters import Connection, find, load
from aurora_admin.errors import ConfigError, NoClusters, UnknownCluster


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write the system's and the user's clusters.json: `files(system, user)`; text is written as it is."""
    monkeypatch.setenv("AURORA_CONFIG_ROOT", str(tmp_path / "etc"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def write(system=None, user=None):
        for folder, content in (("etc", system), ("home/.aurora", user)):
            path = tmp_path / folder / "clusters.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                path.write_text(content if isinstance(content, str) else json.dumps(content))
        return tmp_path / "etc" / "clusters.json"

    return write


def names():
    return sorted(load())


def test_no_file_means_no_cluster(files):
    files()
    assert load() == {}


def test_the_users_file_replaces_whole_clusters_of_the_systems(files):
    files([{"name": "west", "zk": "a", "zk_port": 1}, {"name": "east", "zk": "b"}], [{"name": "west", "zk": "c"}])
    assert names() == ["east", "west"]
    assert find("west").raw == {"name": "west", "zk": "c"}


def test_the_last_document_of_a_name_wins(files):
    files([{"name": "west", "zk": "a"}, {"name": "west", "zk": "b"}])
    assert find("west").raw["zk"] == "b"


def test_an_empty_root_variable_means_the_default_one(files, monkeypatch):
    files([{"name": "west"}], [{"name": "mine"}])
    monkeypatch.setenv("AURORA_CONFIG_ROOT", "")
    assert "west" not in names()
    assert "mine" in names()


def test_a_tilde_in_the_root_variable_is_not_expanded(files, monkeypatch, tmp_path):
    files(None, [{"name": "mine"}])
    monkeypatch.setenv("AURORA_CONFIG_ROOT", "~/.aurora")
    monkeypatch.chdir(tmp_path)
    assert names() == ["mine"]  # of the user's file, read once


def test_the_values_of_an_object_are_clusters_too(files):
    files({"some": {"name": "west"}, "other": {"name": "east"}})
    assert names() == ["east", "west"]


def test_a_document_without_a_name_is_ignored(files):
    files([{"zk": "a"}, {"name": "west"}])
    assert names() == ["west"]


def test_a_cluster_keeps_unknown_keys(files):
    document = {"name": "west", "zk_port": "2182", "colour": None}
    files([document])
    assert find("west").raw == document


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "Unable to parse {path}: Expecting value: line 1 column 1 (char 0). "),
        ('[{"name": "west",}]', "Unable to parse {path}: "),
        ("[" * 100_000, "Unable to parse {path}: "),
        ("5", "Unknown layout in {path}; "),
        ('"west"', "Unknown layout in {path}; "),
        ("[5]", "Clusters must be maps of key/value pairs, got <class 'int'>; correct {path}"),
        ('{"name": "west", "zk": "z"}', "Clusters must be maps of key/value pairs, got <class 'str'>; correct {path}"),
        ('[{"name": null}]', "The name of a cluster in {path} is 'None': Cannot coerce 'None' to String; "),
        ('[{"name": ["a"]}]', "The name of a cluster in {path} is '['a']': "),
    ],
)
def test_the_error_of_an_invalid_file_has_its_path_and_the_cause(files, content, text):
    path = files(content)
    with pytest.raises(ConfigError) as caught:
        load()
    assert caught.value.message.startswith(text.format(path=path))
    assert "\n" not in caught.value.message


def test_the_error_of_a_file_that_is_not_utf_8_has_the_cause(files):
    path = files("")
    path.write_bytes(b'[{"name": "\xff"}]')
    with pytest.raises(ConfigError, match=r"Unable to parse .*: 'utf-8' codec can't decode byte 0xff"):
        load()


def test_the_error_of_a_directory_has_the_cause(files):
    path = files()
    path.mkdir()
    with pytest.raises(ConfigError, match=f"Cannot read {path}: Is a directory"):
        load()


def test_the_error_of_an_unreadable_file_has_the_cause(files):
    path = files()
    path.symlink_to("/proc/self/mem")  # its first bytes cannot be read even by root
    with pytest.raises(ConfigError, match=f"Cannot read {path}: Input/output error"):
        load()


def test_the_error_of_an_unknown_cluster_names_the_known_clusters_and_the_files(files, tmp_path):
    path = files([{"name": "west"}, {"name": "east"}])
    with pytest.raises(UnknownCluster) as caught:
        find("x")
    assert caught.value.message == "Unknown cluster: x. Known clusters: east, west"
    assert caught.value.hint == f"Clusters are read from {path} and {tmp_path}/home/.aurora/clusters.json"


def test_without_clusters_the_list_of_known_ones_is_empty_and_the_files_are_named(files, tmp_path):
    path = files()
    with pytest.raises(NoClusters) as caught:
        find("x")
    assert caught.value.message == "Unknown cluster: x. Known clusters: "
    assert caught.value.hint == (
        f"No clusters are configured: {path} and {tmp_path}/home/.aurora/clusters.json do not exist, or cannot be seen"
    )


@pytest.fixture
def as_nobody(files):
    """Run as a user who may not enter the home folder of the tests."""
    yield from as_user(files)


def as_user(files):
    home = files([{"name": "west"}], "no JSON").parents[1] / "home"
    home.chmod(0)
    for folder in home.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield home
    if is_root:
        os.seteuid(0)
    home.chmod(0o755)


def test_a_file_in_a_folder_that_may_not_be_entered_counts_as_absent(as_nobody):
    assert names() == ["west"]


def test_a_visible_file_that_may_not_be_read_is_an_error(as_nobody):
    system = as_nobody.parent / "etc" / "clusters.json"
    if os.geteuid() == 65534:
        os.seteuid(0)
    system.chmod(0)
    if os.getuid() == 0:
        os.seteuid(65534)
    with pytest.raises(ConfigError, match=f"Cannot read {system}: Permission denied"):
        load()


def connection(files, **keys):
    files([{"name": "west", **keys}])
    return find("west").connection()


def test_connection_keys_have_the_originals_defaults(files):
    assert connection(files) == Connection(None, 2181, None, None, "UNAUTHENTICATED", None)


@pytest.mark.parametrize(("given", "port"), [(2182, 2182), ("2182", 2182), (2182.7, 2182), (True, 1)])
def test_a_port_may_be_written_as_a_number_or_text(files, given, port):
    assert connection(files, zk_port=given).zk_port == port


@pytest.mark.parametrize("given", ["abc", None, [1], {"a": 1}, "", float("nan"), float("inf")])
def test_any_other_port_is_refused(files, given):
    with pytest.raises(ConfigError, match=r"Cannot coerce '.*' to Integer; correct its zk_port$"):
        connection(files, zk_port=given)


def test_the_message_shows_null_as_the_original_did(files):
    path = files([{"name": "west", "zk_port": None}])
    with pytest.raises(ConfigError) as caught:
        find("west").connection()
    assert caught.value.message == f"Cluster west in {path}: Cannot coerce 'None' to Integer; correct its zk_port"


@pytest.mark.parametrize(("given", "text"), [("x", "x"), (12, "12"), (1.5, "1.5")])
def test_a_number_is_taken_as_text(files, given, text):
    assert connection(files, zk=given).zk == text


@pytest.mark.parametrize("given", [None, ["a", "b"], {"a": "b"}])
def test_a_list_of_hosts_is_refused_as_text(files, given):
    with pytest.raises(ConfigError, match=r"to String; correct its zk$"):
        connection(files, zk=given)


def test_other_keys_are_not_checked_for_a_connection(files):
    assert connection(files, slave_root=None, scheduler_uri="http://h").scheduler_uri == "http://h"


def test_a_template_is_found_and_not_expanded(files):
    files([{"name": "west", "zk": "{{zk_port}}.example", "colour": "{{zk}}"}])
    assert find("west").templates() == ["zk"]
    assert find("west").connection().zk == "{{zk_port}}.example"
