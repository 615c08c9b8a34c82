"""`reconcile_tasks` and `get_locks` (docs/cli.md 4.6 and 4.8)."""

import csv
import io
import json

import pytest

from aurora_admin.gen.api.AuroraAdmin import triggerExplicitTaskReconciliation_args
from aurora_admin.gen.api.ReadOnlyScheduler import getRoleSummary_result
from aurora_admin.gen.api.ttypes import (
    GetLocksResult,
    JobKey,
    Lock,
    LockKey,
    Response,
    ResponseDetail,
    Result,
)
from aurora_admin.wire.codec import decode, encode
from aurora_admin.wire.message import REPLY, Message, to_json
from tests.support.fake_scheduler import JSON, FakeScheduler, close, exception, http, reply_with
from tests.support.jobs import BACKUP

OK = " INFO] Response from scheduler: OK (message: )\n"
EXPLICIT, IMPLICIT = "triggerExplicitTaskReconciliation", "triggerImplicitTaskReconciliation"


@pytest.fixture
def scripted(clusters):
    """Serve these actions as the cluster west, until the test ends."""
    servers = []

    def serve(*actions):
        servers.append(FakeScheduler(actions))
        clusters.write(west=servers[-1].url)
        return servers[-1]

    yield serve
    for server in servers:
        server.__exit__()


SIZES = {
    "": None,
    "-b 7": 7,
    "--batch_size=0x10": 16,
    "-t explicit -b010": 8,
    "--batch_size=0": 0,
    "-b -5": -5,
}


@pytest.mark.parametrize("options", SIZES)
def test_an_explicit_reconciliation_sends_the_batch_size(admin, scripted, options):
    server = scripted(reply_with(EXPLICIT))
    result = admin("reconcile_tasks", *options.split(), "west")
    assert (result.code, result.out, result.err) == (0, "", OK)
    settings = decode(triggerExplicitTaskReconciliation_args, server.requests[0].message.body).settings
    assert settings.batchSize == SIZES[options]


def test_an_implicit_one_ignores_the_batch_size(admin, scripted):
    server = scripted(reply_with(IMPLICIT))
    result = admin("reconcile_tasks", "--type=implicit", "--batch_size=0", "west")
    assert (result.code, result.out, result.err) == (0, "", OK)
    assert server.methods == [IMPLICIT]


def test_a_refusal_shows_the_response_line_alone(admin, scripted):
    text = "Batch size must be greater than zero."
    scripted(reply_with(EXPLICIT, 0, text))
    result = admin("reconcile_tasks", "-b0", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err == f" INFO] Response from scheduler: INVALID_REQUEST (message: {text})\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("reconcile_tasks", 1),
        ("reconcile_tasks west extra", 1),
        ("reconcile_tasks nowhere", 1),
        ("reconcile_tasks --batch_size=99999999999 west", 1),
        ("reconcile_tasks --type=IMPLICIT west", 2),
        ("reconcile_tasks --type= west", 2),
        ("reconcile_tasks --batch_size=1.5 west", 2),
        ("reconcile_tasks -b", 2),
    ],
)
def test_nothing_is_sent_for_an_invalid_command_line(admin, scripted, line, code):
    server = scripted(reply_with(EXPLICIT))
    result = admin(*line.split())
    assert (result.code, result.out, server.requests) == (code, "", [])
    assert result.err


def test_the_usage_has_only_the_first_line_of_the_synopsis(admin, clusters):
    clusters.write("west")
    usage = "FATAL] usage: reconcile_tasks\n\nsee the help subcommand for more details.\n"
    assert admin("reconcile_tasks").err == usage


def test_a_lost_reply_is_an_unknown_outcome_and_may_be_repeated(admin, scripted):
    server = scripted(close)
    result = admin("reconcile_tasks", "west")
    assert (result.code, result.err.count("\n"), len(server.requests)) == (1, 1, 1)
    assert "It may have been carried out. You may repeat the command" in result.err


