"""Run a command line and return its exit code; the only module that catches and prints errors (docs/cli.md 1)."""

from __future__ import annotations

import gc
import os
import sys

from aurora_admin import __version__
from aurora_admin.errors import DETAILED_EXIT_CODES, ORIGINAL_EXIT_CODES, AdminError, DryRun, UsageError, did_you_mean
from aurora_admin.output import DEBUG, NONE, PLAIN, Output, OutputClosed

TYPE_CHECKING = False  # see output.py
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from types import ModuleType

    from aurora_admin.command import Context
    from aurora_admin.registry import RegisteredCommand, Registry

INTERRUPTED = 130
OUTPUT_CLOSED = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code. Ctrl-C is ignored afterwards: the process only has to end."""
    gc.set_threshold(20_000)  # imported modules stay in memory: collecting among them costs 5 % of a short run
    try:
        code = _reported(list(sys.argv[1:] if argv is None else argv))
        _ignore_interrupts()
    except KeyboardInterrupt:
        _ignore_interrupts()
        return INTERRUPTED
    return code


def _ignore_interrupts() -> None:
    """Keep the exit code: as it ends, Python would restore the default of SIGINT, which kills the process."""
    # This one is built in; the module signal would import eleven others.
    from _signal import SIG_IGN, SIGINT, signal  # type: ignore[import-not-found]

    signal(SIGINT, SIG_IGN)


def _reported(argv: list[str]) -> int:
    """Run one command line, print an error, and return the exit code."""
    out = Output.of_process()
    try:
        code = _run(argv, out)
        out.flush()
    except OutputClosed:
        return OUTPUT_CLOSED
    except AdminError as error:
        return _print_error(error, out)
    except Exception:  # noqa: BLE001 - nothing above can report a bug
        return _print_bug(f"aurora_admin {__version__}", out)
    gc.freeze()  # skips the last collection, at exit
    return code


def _run(argv: list[str], out: Output) -> int:
    if argv == ["--version"]:  # without any further import
        out.print(f"aurora_admin {__version__}")
        return 0
    from aurora_admin.options import TextRequested
    from aurora_admin.registry import Registry

    registry = Registry()
    try:
        return _dispatch(argv, out, registry)
    except TextRequested as request:
        out.print_text(request.text)
        return 0
    finally:
        for problem in registry.problems:
            out.warn(problem)


def _dispatch(argv: list[str], out: Output, registry: Registry) -> int:
    from aurora_admin.parser import find_command

    position = find_command(argv, lambda name: registry.find(name) is not None)
    registered = None if position is None else registry.find(argv[position])
    if position is None or registered is None:
        return _without_command(argv, out, registry)
    return _run_command(registered, argv[:position] + argv[position + 1 :], out, registry)


def _without_command(argv: list[str], out: Output, registry: Registry) -> int:
    from aurora_admin.parser import CommandParser

    names = [command.name for command in registry.commands()]
    parser = CommandParser(names=names)
    words = parser.positionals(argv)
    defaults = [] if words else _rc_options(argv)
    _log_from(out, *parser.parse_leading(defaults + argv).log_level)
    out.print_error(f"Must supply one of the following commands: {', '.join(names)}")
    _print_hint(did_you_mean(words[0], names) if words else None, out)
    return 1


def _run_command(registered: RegisteredCommand, argv: list[str], out: Output, registry: Registry) -> int:
    from aurora_admin.command import Context
    from aurora_admin.parser import CommandParser, options_of
    from aurora_admin.registry import load

    parser = CommandParser(registered.command)
    try:
        module = load(registered, parser)
        argv = _rc_options(argv, registered.command.name) + argv
    except AdminError:
        _start_log(parser.parse(argv, known_only=True), out)
        raise
    args = parser.parse(argv)
    _start_log(args, out)
    out.format = args.output
    if hasattr(module, "check_options"):
        module.check_options(args)
    parser.bind_arguments(args)
    return _carry_out(registered, module, Context(registered.command, out, options_of(args), registry), args)


def _rc_options(argv: list[str], command: str | None = None) -> list[str]:
    """Return the user's default options for a command. They are put before argv, so that argv overrides them."""
    from aurora_admin.options import IGNORE_RC_FILE, rc_file

    if IGNORE_RC_FILE in argv or not os.path.exists(rc_file()):
        return []
    from aurora_admin.rcfile import options_in

    return options_in(rc_file(), command)


def _start_log(args: Namespace, out: Output) -> None:
    if args.obsolete:
        out.print_error(args.obsolete)
    _log_from(out, *args.log_level)
    scheme, level = args.log_to_disk or (PLAIN, NONE)
    if level != NONE:
        from aurora_admin.logfiles import LogFiles
        from aurora_admin.options import LOG_DIR

        out.log_to(LogFiles(args.log_dir or LOG_DIR, scheme, level, is_simple=args.log_simple))


def _log_from(out: Output, scheme: str, level: int) -> None:
    if scheme == PLAIN:
        out.log_from(level)
    else:
        from aurora_admin.logfiles import HEADS

        out.log_from(level, HEADS[scheme])


def _carry_out(registered: RegisteredCommand, module: ModuleType, context: Context, args: Namespace) -> int:
    try:
        module.run(context, args)
    except DryRun:
        # What a program reads on standard output stays complete JSON, csv or tsv.
        (context.out.print if context.out.format == "text" else context.out.info)("Dry run: nothing was changed.")
    except AdminError as error:
        from aurora_admin.advice import add_advice

        add_advice(error, registered.command, module, args)
        if registered.command.original and not _has_detailed_exit_codes(context.out):
            error.exit_code = error.exit_code if error.exit_code in ORIGINAL_EXIT_CODES else 1
        raise
    except OutputClosed:
        raise
    except OSError as error:
        from aurora_admin.advice import system_error

        if context.out.level <= DEBUG:
            _print_traceback(context.out)
        raise system_error(error, registered.command) from error
    except Exception:  # noqa: BLE001 - only here it is known which plugin has the bug
        return _print_bug(f"plugin {registered.plugin}", context.out)
    return 0


def _has_detailed_exit_codes(out: Output) -> bool:
    variable, value = DETAILED_EXIT_CODES
    found = os.environ.get(variable)
    if found and found != value:
        out.warn(f"{variable}={found} has no effect: the only value is {value}")
    return found == value


def _print_error(error: AdminError, out: Output) -> int:
    if isinstance(error, UsageError):
        out.print_error(error.message)
    elif error.message:
        out.fatal(error.message, is_multiline=error.is_multiline)
    _print_hint(error.hint, out, is_needed=error.has_needed_hint)
    return error.exit_code


def _print_hint(hint: str | None, out: Output, *, is_needed: bool = False) -> None:
    if hint and (is_needed or out.is_terminal() or out.level <= DEBUG):
        out.info(hint)


def _print_traceback(out: Output) -> None:
    from traceback import format_exc

    out.print_error(format_exc().removesuffix("\n"))


def _print_bug(where: str, out: Output) -> int:
    _print_traceback(out)
    out.fatal(
        f"This is a bug in {where}. Report it with the lines above. Calls sent before it may have been carried out"
    )
    return 1
