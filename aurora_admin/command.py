"""What a command is (a declaration) and what it is given when it runs.

Help, man page, confirmation, dry run and the late import of the module all come from the declaration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from aurora_admin.errors import AdminError, Declined, DryRun, Refused

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from aurora_admin.client.discovery import Leader
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.output import Output


class Command(NamedTuple):
    """The declaration of one command; a plugin's hook aurora_admin_commands yields them.

    `module` is imported only when the command is used. It has `run(context, args)`, may have `configure(parser)`
    (options only, of one value or none each; positionals are taken by `context.positionals`) and EXAMPLES (a command
    line each line), and its docstring is the command's description. The synopsis begins with the name.
    """

    name: str
    synopsis: str
    summary: str
    module: str
    category: str
    effect: Literal["read", "write", "destroy"]
    see_also: tuple[str, ...] = ()
    tabular: bool = False  # prints rows: gets --format
    original: bool = False  # scripts of the original call it: it asks nothing and has no exit code that is not theirs

    @property
    def usage(self) -> str:
        """The first line of the synopsis, as people type it."""
        return self.synopsis.split("\n", 1)[0]

    @property
    def needs_confirmation(self) -> bool:
        """Whether the command confirms what it destroys, and so has --yes and --dry-run."""
        return self.effect == "destroy" and not self.original


class Options(NamedTuple):
    """The options that every command has, as far as a command or the client has to know them."""

    bypass_leader_redirect: bool = False
    timeout_seconds: float | None = None  # None: each step's own default
    is_confirmed: bool = False
    dry_run: bool = False


class Answer(Protocol):
    """What Context.check needs of a scheduler's reply."""

    @property
    def ok(self) -> bool: ...
    @property
    def code_name(self) -> str: ...
    @property
    def message(self) -> str: ...


class Catalogue(Protocol):
    """What a command may know of the others."""

    def commands(self) -> Sequence[Command]:
        """Return every command there is, sorted by name."""

    def help_text(self, name: str) -> str | None:
        """Return what `<command> -h` prints, or None for a command that does not exist."""


class Context:
    """What a command is given: its output, the options of every command, and the way to a scheduler."""

    def __init__(self, command: Command, out: Output, options: Options, catalogue: Catalogue) -> None:
        self.command = command
        self.out = out
        self.options = options
        self.catalogue = catalogue

    def positionals(self, args: Namespace, *names: str) -> tuple[str, ...]:
        """Return exactly the named positionals.

        Raises:
            AdminError: there are more or fewer; the text is that of docs/cli.md 1.5.
        """
        given: list[str] = args.positionals
        if len(given) != len(names):
            raise AdminError(f"usage: {self.command.usage}\n\nsee the help subcommand for more details.")
        return tuple(given)

    def scheduler(self, cluster: str) -> Scheduler:
        """Return the client of the named cluster's scheduler; nothing is sent yet.

        Raises:
            UnknownCluster, ConfigError: there is no such cluster, or clusters.json cannot be used.
        """
        from aurora_admin.client.scheduler import Scheduler
        from aurora_admin.clusters import find

        return Scheduler(find(cluster), self.options, self.out)

    def leader(self, cluster: str) -> Leader:
        """Look up the leading scheduler of the named cluster."""
        from aurora_admin.client.discovery import leader
        from aurora_admin.clusters import find

        return leader(find(cluster), self.out, self.options.timeout_seconds)

    def verified_leader(self, cluster: str) -> Leader:
        """Look up the leading scheduler of the named cluster, and ask it whether it leads.

        Raises:
            ConnectionFailed, CallFailed: there is none, or it does not lead; the message says what it does.
        """
        from aurora_admin.client.health import verified_leader
        from aurora_admin.clusters import find

        return verified_leader(find(cluster), self.out, self.options.timeout_seconds)

    def check(self, reply: Answer) -> None:
        """Log what the scheduler said (docs/cli.md 3.4).

        Raises:
            Refused: it did not say OK.
        """
        self.out.info(f"Response from scheduler: {reply.code_name} (message: {reply.message})")
        if not reply.ok:
            raise Refused

    def confirm(self, question: str) -> None:
        """Return if what the question asks may be done: --yes, or `yes` typed on a terminal.

        Raises:
            DryRun: --dry-run was given.
            Declined: the answer was no, or there was nobody to ask.
        """
        if self.options.dry_run:
            raise DryRun
        if not self.options.is_confirmed and self.out.prompt(f"{question} Type yes to go on: ") != "yes":
            raise Declined("Not confirmed, nothing was changed. Answer yes on a terminal, or give --yes")
