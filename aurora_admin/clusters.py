"""clusters.json: which clusters there are and how each is reached (docs/connection.md 1)."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from aurora_admin.errors import ConfigError, UnknownCluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_ROOT = "/etc/aurora"
FILE_NAME = "clusters.json"


class Connection(NamedTuple):
    """The keys of a cluster that tell how its scheduler is reached, with their defaults."""

    zk: str | None = None
    zk_port: int = 2181
    scheduler_zk_path: str | None = None
    scheduler_uri: str | None = None
    auth_mechanism: str = "UNAUTHENTICATED"
    proxy_url: str | None = None  # only shown in web links; a wrong type is refused as the original does


class Cluster(NamedTuple):
    """One document of a clusters file, as it was written: unknown keys and nulls included."""

    name: str
    raw: Mapping[str, Any]
    path: str

    def connection(self) -> Connection:
        """Return the keys that concern the connection, coerced as the original does (docs/connection.md 1.5).

        Raises:
            ConfigError: one of them has a value that is neither text nor number.
        """
        given: dict[str, Any] = {
            key: self._coerced(key, int if key == "zk_port" else str) for key in Connection._fields if key in self.raw
        }
        return Connection(**given)

    def templates(self) -> list[str]:
        """Return the connection keys whose text has a Mustache template, which the original expanded."""
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
    """Return where clusters are read from, in order: a later file replaces clusters of an earlier one."""
    root = os.environ.get("AURORA_CONFIG_ROOT") or DEFAULT_ROOT
    return [os.path.join(root, FILE_NAME), os.path.join(os.path.expanduser("~"), ".aurora", FILE_NAME)]


def load() -> dict[str, Cluster]:
    """Read every cluster there is; a file that does not exist has none.

    Raises:
        ConfigError: a file cannot be read, or is not what a clusters file has to be.
    """
    return {cluster.name: cluster for path in paths() for cluster in _clusters(path)}


def find(name: str) -> Cluster:
    """Return the named cluster.

    Raises:
        UnknownCluster: none of the files has it.
        ConfigError: as load does.
    """
    known = load()
    if name not in known:
        raise UnknownCluster(
            f"Unknown cluster: {name}. Known clusters: {', '.join(sorted(known))}",
            hint=f"clusters are read from {' and '.join(paths())}",
        )
    return known[name]


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
        raise ConfigError(f"Unable to parse {path}: {error}. Correct the file; it has to be strict JSON") from error
    if not isinstance(top, (list, dict)):
        raise ConfigError(f"Unknown layout in {path}; it has to be a list of clusters, or an object of them")
    return list(top.values()) if isinstance(top, dict) else top


def _text(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror}. It has to be a readable file, or not to be there"
        ) from error


def _name(value: object, path: str) -> str:
    if not isinstance(value, (str, int, float)):
        raise ConfigError(
            f"The name of a cluster in {path} is '{value}': Cannot coerce '{value}' to String; correct the file"
        )
    return str(value)