def test_the_real_process_accepts_both(admin, scheduler, clusters):
    clusters.write(west=scheduler().url)
    for kind in ("explicit", "implicit"):
        result = admin("reconcile_tasks", f"--type={kind}", "west")
        assert (result.code, result.out, result.err) == (0, "", OK)
    result = admin("reconcile_tasks", "--batch_size=0", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(" INFO] Response from scheduler: INVALID_REQUEST (message: ")


def locks_reply(*locks, code=1, texts=(), result=None):
    """Reply as a scheduler of 0.12: JSON, with a call that the IDL does not have."""
    result = result or Result(getLocksResult=GetLocksResult(locks=set(locks)))
    response = Response(responseCode=code, details=[ResponseDetail(text) for text in texts], result=result)
    body = to_json(Message("getLocks", REPLY, 0, encode(getRoleSummary_result(success=response))))
    return http(200, body, Content_Type=JSON)


def lock(role, user="bob", message=None):
    return Lock(LockKey(job=JobKey(role, "prod", "x")), f"token-{role}", user, 123456, message)


TEXT = """\
{ 'key': LockKey(job=JobKey(environment=u'prod', role=u'ads', name=u'x')),
  'message': u'it\\u2019s\\n',
  'timestampMs': 123456,
  'token': u'token-ads',
  'user': u'bob'},
{ 'key': LockKey(job=JobKey(environment=u'prod', role=u'www', name=u'x')),
  'message': None,
  'timestampMs': 123456,
  'token': u'token-www',
  'user': u'bob'}
"""


def test_locks_are_printed_as_the_original_did(admin, scripted):
    server = scripted(locks_reply(lock("www"), lock("ads", message="it\u2019s\n")))
    result = admin("get_locks", "west")
    assert (result.code, result.out, result.err) == (0, TEXT, OK)
    assert server.methods == ["getLocks"]
    scripted(locks_reply())
    assert admin("get_locks", "west").out == "\n"


def test_the_locks_that_a_backup_of_0_8_has(admin, scheduler, clusters, fixtures):
    west = scheduler()
    clusters.write(west=west.url)
    assert admin("get_locks", "west").out == "\n"
    (west.backup_dir / BACKUP).write_bytes((fixtures / "backups" / "era-008").read_bytes())
    assert admin("scheduler_stage_recovery", "west", BACKUP).code == 0
    assert admin("scheduler_commit_recovery", "west").code == 0
    assert west.wait_exit() == 0
    clusters.write(west=west.start().url)
    rows = list(csv.DictReader(io.StringIO(admin("get_locks", "--output=csv", "west").out)))
    assert [(row["role"], row["job"], row["user"], row["token"]) for row in rows] == [
        ("ads", "ranker", "bob", "lock-ranker-1"),
        ("www-data", "hello", "bob", "lock-hello-3"),
    ]
    assert admin("get_locks", "west").out.count("{ 'key': LockKey(job=JobKey(environment=u'") == 2


def test_locks_as_rows(admin, scripted):
    scripted(locks_reply(lock("www"), lock("ads", message="why\n")))
    rows = list(csv.DictReader(io.StringIO(admin("get_locks", "--output=csv", "west").out)))
    assert [row["role"] for row in rows] == ["ads", "www"]
    assert rows[0] == {
        "role": "ads",
        "environment": "prod",
        "job": "x",
        "user": "bob",
        "timestamp_ms": "123456",
        "message": "why\n",
        "token": "token-ads",
    }
    document = json.loads(admin("get_locks", "--output=json", "west").out)
    assert document["rows"][1]["message"] is None


def test_a_lock_without_a_job_is_printed(admin, scripted):
    scripted(locks_reply(Lock(token="t" * 80)))
    assert admin("get_locks", "west").out.startswith("{ 'key': None,\n  'message': None,\n")
    assert admin("get_locks", "--output=csv", "west").out.splitlines()[1] == f",,,,,,{'t' * 80}"


def test_a_refusal_of_the_locks_and_a_reply_without_them_are_errors(admin, scripted):
    scripted(locks_reply(code=2, texts=["no"]))
    result = admin("get_locks", "west")
    assert (result.code, result.out) == (1, "")
    assert result.err == " INFO] Response from scheduler: ERROR (message: no)\n"
    scripted(locks_reply(result=Result()))
    result = admin("get_locks", "west")
    assert (result.code, result.out) == (1, "")
    assert "is OK, but has no result" in result.err


def test_locks_are_asked_for_again_if_the_reply_is_lost(admin, scripted):
    server = scripted(close, locks_reply(lock("www")))
    assert admin("get_locks", "west").code == 0
    assert server.methods == ["getLocks", "getLocks"]


def test_a_release_without_locks_says_so(admin, scripted):
    scripted(exception("getLocks", 1, "Invalid method name: 'getLocks'"))
    result = admin("get_locks", "west")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.endswith("Releases from 0.13 on have no locks\n")
