"""The floors of a large state: one scheduler from stage to restart, with small calls timed meanwhile."""

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from aurora_admin.gen.api.ttypes import Resource, ResourceAggregate, TaskQuery
from tests.support.processes import PROGRAMS, Clusters, Scheduler, environment
from tests.support.thrift_calls import BINARY, call, code_and_text, request

ADMIN = str(PROGRAMS / "aurora_admin")
LOOP = Path(__file__).with_name("loop.py")
MIB = 1024  # in KiB, the unit of the kernel
PAUSE_SECONDS = 0.005  # between small calls
QUOTA = ResourceAggregate(resources={Resource(numCpus=1.0), Resource(ramMb=2), Resource(diskMb=3)})
EVERYTHING = TaskQuery()


class Memory:
    """The peak of a process's resident memory since it was last reset, in MiB."""

    def __init__(self, pid):
        self.folder = Path(f"/proc/{pid}")

    def reset(self):
        """Forget the peak so far, and return what is resident now."""
        (self.folder / "clear_refs").write_text("5")
        return self._read("VmRSS")

    @property
    def peak(self):
        return self._read("VmHWM")

    def _read(self, name):
        return int((self.folder / "status").read_text().split(f"{name}:")[1].split()[0]) / MIB


def timed(action):
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def ok(url, method, **arguments):
    outcome = code_and_text(call(url, method, **arguments))
    assert outcome == ("OK", ""), (method, outcome)


