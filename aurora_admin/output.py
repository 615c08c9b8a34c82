"""The only module that prints: results on standard output, the log on standard error (docs/cli.md 2)."""

from __future__ import annotations

import io
import os
import sys
from itertools import islice

from aurora_admin.errors import AdminError
from aurora_admin.rows import CSV, FORMATS, TABLE, TEXT, WRITERS, cell_text

TYPE_CHECKING = False  # not from typing: its import alone costs more than --version may
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol, TextIO

    class LogSink(Protocol):
        """Files that log records are appended to; logfiles.LogFiles."""

        folder: str

        def write(self, level: int, texts: Sequence[str]) -> None:
            """Append records, or raise OSError."""


DEBUG, INFO, WARN, ERROR, FATAL, NONE = range(10, 70, 10)
LEVELS = {"DEBUG": DEBUG, "INFO": INFO, "WARN": WARN, "ERROR": ERROR, "FATAL": FATAL, "NONE": NONE}
PREFIXES = {level: f"{name:>5}] " for name, level in LEVELS.items()}
PLAIN, GOOGLE = SCHEMES = ("plain", "google")  # what a record begins with: its level; also time, process and line

BLOCK_LINES = 500
TAB, NEWLINE = "\t", "\n"  # what a text may have that cannot be printed: columns, and in some texts lines


class OutputClosed(Exception):
    """The reader of the results has closed the pipe, so the command can stop."""


class Output:
    r"""Prints the results and the log of a command.

    If the reader of the results closes the pipe, OutputClosed is raised. If the reader of the log does, the records are
    dropped: a command must not stop halfway because of its log.

    Text may come from elsewhere: from a scheduler, a file, a plugin. What cannot be printed in it is shown as an escape
    (`\\x1b`) on a terminal, which would obey it, and in a log record, which it could end. JSON and CSV escape by their
    own rules. Results that are not printed on a terminal have the exact text.

    >>> from io import StringIO
    >>> out = Output(StringIO(), stderr := StringIO())
    >>> out.info("Response from scheduler: OK (message: )")
    >>> stderr.getvalue()
    ' INFO] Response from scheduler: OK (message: )\n'
    """

    def __init__(self, stdout: TextIO | None, stderr: TextIO | None) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._can_log = True  # until a record cannot be written
        self._head: Callable[[int], str] = PREFIXES.__getitem__
        self._files: LogSink | None = None
        self.level = INFO
        self.format = FORMATS[0]

    @classmethod
    def of_process(cls) -> Output:
        """Print to the streams of this process, as UTF-8 in every locale (docs/cli.md 8, Q39)."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="surrogateescape")
        return cls(sys.stdout, sys.stderr)

    def log_from(self, level: int, head: Callable[[int], str] | None = None) -> None:
        """Log records of this level and above. `head` returns what a record of a level begins with."""
        self.level = level
        self._head = head or self._head

    def log_to(self, files: LogSink) -> None:
        """Log to files too. They choose the levels themselves."""
        self._files = files
        if self.level < NONE:
            self.print_error(f"Writing log files to disk in {files.folder}")

    def print(self, line: str = "") -> None:
        """Print one line of the result.

        Raises:
            OutputClosed: the reader has closed the pipe.
            AdminError: the line cannot be written, for example because the disk is full.
        """
        self._print(line, TAB)

    def print_text(self, text: str) -> None:
        """Print a text of several lines, for example a help text; raise as `print`."""
        self._print(text.removesuffix("\n"), TAB + NEWLINE)

    def _print(self, text: str, kept: str) -> None:
        _write_result(self._stdout, (escaped(text, kept) if _is_terminal(self._stdout) else text) + "\n")

    def debug(self, text: str) -> None:
        self._log(DEBUG, text)

    def info(self, text: str, *, is_multiline: bool = False) -> None:
        self._log(INFO, text, TAB + NEWLINE if is_multiline else TAB)

    def warn(self, text: str, *, is_multiline: bool = False) -> None:
        self._log(WARN, text, TAB + NEWLINE if is_multiline else TAB)

    def error(self, text: str) -> None:
        self._log(ERROR, text)

    def fatal(self, text: str, *, is_multiline: bool = False) -> None:
        self._log(FATAL, text, TAB + NEWLINE if is_multiline else TAB)

    def info_many(self, texts: Iterable[str]) -> None:
        """Log a result, one record for each text, and raise as `print`. On a terminal each record appears at once."""
        if not self._can_log:
            raise OutputClosed
        waiting, size = iter(texts), 1 if self.is_terminal() else BLOCK_LINES
        block: list[str] = []
        try:
            for text in waiting:
                block.append(text)
                block.extend(islice(waiting, size - 1))
                self._write_block(block)
        finally:  # the records before an error are correct, and are printed before it
            self._write_block(block)

    def _write_block(self, block: list[str]) -> None:
        texts = self._recorded(block)
        block.clear()
        self._file(INFO, texts)
        if texts and self.level <= INFO:
            _write_result(self._stderr, joined(self._head(INFO), texts))

    def _recorded(self, texts: Sequence[str], kept: str = TAB) -> list[str]:
        """Return texts as they are shown in log records. Invalid UTF-8 stays as it is in a file or a pipe."""
        if "".join(texts).replace(TAB, "").isprintable():  # 20 times as fast as to look at each text
            return list(texts)
        return [escaped(text, kept, keep_surrogates=not self.is_terminal()) for text in texts]

    def print_error(self, text: str) -> None:
        """Print a text on standard error that is not a log record, so that -q does not silence it."""
        self._write_log((escaped(text, TAB + NEWLINE) if self.is_terminal() else text) + "\n")

    def prompt(self, question: str) -> str:
        """Print a question on the terminal and return the line that is typed; empty if there is no terminal."""
        if sys.stdin is None or not sys.stdin.isatty() or not self.is_terminal():
            return ""
        self._write_log(escaped(question))
        return sys.stdin.readline().strip()

    def rows(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print rows in the format of --output; raise as `print`.

        A command whose original printed text prints that itself where `format` is `text`; here that is a table. JSON,
        csv and tsv are printed row by row, a table after the last row.
        """
        if self.format in (TEXT, TABLE) or (self.format == CSV and _is_terminal(self._stdout)):
            rows = ([escaped(cell_text(cell), "") for cell in row] for row in rows)
        for text in WRITERS[self.format](columns, rows):
            _write_result(self._stdout, text)

    def is_terminal(self) -> bool:
        """Return whether standard error is a terminal."""
        return _is_terminal(self._stderr)

    def has_details(self) -> bool:
        """Return whether more is logged than the original logs: on a terminal, and with -v, but not with -q."""
        return self.level <= (INFO if self.is_terminal() else DEBUG)

    def flush(self) -> None:
        """Write out every result that is still buffered; raise as `print`."""
        _write_result(self._stdout, "", flush=True)

    def _log(self, level: int, text: str, kept: str = TAB) -> None:
        texts = self._recorded([text], kept)
        self._file(level, texts)
        if level >= self.level:
            self._write_log(joined(self._head(level), texts))

    def _file(self, level: int, texts: Sequence[str]) -> None:
        """Write to the log files. If a record cannot be written the files are given up, and the command continues."""
        if self._files is None:
            return
        try:
            self._files.write(level, texts)
        except OSError as error:
            folder, self._files = self._files.folder, None
            self.warn(f"The log files in {folder} are incomplete: {error.strerror}. The command continues without them")

    def _write_log(self, text: str) -> None:
        try:
            _write(self._stderr, text, flush=True)
        except OSError:
            self._can_log = False
            discard(self._stderr)


