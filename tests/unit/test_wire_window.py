"""A window moves over a source that returns pieces of any size, and keeps marked bytes."""

import io
import os
import random

import pytest

from aurora_admin.gen.slim import ttypes as slim
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.wire import codec
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError
from aurora_admin.wire.limits import UNKNOWN_LENGTH, Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.struct import NoFields
from aurora_admin.wire.window import Window
from tests.support.wire import at_most, sample, snapshots

SIZES = (1, 2, 3, 7, 64, 4096)
TASKS = 4


def short_reads(raw, seed):
    """A source that often returns fewer bytes than requested."""
    source, rng = io.BytesIO(raw), random.Random(seed)
    return lambda length: source.read(rng.randint(1, min(length, 50)))


def tasks_of(reader):
    """Skip to the tasks of a snapshot; return their number."""
    while True:
        ttype, number = reader.field()
        if number == TASKS:
            return reader.container()[1]
        reader.skip(ttype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("snapshot", snapshots())
def test_decoding_across_small_windows_gives_the_same_struct(snapshot, size):
    raw = snapshot()
    window = Window(io.BytesIO(raw).read, size=size)
    decoded = Reader(window, UNKNOWN_LENGTH).struct(Snapshot)
    assert window.position == len(raw)
    assert window.at_end()
    assert same(decoded, codec.decode(Snapshot, raw))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("snapshot", snapshots())
def test_each_struct_can_be_sliced_whatever_the_size_of_the_window(snapshot, size):
    raw = snapshot()
    reader = Reader(Window(io.BytesIO(raw).read, size=size), UNKNOWN_LENGTH)
    found = []
    for start, task, end in reader.structs(slim.ScheduledTask, tasks_of(reader)):
        found.append(reader.slice(start, end))
        assert found[-1] == raw[start:end]
        assert task.assignedTask.taskId in found[-1]
        assert codec.decode(slim.ScheduledTask, found[-1]) == task
    assert found


def test_short_reads_are_put_together():
    raw = sample()
    decoded = Reader(Window(short_reads(raw, 1)), UNKNOWN_LENGTH).struct(Snapshot)
    assert same(decoded, codec.decode(Snapshot, raw))


@pytest.mark.parametrize("size", SIZES)
def test_marked_bytes_are_kept_across_refills(size):
    raw = sample()
    reader = Reader(Window(short_reads(raw, 2), size=size), UNKNOWN_LENGTH)
    reader.field()
    reader.i64()
    start = reader.mark()
    for _ in range(3):
        reader.skip(reader.field()[0])
    assert reader.slice(start, reader.position) == raw[start : reader.position]
    assert reader.slice(start + 5, start + 9) == raw[start + 5 : start + 9]


def test_at_end_loses_no_bytes():
    window = Window(io.BytesIO(b"abcdef").read, size=2)
    assert not window.at_end()
    start = window.mark()
    for _ in range(3):
        assert not window.at_end()
        window.readAll(2)
    assert window.at_end()
    assert window.slice(start, window.position) == b"abcdef"


def test_bytes_that_were_not_kept_cannot_be_sliced():
    window = Window(io.BytesIO(bytes(100)).read, size=10)
    window.readAll(50)
    window.readAll(1)
    with pytest.raises(ValueError, match="the window holds bytes"):
        window.slice(0, 10)


def test_positions_are_positions_in_the_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before" + sample() + b"after")
    fd = os.open(path, os.O_RDONLY)
    window = Window.of_file(fd, 6, 6 + len(sample()), size=100)
    Reader(window, Limits.of_length(len(sample()))).struct(NoFields)
    assert window.position == 6 + len(sample())
    assert window.at_end()
    os.close(fd)


def test_a_truncated_file_is_the_end_of_the_input(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(sample()[:-100])
    fd = os.open(path, os.O_RDONLY)
    reader = Reader(Window.of_file(fd, 0, len(sample()), size=100), Limits.of_length(len(sample())))
    with pytest.raises(WireError) as raised:
        reader.struct(NoFields)
    os.close(fd)
    assert raised.value.java_class == "TTransportException"
    assert raised.value.offset == len(sample()) - 100


class SourceFailed(OSError):
    pass


def test_exceptions_of_the_source_pass_through_at_every_byte():
    raw = b"\x0d\x00\x01\x0b\x0b\x00\x00\x00\x01\x00\x00\x00\x01k\x00\x00\x00\x01v\x00"
    for cut in range(len(raw)):
        source = io.BytesIO(raw[:cut])

        def read(length, source=source):
            piece = source.read(1)
            if not piece:
                raise SourceFailed
            return piece

        with pytest.raises(SourceFailed):
            Reader(Window(read, size=1), UNKNOWN_LENGTH).struct(slim.SchedulerMetadata)
        source.seek(0)
        with pytest.raises(SourceFailed):
            Reader(Window(read, size=1), UNKNOWN_LENGTH).skip(12)


def test_no_more_bytes_are_requested_than_have_arrived():
    sizes = []
    source = io.BytesIO(b"\x7f\xff\xff\xff" + bytes(1000))

    def read(length):
        sizes.append(length)
        return source.read(length)

    reader = Reader(Window(read, size=16), Limits(string=2**31 - 1, container=10))
    with pytest.raises(WireError):
        reader.string()
    assert max(sizes) <= 1004


def test_a_long_string_is_skipped_without_keeping_it_in_memory():
    length = 40 << 20
    pieces = iter([length.to_bytes(4, "big"), *[bytes(1 << 20)] * 40])
    reader = Reader(Window(lambda _: next(pieces, b"")), Limits(string=length, container=1))
    with at_most(8 << 20):
        reader.skip(11)
    assert reader.position == length + 4


def test_marked_bytes_are_copied_few_times():
    """The bytes copied for a long marked struct do not grow with the square of its length."""
    raw = sample() * 20
    sizes = []
    source = io.BytesIO(raw)

    def read(length):
        sizes.append(length)
        return source.read(length)

    window = Window(read, size=100)
    window.mark()
    for _ in range(len(raw) // 50):
        window.readAll(50)
    assert len(sizes) < 50
