"""Starts that fail, or are ended by a signal: one line that says why, exit 1, and nothing left behind."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import sys

import pytest

from aurora_admin.backup.reader import read_backup
from aurora_admin.samples.backup import write_sample
from aurora_admin.scheduler.recovery import StagedBackup
from aurora_admin.scheduler.storage.log import Log, ReplayStopped
from aurora_admin.scheduler.storage.sqlite.admin import initialize as initialize_log
from aurora_admin.scheduler.storage.sqlite.log import SqliteLog
from aurora_admin.scheduler.storage.storage import Storage
from tests.support.processes import PROGRAMS, UNPRIVILEGED, Scheduler, environment, run
from tests.support.recovery import NAME
from tests.support.thrift_calls import OK, call, code_and_text


def refusal(one) -> str:
    """Start a scheduler that cannot start; return its log."""
    one.spawn()
    assert one.wait_exit() == 1, one.log
    assert "Traceback" not in one.log
    return one.log


def initialize(folder, tmp_path):
    return run([PROGRAMS / "aurora-reference-log", "initialize", f"--path={folder}"], environment(tmp_path))


def test_a_log_that_was_not_initialised_is_refused(scheduler):
    one = scheduler(started=False)
    assert f"run: aurora-reference-log initialize --path={one.log_dir}" in refusal(one)
    assert not one.log_dir.exists()


def test_a_refused_start_makes_no_backup_folder(scheduler):
    one = scheduler(started=False)
    one.backup_dir.rmdir()
    assert "holds no initialised log" in refusal(one)
    assert not one.backup_dir.exists()


def test_a_log_without_permission_is_not_called_missing(scheduler):
    one = scheduler(started=False, wrapper=UNPRIVILEGED)
    one.initialize()
    one.log_dir.chmod(0)
    text = refusal(one)
    one.log_dir.chmod(0o700)
    assert f"Failed to open the log {one.log_dir / 'log.sqlite'}: Permission denied." in text
    assert "initialize" not in text


def test_an_initialised_log_is_never_initialised_over(tmp_path):
    folder = tmp_path / "log"
    assert initialize(folder, tmp_path).code == 0
    before = (folder / "log.sqlite").read_bytes()
    again = initialize(folder, tmp_path)
    assert (again.code, again.out) == (1, "")
    assert "already holds an initialised log; nothing was changed" in again.err
    assert (folder / "log.sqlite").read_bytes() == before
    assert sorted(os.listdir(folder)) == ["log.sqlite"]


def test_a_folder_that_is_refused_or_used_by_others_keeps_its_mode(tmp_path):
    folder = tmp_path / "log"
    initialize(folder, tmp_path)
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "something").touch()
    for path in (folder, shared):
        path.chmod(0o1777)
    assert (initialize(folder, tmp_path).code, initialize(shared, tmp_path).code) == (1, 0)
    assert [path.stat().st_mode & 0o7777 for path in (folder, shared)] == [0o1777] * 2
    assert (shared / "log.sqlite").stat().st_mode & 0o777 == 0o600


def test_log_files_are_the_owners_alone(tmp_path):
    folder = tmp_path / "log"
    initialize(folder, tmp_path)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "log.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_log_in_use_is_refused(scheduler):
    one = scheduler()
    second = scheduler(started=False)
    second.log_dir = one.log_dir
    assert "is in use by another process" in refusal(second)
    assert code_and_text(call(one.url, "listBackups")) == ("OK", "")


def test_a_taken_port_is_named(scheduler):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        one = scheduler(started=False)
        one.initialize()
        one.port = port
        text = refusal(one)
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use. Stop the program that uses the port" in text


@pytest.mark.parametrize("address", ["nohost.invalid", "192.0.2.1"])
def test_an_address_of_another_host_is_not_called_a_taken_port(scheduler, address):
    one = scheduler(started=False)
    one.initialize()
    command = [part.replace("-ip=127.0.0.1", f"-ip={address}") for part in one.command()]
    one.command = lambda: command
    text = refusal(one)
    assert f"Cannot listen on {address}:0: " in text
    assert "Give an address of this host with -ip" in text
    assert "port," not in text


INTERRUPTED = """
import importlib, os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)
where, number, program = sys.argv[1:4]

