"""The variables that a scheduler publishes on /vars, as numbers."""

import re

from tests.support.thrift_calls import get


def variables(one) -> dict[str, float]:
    """Return all of /vars; every value is a number."""
    status, text = get(one.url, "/vars")
    assert status == 200, text
    lines = (line.split(" ", 1) for line in text.splitlines())
    return {name: float(value) for name, value in lines}


def lifecycle(one) -> str:
    """Return the state of the scheduler's lifecycle, such as ACTIVE."""
    return re.findall(r"scheduler_lifecycle_(\w+) 1", get(one.url, "/vars")[1])[0]


def of_timing(*names: str) -> set[str]:
    """Return the names of these timings on /vars."""
    return {f"{name}_{part}" for name in names for part in ("events", "nanos_total", "nanos_per_event")}


def events(found, *names: str) -> list[float]:
    """Return how often things were done; what was done must have taken time, and nothing else may have."""
    for name in names:
        assert (found[f"{name}_events"] > 0) == (found[f"{name}_nanos_total"] > 0), name
    return [found[f"{name}_events"] for name in names]


def grown(before, after) -> dict[str, float]:
    """Return by how much values have grown, without those that have not."""
    return {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
