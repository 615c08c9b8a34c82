"""Write a realistic backup of any size in constant memory. The same seed gives the same file."""

import argparse
import errno
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from random import Random

from thrift.Thrift import TType

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.gen.storage.ttypes import Snapshot
from aurora_admin.samples.jobs import RACKS, ROLES, SampleCluster, agent_id, host_name, make_job
from aurora_admin.samples.tasks import TAKEN_MS, SampleTasks, host_count
from aurora_admin.wire import fields
from aurora_admin.wire.codec import encode
from aurora_admin.wire.path import path as field_path

HOSTS_PER_DRAINED_HOST = 100
TASKS_PER_CRON_JOB = 2000
TASKS_PER_UPDATE = 500


def make_host(number: int) -> api.HostAttributes:
    """Return the attributes of a host; some hosts are draining."""
    attributes = (
        api.Attribute(name="host", values=(host_name(number),)),
        api.Attribute(name="rack", values=(RACKS[number % len(RACKS)],)),
        api.Attribute(name="zone", values=("zone-1", "zone-2")),
    )
    mode = api.MaintenanceMode.DRAINING if number % HOSTS_PER_DRAINED_HOST == 1 else api.MaintenanceMode.NONE
    return api.HostAttributes(host=host_name(number), attributes=attributes, mode=mode, slaveId=agent_id(number))


def make_cron(cluster: SampleCluster, number: int) -> storage.StoredCronJob:
    """Return a cron job. The numbers of their jobs are far from those of other jobs."""
    job = make_job(cluster, 10**6 + number)
    return storage.StoredCronJob(
        jobConfiguration=api.JobConfiguration(
            cronSchedule=f"{number % 60} 3 * * *",
            cronCollisionPolicy=api.CronCollisionPolicy.CANCEL_NEW,
            taskConfig=job.config,
            owner=api.Identity(user=job.key.role),
            instanceCount=1,
            key=job.key,
        )
    )


def make_quota(role: str) -> storage.QuotaConfiguration:
    """Return the quota of a role."""
    resources = (api.Resource(numCpus=8000.0), api.Resource(ramMb=16_000_000), api.Resource(diskMb=64_000_000))
    return storage.QuotaConfiguration(role=role, quota=api.ResourceAggregate(resources=resources))


def make_update(cluster: SampleCluster, number: int) -> storage.StoredJobUpdateDetails:
    """Return the update that every tenth job has, with its events."""
    job = make_job(cluster, 10 * number)
    rng = Random(f"{cluster.seed} update {number}")  # noqa: S311 - must be reproducible
    begin, end = TAKEN_MS - rng.randrange(30 * 86_400_000), TAKEN_MS - 1000
    state = api.JobUpdateState(
        status=api.JobUpdateStatus.ROLLED_FORWARD, createdTimestampMs=begin, lastModifiedTimestampMs=end
    )
    key = api.JobUpdateKey(job=job.key, id=f"{rng.getrandbits(128):032x}")
    everywhere = api.InstanceTaskConfig(task=job.config, instances=(api.Range(first=0, last=job.instances - 1),))
    strategy = api.JobUpdateStrategy(queueStrategy=api.QueueJobUpdateStrategy(groupSize=5))
    settings = api.JobUpdateSettings(
        updateGroupSize=5,
        maxPerInstanceFailures=1,
        maxFailedInstances=0,
        minWaitInInstanceRunningMs=45_000,
        rollbackOnFailure=True,
        updateOnlyTheseInstances=(),
        waitForBatchCompletion=False,
        blockIfNoPulsesAfterMs=0,
        slaAware=False,
        updateStrategy=strategy,
    )
    summary = api.JobUpdateSummary(
        user="deploy", state=state, key=key, metadata=(api.Metadata(key="ticket", value=f"OPS-{number}"),)
    )
    update = api.JobUpdate(
        summary=summary,
        instructions=api.JobUpdateInstructions(initialState=(everywhere,), desiredState=everywhere, settings=settings),
    )
    events = [
        api.JobUpdateEvent(status=api.JobUpdateStatus.ROLLING_FORWARD, timestampMs=begin, user="deploy"),
        api.JobUpdateEvent(status=api.JobUpdateStatus.ROLLED_FORWARD, timestampMs=end),
    ]
    actions = api.JobUpdateAction
    steps = [
        api.JobInstanceUpdateEvent(instanceId=instance, timestampMs=begin + 1000 * instance, action=action)
        for instance in range(2)
        for action in (actions.INSTANCE_UPDATING, actions.INSTANCE_UPDATED)
    ]
    return storage.StoredJobUpdateDetails(
        details=api.JobUpdateDetails(update=update, updateEvents=events, instanceEvents=steps)
    )


