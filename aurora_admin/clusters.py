"""Read clusters.json, which has the names of the clusters and how to reach them (docs/connection.md 1)."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from aurora_admin.errors import ConfigError, NoClusters, UnknownCluster, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

DEFAULT_ROOT = "/etc/aurora"
FILE_NAME = "clusters.json"


class Connection(NamedTuple):
    """The keys of a cluster's entry that say how to reach its scheduler, with their defaults."""

    zk: str | None = None
    zk_port: int = 2181
    scheduler_zk_path: str | None = None
    scheduler_uri: str | None = None
    auth_mechanism: str = "UNAUTHENTICATED"
    proxy_url: str | None = None  # used for web links only; another type is an error, as in the original


class Cluster(NamedTuple):
    """An entry of a clusters file, unchanged: with unknown keys and nulls."""

    name: str
    raw: Mapping[str, Any]
    path: str

    def connection(self) -> Connection:
        """Return the keys that concern the connection, converted as the original does (docs/connection.md 1.5).

        Raises:
            ConfigError: the value of a key is neither text nor a number.
        """
        given: dict[str, Any] = {
            key: self._coerced(key, int if key == "zk_port" else str) for key in Connection._fields if key in self.raw
        }
        return Connection(**given)

    def templates(self) -> list[str]:
        """Return the connection keys whose value has a Mustache template, which the original expanded."""
        return [key for key in Connection._fields if "{{" in str(self.raw.get(key, ""))]

    def _coerced(self, key: str, kind: type[int | str]) -> int | str:
        value = self.raw[key]
        try:
            if isinstance(value, (str, int, float)):
                return kind(value)
        except (ValueError, OverflowError):
            pass
        wanted = {int: "Integer", str: "String"}[kind]
        raise ConfigError(f"Cluster {self.name} in {self.path}: Cannot coerce '{value}' to {wanted}; correct its {key}")


def paths() -> list[str]:
    """Return the clusters files, in the order in which they are read: a later entry replaces an earlier one."""
    root = os.environ.get("AURORA_CONFIG_ROOT") or DEFAULT_ROOT
    return [os.path.join(root, FILE_NAME), os.path.join(os.path.expanduser("~"), ".aurora", FILE_NAME)]


def load() -> dict[str, Cluster]:
    """Read the clusters of all files. A file that does not exist has no clusters.

    Raises:
        ConfigError: a file cannot be read, or is not a valid clusters file.
    """
    return {cluster.name: cluster for path in paths() for cluster in _clusters(path)}


def find(name: str) -> Cluster:
    """Return the named cluster.

    Raises:
        UnknownCluster: no file has that cluster.
        ConfigError: as `load`.
    """
    known = load()
    if name not in known:
        raise _unknown(name, known)
    return known[name]


def _unknown(name: str, known: Collection[str]) -> UnknownCluster:
    message, looked_for = f"Unknown cluster: {name}. Known clusters: {', '.join(sorted(known))}", paths()
    files = " and ".join(looked_for)
    if not any(map(_is_visible, looked_for)):
        return NoClusters(message, f"No clusters are configured: {files} do not exist, or cannot be seen")
    return UnknownCluster(
        message, " ".join(filter(None, (did_you_mean(name, known), f"Clusters are read from {files}")))
    )


def _is_visible(path: str) -> bool:
    """Return whether there is something at a path; a folder that may not be entered hides what is in it."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    return True


def _clusters(path: str) -> Iterator[Cluster]:
    for document in _documents(path):
        if not isinstance(document, dict):
            raise ConfigError(f"Clusters must be maps of key/value pairs, got {type(document)}; correct {path}")
        if "name" in document:
            yield Cluster(_name(document["name"], path), document, path)


def _documents(path: str) -> list[Any]:
    text = _text(path)
    if text is None:
        return []
    try:
        top = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"Unable to parse {path}: {error}. Correct the file; it must be strict JSON") from error
    if not isinstance(top, (list, dict)):
        raise ConfigError(f"Unknown layout in {path}; it must be a list or an object of clusters")
    return list(top.values()) if isinstance(top, dict) else top


def _text(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        if isinstance(error, FileNotFoundError) or not _is_visible(path):
            return None
        raise ConfigError(f"Cannot read {path}: {error.strerror}. Make it a readable file, or remove it") from error


def _name(value: object, path: str) -> str:
    if not isinstance(value, (str, int, float)):
        raise ConfigError(
            f"The name of a cluster in {path} is '{value}': Cannot coerce '{value}' to String; correct the file"
        )
    return str(value)
