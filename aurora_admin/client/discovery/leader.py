"""What the discovery of a leader gives."""

from __future__ import annotations

from typing import NamedTuple


class Leader(NamedTuple):
    """A scheduler: its address as it is configured or advertised, and the URL of its API."""

    url: str
    api: str
