"""Job updates and their locks after a replay: events, tokens, and what makes an update invalid."""

import pytest
from thrift.Thrift import TType

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.scheduler.state import ops
from aurora_admin.scheduler.state.ops import Op
from aurora_admin.scheduler.storage.engine import LogError
from aurora_admin.snapshot.log_entry import SNAPSHOT
from aurora_admin.wire import codec, fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.path import path
from tests.support.jobs import LONG_AGO, config, key, update
from tests.support.replay import backup_of, replay, replayed, snapshot_of


def job_update(update_id="u"):
    group = api.InstanceTaskConfig(
        config(container=api.Container(mesos=api.MesosContainer()), tier="preferred"), [api.Range(0, 1)]
    )
    strategy = api.JobUpdateStrategy(queueStrategy=api.QueueJobUpdateStrategy(1))
    instructions = api.JobUpdateInstructions(
        initialState=[group],
        desiredState=group,
        settings=api.JobUpdateSettings(updateGroupSize=1, updateStrategy=strategy),
    )
    summary = api.JobUpdateSummary(key=api.JobUpdateKey(key(), update_id), user="me", state=api.JobUpdateState(5, 1, 1))
    return api.JobUpdate(summary, instructions)


def event(status, at, update_id="u", **members):
    return {
        "saveJobUpdateEvent": storage.SaveJobUpdateEvent(
            event=api.JobUpdateEvent(status, at), **members or {"key": api.JobUpdateKey(key(), update_id)}
        )
    }


def instance_event(instance, at):
    return {
        "saveJobInstanceUpdateEvent": storage.SaveJobInstanceUpdateEvent(
            event=api.JobInstanceUpdateEvent(instanceId=instance, timestampMs=at, action=3),
            key=api.JobUpdateKey(key(), "u"),
        )
    }


SAVED = {"saveJobUpdate": storage.SaveJobUpdate(jobUpdate=job_update())}


def only_update(stores):
    (left,) = snapshot_of(stores).jobUpdateDetails
    return left


def test_events_are_ordered_by_their_times_and_determine_the_state(tmp_path):
    events = [event(0, 100), event(2, 300), event(9, 200), event(0, 300), instance_event(1, 900), instance_event(0, 50)]
    left = only_update(replayed(tmp_path, SAVED, *events))
    assert [(e.status, e.timestampMs) for e in left.details.updateEvents] == [(0, 100), (9, 200), (2, 300), (0, 300)]
    assert [e.instanceId for e in left.details.instanceEvents] == [0, 1]
    state = left.details.update.summary.state
    assert (state.status, state.createdTimestampMs, state.lastModifiedTimestampMs) == (0, 100, 900)


def test_an_update_without_events_has_no_state(tmp_path):
    state = only_update(replayed(tmp_path, SAVED)).details.update.summary.state
    assert (state.status, state.createdTimestampMs, state.lastModifiedTimestampMs) == (None, None, None)


def test_an_update_that_is_saved_again_loses_its_events(tmp_path):
    left = only_update(replayed(tmp_path, SAVED, event(0, 1), instance_event(0, 1), SAVED, event(1, 5)))
    assert ([e.status for e in left.details.updateEvents], left.details.instanceEvents) == ([1], [])


def test_an_event_of_an_unknown_update_ends_the_replay_with_its_name(tmp_path):
    with pytest.raises(LogError, match=r"position 1 .*Update not found: www/prod/web/other"):
        replayed(tmp_path, SAVED, event(0, 1, "other"))
    gone = {"removeJobUpdate": storage.RemoveJobUpdates([api.JobUpdateKey(key(), "u")])}
    assert snapshot_of(replayed(tmp_path, SAVED, event(0, 1), gone)).jobUpdateDetails == set()
    with pytest.raises(LogError, match=r"position 2 .*Update not found: www/prod/web/u"):
        replayed(tmp_path, SAVED, gone, event(0, 1))


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (ops.SAVE_JOB_UPDATE_EVENT, storage.SaveJobUpdateEvent),
        (ops.SAVE_JOB_INSTANCE_UPDATE_EVENT, storage.SaveJobInstanceUpdateEvent),
    ],
)
def test_an_event_that_is_not_a_struct_ends_the_replay(tmp_path, number, kind):
    """Events are merged into their updates after the replay, when the position is no longer known."""
    body = path(kind, "key").put(fields.STOP, codec.encode(api.JobUpdateKey(key(), "u")))
    body = fields.put(body, path(kind, "event").ids, TType.I32, fields.i32(0))
    saved = codec.encode(storage.LogEntry(transaction=storage.Transaction(ops=[storage.Op(**SAVED)])))
    with pytest.raises(LogError, match="The log entry at position 1 cannot be read"):
        replay([saved, ops.transaction([Op(number, body)])], tmp_path)


