"""The kinds of failure of one attempt at a call; whether there is another attempt is decided in retry.py.

The kinds are those of docs/connection.md 5.5.
"""

from __future__ import annotations

from math import inf

from aurora_admin.client.http.proxy import place, proxy_advice
from aurora_admin.errors import ConnectionFailed

LINE_CHARACTERS = 300
LOOKUP_CHARACTERS = 1500  # names every server of an ensemble


def one_line(text: str, characters: int = LINE_CHARACTERS) -> str:
    """Return text of a server as part of one line: cut off, and with blanks for line ends and other white space."""
    return " ".join(text[:characters].split())


class Failure(Exception):
    """A failed attempt. The text is the reason alone; `url` is the server.

    `redirected_by` is the server that redirected to it. `advice` says what to do; empty where that does not depend on
    this failure.
    """

    # Whether the call may have been carried out. If so, only a call that changes nothing is sent again.
    may_have_run = False
    # How long to retry without --timeout, counted from the first of consecutive failures of the kind.
    retry_seconds = 0.0
    # How many consecutive failures of the kind end the retries.
    max_attempts = inf
    # The same as retry_seconds for a call that only reads, where that is longer.
    read_retry_seconds = 0.0
    # A watch in ZooKeeper reports when it is over, so that a retry before that is useless.
    is_watched = False

    def __init__(self, reason: str, url: str, advice: str = "") -> None:
        super().__init__(reason)
        self.reason = one_line(reason)
        self.url = url
        self.advice = advice
        self.redirected_by = ""

    @property
    def place(self) -> str:
        """Where the request went, for a message."""
        return place(self.url, self.redirected_by)

    @property
    def all_advice(self) -> str:
        """What to do about it, as a sentence: about the failure, or else about the proxy on the way; often empty."""
        text = self.advice or proxy_advice(self.url)
        return text[:1].upper() + text[1:]

    def warning(self) -> str:
        """Return what is logged before a retry, in the original's words (docs/cli.md 3.2)."""
        return (
            f"Transport error communicating with scheduler: Unknown error talking to {self.place}: {self.reason}, "
            "retrying..."
        )


class Unreachable(Failure):
    """No complete request was sent: name not found, connection refused, TLS refused, time-out until then."""

    retry_seconds = 20.0  # a restart takes seconds; after that the operator needs the reason
    read_retry_seconds = 150.0  # after a commit a scheduler with much to read restarts in two minutes


class LeaderUnreachable(Unreachable):
    """As Unreachable, for a leader found in ZooKeeper: it may have died, and its session has not expired yet."""

    retry_seconds = 60.0


class PermanentlyUnreachable(Unreachable):
    """As Unreachable, for a reason that a retry does not remove; `advice` says what does."""

    retry_seconds = read_retry_seconds = 0.0


class WillNotServe(Failure):
    """The scheduler does not carry out the call, and will not: its role forbids it. The reason is a predicate."""


class NotLeading(Failure):
    """The scheduler knows no leader, or the redirects are endless. The call was not carried out."""

    # A planned change of the leader "should last no more than a few minutes", as the scheduler's own page says.
    retry_seconds = 300.0


class SchedulerNotReady(NotLeading):
    """The scheduler replied ERROR_TRANSIENT: its storage is not open yet. The call was not carried out."""

    def warning(self) -> str:
        return f"Connection error with scheduler: {self.reason}, reconnecting..."


class ReplyLost(Failure):
    """The complete request was sent, and no complete reply arrived."""

    may_have_run = True
    retry_seconds = 60.0


class ServerError(ReplyLost):
    """The scheduler, or a proxy before it, replied that it failed; few retries, as the cause may well remain."""

    max_attempts = 4


class InvalidReply(ReplyLost):
    """A reply arrived that no scheduler sends. A retry would get the same."""

    retry_seconds = 0.0


class LookupFailed(Failure):
    """No leader was found in ZooKeeper, so the call was not sent. The reason names cluster and servers."""

    def __init__(self, reason: str, url: str, advice: str) -> None:
        super().__init__(reason, url, advice)
        self.reason = one_line(reason, LOOKUP_CHARACTERS)

    def warning(self) -> str:
        return f"Could not connect to scheduler: {self.reason}"

    def error(self, unsent: str = "Nothing was sent") -> ConnectionFailed:
        """Return the error that ends the command when it is not retried; `unsent` says what was not sent."""
        return ConnectionFailed(f"{self.reason}. {unsent}; {self.advice}")


class ZooKeeperUnreachable(LookupFailed):
    """No server of the ensemble replies."""

    retry_seconds = 20.0


class ZooKeeperUnknown(LookupFailed):
    """There is no host of any name in the list of servers. A retry would find the same."""

    retry_seconds = 0.0


class PathMissing(LookupFailed):
    """The path does not exist. Schedulers create it and never delete it, so it is probably misspelt."""

    retry_seconds = 20.0


class NoLeader(LookupFailed):
    """No leader is registered."""

    retry_seconds = NotLeading.retry_seconds
    is_watched = True


class MultipleLeaders(LookupFailed):
    """More than one leader is registered: normal until the ZooKeeper session of the former one expires."""

    retry_seconds = 60.0
    is_watched = True
