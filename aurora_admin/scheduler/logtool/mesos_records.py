"""Decode the records in a replica of a Mesos log: protobuf messages (docs/replicated-log.md 1.9)."""

from typing import NamedTuple

PROMISE, ACTION = 1, 2
VOTING = "VOTING"
STATUSES = {1: VOTING, 2: "RECOVERING", 3: "STARTING", 4: "EMPTY"}
NOP, APPEND, TRUNCATE = 1, 2, 3
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
Message = dict[int, "int | bytes"]


class Action(NamedTuple):
    """What a replica knows about one position.

    `begin` is the first position that is left after the action, if it is a truncation.
    """

    position: int
    kind: int
    learned: bool
    data: bytes = b""
    begin: int = 0


def decode_status(record: bytes) -> str:
    """Return the status in a replica's metadata; "damaged" if it cannot be decoded.

    Mesos before 0.17 had no status and wrote a promise instead: such a replica is VOTING.
    """
    try:
        message = _message(record)
        if message.get(1) == PROMISE:
            return VOTING
        number = _message(_bytes(message[4]))[1]
    except (KeyError, ValueError):
        return "damaged"
    return STATUSES.get(number, f"status {number}") if isinstance(number, int) else "damaged"


def decode_action(record: bytes) -> Action | None:
    """Return the action of a record; None if it cannot be decoded."""
    try:
        message = _message(record)
        return _action(_message(_bytes(message[3]))) if message.get(1) == ACTION else None
    except (KeyError, ValueError):
        return None


def _action(action: Message) -> Action:
    position, kind, learned = int(action[1]), int(action.get(5, 0)), bool(action.get(4, 0))
    if kind == APPEND:
        return Action(position, kind, learned, data=_bytes(_message(_bytes(action[7]))[1]))
    if kind == TRUNCATE:
        return Action(position, kind, learned, begin=int(_message(_bytes(action[8]))[1]))
    tombstone = kind == NOP and bool(_message(_bytes(action.get(6, b""))).get(1, 0))
    return Action(position, kind, learned, begin=position + 1 if tombstone else 0)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ValueError("a number where a message should be")


def _message(raw: bytes) -> Message:
    """Return the fields of a protobuf message by their numbers; of repeated fields the last."""
    found: Message = {}
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        if tag & 7 == VARINT:
            found[tag >> 3], at = _varint(raw, at)
            continue
        length, at = _varint(raw, at) if tag & 7 == BYTES else ({FIXED64: 8, FIXED32: 4}.get(tag & 7, len(raw)), at)
        if at + length > len(raw):
            raise ValueError("a protobuf message is cut short")
        found[tag >> 3] = raw[at : at + length]
        at += length
    return found


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(raw):
            break
        value |= (raw[at] & 0x7F) << shift
        at += 1
        if raw[at - 1] < 0x80:
            return value, at
    raise ValueError("a protobuf number has no end")