class Hook:
    def find_spec(self, name, path=None, target=None):
        if name == where:
            os.kill(os.getpid(), int(number))

sys.meta_path.insert(0, Hook())
main = importlib.import_module(program).main
del sys.argv[1:4]
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["flags", "lifecycle", "storage.open_log"])
def test_a_signal_before_the_start_ends_the_process_without_output(scheduler, module, number):
    one = scheduler(started=False)
    one.initialize()
    interrupted = [f"aurora_admin.scheduler.{module}", int(number), "aurora_admin.scheduler.main"]
    done = run([sys.executable, "-c", INTERRUPTED, *interrupted, *one.command()[1:]], environment(one.folder))
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("module", ["storage.engine", "logtool.sqlite"])
def test_an_interrupted_log_tool_shows_no_traceback(tmp_path, module):
    interrupted = [f"aurora_admin.scheduler.{module}", int(signal.SIGINT), "aurora_admin.scheduler.logtool.main"]
    tool = [*interrupted, "initialize", f"--path={tmp_path / 'log'}"]
    done = run([sys.executable, "-c", INTERRUPTED, *tool], environment(tmp_path))
    assert (done.code, done.out, done.err) == (130, "", "")


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("-no_such_flag=1", "there is no option -no_such_flag. See aurora-reference-scheduler -help."),
        ("-http_prt=1", "there is no option -http_prt; the nearest is -http_port. See"),
        ("-hostnam=here", "there is no option -hostnam; the nearest is -hostname. See"),
        ("-help_me", "there is no option -help_me"),
        ("--backup_dir=x", "there is no option --backup_dir; the nearest is -backup_dir. See"),
        ("-Max_saved_backups=1", "there is no option -Max_saved_backups; the nearest is -max_saved_backups. See"),
        ("-zk_digest_credential=me:secret", "there is no option -zk_digest_credential; the nearest is"),
        ("-help=1", "the option -help takes no value"),
        ("-zk_in_proc=true", "-zk_in_proc is a flag of a real scheduler that this reference scheduler does not"),
        ("-zk_endpoints=h:2181", "-zk_endpoints without -serverset_path"),
        ("-zk_endpoints=h:2181,h", "'h' is not host:port"),
        ("-zk_endpoints=h:2181/chroot", "'h:2181/chroot' is not host:port"),
        ("-serverset_path=/aurora/scheduler", "-serverset_path without -zk_endpoints"),
        ("-serverset_path=aurora", "'aurora' is not the path of a node below /"),
        ("-serverset_path=/", "'/' is not the path of a node below /"),
        ("-zk_digest_credentials=secret", "zk_digest_credentials must be formatted as user:pass"),
        ("-zk_digest_credentials=a:b:c", "zk_digest_credentials must be formatted as user:pass"),
        ("-zk_session_timeout=0secs", "must be more than zero"),
        ("-mesos_master_address=host:5050", "'host:5050' cannot be used"),
        ("-mesos_master_address=zk://host:2181", "'zk://host:2181' cannot be used"),
        ("-mesos_master_address=zk://host/mesos", "'host' is not host:port"),
        ("-http_authentication_mechanism=BASIC", "-http_authentication_mechanism is a flag of a real scheduler"),
        ("-shiro_ini_path=/etc/x", "-shiro_ini_path is a flag of a real scheduler"),
        ("-backup_interval=1 hrs", "must be of the format 1ns, 2secs, etc."),
        ("-backup_interval=1hours", "one of [ns, us, ms, secs, mins, hrs, days]"),
        ("-dlog_max_entry_size=512", "must be of the format 1KB, 2GB, etc."),
        ("-native_log_quorum_size=2", "one replica, so its quorum is 1"),
        ("-native_log_write_timeout=3secs", "-native_log_write_timeout without -native_log_zk_group_path"),
        ("-native_log_read_timeout=5secs", "-native_log_read_timeout without -native_log_zk_group_path"),
        ("-native_log_election_timeout=15secs", "-native_log_election_timeout without -native_log_zk_group_path"),
        ("-native_log_election_retries=20", "-native_log_election_retries without -native_log_zk_group_path"),
        ("-log_hard_limit=256MB", "-log_hard_limit without -native_log_zk_group_path"),
        ("-log_accept_older=yes", "'yes' is neither true nor false"),
        ("-native_log_zk_group_path=/aurora/log", "-native_log_zk_group_path without -zk_endpoints"),
        ("-native_log_zk_group_path=/", "'/' is not the path of a node below /"),
        ("-dlog_shutdown_grace_period=2secs", "-dlog_shutdown_grace_period is a flag of a real scheduler"),
        ("-max_saved_backups=0", "is not a whole number above 0"),
        ("-cluster_name=again", "Can only specify option -cluster_name once."),
        ("-http_port=70000", "is not a port number"),
        ("-ip=", "-ip: the value is empty; give an address of this host"),
        ("-max_leading_duration=99999999999999999999days", "has more than 18 digits"),
        ("-dlog_snapshot_interval=99999999999days", "is longer than the maximum of 36500days"),
        ("-max_registration_delay=36501days", "is longer than the maximum of 36500days"),
        ("stray", "stray"),
    ],
)
def test_bad_flags_are_refused_by_name(scheduler, flag, text):
    assert text in refusal(scheduler(flag, started=False))


