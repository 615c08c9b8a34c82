"""What is acknowledged was synced to the disk before, by the order of system calls (docs/architecture.md 4.4)."""

import os
import re
import shutil

import pytest

from tests.support.hosts import maintain
from tests.support.storage_steps import RESTORE
from tests.support.storage_trials import StepTrials
from tests.support.waiting import wait_until

TRACE = ("strace", "-f", "-y", "-s", "4", "-e", "trace=/write|sync|send", "-o")
CALL = re.compile(r"^\d+ +(write|pwrite64|fsync|fdatasync|link|linkat|writev)\((.*)$", re.MULTILINE)
OF_FILE = re.compile(r"\d+<([^>]*)>")

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which shows calls, is not installed")


def calls(folder, step):
    """Yield the calls of a step until it prints that it is done, each with the files that it names."""
    trials = StepTrials(folder, step)
    trials.copy()
    assert trials.trace_step("trace=/write|sync|link", "-f", "-y", "-s", "4") == "done"
    for name, rest in CALL.findall(trials.trace.read_text()):
        if name == "writev":
            return
        if name.startswith("link"):
            yield "link", re.findall(r'"([^"]*)"', rest)
        else:
            (path, *_) = OF_FILE.findall(rest) or [""]
            yield "sync" if "sync" in name else "write", [path]


def last(done, kind, path):
    """Return the index of the last call of this kind on a file; -1 if there is none."""
    return max((at for at, (name, paths) in enumerate(done) if name == kind and path in paths), default=-1)


@pytest.mark.parametrize("step", ["write", "snapshot", "commit", RESTORE])
def test_an_entry_is_synced_before_it_is_acknowledged(tmp_path, step):
    done = list(calls(tmp_path, step))
    journal = str(tmp_path / "trial" / "log" / "log.sqlite-wal")
    assert 0 <= last(done, "write", journal) < last(done, "sync", journal)


def test_a_backup_and_its_names_are_synced_before_it_is_acknowledged(tmp_path):
    done = list(calls(tmp_path, "backup"))
    folder = str(tmp_path / "trial" / "backups")
    links = [(at, paths) for at, (kind, paths) in enumerate(done) if kind == "link"]
    assert [re.sub("scheduler-backup-.*", "", os.path.basename(name)) for _, (_, name) in links] == ["manifest_", ""]
    for at, (temporary, _) in links:
        before = done[:at]
        assert 0 <= last(before, "write", temporary) < last(before, "sync", temporary)
        # The name of the manifest is durable before the backup gets its name.
        later = [other for other, _ in links if other > at] or [len(done)]
        assert last(done[: later[0]], "sync", folder) > at


def test_an_entry_of_the_audit_log_is_synced_before_the_reply_is_sent(tmp_path, scheduler):
    trace = tmp_path / "trace"
    running = scheduler(wrapper=(*TRACE, str(trace)))
    audit, folder = f"<{running.log_dir}/audit.log>", f"<{running.log_dir}>"
    for number in (1, 2):
        maintain(running, "endMaintenance", "nosuch")
        wait_until(lambda wanted=number: len(replies(trace)) == wanted, "the reply in the trace")
    first, second = replies(trace)
    for done in (first, second):
        written = next(at for at, line in enumerate(done) if "write(" in line and audit in line)
        assert any("sync(" in line and audit in line for line in done[written:])
    # The name of the new file is durable too.
    assert any("sync(" in line and folder in line for line in first)


def replies(trace):
    """Return the traced calls before each reply."""
    found, before = [], []
    for line in trace.read_text().splitlines():
        before.append(line)
        if '"HTTP"' in line:
            found.append(before)
            before = []
    return found
