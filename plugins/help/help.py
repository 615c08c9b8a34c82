"""List all commands with their synopsis and summary, or explain the named command and its options.

Commands of other installed distributions are listed too. If a plugin cannot be loaded, a warning on standard error says
why, and its commands are not listed.
"""

from argparse import Namespace

from aurora_admin.command import Command, Context
from aurora_admin.errors import Refused

EXAMPLES = "aurora_admin help scheduler_stage_recovery"


def run(context: Context, args: Namespace) -> None:
    """Print the overview, or the help of one command."""
    if args.command is None:
        context.out.print_text("\n\n".join(["Available commands:", *map(entry, context.registry.commands())]))
    else:
        explain(context, args.command)


def explain(context: Context, name: str) -> None:
    """Print the help of the named command."""
    text = context.registry.help_text(name)
    if text is None:
        context.out.print(f"Subcommand {name} not found.")
        raise Refused
    context.out.print_text(text)


def entry(command: Command) -> str:
    """Return the entry of a command in the overview."""
    lines = [f"usage: {command.synopsis}", *command.summary.splitlines()]
    return "\n".join([command.name, *(f"    {line.lstrip()}" for text in lines for line in text.splitlines())])