def test_events_of_old_releases_find_their_update_by_its_id(tmp_path):
    """Rules 6 and 7 of docs/wire.md 3.3: up to 0.7 neither update nor event had a key."""
    old = job_update()
    old.summary.key, old.summary.updateId, old.summary.jobKey = None, "u", key()
    saved = {"saveJobUpdate": storage.SaveJobUpdate(jobUpdate=old)}
    left = only_update(replayed(tmp_path, saved, event(0, 7, updateId="u"), event(0, 8, updateId="unknown")))
    assert same(left.details.update.summary.key, api.JobUpdateKey(key(), "u"))
    assert [e.timestampMs for e in left.details.updateEvents] == [7]


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        (None, "Missing both initial and desired states. At least one is required."),
        ("task", "no task config"),
        ("instances", "Invalid intial instance state ranges."),
    ],
)
def test_an_invalid_update_ends_the_replay(tmp_path, missing, text):
    bad = job_update()
    if missing is None:
        bad.instructions.initialState = bad.instructions.desiredState = None
    elif missing == "task":
        bad.instructions.initialState[0].task = None
    else:
        bad.instructions.initialState = [api.InstanceTaskConfig(config(), [])]
    with pytest.raises(LogError, match=text):
        replayed(tmp_path, {"saveJobUpdate": storage.SaveJobUpdate(jobUpdate=bad)})


def test_the_op_that_prunes_updates_is_ignored(tmp_path):
    everything = storage.PruneJobUpdateHistory(perJobRetainCount=0, historyPruneThresholdMs=10**15)
    prune = {"pruneJobUpdateHistory": everything}
    assert len(snapshot_of(replayed(tmp_path, SAVED, event(4, 1), prune)).jobUpdateDetails) == 1


LOCK = api.Lock(api.LockKey(job=key()), "t", "me", 1)

LOCKED = {"saveLock": storage.SaveLock(LOCK)}

HOLDING = {"saveJobUpdate": storage.SaveJobUpdate(jobUpdate=job_update(), lockToken="t")}

UNLOCKED = {"removeLock": storage.RemoveLock(api.LockKey(job=key()))}


@pytest.mark.parametrize(
    ("members", "kept"),
    [
        ([LOCKED], False),
        ([LOCKED, HOLDING, event(0, 1)], True),
        ([LOCKED, HOLDING, event(0, 1), event(4, 2)], False),
        ([LOCKED, HOLDING, event(0, 1), UNLOCKED], False),
        ([HOLDING, event(0, 1)], False),
        ([LOCKED, SAVED], False),
    ],
    ids=["no update", "running", "ended", "removed", "no lock", "update without a token"],
)
def test_locks_and_tokens_are_kept_only_for_active_updates_with_both(tmp_path, members, kept):
    left = snapshot_of(replayed(tmp_path, *members))
    assert [lock.token for lock in left.locks or ()] == ["t"] * kept
    assert [update.lockToken for update in left.jobUpdateDetails if update.lockToken] == ["t"] * kept


def test_a_lock_of_a_snapshot_without_its_update_is_not_kept(tmp_path):
    snapshot = storage.LogEntry(snapshot=storage.Snapshot(timestamp=LONG_AGO, locks=[LOCK]))
    assert not snapshot_of(replay([codec.encode(snapshot)], tmp_path)).locks


def test_events_of_a_stored_update_are_kept_when_more_come(tmp_path):
    stored = update(key(), 0, desired=(config(), (0, 1)))
    snapshot = storage.LogEntry(snapshot=storage.Snapshot(timestamp=LONG_AGO, jobUpdateDetails=[stored]))
    more = storage.LogEntry(
        transaction=storage.Transaction([storage.Op(**event(4, LONG_AGO + 9, "update-0"))], schemaVersion=1)
    )
    left = only_update(replay(map(codec.encode, (snapshot, more)), tmp_path))
    assert [e.status for e in left.details.updateEvents] == [0, 0, 4]


def test_a_backup_of_a_replayed_backup_is_the_same(tmp_path):
    stores = replayed(tmp_path, SAVED, event(0, 1), LOCKED, HOLDING, event(0, 3))
    again = replay([SNAPSHOT.put(fields.STOP, backup_of(stores))], tmp_path)
    assert backup_of(again) == backup_of(stores)