def make_maintenance(number: int) -> api.HostMaintenanceRequest:
    """Return the request that drains a host."""
    policy = api.SlaPolicy(percentageSlaPolicy=api.PercentageSlaPolicy(percentage=95.0, durationSecs=1800))
    return api.HostMaintenanceRequest(
        host=host_name(number), defaultSlaPolicy=policy, timeoutSecs=7200, createdTimestampMs=TAKEN_MS - 600_000
    )


def make_metadata(seed: int) -> storage.SchedulerMetadata:
    """Return the record of the scheduler that wrote the snapshot."""
    return storage.SchedulerMetadata(
        frameworkId=f"6d1f0c3e-5a3b-4c11-9d2e-{seed:012d}-0000", details={"version": "0.22.0", "git.tag": "sample"}
    )


def snapshot(cluster: SampleCluster) -> Iterator[bytes]:
    """Yield the bytes of a Snapshot, its sections in the order of their ids."""
    tasks, hosts = cluster.tasks, host_count(cluster.tasks)
    crons, updates = tasks // TASKS_PER_CRON_JOB + 2, tasks // TASKS_PER_UPDATE + 1
    drained = range(1, hosts, HOSTS_PER_DRAINED_HOST)
    yield _header("timestamp") + fields.i64(TAKEN_MS)
    yield from _section("hostAttributes", hosts, (encode(make_host(n)) for n in range(hosts)))
    yield from _section("tasks", tasks, SampleTasks(cluster))
    yield from _section("cronJobs", crons, (encode(make_cron(cluster, n)) for n in range(crons)))
    yield _header("schedulerMetadata") + encode(make_metadata(cluster.seed))
    yield from _section("quotaConfigurations", len(ROLES), (encode(make_quota(role)) for role in ROLES))
    yield from _section("jobUpdateDetails", updates, (encode(make_update(cluster, n)) for n in range(updates)))
    yield from _section("hostMaintenanceRequests", len(drained), (encode(make_maintenance(n)) for n in drained))
    yield fields.STOP


def _section(name: str, size: int, records: Iterable[bytes]) -> Iterator[bytes]:
    yield _header(name) + fields.container_header(TType.STRUCT, size)
    yield from records


def _header(name: str) -> bytes:
    return field_path(Snapshot, name).header


def write_sample(path: str, tasks: int, seed: int = 0) -> None:
    """Write a backup; the file appears complete and durable, or not at all.

    Raises:
        OSError: it cannot be written, the path is not a file, or the temporary file PATH.part exists.
    """
    if os.path.lexists(path) and not os.path.isfile(path):
        raise FileExistsError(errno.EEXIST, "it exists and is not a file", path)
    unfinished = f"{path}.part"
    if os.path.lexists(unfinished):
        raise FileExistsError(errno.EEXIST, "it exists already", unfinished)
    try:  # an interrupt may come as soon as the file exists
        with open(unfinished, "xb", buffering=1 << 20) as file:
            file.writelines(snapshot(SampleCluster(seed, tasks)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except FileExistsError:
        raise
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise


def main() -> None:
    """Run the program: `python -m aurora_admin.samples.backup --tasks N FILE`."""
    parser = argparse.ArgumentParser(prog="make-backup", description="Write a realistic backup of N tasks.")
    parser.add_argument("--tasks", type=int, required=True, metavar="N", help="number of tasks, about 1.8 KB each")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the random cluster (default 0)")
    parser.add_argument("file", metavar="FILE", help="path of the backup; an existing file is replaced")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if args.tasks < 0:
        parser.error(f"argument --tasks: must be 0 or more, not {args.tasks}")
    try:
        write_sample(args.file, args.tasks, args.seed)
    except OSError as error:
        parser.exit(1, f"make-backup: {error.filename or args.file} cannot be written: {error.strerror}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"make-backup: interrupted, {args.file} was not written\n")


if __name__ == "__main__":
    main()
