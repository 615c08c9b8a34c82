"""Files that appear complete or not at all, written in blocks and read back."""

import errno
import hashlib
import os
import random
from types import SimpleNamespace

import pytest

from aurora_admin.backup import atomic_file
from aurora_admin.backup.atomic_file import ReadBackMismatch, TemporaryFile


def pieces(size: int):
    rng = random.Random(size)
    while size > 0:
        piece = rng.randbytes(min(size, rng.randrange(1, 300_000)))
        size -= len(piece)
        yield piece


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 1 << 20, (1 << 20) + 1, 20_000_001])
def test_a_file_has_the_written_bytes(tmp_path, monkeypatch, size):
    monkeypatch.setattr(atomic_file, "FLUSH_BYTES", 3 << 20)
    with TemporaryFile(str(tmp_path)) as file:
        digest = file.write(pieces(size))
        file.link("named")
    raw = (tmp_path / "named").read_bytes()
    assert raw == b"".join(pieces(size))
    assert digest == hashlib.sha256(raw).hexdigest()
    assert os.listdir(tmp_path) == ["named"]


def test_files_are_renamed_on_a_file_system_without_links(tmp_path, monkeypatch):
    def refuse_link(source, target):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse_link)
    with TemporaryFile(str(tmp_path)) as file:
        file.write([b"complete"])
        (tmp_path / "taken").write_bytes(b"other")
        with pytest.raises(PermissionError):
            file.link("taken")
        file.link("named")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"named": b"complete", "taken": b"other"}


@pytest.mark.parametrize("size", [100, 20_000_001])
def test_a_disk_that_returns_other_bytes_is_detected(tmp_path, monkeypatch, size):
    def forgetful(fd, count, offset):
        data = os.pread(fd, count, offset)
        return data if offset else data[:50] + bytes([data[50] ^ 1]) + data[51:]

    monkeypatch.setattr(atomic_file, "FLUSH_BYTES", 3 << 20)
    monkeypatch.setattr(atomic_file, "os", SimpleNamespace(**{**vars(os), "pread": forgetful}))
    with (
        pytest.raises(ReadBackMismatch, match="returned other bytes than were written"),
        TemporaryFile(str(tmp_path)) as file,
    ):
        file.write(pieces(size))
    assert os.listdir(tmp_path) == []


def test_an_existing_file_is_not_replaced(tmp_path):
    (tmp_path / "named").write_text("first")
    with TemporaryFile(str(tmp_path)) as file:
        file.write([b"second"])
        with pytest.raises(FileExistsError):
            file.link("named")
    assert (tmp_path / "named").read_text() == "first"
