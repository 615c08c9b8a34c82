"""Generate manual pages from the declarations of commands.

`python -m aurora_admin.manpages [--distribution NAME] [--output DIR]` writes a page for each command of an installed
distribution, and for aurora_admin itself also the pages of its programs. It needs argparse-manpage (the extra `man`).
The output depends on nothing but the input.
"""

from __future__ import annotations

import re
import sys
from argparse import SUPPRESS, ArgumentParser, HelpFormatter
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from aurora_admin import __version__
from aurora_admin.errors import EXIT_CODES, AdminError
from aurora_admin.manpage_texts import (
    ABOUT,
    ABOUT_COLUMNS,
    ABOUT_WAITS,
    COMPATIBILITY,
    ENVIRONMENT,
    FILES,
    PLUGINS,
    WAITS,
)
from aurora_admin.options import PROGRAM
from aurora_admin.parser import CommandParser
from aurora_admin.registry import OURS, Registry, load, normal_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from argparse_manpage.manpage import Manpage

    from aurora_admin.registry import RegisteredCommand

CHECKOUT = Path(__file__).resolve().parent.parent
DATE = "2026-11-25"  # printed at the foot of a page; --date gives another
MANUAL = "Aurora administration"
LINE_CHARACTERS = 78  # of a page on a terminal with 80 columns
SHOWN_HELP = "--\0help"  # argparse-manpage omits an option that is called --help


class Program(NamedTuple):
    """The contents of a program's page beside its options."""

    summary: str
    exit_codes: dict[int, str]


PROGRAMS = {
    "aurora-reference-scheduler": Program(
        "an Aurora scheduler without Mesos, for rehearsals and tests",
        {
            0: "Stopped by SIGTERM or by Ctrl-C, or restarting after a recovery was committed.",
            1: "Could not start, or had to stop. Standard error has the reason.",
        },
    ),
    "aurora-reference-log": Program(
        "create, show, wipe, restore and extract the log of a scheduler",
        {
            0: "The command succeeded.",
            1: "The command failed. Standard error has the reason.",
            2: "The command line is invalid.",
        },
    ),
}


def pages_of(distribution: str, date: str = DATE) -> dict[str, str]:
    """Return the pages of a distribution's commands, by file name; for aurora_admin also those of its programs.

    Raises:
        AdminError: the distribution has no commands, or one of its plugins cannot be loaded.
    """
    registry = Registry()
    name = normal_name(distribution)
    commands = [registered for registered in registry.in_order() if registered.plugin.distribution == name]
    problems = [text for text in registry.problems if f" of {name} " in text]
    if problems or not commands:
        raise AdminError("\n".join(problems) or f"No installed distribution {distribution} has commands")
    pages = {f"{PROGRAM}-{registered.command.name}.1": _command_page(registered, date) for registered in commands}
    if name == OURS:
        pages[f"{PROGRAM}.1"] = _main_page(commands, date)
        for parser in _program_parsers():
            pages[f"{parser.prog}.1"] = _program_page(parser, date)
    return pages


def _command_page(registered: RegisteredCommand, date: str) -> str:
    command = registered.command
    parser = CommandParser(command)
    module = load(registered, parser)
    for option in parser.common + parser.old:
        option.help = SUPPRESS
    page = _page(parser, f"{PROGRAM}-{command.name}", command.summary, date)
    page.source = f"{registered.plugin.distribution} {registered.plugin.version}"
    page.add_section("common options", "=", "\\fBaurora_admin\\fR(1) has the options of every command.")
    page.add_section(
        "synopsis",
        "=",
        f"{_bold(PROGRAM)} {_bold(command.name)}" + _escaped(" ".join(command.synopsis.split())[len(command.name) :]),
    )
    if command.tabular:
        page.add_section("columns", "=", _paragraphs(ABOUT_COLUMNS) + "\n" + _definitions(module.COLUMNS.items()))
    examples = getattr(module, "EXAMPLES", "").strip()
    if examples:
        page.add_section("examples", "=", f".nf\n{_escaped(examples)}\n.fi")
    if compatibility := getattr(module, "COMPATIBILITY", "").strip():
        page.add_section("compatibility", "=", _paragraphs(compatibility))
    page.add_section("exit status", "=", "0 if the command succeeded. \\fBaurora_admin\\fR(1) has all exit codes.")
    page.add_section("see also", "=", _references([f"{PROGRAM}-{name}" for name in command.see_also] + [PROGRAM]))
    return _text(page, command.name)


def _main_page(commands: Sequence[RegisteredCommand], date: str) -> str:
    parser = CommandParser()
    parser.description = ABOUT
    page = _page(parser, PROGRAM, "administer an Apache Aurora cluster", date)
    page.add_section("synopsis", "=", f"{_bold(PROGRAM)} \\fIcommand\\fR [\\fIoptions\\fR] [\\fIargument\\fR ...]")
    page.add_section("commands", "=", "\n".join(_command_list(commands)))
    page.add_section("waits", "=", _paragraphs(ABOUT_WAITS) + "\n" + _definitions(WAITS.items()))
    page.add_section("exit status", "=", _exit_codes(EXIT_CODES))
    page.add_section("environment", "=", _definitions(ENVIRONMENT))
    page.add_section("files", "=", _definitions(FILES))
    page.add_section("compatibility", "=", _paragraphs(COMPATIBILITY))
    page.add_section("plugins", "=", _paragraphs(PLUGINS))
    page.add_section("see also", "=", _references(PROGRAMS))
    return _text(page)


