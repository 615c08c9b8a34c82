"""Rebuilding of the records of a dbScript from its tables (docs/releases.md 3)."""

from collections.abc import Iterable, Mapping
from typing import Any

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.snapshot.dbscript.parser import Row, ScriptError
from aurora_admin.snapshot.dbscript.rebuild_configs import TaskConfigs
from aurora_admin.snapshot.dbscript.tables import Tables
from aurora_admin.snapshot.sections import HOSTS, JOB_UPDATES, LOCKS, QUOTAS
from aurora_admin.wire import codec

SECTIONS_OF_SCRIPT = (HOSTS, QUOTAS, LOCKS, JOB_UPDATES)


def rebuild(rows: Mapping[str, list[Row]]) -> dict[int, list[bytes]]:
    """Return the encoded records of each section that a script has, by the section's field id.

    Raises:
        ScriptError: a table, a column or a referenced row is missing, or a value has a wrong type.
    """
    tables = Tables(rows)
    rebuilders = {HOSTS: _hosts, QUOTAS: _quotas, LOCKS: _locks, JOB_UPDATES: _updates}
    try:
        return {number: [codec.encode(record) for record in rebuilt(tables)] for number, rebuilt in rebuilders.items()}
    except KeyError as error:
        raise ScriptError(f"its dbScript lacks the table, the column or the row {error!s:.200}") from None
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        raise ScriptError(f"its dbScript has a value of a wrong type ({error!s:.200})") from None


def _hosts(tables: Tables) -> Iterable[Any]:
    for row in tables.rows("HOST_ATTRIBUTES"):
        values: dict[Any, list[Any]] = {}
        for value in tables.of("HOST_ATTRIBUTE_VALUES", "HOST_ATTRIBUTE_ID", row["ID"]):
            values.setdefault(value["NAME"], []).append(value["VALUE"])
        attributes = [api.Attribute(name, found) for name, found in values.items()]
        yield api.HostAttributes(host=row["HOST"], attributes=attributes, mode=row["MODE"], slaveId=row["SLAVE_ID"])


def _quotas(tables: Tables) -> Iterable[Any]:
    for row in tables.rows("QUOTAS"):
        quota = api.ResourceAggregate(numCpus=row["NUM_CPUS"], ramMb=row["RAM_MB"], diskMb=row["DISK_MB"])
        if tables.has("QUOTA_RESOURCE"):
            quota.resources = tables.resources("QUOTA_RESOURCE", "QUOTA_ID", row["ID"])
        yield storage.QuotaConfiguration(row["ROLE"], quota)


def _locks(tables: Tables) -> Iterable[Any]:
    for row in tables.rows("LOCKS"):
        key = api.LockKey(job=tables.job(row["JOB_KEY_ID"]))
        yield api.Lock(key, row["TOKEN"], row["USER"], row["TIMESTAMPMS"], row["MESSAGE"])


def _updates(tables: Tables) -> Iterable[Any]:
    configs = TaskConfigs(tables)
    for row in tables.rows("JOB_UPDATES"):
        own = row["ID"]
        key = api.JobUpdateKey(tables.job(row["JOB_KEY_ID"]), row["UPDATE_ID"])
        summary = api.JobUpdateSummary(key=key, user=row["USER"], state=api.JobUpdateState())
        if tables.has("JOB_UPDATE_METADATA"):
            found = tables.of("JOB_UPDATE_METADATA", "UPDATE_ROW_ID", own)
            summary.metadata = [api.Metadata(label["KEY"], label["VALUE"]) for label in found]
        update = api.JobUpdate(summary, _instructions(tables, configs, row))
        details = api.JobUpdateDetails(update, _events(tables, own), _instance_events(tables, own))
        tokens = [lock["LOCK_TOKEN"] for lock in tables.of("JOB_UPDATE_LOCKS", "UPDATE_ROW_ID", own)]
        yield storage.StoredJobUpdateDetails(details, *tokens)


def _instructions(tables: Tables, configs: TaskConfigs, row: Row) -> Any:
    own = row["ID"]
    initial, desired = [], None
    for config in tables.of("JOB_UPDATE_CONFIGS", "UPDATE_ROW_ID", own):
        task = configs.get(config["TASK_CONFIG_ROW_ID"])
        if config["IS_NEW"]:
            desired = api.InstanceTaskConfig(task, _ranges(tables, "JOB_UPDATES_TO_DESIRED_INSTANCES", own))
        else:
            ranges = tables.of("JOB_UPDATE_CONFIGS_TO_INSTANCES", "CONFIG_ID", config["ID"])
            initial.append(api.InstanceTaskConfig(task, [_range(found) for found in ranges]))
    return api.JobUpdateInstructions(initialState=initial, desiredState=desired, settings=_settings(tables, row))


def _settings(tables: Tables, row: Row) -> Any:
    return api.JobUpdateSettings(
        updateGroupSize=row["UPDATE_GROUP_SIZE"],
        maxPerInstanceFailures=row["MAX_PER_INSTANCE_FAILURES"],
        maxFailedInstances=row["MAX_FAILED_INSTANCES"],
        minWaitInInstanceRunningMs=row["MIN_WAIT_IN_INSTANCE_RUNNING_MS"],
        rollbackOnFailure=row["ROLLBACK_ON_FAILURE"],
        updateOnlyTheseInstances=_ranges(tables, "JOB_UPDATES_TO_INSTANCE_OVERRIDES", row["ID"]),
        waitForBatchCompletion=row["WAIT_FOR_BATCH_COMPLETION"],
        blockIfNoPulsesAfterMs=row["BLOCK_IF_NO_PULSES_AFTER_MS"],
    )


def _ranges(tables: Tables, table: str, update: Any) -> list[Any]:
    return [_range(row) for row in tables.of(table, "UPDATE_ROW_ID", update)]


def _range(row: Row) -> Any:
    return api.Range(row["FIRST"], row["LAST"])


def _events(tables: Tables, update: Any) -> list[Any]:
    return [
        api.JobUpdateEvent(row["STATUS"], row["TIMESTAMP_MS"], row.get("USER"), row.get("MESSAGE"))
        for row in tables.of("JOB_UPDATE_EVENTS", "UPDATE_ROW_ID", update)
    ]


def _instance_events(tables: Tables, update: Any) -> list[Any]:
    return [
        api.JobInstanceUpdateEvent(instanceId=row["INSTANCE_ID"], timestampMs=row["TIMESTAMP_MS"], action=row["ACTION"])
        for row in tables.of("JOB_INSTANCE_UPDATE_EVENTS", "UPDATE_ROW_ID", update)
    ]