def escaped(text: str, kept: str = TAB, *, keep_surrogates: bool = False) -> str:
    r"""Return text with what cannot be printed as escapes: control characters, line ends, marks of direction.

    >>> escaped("a\x1b[2J\nb\u202ec")
    'a\\x1b[2J\\nb\\u202ec'
    """
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or letter in kept or (keep_surrogates and "\ud800" <= letter <= "\udfff")
        else repr(letter)[1:-1]
        for letter in text
    )


def joined(head: str, texts: Sequence[str]) -> str:
    """Return texts as log records. A text of several lines has one head."""
    return head + f"\n{head}".join(texts) + "\n" if texts else ""


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _write(stream: TextIO | None, text: str, *, flush: bool = False) -> None:
    if stream is None:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:  # one half of a surrogate pair, which JSON may contain
        stream.write(text.encode("utf-8", "backslashreplace").decode())
    if flush:
        stream.flush()


def _write_result(stream: TextIO | None, text: str, *, flush: bool = False) -> None:
    try:
        _write(stream, text, flush=flush)
    except OSError as error:
        discard(stream)
        if isinstance(error, BrokenPipeError):
            raise OutputClosed from error
        raise AdminError(f"Cannot write the result: {error.strerror}. The output is incomplete") from error


def discard(stream: TextIO | None) -> None:
    """Discard what is left in a stream. Otherwise the interpreter tries to write it on exit, and prints an error."""
    if stream is not None:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)
