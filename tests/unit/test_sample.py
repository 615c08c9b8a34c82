"""The generated backups."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from aurora_admin.backup.reader import read_backup
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.samples.backup import write_sample
from aurora_admin.snapshot.sections import SECTIONS
from aurora_admin.wire import canonical, codec

COMMITTED = Path(__file__).parents[1] / "data" / "sample-backup"
PEAK = (
    "import resource, sys; from aurora_admin.samples.backup import write_sample; "
    "write_sample(sys.argv[1], int(sys.argv[2])); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


def sample(path: Path, tasks: int, seed: int = 0) -> bytes:
    write_sample(str(path), tasks, seed)
    return path.read_bytes()


def test_the_generator_writes_the_committed_sample(tmp_path):
    assert sample(tmp_path / "new", 60) == COMMITTED.read_bytes()


def test_the_seed_determines_the_cluster(tmp_path):
    assert sample(tmp_path / "one", 100, seed=1) == sample(tmp_path / "same", 100, seed=1)
    assert sample(tmp_path / "one", 100, seed=1) != sample(tmp_path / "other", 100, seed=2)


@pytest.mark.parametrize("tasks", [0, 1, 60, 2500])
def test_every_section_has_records_and_all_tasks_are_present(tmp_path, tasks):
    sample(tmp_path / "backup", tasks)
    backup = read_backup(str(tmp_path / "backup"))
    counts = backup.counts
    assert counts.pop("tasks") == tasks
    retired = {section.name for section in SECTIONS.values() if section.retired}
    assert {name for name, count in counts.items() if not count} == retired
    assert backup.framework_id
    backup.close()


def test_a_sample_is_the_same_after_decoding_and_encoding(tmp_path):
    raw = sample(tmp_path / "backup", 60)
    assert canonical.same(codec.encode(codec.decode(Snapshot, raw)), raw)


def test_tasks_and_jobs_are_as_large_as_real_ones(tmp_path):
    raw = sample(tmp_path / "backup", 5000)
    backup = read_backup(str(tmp_path / "backup"))
    assert 1600 < len(raw) / 5000 < 2000
    instances = Counter(backup.tasks.job)
    assert 40 < sum(instances.values()) / len(instances) < 60
    running = Counter(backup.tasks.status).most_common(1)[0][1]
    assert 0.8 < running / 5000 < 0.95
    backup.close()


def test_memory_does_not_grow_with_the_number_of_tasks(tmp_path):
    def peak_kib(tasks):
        return int(subprocess.check_output([sys.executable, "-c", PEAK, str(tmp_path / "backup"), str(tasks)]))

    assert peak_kib(40_000) < peak_kib(4_000) + 8 * 1024
