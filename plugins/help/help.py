"""List all commands with their synopsis and summary, or explain the named command and its options.

The commands are listed by subject, in the order in which they are used. `help recovery` prints the runbook of a
restore: the commands of every step, and what each step prevents.

Commands of other installed distributions are listed too. If a plugin cannot be loaded, a warning on standard error says
why, and its commands are not listed.
"""

from argparse import Namespace

from aurora_admin.command import Command, Context
from aurora_admin.errors import Refused, did_you_mean

EXAMPLES = """\
aurora_admin help scheduler_stage_recovery
aurora_admin help recovery
"""
TOPIC = "recovery"


def run(context: Context, args: Namespace) -> None:
    """Print the overview, or the help of one command."""
    if args.command is None:
        context.out.print_text(overview(context))
    else:
        explain(context, args.command)


def overview(context: Context) -> str:
    """Return all commands by category, and the topics."""
    parts = ["Available commands:"]
    for category, commands in context.registry.by_category().items():
        parts += [f"{category.capitalize()}:", *map(entry, commands)]
    return "\n\n".join([*parts, f"How to restore a backup, step by step: aurora_admin help {TOPIC}"])


def explain(context: Context, name: str) -> None:
    """Print the help of the named command or topic."""
    text = context.registry.help_text(name)
    if text is None and name == TOPIC:
        from aurora_admin.plugins.help import recovery

        text = recovery.__doc__
    if text is None:
        context.out.print(f"Subcommand {name} not found.")
        known = [command.name for command in context.registry.commands()]
        raise Refused(did_you_mean(name, [*known, TOPIC]))
    context.out.print_text(text)


def entry(command: Command) -> str:
    """Return the entry of a command in the overview."""
    lines = [f"usage: {command.synopsis}", *command.summary.splitlines()]
    return "\n".join([command.name, *(f"    {line.strip()}" for text in lines for line in text.splitlines())])
