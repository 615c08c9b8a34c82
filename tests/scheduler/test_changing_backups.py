"""A backup whose file changes during its commit is refused; nothing is written, and the scheduler goes on."""

import errno
import os

import pytest

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.reader import read_backup
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.recovery import StagedBackup

TASKS = 20_000


class Changing(StagedBackup):
    """A staged backup that calls `change` after half of its tasks were read."""

    def __init__(self, path, change) -> None:
        super().__init__(read_backup(str(path)))
        self.change = change

    def partial_tasks(self):
        half = self.task_count // 2
        for number, task in enumerate(super().partial_tasks()):
            if number == half:
                self.change()
            yield task


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "sample"
    write_sample(str(path), TASKS)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, original):
    one = tmp_path / "backup"
    one.write_bytes(original)
    return one


def overwrite_tail(path) -> None:
    with path.open("r+b") as file:
        file.seek(-10, os.SEEK_END)
        file.write(bytes(10))


def damage(path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))


@pytest.mark.parametrize(
    "change",
    [
        overwrite_tail,
        damage,
        lambda path: os.truncate(path, path.stat().st_size // 2),
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("elsewhere")),
    ],
    ids=["overwritten", "damaged", "cut short", "deleted", "renamed"],
)
def test_a_backup_that_changes_during_a_commit_is_refused(on_disk, path, change):
    on_disk.write()
    before = on_disk.entries
    staged = Changing(path, lambda: change(path))
    with pytest.raises(BackupError, match="has changed since it was staged; unload and stage it again"):
        on_disk.storage.replace_with(staged)
    assert on_disk.failures == []
    assert on_disk.entries == before
    on_disk.write()
    assert len(on_disk.entries) == len(before) + 1


def test_a_read_error_is_not_reported_as_lack_of_space(on_disk, path, monkeypatch):
    before = on_disk.entries
    staged = StagedBackup(read_backup(str(path)))
    pread = os.pread

    def failing(fd, size, offset):
        if fd == staged.backup.file.fd:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(fd, size, offset)

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(BackupError) as refused:
        on_disk.storage.replace_with(staged)
    monkeypatch.undo()
    assert str(refused.value).startswith(f"Failed to read backup {path} again: Input/output error. Check the disk of ")
    assert on_disk.failures == []
    assert on_disk.entries == before
    on_disk.storage.replace_with(staged)
    assert on_disk.entries != before
