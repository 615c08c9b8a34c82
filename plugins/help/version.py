"""Print the name of the program and its version, as the option --version does."""

from argparse import Namespace

from aurora_admin import __version__
from aurora_admin.command import Context

EXAMPLES = "aurora_admin version"


def run(context: Context, args: Namespace) -> None:
    """Print the version."""
    context.out.print(f"aurora_admin {__version__}")
