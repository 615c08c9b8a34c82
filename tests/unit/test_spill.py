"""The file of task records: errors name the cause, and not always the free space."""

import pytest

from aurora_admin.scheduler.state.spill import Spill
from aurora_admin.scheduler.storage.engine import LogError


def test_a_folder_that_was_deleted_is_named(tmp_path):
    folder = tmp_path / "gone"
    with pytest.raises(LogError) as caught:
        Spill(str(folder))
    assert str(caught.value) == (
        f"Failed to write task records to a temporary file in {folder}: No such file or directory. {folder} is "
        "missing: check the path, and that its disk is mounted. The log was not touched. Start again then."
    )


def test_a_folder_that_is_a_file_is_not_a_lack_of_space(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match=r"Not a directory.*a file where there should be a folder") as caught:
        Spill(str(tmp_path / "file"))
    assert "space" not in str(caught.value)


def test_a_record_is_read_where_it_was_written(tmp_path):
    spill = Spill(str(tmp_path))
    assert [spill.append(b"abc"), spill.append(b"de")] == [0, 3]
    spill.flush()
    with open(f"/proc/self/fd/{spill.fd}", "rb") as file:
        assert file.read() == b"abcde"