@pytest.mark.parametrize("name", ["", "host:8081", "http://host", "ho st", "[::1]"])
def test_a_name_that_no_client_could_use_is_refused(scheduler, name):
    one = scheduler(started=False)
    one.host = name
    assert f"argument -hostname: {name!r} is neither a host name nor an address" in refusal(one)


def test_records_that_zookeeper_would_not_take_are_refused_at_the_start(scheduler):
    flags = ("-zk_endpoints=h:2181", "-serverset_path=/a", "-native_log_zk_group_path=/l", "-dlog_max_entry_size=1MB")
    text = refusal(scheduler(*flags, started=False))
    assert "-dlog_max_entry_size of 1048576 bytes with -native_log_zk_group_path: ZooKeeper takes at most" in text


def test_missing_flags_are_all_named(tmp_path):
    done = run([PROGRAMS / "aurora-reference-scheduler"], environment(tmp_path))
    assert done.code == 1
    for name in ("-cluster_name", "-backup_dir", "-native_log_file_path"):
        assert name in done.err


@pytest.mark.parametrize("words", [["-cluster_nam=west"], ["-cluster_nam", "west"]])
def test_a_mistyped_flag_is_named_before_a_missing_one(tmp_path, words):
    done = run([PROGRAMS / "aurora-reference-scheduler", *words], environment(tmp_path))
    text = "there is no option -cluster_nam; the nearest is -cluster_name. See aurora-reference-scheduler -help."
    assert (done.code, done.err) == (1, f"aurora-reference-scheduler: {text}\n")


def test_a_mistyped_flag_with_a_secret_does_not_repeat_it(scheduler):
    assert "secret" not in refusal(scheduler("-zk_digest_credential=me:secret", started=False))


def test_flags_may_come_from_a_file(scheduler, tmp_path):
    (tmp_path / "flags").write_text("# three\n-max_saved_backups=3\n\n-dlog_max_entry_size\n64KB\n")
    scheduler(f"@{tmp_path / 'flags'}")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"-http_prt=1\n", "there is no option -http_prt; the nearest is -http_port"),
        (b"\xff", "cannot read the file of @flags: it is not UTF-8"),
        (None, "cannot read the file of @flags: No such file or directory"),
    ],
)
def test_a_file_of_flags_that_cannot_be_used_is_named(tmp_path, monkeypatch, content, text):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "flags").write_bytes(content)
    done = run([PROGRAMS / "aurora-reference-scheduler", "@flags"], environment(tmp_path))
    assert (done.code, text in done.err) == (1, True)


@pytest.mark.parametrize("which", ["backup_dir", "log_dir"])
def test_a_folder_that_may_not_be_written_is_named(scheduler, which):
    one = scheduler(started=False, wrapper=UNPRIVILEGED)
    one.initialize()
    folder = getattr(one, which)
    folder.chmod(0o500)
    if which == "log_dir":
        (folder / "log.sqlite").chmod(0o400)
    text = refusal(one)
    folder.chmod(0o700)
    assert str(folder) in text
    assert "not writable" in text or "Permission denied" in text


