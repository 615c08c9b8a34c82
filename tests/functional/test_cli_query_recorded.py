"""What the original's `query` printed of the tasks of the backup `small-022` (tests/fixtures/cli/README.md)."""

from tests.support import jobs
from tests.support.recorded_cli import recorded
from tests.support.recorded_text import normalised
from tests.support.thrift_calls import OK, call, code_and_text

ROWS = [row for row in recorded("reference-scheduler-*.jsonl") if row.command == "query"]
# In these the original printed the value of an earlier task where a task had none (Q19).
LEAKING = ("%image%", "%data%")


def lines(text: str) -> list[str]:
    return sorted(normalised(line) for line in text.splitlines())


def test_the_recorded_queries_give_the_same_lines(admin, scheduler, clusters, fixtures):
    west = scheduler()
    (west.backup_dir / jobs.BACKUP).write_bytes((fixtures / "backups" / "small-022").read_bytes())
    assert code_and_text(call(west.url, "stageRecovery", backupId=jobs.BACKUP)) == OK
    assert code_and_text(call(west.url, "commitRecovery")) == OK
    assert west.wait_exit() == 0
    clusters.write(west=west.start().url)
    assert len(ROWS) == 21
    for row in ROWS:
        result = admin(*row.argv)
        assert (result.code, normalised(result.err)) == (row.exit, normalised(row.stderr)), row.line
        ours, theirs = lines(result.out), lines(row.stdout)
        if set(LEAKING) & set(row.argv):
            assert len(ours) == len(theirs)
            assert ours.count("None") > theirs.count("None")
            assert set(ours) - {"None"} == set(theirs) - {"None"}
        else:
            assert ours == theirs, row.line
