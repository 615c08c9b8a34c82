"""The steps of a drill: each does what an operator would do, and returns its result in words."""

import re
from collections.abc import Collection
from pathlib import Path

from aurora_admin.backup.diff import BackupTasks, changes, section_changes, tasks_by_id
from aurora_admin.backup.file import BackupError
from aurora_admin.backup.reader import Backup, read_backup
from aurora_admin.client.reply import STATUS_NAMES
from aurora_admin.client.selection import ACTIVE
from aurora_admin.command import Context
from aurora_admin.plugins.drill.background import StepFailed
from aurora_admin.plugins.drill.sandbox import CLUSTER, Sandbox, read_lines
from aurora_admin.snapshot.sections import SECTIONS

DELETED_TASKS = 3
LISTED_IDS = 5
# Ids that can be given in a comma-separated argument.
PLAIN_ID = re.compile(rb"\w[\w.-]*", re.ASCII)
# The beginning of a line of the scheduler's log.
TIME_AND_LEVEL = re.compile(r"\S+ ([A-Z]+) ")


class Drill:
    """What the steps share: the sandbox, the original backup, and the ids of the tasks that a step deletes."""

    def __init__(self, sandbox: Sandbox, name: str, backup: Backup, context: Context) -> None:
        self.sandbox, self.name, self.backup, self.context = sandbox, name, backup, context
        plain = [task_id for task_id in backup.tasks.ids if PLAIN_ID.fullmatch(task_id)]
        wanted = min(DELETED_TASKS, (len(plain) + 1) // 2)
        self.deleted = {plain[number * len(plain) // wanted] for number in range(wanted)}

    def start(self) -> str:
        """Initialise a log and start a scheduler on it."""
        self.sandbox.initialize_log()
        self.sandbox.start()
        return self.sandbox.url

    def list_backups(self) -> str:
        """Check that the backup is listed."""
        lines = list(read_lines(self.sandbox.admin("scheduler_list_backups", CLUSTER)))
        if self.name not in lines:
            raise StepFailed(f"{self.name} is not in the list: {', '.join(lines)}")
        return self.name

    def stage(self) -> str:
        """Stage the backup, and log what the scheduler logged about it: counts, age, framework ids."""
        self.sandbox.admin("scheduler_stage_recovery", CLUSTER, self.name)
        for line in self.sandbox.new_lines():
            if not self.sandbox.is_shown:
                self._pass_on(line)
        counts = (f"{count} {section}" for section, count in self.backup.counts.items() if count)
        return ", ".join(counts) or "the backup is empty"

    def _pass_on(self, line: str) -> None:
        """Log a line of the scheduler; what it warned of is a warning here too."""
        out, found = self.context.out, TIME_AND_LEVEL.match(line)
        log = out.warn if found and found[1] != "INFO" else out.info
        log(line[found.end() :] if found else line)

    def print_tasks(self) -> str:
        """Print the staged tasks, and check the number of rows."""
        lines = read_lines(self.sandbox.admin("scheduler_print_recovery_tasks", CLUSTER))
        rows = sum("\t" in line for line in lines) - 1  # without the header
        active = sum(STATUS_NAMES.get(status) in ACTIVE for status in self.backup.tasks.status)
        if rows != active:
            raise StepFailed(f"{rows} rows were printed, but the backup has {active} active tasks")
        return f"{active} active tasks"

    def delete(self) -> str:
        """Delete some tasks from the staged backup."""
        if self.deleted:
            ids = b",".join(sorted(self.deleted)).decode()
            self.sandbox.admin("scheduler_delete_recovery_tasks", CLUSTER, ids)
        return f"{len(self.deleted)} tasks"

    def commit(self) -> str:
        """Commit, and check that the scheduler exits with 0."""
        self.sandbox.admin("scheduler_commit_recovery", CLUSTER)
        return self.check_exit()

    def check_exit(self) -> str:
        """Wait until the scheduler has exited, and check its status."""
        code, lines = self.sandbox.scheduler.wait_exit(), self.sandbox.new_lines()
        if code:
            raise StepFailed(f"the scheduler exited with {code}: {''.join(lines[-1:])}")
        return "the scheduler exited with 0"

    def restart(self) -> str:
        """Start the scheduler again, as its supervisor would."""
        self.sandbox.start()
        return self.sandbox.url

    def compare_tasks(self) -> str:
        """Compare every task of the scheduler with the one in the backup."""
        expected = BackupTasks(self.backup, self.deleted)
        missing, different = list[bytes](), list[bytes]()
        for change in changes(expected, tasks_by_id(self.sandbox.tasks(self.context))):
            (missing if change.new is None else different).append(change.key)
        if missing or different:
            raise StepFailed(f"missing: {_listed(missing)}; different, or not in the backup: {_listed(different)}")
        return f"{len(expected.keys())} tasks, each as in the backup{_upgrade_note(self.backup.upgrader.summary)}"

    def compare_the_rest(self) -> str:
        """Have the scheduler write a backup, and compare every other record with the original backup."""
        written, compared = self._new_backup(), 0
        if written.framework_id != self.backup.framework_id:
            raise StepFailed(f"the framework id is {written.framework_id}, not {self.backup.framework_id}")
        for number, section in SECTIONS.items():
            different = [change.key for change in section_changes(self.backup, written, number)]
            if different and not section.retired:
                raise StepFailed(f"{len(different)} {section.name} differ, {different[0]!r} for example")
            compared += len(self.backup.sections.get(number, {}))
        return f"{compared} records, each as in the backup{_upgrade_note(self.backup.upgrader.applied)}"

    def _backups(self) -> set[Path]:
        return set(self.sandbox.backups.glob("scheduler-backup-*"))

    def _new_backup(self) -> Backup:
        before = self._backups()
        self.sandbox.admin("scheduler_backup_now", CLUSTER)
        written = self._backups() - before
        if not written:
            raise StepFailed("no new backup was written")
        try:
            return read_backup(str(written.pop()))
        except BackupError as error:
            raise StepFailed(f"the new backup cannot be read: {error}") from error

    def stop(self) -> str:
        """Stop the scheduler."""
        self.sandbox.scheduler.terminate()
        return self.check_exit()


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


def _listed(task_ids: Collection[bytes]) -> str:
    shown = ", ".join(task_id.decode("utf-8", "replace") for task_id in sorted(task_ids)[:LISTED_IDS])
    return f"{len(task_ids)} ({shown}{', ...' if len(task_ids) > LISTED_IDS else ''})" if task_ids else "none"


def _upgrade_note(upgrades: object) -> str:
    """The comparison is with the upgraded records, which differ from the file where an older release wrote it."""
    return ", after the upgrade of old records" if upgrades else ""
