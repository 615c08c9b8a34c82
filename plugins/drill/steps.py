"""The steps of a drill: each does one thing that an operator would do, and says what came of it."""

import re
from collections.abc import Collection
from pathlib import Path

from aurora_admin.backup.file import BackupError
from aurora_admin.backup.reader import Backup, read_backup
from aurora_admin.client.reply import STATUS_NAMES
from aurora_admin.client.scheduler import ACTIVE
from aurora_admin.command import Context
from aurora_admin.plugins.drill.background import StepFailed
from aurora_admin.plugins.drill.sandbox import CLUSTER, Sandbox, read_lines
from aurora_admin.snapshot.sections import SECTIONS
from aurora_admin.wire import fields
from aurora_admin.wire.canonical import same

DELETED_TASKS = 3
# What can be typed as a part of a comma-separated argument.
PLAIN_ID = re.compile(rb"\w[\w.-]*", re.ASCII)
NAMED_IDS = 5
# What a line of the scheduler's log begins with.
TIME_AND_LEVEL = re.compile(r"^\S+ [A-Z]+ ")


class Drill:
    """What the steps share: the sandbox, the backup as it was, and what was deleted on the way."""

    def __init__(self, sandbox: Sandbox, name: str, backup: Backup, context: Context) -> None:
        self.sandbox, self.name, self.backup, self.context = sandbox, name, backup, context
        plain = [task_id for task_id in backup.tasks.ids if PLAIN_ID.fullmatch(task_id)]
        wanted = min(DELETED_TASKS, (len(plain) + 1) // 2)
        self.deleted = {plain[number * len(plain) // wanted] for number in range(wanted)}

    def start(self) -> str:
        """Make a log and start a scheduler on it."""
        self.sandbox.initialize_log()
        self.sandbox.start()
        return self.sandbox.url

    def list_backups(self) -> str:
        """Find the backup in the list."""
        lines = list(read_lines(self.sandbox.admin("scheduler_list_backups", CLUSTER)))
        if self.name not in lines:
            raise StepFailed(f"{self.name} is not in the list: {', '.join(lines)}")
        return self.name

    def stage(self) -> str:
        """Stage the backup, and pass on what the scheduler says of it: counts, age, framework ids."""
        self.sandbox.admin("scheduler_stage_recovery", CLUSTER, self.name)
        for line in self.sandbox.news():
            if not self.sandbox.is_shown:
                self.context.out.info(TIME_AND_LEVEL.sub("", line))
        counts = (f"{count} {section}" for section, count in self.backup.counts.items() if count)
        return ", ".join(counts) or "it is empty"

    def print_tasks(self) -> str:
        """Print the staged tasks, and find as many rows as there are active ones."""
        lines = read_lines(self.sandbox.admin("scheduler_print_recovery_tasks", CLUSTER))
        printed = sum("\t" in line for line in lines) - 1  # the header
        active = sum(STATUS_NAMES.get(status) in ACTIVE for status in self.backup.tasks.status)
        if printed != active:
            raise StepFailed(f"{printed} rows, but {active} active tasks stand in the backup")
        return f"{printed} active tasks"

    def delete(self) -> str:
        """Delete some tasks from what is staged."""
        if self.deleted:
            ids = b",".join(sorted(self.deleted)).decode()
            self.sandbox.admin("scheduler_delete_recovery_tasks", CLUSTER, ids)
        return f"{len(self.deleted)} tasks"

    def commit(self) -> str:
        """Commit, and see the scheduler end with success."""
        self.sandbox.admin("scheduler_commit_recovery", CLUSTER)
        return self.see_exit()

    def see_exit(self) -> str:
        """Wait until the scheduler has ended, with success."""
        code, news = self.sandbox.scheduler.wait_exit(), self.sandbox.news()
        if code:
            raise StepFailed(f"the scheduler ended with {code}: {''.join(news[-1:])}")
        return "the scheduler ended with 0"

    def restart(self) -> str:
        """Start the scheduler again, as its supervisor would."""
        self.sandbox.start()
        return self.sandbox.url

    def compare_tasks(self) -> str:
        """Compare every task that the scheduler answers with the one that stands in the backup.

        Only ids are kept: memory does not grow with what the tasks hold.
        """
        missing = self.backup.tasks.ids.keys() - self.deleted
        expected, wrong = len(missing), list[bytes]()
        for raw in self.sandbox.tasks(self.context):
            task_id = (fields.get(raw, 1, 1) or b"")[4:]
            if task_id not in missing or not _is_same(raw, self.backup.record(task_id)):
                wrong.append(task_id)
            missing.discard(task_id)
        if wrong or missing:
            raise StepFailed(f"missing: {_some(missing)}; different, or not from the backup: {_some(wrong)}")
        return f"{expected} tasks, each as in the backup{_shape(self.backup.upgrader.summary)}"

    def compare_the_rest(self) -> str:
        """Have the scheduler make a backup of its own, and find every other record of the first one in it."""
        again, compared = self._new_backup(), 0
        if again.framework_id != self.backup.framework_id:
            raise StepFailed(f"the framework id is {again.framework_id}, not {self.backup.framework_id}")
        for number, section in SECTIONS.items():
            old, new = self.backup.sections.get(number, {}), again.sections.get(number, {})
            wrong = [key for key in old.keys() | new.keys() if not _is_same(old.get(key), new.get(key))]
            if wrong and not section.retired:
                raise StepFailed(f"{len(wrong)} {section.name} differ, {wrong[0]!r} for one")
            compared += len(old)
        return f"{compared} records, each as in the backup{_shape(self.backup.upgrader.applied)}"

    def _backups(self) -> set[Path]:
        return set(self.sandbox.backups.glob("scheduler-backup-*"))

    def _new_backup(self) -> Backup:
        before = self._backups()
        self.sandbox.admin("scheduler_backup_now", CLUSTER)
        made = self._backups() - before
        if not made:
            raise StepFailed("no new backup is there")
        try:
            return read_backup(str(made.pop()))
        except BackupError as error:
            raise StepFailed(f"the new backup cannot be read: {error}") from error

    def stop(self) -> str:
        """End the scheduler."""
        self.sandbox.scheduler.terminate()
        return self.see_exit()


STEPS = (
    ("start a scheduler", Drill.start),
    ("list backups", Drill.list_backups),
    ("stage", Drill.stage),
    ("print tasks", Drill.print_tasks),
    ("delete tasks", Drill.delete),
    ("commit", Drill.commit),
    ("start it again", Drill.restart),
    ("compare tasks", Drill.compare_tasks),
    ("back up, compare the rest", Drill.compare_the_rest),
    ("stop", Drill.stop),
)


def _is_same(left: bytes | None, right: bytes | None) -> bool:
    return left == right or (left is not None and right is not None and same(left, right))


def _some(task_ids: Collection[bytes]) -> str:
    shown = ", ".join(task_id.decode("utf-8", "replace") for task_id in sorted(task_ids)[:NAMED_IDS])
    return f"{len(task_ids)} ({shown}{', ...' if len(task_ids) > NAMED_IDS else ''})" if task_ids else "none"


def _shape(mended: object) -> str:
    """What is compared is the backup as it is read, which is not always how it was written."""
    return ", in today's shape" if mended else ""
