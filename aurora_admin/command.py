"""The declaration of a command, and the context it runs in.

Help, manual page, usage, confirmation, dry run and the late import of the command's module come from the declaration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from aurora_admin.errors import BadReply, Declined, DryRun, NoSuchCall, Refused, WrongCluster

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aurora_admin.client.discovery.leader import Leader
    from aurora_admin.client.reply import Reply
    from aurora_admin.client.scheduler import Scheduler
    from aurora_admin.clusters import Cluster
    from aurora_admin.output import Output


class Command(NamedTuple):
    """The declaration of a command; a plugin's hook aurora_admin_commands returns them.

    The module of the command is imported only when the command is used. Its docstring is the description of the
    command. It has `run(context, args)` and EXAMPLES (one command line per line). It may have `configure(parser)`,
    which adds options that take one value or none, `check_options(args)`, which is called before the arguments are
    counted, and the texts IF_UNKNOWN and IF_REFUSED, which say what to do if a call may have been carried out, and if
    the scheduler refused it (advice.py). An option that the original's command of this name does not have is added by
    `parser.add_new`. A command that prints rows has COLUMNS, the meaning of each column by its name, which its manual
    page prints. Another section of that page is the text COMPATIBILITY, if there is one: where the command differs on
    purpose from the original's.

    A command that destroys something (its effect) has --accept-cluster-name, and its Context.scheduler() refuses a
    scheduler of another cluster. If it is not one of the original it also has --yes and
    --dry-run, and calls confirm().

    Each argument is an attribute of `args`; one in brackets may be left out and is None then. Capitals and a unit, as
    in `CLUSTER ram[MGT]`, are only shown: the attributes are `args.cluster` and `args.ram`.

    >>> command = Command("count_tasks", "cluster role [job]", "Count the tasks of a role", "tasks", effect="read")
    >>> command.synopsis
    'count_tasks cluster role [job]'
    >>> command.argument_names
    ['cluster', 'role', 'job']
    """

    name: str
    arguments: str
    summary: str
    category: str
    effect: Literal["read", "write", "destroy"]
    module: str = ""  # absolute, or relative to the plugin; default: the plugin's submodule with the command's name
    options: str = ""  # how the synopsis shows the command's options
    see_also: tuple[str, ...] = ()
    tabular: bool = False  # prints rows: has --output, and the module says in COLUMNS what each column means
    original: bool = (
        False  # the original program has it: no confirmation, and no exit code that its scripts do not know
    )
    stand_ins: tuple[str, ...] = ()  # options (their names in `args`), each of which allows to omit the last argument
    wrong_count: str = ""  # the error for a wrong number of arguments; default: the usage
    too_few: str = ""  # the error for too few arguments, if that is another one

    @property
    def module_name(self) -> str:
        """The name of the command's module, absolute or relative to the plugin."""
        return self.module or "." + self.name.replace("-", "_")

    @property
    def synopsis(self) -> str:
        """The command line in short: name, options, arguments."""
        return " ".join(filter(None, (self.name, self.options, self.arguments))).replace(" \n", "\n")

    @property
    def usage(self) -> str:
        """The first line of the synopsis, which is what the original shows (docs/cli.md 1.5)."""
        return self.synopsis.split("\n", 1)[0].rstrip()

    @property
    def argument_names(self) -> list[str]:
        """The attributes of `args` that hold the arguments."""
        return [word.strip("[]").partition("[")[0].lower() for word in self.arguments.split()]

    @property
    def required_count(self) -> int:
        """How many arguments may not be left out."""
        return sum(not word.startswith("[") for word in self.arguments.split())

    @property
    def needs_confirmation(self) -> bool:
        """Whether the command asks before it destroys something, and so has --yes and --dry-run."""
        return self.effect == "destroy" and not self.original


class Options(NamedTuple):
    """The options of every command that a command may need."""

    bypass_leader_redirect: bool = False
    timeout_seconds: float | None = None  # None: each step has its own default
    is_confirmed: bool = False
    dry_run: bool = False
    accepted_cluster_name: str | None = None


class CommandRegistry(Protocol):
    """What a command may use of the registry."""

    def commands(self) -> Sequence[Command]:
        """Return every installed command, sorted by name."""

    def by_category(self) -> Mapping[str, Sequence[Command]]:
        """Return every installed command by category, both in the order in which the plugins declare them."""

    def help_text(self, name: str) -> str | None:
        """Return what `<command> -h` prints, or None for an unknown command."""