@pytest.mark.parametrize("mode", [(0o500, 0o600), (0o700, 0o400)], ids=["folder", "file"])
def test_a_log_that_cannot_be_written_is_not_called_damaged(scheduler, mode):
    """Restoring a backup over it would lose what was written after the backup."""
    one = scheduler(wrapper=UNPRIVILEGED)
    assert one.stop() == 0
    paths = (one.log_dir, one.log_dir / "log.sqlite")
    for path, bits in zip(paths, mode, strict=True):
        path.chmod(bits)
    text = refusal(one)
    one.log_dir.chmod(0o700)
    assert "The log may be undamaged: check the disk" in text
    assert "backup" not in text


def test_a_damaged_log_is_refused_with_its_position(scheduler):
    one = scheduler()
    assert one.stop() == 0
    with sqlite3.connect(one.log_dir / "log.sqlite") as log:
        log.execute("UPDATE entry SET data = x'0c000200' WHERE pos = (SELECT max(pos) FROM entry)")
    log.close()
    assert "The log entry at position 0 cannot be read" in refusal(one)


def test_a_missing_position_is_refused(scheduler):
    one = scheduler()
    one.restart()
    one.restart()
    assert one.stop() == 0
    with sqlite3.connect(one.log_dir / "log.sqlite") as log:
        log.execute("DELETE FROM entry WHERE pos = 1")
    log.close()
    assert "Position 1 is missing" in refusal(one)


def test_without_an_address_it_listens_on_all_and_advertises_its_own(tmp_path):
    initialize(tmp_path / "log", tmp_path)
    command = [PROGRAMS / "aurora-reference-scheduler", "-cluster_name=west", f"-backup_dir={tmp_path / 'backups'}"]
    one = Scheduler(tmp_path)
    one.command = lambda: [*map(str, command), f"-native_log_file_path={tmp_path / 'log'}"]
    one.start()
    try:
        assert not one.url.startswith("http://0.0.0.0")
        assert code_and_text(call(f"http://127.0.0.1:{one.url.rsplit(':', 1)[1]}", "listBackups")) == ("OK", "")
    finally:
        one.kill()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which injects signals, is not installed")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_comes_before_the_replay_ends_it_in_order(scheduler, name):
    """strace sends it with the first write into the scheduler's own log, which is the line before the replay."""
    one = scheduler()
    assert code_and_text(call(one.url, "snapshot")) == OK
    assert one.stop() == 0
    before = len(one.log)
    inject = ["-e", "trace=write", f"--inject=write:signal={name}:when=1"]
    # -D: the process that is started is the scheduler, and strace its descendant.
    one.wrapper = ("strace", "-D", "-f", "-o", os.devnull, "-P", str(one.folder / "scheduler.err"), *inject)
    one.spawn()
    assert one.wait_exit() == 0
    assert [line.split(" ", 2)[2] for line in one.log[before:].splitlines()] == [
        "Elected: taking the log over",
        f"Shutting down: received {name}",
        "Stopped",
    ]
    one.wrapper = ()
    one.start()
    assert "Applying snapshot" in one.log[before:]


@pytest.fixture
def new_storage(tmp_path):
    """`new_storage()`: a storage that is not started yet, always on the same log, which holds 20,000 tasks."""
    folder, backup = str(tmp_path / "log"), tmp_path / NAME
    write_sample(str(backup), 20_000)
    initialize_log(folder)
    with contextlib.ExitStack() as stack:

        def new() -> Storage:
            stack.close()
            engine = SqliteLog(folder)
            stack.callback(engine.close)
            return Storage(Log(engine, folder, 16 * 1024), folder, pytest.fail)

        one = new()
        one.start()
        one.replace_with(StagedBackup(read_backup(str(backup))))
        yield new


def test_a_replay_stops_wherever_it_is(new_storage):
    """Between two records, and in the middle of an entry that holds the whole state."""
    checks = []
    new_storage().start(lambda: checks.append(None) is not None)
    records = len(list(new_storage()._log.engine.read_all()))
    assert len(checks) > records > 100
    for last in (1, records // 2, records + 2, len(checks) - 1):
        left = iter(range(last))
        storage = new_storage()
        with pytest.raises(ReplayStopped):
            storage.start(lambda left=left: next(left, None) is None)
        assert not storage.ready
