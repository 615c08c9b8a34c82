"""List every command there is, with its synopsis and what it does, or explain the one that is named with its options.

Commands of other installed distributions are listed too. A plugin that cannot be loaded is left out and named, with the
cause, on standard error.
"""

from argparse import Namespace

from aurora_admin.command import Command, Context
from aurora_admin.errors import Refused

EXAMPLES = "aurora_admin help scheduler_stage_recovery"


def run(context: Context, args: Namespace) -> None:
    """Print the overview, or the help of one command."""
    if args.command is None:
        context.out.print("\n\n".join(["Available commands:", *map(entry, context.registry.commands())]))
    else:
        explain(context, args.command)


def explain(context: Context, name: str) -> None:
    """Print the help of the named command."""
    text = context.registry.help_text(name)
    if text is None:
        context.out.print(f"Subcommand {name} not found.")
        raise Refused
    context.out.print(text.removesuffix("\n"))


def entry(command: Command) -> str:
    """Return the entry of a command in the overview."""
    lines = [f"usage: {command.synopsis}", *command.summary.splitlines()]
    return "\n".join([command.name, *(f"    {line.lstrip()}" for text in lines for line in text.splitlines())])
