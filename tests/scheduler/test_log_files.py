"""The files of the SQLite log when they are copied, damaged or cannot be locked (docs/replicated-log.md 2.6)."""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading

import pytest

from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.scheduler.storage.log import Log
from aurora_admin.scheduler.storage.sqlite.admin import initialize
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.snapshot.sections import QUOTAS
from tests.support.places import CHECKOUT
from tests.support.storage import StorageOnDisk


def save(on_disk, number):
    with on_disk.storage.transaction() as transaction:
        transaction.ops.append(ops.save_quota(b"%05d" % number, b"\x00"))


def roles(on_disk):
    with on_disk.storage.read() as stores:
        return sorted(int(role) for role in stores.sections[QUOTAS])


@pytest.mark.parametrize("journal", ["copied", "not copied"])
def test_a_copy_of_a_live_log_is_an_earlier_state_or_refused(on_disk, tmp_path, journal):
    """A copy taken while a scheduler writes has the state of one moment, and never a mixture of two."""
    ended = threading.Event()
    written = []

    def write():
        while not ended.is_set():
            save(on_disk, len(written))
            written.append(None)
            if len(written) % 40 == 0:
                on_disk.storage.snapshot()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        read = 0
        for number in range(12):
            copy = tmp_path / f"copy{number}"
            ignored = shutil.ignore_patterns("*-wal", "*-shm") if journal == "not copied" else None
            before = len(written)
            try:
                shutil.copytree(tmp_path / "log", copy, ignore=ignored)
            except shutil.Error:  # SQLite deleted a file meanwhile
                continue
            try:
                found = roles_of(copy)
            except LogError:
                continue
            read += 1
            assert found == list(range(len(found))), number
            assert journal == "not copied" or len(found) >= before - 40, (number, before, len(found))
    finally:
        ended.set()
        writer.join()
    assert read, "every copy was refused"


def roles_of(folder):
    copy = StorageOnDisk(str(folder))
    with contextlib.closing(copy.engine):
        return roles(copy)


def test_a_damaged_log_file_is_refused_with_one_line(tmp_path, sweep):
    """SQLite's pages have no checksum: some damage is not noticed, but none may raise anything but LogError."""
    initialize(str(tmp_path / "log"))
    on_disk = StorageOnDisk(str(tmp_path / "log"))
    for number in range(30):
        save(on_disk, number)
    on_disk.storage.snapshot()
    save(on_disk, 30)
    on_disk.engine.close()
    path = tmp_path / "log" / "log.sqlite"
    raw = path.read_bytes()
    rng = random.Random(11)
    refusals = []
    for position in sweep(range(len(raw)), 120):
        damaged = bytearray(raw)
        damaged[position] ^= rng.randrange(1, 256)
        for file in (tmp_path / "log").iterdir():
            file.unlink()
        path.write_bytes(damaged)
        try:
            replay(str(tmp_path / "log"))
        except LogError as error:
            refusals.append(str(error))
    assert any("is damaged (" in text for text in refusals), "SQLite's own check found nothing"
    assert not [text for text in refusals if "\n" in text]


def test_a_log_without_its_tables_is_damaged_and_advised_to_be_restored(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "log.sqlite")) as database:
        database.execute("CREATE TABLE other (id)")
    with pytest.raises(LogError, match=r"no such table: meta\. .* restore a backup") as refused:
        SqliteLog(str(tmp_path))
    assert "may be undamaged" not in str(refused.value)


def replay(folder):
    with contextlib.closing(SqliteLog(folder)) as engine:
        Log(engine, folder, 4096).replay(Stores(folder))


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which injects faults, is not installed")
def test_on_a_file_system_without_locks_the_error_says_so(tmp_path):
    initialize(str(tmp_path / "log"))
    command = [
        "strace",
        "-o",
        os.devnull,
        "--inject=flock:error=ENOLCK",
        sys.executable,
        "-m",
        "tests.support.storage_steps",
        "start",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert "No locks available" in done.stdout, done
    assert "in use" not in done.stdout
