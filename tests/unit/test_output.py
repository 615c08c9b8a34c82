"""Rows in three formats, records in blocks, and text that cannot be encoded."""

import csv
import getpass
import io
import json
import os
import re
import time

import pytest

from aurora_admin.errors import AdminError
from aurora_admin.logfiles import HEADS, LogFiles
from aurora_admin.output import BLOCK_LINES, FORMATS, GOOGLE, INFO, NONE, PLAIN, Output

ROWS = [("stage", "OK", 1.5), ('a,b\n"c"', "naïve", None)]


class Counted(io.StringIO):
    """Counts writes."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


@pytest.fixture
def out() -> Output:
    return Output(io.StringIO(), Counted())


def rows(out: Output, style: str, given=ROWS) -> str:
    out.format = style
    out.rows(["step", "result", "seconds"], iter(given))
    return out._stdout.getvalue()


def test_json(out):
    assert json.loads(rows(out, "json")) == {
        "version": 1,
        "rows": [
            {"step": "stage", "result": "OK", "seconds": 1.5},
            {"step": ROWS[1][0], "result": "naïve", "seconds": None},
        ],
    }


def test_csv(out):
    assert list(csv.reader(io.StringIO(rows(out, "csv")))) == [
        ["step", "result", "seconds"],
        ["stage", "OK", "1.5"],
        [ROWS[1][0], "naïve", ""],
    ]


def test_table(out):
    assert rows(out, "table", [("stage", "OK", 1.50), ("007", "1e5", 3)]) == (
        "step    result    seconds\n------  --------  ---------\nstage   OK        1.5\n007     1e5       3\n"
    )


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("json", '{"version": 1, "rows": []}\n'),
        ("csv", "step,result,seconds\n"),
        ("tsv", "step\tresult\tseconds\n"),
    ],
)
def test_no_rows(out, style, text):
    assert rows(out, style, []) == text


@pytest.mark.parametrize("style", sorted(set(FORMATS) - {"text", "table"}))
def test_rows_are_printed_before_the_last_one_is_there(out, style):
    def endless():
        yield from ROWS
        raise AdminError("broken off")

    with pytest.raises(AdminError):
        rows(out, style, endless())
    assert "stage" in out._stdout.getvalue()


def test_many_records_are_written_in_blocks(out):
    out.info_many(str(number) for number in range(100_000))
    written = out._stderr.getvalue()
    assert written == "".join(f" INFO] {number}\n" for number in range(100_000))
    assert out._stderr.writes <= 100_000 / BLOCK_LINES + 1


def test_records_before_an_error_are_written(out):
    def broken():
        yield "right"
        raise AdminError("broken off")

    with pytest.raises(AdminError):
        out.info_many(broken())
    assert out._stderr.getvalue() == " INFO] right\n"


def test_an_error_is_raised_also_if_the_records_are_hidden(out):
    def broken():
        yield "right"
        raise AdminError("broken off")

    out.level = NONE
    with pytest.raises(AdminError):
        out.info_many(broken())
    assert out._stderr.getvalue() == ""


def test_half_a_surrogate_pair_is_escaped():
    raw = io.BytesIO()
    out = Output(io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape"), None)
    out.print("a\ud800b")
    out.print("c\udcffd")
    out.flush()
    assert raw.getvalue() == b"a\\ud800b\nc\xffd\n"


def test_a_record_is_one_write(out):
    out.fatal("two\nlines 100% literally", is_multiline=True)
    assert (out._stderr.getvalue(), out._stderr.writes) == ("FATAL] two\nlines 100% literally\n", 1)


HOSTILE = "a\x1b[2J\r\nb\u202ec\x9b\u2028\x00\u200b\ufeffé中\td"
ESCAPED = r"a\x1b[2J\r\nb\u202ec\x9b\u2028\x00\u200b\ufeffé中"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("log", [Output.info, Output.warn, Output.error, Output.fatal])
def test_a_record_is_one_line_whatever_it_quotes(out, tmp_path, log):
    out.log_to(LogFiles(str(tmp_path), PLAIN, INFO, is_simple=True))
    out._stderr = io.StringIO()
    log(out, HOSTILE)
    out.info_many(["first", HOSTILE])
    assert out._stderr.getvalue()[7:] == f"{ESCAPED}\td\n INFO] first\n INFO] {ESCAPED}\td\n"
    assert (tmp_path / "aurora-admin.log").read_text() == out._stderr.getvalue()


def test_results_are_exact_in_a_pipe_and_escaped_on_a_terminal():
    for stream, shown in ((io.StringIO(), HOSTILE), (Terminal(), f"{ESCAPED}\td")):
        Output(stream, None).print(HOSTILE)
        assert stream.getvalue() == f"{shown}\n"


def test_a_text_of_several_lines_keeps_them_on_a_terminal():
    Output(stream := Terminal(), None).print_text("one\n\ttwo \x1b[2J\n")
    assert stream.getvalue() == "one\n\ttwo \\x1b[2J\n"


def test_what_is_no_record_is_escaped_on_a_terminal():
    out = Output(None, stream := Terminal())
    out.print_error("one\ntwo \x1b[2J")
    assert stream.getvalue() == "one\ntwo \\x1b[2J\n"


def test_invalid_utf_8_is_escaped_on_a_terminal_only():
    for stream, shown in ((io.StringIO(), "a\udc9b\n"), (Terminal(), "a\\udc9b\n")):
        Output(None, stream).info("a\udc9b")
        assert stream.getvalue() == f" INFO] {shown}"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_the_cells_of_a_table_are_escaped(stream):
    assert ESCAPED + r"\td" in rows(Output(stream(), None), "table", [(HOSTILE, 1, None)])


def test_json_escapes_by_its_own_rules():
    text = rows(Output(io.StringIO(), None), "json", [(HOSTILE, 1, None)])
    assert all(line.isprintable() for line in text.splitlines())
    assert json.loads(text)["rows"][0]["step"] == HOSTILE


def test_csv_is_exact_in_a_pipe_and_escaped_on_a_terminal():
    exact = rows(Output(io.StringIO(newline=""), None), "csv", [(HOSTILE, 1, None)])
    assert list(csv.reader(io.StringIO(exact, newline="")))[1][0] == HOSTILE
    assert ESCAPED + r"\td,1" in rows(Output(Terminal(), None), "csv", [(HOSTILE, 1, None)])


def test_rows_in_the_log_go_to_the_log_files_too(out, tmp_path):
    out.log_to(LogFiles(str(tmp_path), PLAIN, INFO, is_simple=True))
    out.level = NONE
    out.info_many(f"task {number}" for number in range(BLOCK_LINES + 1))
    out.warn("that is all")
    lines = (tmp_path / "aurora-admin.log").read_text().splitlines()
    assert lines == [*(f" INFO] task {number}" for number in range(BLOCK_LINES + 1)), " WARN] that is all"]


def test_the_place_in_a_google_record_is_the_line_that_logs_it(out):
    out.log_from(INFO, HEADS[GOOGLE])
    out.info_many(["a row"])
    out.warn("half of a pair: \ud800")
    row, warning = out._stderr.getvalue().splitlines()
    assert re.fullmatch(rf"I\d{{4}} [\d:.]{{15}} {os.getpid()} test_output\.py:\d+\] a row", row)
    assert re.fullmatch(rf"W\d{{4}} [\d:.]{{15}} {os.getpid()} test_output\.py:\d+\] half .*", warning)


def test_a_log_file_is_not_written_through_a_link(tmp_path):
    """The names can be guessed, and every user may write in the default folder."""
    host, user, now = os.uname().nodename, getpass.getuser(), time.time()
    for second in range(120):
        date = time.strftime("%Y%m%d-%H%M%S", time.localtime(now + second))
        (tmp_path / f"aurora-admin.{host}.{user}.log.INFO.{date}.{os.getpid()}").symlink_to(tmp_path / "precious")
    with pytest.raises(AdminError, match="Cannot write log files in"):
        LogFiles(str(tmp_path), PLAIN, INFO, is_simple=False)
    assert not (tmp_path / "precious").exists()
