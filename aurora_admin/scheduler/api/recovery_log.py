"""A line of the log for each call of a recovery: which call, from which address, and what came of it."""

import logging
from typing import Any

from aurora_admin.gen.api.ttypes import ResponseCode, TaskQuery
from aurora_admin.scheduler.api.outcome import Outcome

logger = logging.getLogger(__name__)

CODES = {number: name for name, number in vars(ResponseCode).items() if isinstance(number, int)}
UNKNOWN_ADDRESS = "an unknown address"
# How much of the arguments is logged.
LOGGED_ARGUMENTS = 200


def log_recovery_call(name: str, arguments: Any, caller: str, outcome: Outcome) -> None:
    """Log a call of a recovery, carried out or refused."""
    texts = ", ".join([CODES[outcome.code], *filter(None, outcome.messages)])
    level = logging.INFO if outcome.code == ResponseCode.OK else logging.WARNING
    logger.log(level, "%s(%s) from %s: %s", name, _shown(arguments), caller or UNKNOWN_ADDRESS, texts)


def log_malformed_call(name: str, caller: str, fault: str) -> None:
    """Log a call of a recovery whose arguments cannot be read: nothing was carried out."""
    logger.warning("%s from %s was refused, its arguments are malformed: %s", name, caller or UNKNOWN_ADDRESS, fault)


def _shown(arguments: Any) -> str:
    """Return the values that were given: a backup id, or the fields of a query."""
    values = [
        value for spec in filter(None, arguments.thrift_spec) if (value := getattr(arguments, spec[2])) is not None
    ]
    text = ", ".join(_query(value) if isinstance(value, TaskQuery) else ascii(value) for value in values)
    return text if len(text) <= LOGGED_ARGUMENTS else f"{text[:LOGGED_ARGUMENTS]}..."


def _query(query: TaskQuery) -> str:
    given = ((spec[2], getattr(query, spec[2])) for spec in filter(None, query.thrift_spec))
    return ", ".join(f"{name}={value!a}" for name, value in given if value is not None)