def _program_page(parser: ArgumentParser, date: str) -> str:
    program = PROGRAMS[parser.prog]
    page = _page(parser, parser.prog, program.summary, date)
    page.add_section("exit status", "=", _exit_codes(program.exit_codes))
    page.add_section("see also", "=", _references([*PROGRAMS, PROGRAM], but=parser.prog))
    return _text(page)


def _program_parsers() -> list[ArgumentParser]:
    # The only import of the scheduler outside of its own programs.
    from aurora_admin.scheduler.flags import parser as scheduler_flags
    from aurora_admin.scheduler.logtool import main as logtool

    return [scheduler_flags.manpage_parser(), logtool.manpage_parser()]


def _page(parser: ArgumentParser, name: str, summary: str, date: str) -> Manpage:
    try:
        from argparse_manpage.manpage import Manpage
    except ImportError as error:
        raise AdminError(
            f"Manual pages need argparse-manpage, which is not installed: pip install '{OURS}[man]'"
        ) from error
    description, parser.description = parser.description or "", None
    _unwrap(parser)
    page = Manpage(parser, {"manual_title": MANUAL, "date": date}, format="single-commands-section")
    page.prog, page.description, page.source = name, summary, f"{OURS} {__version__}"
    page.synopsis[1:] = [_escaped(word) for word in page.synopsis[1:]]
    page.add_section("description", "=", _paragraphs(description))
    return page


def _unwrap(parser: ArgumentParser) -> None:
    """Leave line breaks to man, so that the page does not depend on the terminal, and make it show --help."""
    parser.formatter_class = lambda prog: HelpFormatter(prog, width=10_000)
    for action in parser._actions:  # noqa: SLF001 - argparse has no public access to its sub-parsers
        action.option_strings = [name.replace("--help", SHOWN_HELP) for name in action.option_strings]
        if isinstance(action.choices, dict):
            for one in action.choices.values():
                _unwrap(one)


def _header(page: Manpage, short: str) -> str:
    """Return the line with the titles. Both titles at the head of a page must fit into a line, or they overprint."""
    section = f"({page.section})"
    for title, manual in ((page.prog, page.manual), (short, page.manual), (page.prog, ""), (short, "")):
        if 2 * len(title + section) + len(manual) + 2 <= LINE_CHARACTERS:
            break
    return f'.TH {title.upper()} "{page.section}" "{page.date}" "{page.source}" "{manual}"'


def _text(page: Manpage, short: str = "") -> str:
    """Return the page as mandoc requires: no empty line, no line over 79 characters, no text that begins a macro."""
    text = re.sub(r"\n\n+(?=[^.\n])", "\n.PP\n", str(page).replace("\0", ""))
    _, *body = re.sub(r"\n+", "\n", re.sub(r"\n\.PP\n+(?=\.)", "\n", text)).splitlines()
    lines = [_header(page, short or page.prog)]
    is_filled = True
    for line in body:
        is_macro = re.match(r"\.[A-Z]{1,2}\b|\.(nf|fi)$", line)
        if is_macro:
            is_filled = line != ".nf" and (is_filled or line == ".fi")
        keep = is_macro or not is_filled or lines[-1] == ".TP"  # the line after .TP is its tag
        pieces = [line] if keep else wrap(line, 79, break_long_words=False, break_on_hyphens=False)
        lines += pieces if is_macro else [re.sub(r"^(?=[.'])", r"\\&", piece) for piece in pieces]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-")


def _paragraphs(text: str) -> str:
    return "\n.PP\n".join(" ".join(_escaped(paragraph).split()) for paragraph in text.split("\n\n"))


def _bold(text: str) -> str:
    return f"\\fB{_escaped(text)}\\fR"


def _definitions(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f".TP\n{_bold(term)}\n{_paragraphs(meaning)}" for term, meaning in rows)


def _exit_codes(table: Mapping[int, str]) -> str:
    return _definitions((str(code), table[code]) for code in sorted(table))


def _references(names: Iterable[str], but: str = "") -> str:
    return ",\n".join(f"{_bold(name)}(1)" for name in sorted(names) if name != but)


def _command_list(commands: Iterable[RegisteredCommand]) -> Iterator[str]:
    by_category: dict[str, list[RegisteredCommand]] = {}  # a category may have commands of several plugins
    for registered in commands:
        by_category.setdefault(registered.command.category, []).append(registered)
    for category, members in by_category.items():
        yield f".SS {category.capitalize()}"
        yield _definitions((registered.command.name, registered.command.summary + ".") for registered in members)


def main() -> None:
    """Write the pages. Exit with one line that has the reason if that is impossible."""
    parser = ArgumentParser(prog="python -m aurora_admin.manpages", description=__doc__)
    parser.add_argument(
        "--distribution", metavar="NAME", default=OURS, help=f"distribution with the commands (default: {OURS})"
    )
    parser.add_argument(
        "--output", metavar="DIR", type=Path, help="folder of the pages (default: man/ of the checkout)"
    )
    parser.add_argument("--date", metavar="YYYY-MM-DD", default=DATE, help="date at the foot of the pages")
    args = parser.parse_args()
    if args.output is None and args.distribution == OURS and (CHECKOUT / "setup.cfg").exists():
        args.output = CHECKOUT / "man"
    if args.output is None:
        parser.error("name the folder of the pages: --output=DIR")
    try:
        pages = pages_of(args.distribution, args.date)
        args.output.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (args.output / name).write_text(text, encoding="utf-8")
    except AdminError as error:
        sys.exit(error.message)
    except OSError as error:
        sys.exit(f"Cannot write {error.filename}: {error.strerror}. Choose another folder with --output")


if __name__ == "__main__":
    main()