def discarded(url, method, **arguments):
    """Make a call and discard the reply as it arrives."""
    body = request(method, **arguments)
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(
            f"POST /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {BINARY}\r\n"
            f"Accept: {BINARY}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        buffer = bytearray(1 << 20)
        while connection.recv_into(buffer):
            pass


@contextmanager
def beside(action, latencies):
    """Repeat a small call in a thread while the block runs, and collect the seconds that each takes."""
    done = threading.Event()

    def repeat():
        while not done.wait(PAUSE_SECONDS):
            latencies.append(timed(action))

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def peak_of_command(env, *arguments):
    """Run a command and return its time and its peak of resident memory, in MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(arguments, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return time.perf_counter() - begin, usage.ru_maxrss / MIB


class Round:
    """One restore, and calls to the restored scheduler.

    `found` holds the figures by name: MiB, seconds, or multiples of a loop over the same backup just before.
    """

    def __init__(self, folder, backup, tasks):
        self.backup = backup
        self.tasks = tasks
        self.loops = []
        self.scheduler = Scheduler(folder, ("-max_saved_backups=1000", "-backup_interval=1days"))
        os.link(backup, self.scheduler.backup_dir / "backup")
        self.env = environment(folder)
        self.small = []
        self.found = {}

    def run(self):
        try:
            self.scheduler.start()
            self._staged()
            self._trimmed_and_committed()
            self._live()
        finally:
            self.scheduler.kill()
        self.found["loop"] = statistics.median(self.loops)
        self.found["small calls"] = statistics.quantiles(self.small, n=100)[-1]
        return self.found

    def _url_and_memory(self):
        Clusters(Path(self.env["HOME"]) / "etc").write(west=self.scheduler.url)
        return self.scheduler.url, Memory(self.scheduler.process.pid)

    def _loop(self):
        """Time the decoding loop in a process of its own, so that a busy moment affects both sides of a ratio."""
        self.loops.append(float(subprocess.check_output([sys.executable, str(LOOP), str(self.backup)])))
        return self.loops[-1]

    def _staged(self):
        url, memory = self._url_and_memory()
        found, loop = self.found, self._loop()
        found["stage"] = timed(lambda: ok(url, "stageRecovery", backupId="backup")) / loop
        found["staged memory"] = memory.peak
        before = memory.reset()
        loop = self._loop()
        found["query"] = timed(lambda: discarded(url, "queryRecovery", query=EVERYTHING)) / loop
        found["query memory"] = memory.peak - before
        seconds, found["print memory"] = peak_of_command(self.env, ADMIN, "scheduler_print_recovery_tasks", "west")
        found["print"] = seconds / loop
        seconds, found["rows memory"] = peak_of_command(
            self.env, ADMIN, "scheduler_print_recovery_tasks", "--output=json", "west"
        )
        found["rows"] = seconds / loop
        ok(url, "unloadRecovery")
        with beside(lambda: call(url, "getQuota", ownerRole="nobody"), self.small):
            ok(url, "stageRecovery", backupId="backup")
            discarded(url, "queryRecovery", query=EVERYTHING)

    def _trimmed_and_committed(self):
        url, _ = self._url_and_memory()
        ids, role, _ = some_ids_and_a_role(self.backup)
        self.found["delete ids"] = timed(lambda: ok(url, "deleteRecoveryTasks", query=TaskQuery(taskIds=ids)))
        self.found["delete role"] = timed(lambda: ok(url, "deleteRecoveryTasks", query=TaskQuery(role=role)))
        ok(url, "unloadRecovery")
        ok(url, "stageRecovery", backupId="backup")
        loop = self._loop()
        self.found["commit"] = timed(lambda: ok(url, "commitRecovery")) / loop
        assert self.scheduler.wait_exit() == 0, self.scheduler.log

    def _live(self):
        loop = self._loop()
        interpreter = timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
        self.found["start"] = (timed(self.scheduler.start) - interpreter) / loop
        assert f"with {self.tasks} tasks" in self.scheduler.log
        url, memory = self._url_and_memory()
        loop = self._loop()
        self.found["backup"] = timed(lambda: ok(url, "performBackup")) / loop
        writes = []
        with beside(lambda: ok(url, "setQuota", ownerRole="role", quota=QUOTA), writes):
            ok(url, "performBackup")
        self.found["writes blocked"] = max(writes)
        self._live_queries(url, memory)
        with beside(lambda: call(url, "getQuota", ownerRole="nobody"), self.small):
            ok(url, "stageRecovery", backupId="backup")
            discarded(url, "getTasksStatus", query=EVERYTHING)
        _, role, _ = some_ids_and_a_role(self.backup)
        with beside(lambda: call(url, "getQuota", ownerRole="nobody"), self.small):
            for name, arguments in (("getJobs", {}), ("getJobSummary", {}), ("getQuota", {"ownerRole": role})):
                discarded(url, name, **arguments)
        self.found["live and staged memory"] = memory.peak

    def _live_queries(self, url, memory):
        before = memory.reset()
        loop = self._loop()
        everything = timed(lambda: discarded(url, "getTasksStatus", query=EVERYTHING))
        self.found["live query"] = everything / loop
        self.found["live query memory"] = memory.peak - before
        for name in ("getJobs", "getRoleSummary"):
            self.found[name] = timed(lambda: discarded(url, name)) / loop  # noqa: B023  it is called at once
        _, role, share = some_ids_and_a_role(self.backup)
        seconds = timed(lambda: discarded(url, "getTasksStatus", query=TaskQuery(role=role)))
        self.found["live role"] = seconds / share / everything


CHOOSE = """
import json, sys
from aurora_admin.backup.reader import read_backup
tasks = read_backup(sys.argv[1]).tasks
counts = {}
for key, number in tasks.jobs.items():
    counts[key.role] = counts.get(key.role, 0) + tasks.by_job.count(number)
ids = [task_id.decode() for task_id, _ in zip(tasks.ids, range(1000))]
role = max(counts, key=counts.get)
print(json.dumps([ids, role.decode(), counts[role] / len(tasks.ids)]))
"""


def some_ids_and_a_role(path):
    """Return the ids of the first thousand tasks, the role with the most tasks, and its share of all.

    They are read in a process of their own: the peak memory of later child processes begins with that of this one.
    """
    ids, role, share = json.loads(subprocess.check_output([sys.executable, "-c", CHOOSE, str(path)]))
    return set(ids), role, share


def between(tasks, small, big):
    """Return a floor between that for 100,000 tasks and that for a million."""
    return round(small + (big - small) * (tasks - 100_000) / 900_000)


def measure(table, folder, backup, tasks, rounds):
    """Add the figures of some rounds to the table: the median of times and the highest of memory."""
    all_found = []
    for number in range(rounds):
        all_found.append(Round(folder / f"round{number}", backup, tasks).run())
        subprocess.run(["rm", "-rf", str(folder / f"round{number}")], check=True)

    def usual(name):
        return statistics.median(one[name] for one in all_found)

    def peak(name):
        return max(one[name] for one in all_found)

    table.add(f"loop over {tasks} tasks, {backup.stat().st_size / 1e6:.0f} MB", usual("loop"), None, "s")
    table.add("stage", usual("stage"), 1.6, "x")
    table.add("query all that is staged", usual("query"), 0.5, "x")
    table.add("memory for it", peak("query memory"), 64, "MiB")
    table.add("print all that is staged", usual("print"), 1.6, "x")
    table.add("client's memory for it", peak("print memory"), 60, "MiB")
    table.add("print it as JSON", usual("rows"), None, "x")
    table.add("client's memory for it, as JSON", peak("rows memory"), 60, "MiB")
    table.add("delete 1,000 ids", usual("delete ids"), 0.2, "s")
    table.add("delete the largest role", usual("delete role"), 0.2, "s")
    table.add("commit", usual("commit"), 2.5, "x")
    table.add("process start to serving, less the interpreter's", usual("start"), 2.0, "x")
    table.add("query all that lives", usual("live query"), 0.6, "x")
    table.add("memory for it", peak("live query memory"), 64, "MiB")
    table.add("query the largest role, each task against one of all", usual("live role"), 3.0, "x")
    # A real scheduler takes 0.32 s for 100,000 tasks, which are 0.6 of a loop on the same machine.
    table.add("getJobs", usual("getJobs"), 0.12, "x")
    table.add("getRoleSummary", usual("getRoleSummary"), 0.12, "x")
    table.add("perform a backup", usual("backup"), 2.0, "x")
    table.add("longest write meanwhile", peak("writes blocked"), 1.0, "s")
    table.add("99 of 100 small calls beside staging and large reads", usual("small calls") * 1000, 50, "ms")
    # 350 and 700 MB, of a million tasks.
    table.add("scheduler's memory, staged", peak("staged memory"), between(tasks, 120, 334), "MiB")
    table.add("scheduler's memory, live and staged", peak("live and staged memory"), between(tasks, 200, 667), "MiB")