class Context:
    r"""What a command is given: its output, the options of every command, and access to schedulers.

    >>> from argparse import Namespace
    >>> from io import StringIO
    >>> from aurora_admin.output import Output
    >>> from aurora_admin.registry import Registry
    >>> command = Command("forget_role", "cluster role", "Forget a role", "examples", effect="destroy")
    >>> def run(context, args):
    ...     context.confirm(f"Forget {args.role} in {args.cluster}?")
    ...     context.out.print(f"{args.role} is forgotten")
    >>> stdout = StringIO()
    >>> context = Context(command, Output(stdout, StringIO()), Options(is_confirmed=True), Registry())
    >>> run(context, Namespace(cluster="west", role="www"))
    >>> stdout.getvalue()
    'www is forgotten\n'
    """

    def __init__(self, command: Command, out: Output, options: Options, registry: CommandRegistry) -> None:
        self.command = command
        self.out = out
        self.options = options
        self.registry = registry

    def scheduler(self, cluster: str) -> Scheduler:
        """Return a client of the named cluster's scheduler.

        Nothing is sent yet, except by a command that destroys something: it asks the scheduler for its cluster's name.

        Raises:
            UnknownCluster, ConfigError: the cluster is unknown, or clusters.json cannot be used.
            WrongCluster: the command destroys something, and the scheduler serves a cluster of another name.
            AdminError: the command destroys something, and the scheduler could not be asked.
        """
        from aurora_admin.client.scheduler import Scheduler
        from aurora_admin.clusters import find

        found = find(cluster)
        scheduler = Scheduler(
            found,
            self.out,
            bypass_leader_redirect=self.options.bypass_leader_redirect,
            timeout_seconds=self.options.timeout_seconds,
        )
        if self.command.effect == "destroy":
            self._check_cluster_name(scheduler, found)
        return scheduler

    def _check_cluster_name(self, scheduler: Scheduler, cluster: Cluster) -> None:
        try:
            name = scheduler.cluster_name()  # None: releases before 0.6 do not send it
        except NoSuchCall:  # every scheduler has it, so nothing can be destroyed here
            return
        except BadReply as error:
            raise BadReply(f"{error.message}. Nothing was changed", error.hint) from error
        if name and name not in (cluster.name, self.options.accepted_cluster_name):
            from shlex import quote

            raise WrongCluster(
                f"The entry {cluster.name} in {cluster.path} reaches a scheduler of the cluster {name}. Nothing was "
                "changed. Correct the entry; if that scheduler is the right one, give "
                f"--accept-cluster-name={quote(name)}"
            )

    def leader(self, cluster: str) -> Leader:
        """Find the leading scheduler of the named cluster; raise as `client.discovery.leader`."""
        from aurora_admin.client.discovery import leader
        from aurora_admin.clusters import find

        return leader(find(cluster), self.out, self.options.timeout_seconds)

    def verified_leader(self, cluster: str) -> Leader:
        """Find the leading scheduler of the named cluster, and check with that scheduler that it leads.

        Raises:
            ConnectionFailed: no leader was found, or it does not respond.
            CallFailed: the scheduler does not lead; the message says what it does instead.
        """
        from aurora_admin.client.health import verified_leader
        from aurora_admin.clusters import find

        return verified_leader(find(cluster), self.out, self.options.timeout_seconds)

    def check(self, reply: Reply) -> None:
        """Log the response code and the message of a reply (docs/cli.md 3.4).

        Raises:
            Refused: the code is not OK.
        """
        self.out.info(f"Response from scheduler: {reply.code_name} (message: {reply.message})")
        if not reply.ok:
            raise Refused

    def confirm(self, question: str) -> None:
        """Return if the change may be made: --yes was given, or the user types `yes` on the terminal.

        Raises:
            DryRun: --dry-run was given.
            Declined: the user typed something else, or there is no terminal.
        """
        if self.options.dry_run:
            raise DryRun
        if not self.options.is_confirmed and self.out.prompt(f"{question} Type yes to continue: ") != "yes":
            raise Declined("Not confirmed: nothing was changed. Type yes on a terminal, or give --yes")
