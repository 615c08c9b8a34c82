"""What can go wrong with one attempt at a call, before it is decided whether there is another.

The kinds are those of docs/connection.md 5.5; `may_have_run` is what decides whether a call may be sent again.
"""

from __future__ import annotations

from math import inf

from aurora_admin.errors import ConnectionFailed

QUOTE_CHARACTERS = 300
LOOKUP_CHARACTERS = 1500  # names every server of an ensemble


def quoted(text: str, characters: int = QUOTE_CHARACTERS) -> str:
    """Return what a server said as part of one line: short, and with nothing that a terminal obeys."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:characters]).split())


class Failure(Exception):
    """One attempt failed. The text is the reason alone; `url` is where."""

    may_have_run = False
    # For how long it makes sense to try again when --timeout does not say, counted from the first in a row of its kind.
    patience_seconds = 0.0
    attempts = inf
    # Somebody will tell when it is over, so that there is no use in looking before.
    is_watched = False

    def __init__(self, reason: str, url: str) -> None:
        super().__init__(reason)
        self.reason = quoted(reason)
        self.url = url

    def warning(self) -> str:
        """Return what is logged when it is tried again, in the original's words (docs/cli.md 3.2)."""
        return (
            f"Transport error communicating with scheduler: Unknown error talking to {self.url}: {self.reason}, "
            "retrying..."
        )


class Unreachable(Failure):
    """No whole request has left: name not found, refused, TLS refused, time-out before or while sending."""

    # A restart takes seconds; after that somebody at 3 a.m. wants to read why, not to watch.
    patience_seconds = 20.0


class LeaderUnreachable(Unreachable):
    """As Unreachable, of a leader that is named in ZooKeeper: it may have died, and its session not ended yet."""

    patience_seconds = 60.0


class NotLeading(Failure):
    """A scheduler answered that nobody leads, or that it sends us elsewhere without end. Nothing was carried out."""

    # A planned leader change "should last no more than a few minutes", as the scheduler's own page says.
    patience_seconds = 300.0


class NotReady(NotLeading):
    """The scheduler answered ERROR_TRANSIENT: its storage is not open yet, nothing was carried out."""

    def warning(self) -> str:
        return f"Connection error with scheduler: {self.reason}, reconnecting..."


class Lost(Failure):
    """The whole request was sent, and no whole answer came back."""

    may_have_run = True
    patience_seconds = 60.0


class ServerFailed(Lost):
    """The server, or a proxy before it, answered that it failed. What fails for a reason of its own fails again."""

    attempts = 4


class Unusable(Lost):
    """An answer came, but not one that a scheduler would give."""

    patience_seconds = 0.0


class LookupFailed(Failure):
    """ZooKeeper gave no leader, so that nothing was sent. The reason names cluster and servers."""

    def __init__(self, reason: str, url: str, advice: str) -> None:
        super().__init__(reason, url)
        self.reason = quoted(reason, LOOKUP_CHARACTERS)
        self._advice = advice

    def warning(self) -> str:
        return f"Could not connect to scheduler: {self.reason}"

    def error(self) -> ConnectionFailed:
        """Return what ends the command when it is not tried again."""
        return ConnectionFailed(f"{self.reason}. Nothing was sent; {self._advice}")


class NoEnsemble(LookupFailed):
    """No server of the ensemble answers."""

    patience_seconds = 20.0


class NoPath(LookupFailed):
    """The path does not exist. It stays for good once a scheduler was there, so this is rather a mistake."""

    patience_seconds = 20.0


class NoLeader(LookupFailed):
    """Nobody is registered as the leader."""

    patience_seconds = NotLeading.patience_seconds
    is_watched = True


class SeveralLeaders(LookupFailed):
    """More than one is registered: normal until the ZooKeeper session of the former leader ends."""

    patience_seconds = 60.0
    is_watched = True
