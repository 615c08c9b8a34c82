"""The errors of a command, with their exit codes. Only main prints an error and exits.

Raise the narrowest class. The message is one line that says what went wrong, where, and what to do now: scripts and log
files have nothing else. A hint is additional advice, shown on a terminal and with -v. A bug is not an AdminError.
"""

from __future__ import annotations

TYPE_CHECKING = False  # see output.py
if TYPE_CHECKING:
    from collections.abc import Iterable

# The table of exit codes, which aurora_admin(1) prints (docs/cli.md 1.7).
EXIT_CODES = {
    0: "The command succeeded.",
    1: "The command failed; standard error has the reason.",
    2: "The command line is invalid. Nothing was sent.",
    13: "The outcome is unknown: a call was sent and may have been carried out, but there was no usable reply. "
    "Commands of the original program exit with 1 then, unless AURORA_ADMIN_EXIT_CODES is set to detailed.",
    130: "Interrupted by Ctrl-C, or a drain by SIGTERM. If a call that changes something had been sent, standard error "
    "says how to find out whether it was carried out.",
    141: "The reader of the output has closed it (head, less).",
}

# The exit codes that scripts written for the original know. Every other code of an original command becomes 1, unless
# the environment asks for detailed codes.
DETAILED_EXIT_CODES = ("AURORA_ADMIN_EXIT_CODES", "detailed")
ORIGINAL_EXIT_CODES = frozenset({0, 1, 2, 130, 141})


class AdminError(Exception):
    """The command cannot be carried out. Only the message is printed."""

    exit_code = 1
    is_multiline = False  # a message of the original of several lines
    has_needed_hint = False  # the hint is printed without a terminal too

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AdminError):
    """The command line is invalid. The message is printed as it is, at every log level."""

    exit_code = 2


class WrongArgumentCount(AdminError):
    """There are too many or too few arguments. The message is the usage, and where to find more."""

    is_multiline = True


class ConfigError(AdminError):
    """A file or an environment variable that configures the client cannot be used."""


class UnknownCluster(ConfigError):
    """The named cluster is in none of the files read."""


class NoClusters(UnknownCluster):
    """There is no clusters file. The hint names the files that were looked for."""

    has_needed_hint = True


class WrongCluster(ConfigError):
    """The entry of a cluster reaches the scheduler of another one, and the command would destroy something there."""


class ConnectionFailed(AdminError):
    """No scheduler could be reached: the call was not sent, so it was not carried out."""


class CallFailed(AdminError):
    """The scheduler did not carry out the call, and its reply says so."""


class NoSuchCall(CallFailed):
    """The scheduler is of a release that does not have the call."""


class AuthFailed(CallFailed):
    """The scheduler requires credentials, or does not accept those it was sent (HTTP 401 and 403)."""


class BadReply(CallFailed):
    """The reply to a call that only reads is not one of a scheduler."""


class ServerFailed(BadReply):
    """The scheduler, or a proxy before it, failed while it made the reply to a call that only reads."""


class OutcomeUnknown(AdminError):
    """The call may have been carried out. It is never repeated automatically."""

    exit_code = 13
    advice = ""  # what to do about it; by default what the command says (advice.py)


class Interrupted(OutcomeUnknown):
    """Ctrl-C, after a call that changes something was sent and before its reply arrived."""

    exit_code = 130


class Refused(AdminError):
    """The scheduler replied with a code other than OK. The reply is in the log, so there is no message."""

    def __init__(self, hint: str | None = None) -> None:
        super().__init__("", hint)


class Declined(AdminError):
    """The user did not confirm the change, or there is no terminal to ask on. Nothing was changed."""


class DryRun(Exception):
    """Ends a command with --dry-run, after the checks and before the first change."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a hint with the known word that is most similar to a mistyped one; None if none is similar."""
    from difflib import get_close_matches

    similar = get_close_matches(word, known, n=1)
    return f"Did you mean {similar[0]}?" if similar else None
