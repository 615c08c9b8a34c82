"""What can go wrong, with the exit codes; only main prints an error and exits.

Raise the narrowest class. The message is one line that says what, where, and what to do now: it is all that a script
or a log file gets. A hint is more for a person: it is shown on a terminal and with -v. A bug is not an AdminError.
"""

from __future__ import annotations

# The one table of exit codes: aurora_admin(1) prints it. docs/cli.md 1.7
EXIT_CODES = {
    0: "Done.",
    1: "Not done, or not known: an error, an answer other than OK, no command or an unknown one. "
    "Standard error says which.",
    2: "The command line cannot be understood. Nothing was sent.",
    3: "A request was sent and may have been carried out, but its answer was lost. Only commands that the original "
    "program did not have tell this from 1.",
    130: "Interrupted by Ctrl-C.",
    141: "Nobody reads the output any more (head, less).",
}

# What scripts written for the original may meet: every other code of an original command becomes 1.
ORIGINAL_EXIT_CODES = frozenset({0, 1, 2, 130, 141})


class AdminError(Exception):
    """The command cannot be carried out; nothing but the message is to be shown."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AdminError):
    """The command line cannot be understood; the message is shown as it is, whatever the log level."""

    exit_code = 2


class ConfigError(AdminError):
    """A file or variable that configures the client cannot be used."""


class UnknownCluster(ConfigError):
    """The named cluster is in none of the files read."""


class ConnectionFailed(AdminError):
    """No scheduler could be reached: nothing was sent, so nothing was carried out."""


class CallFailed(AdminError):
    """The scheduler did not carry the request out, and its answer says so."""


class AuthFailed(CallFailed):
    """The scheduler wants credentials, or other ones (HTTP 401 and 403)."""


class BadReply(CallFailed):
    """Something answered a reading request, but not in a way that a scheduler would."""


class OutcomeUnknown(AdminError):
    """The request may have been carried out: it is never sent again by itself."""

    exit_code = 3


class Refused(AdminError):
    """The scheduler answered with a code other than OK, and the log has said so: nothing more is shown."""

    def __init__(self) -> None:
        super().__init__("")


class Declined(AdminError):
    """A person, or the absence of one, did not confirm; nothing was changed."""


class DryRun(Exception):
    """With --dry-run the command ends here: everything before was looked at, nothing was changed."""
