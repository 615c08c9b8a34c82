"""What a role consumes is what a plain model of docs/api.md 1.5 says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_admin.gen.api.ttypes import JobUpdateStatus, ScheduleStatus
from aurora_admin.scheduler.api.quota import claims, consumption
from aurora_admin.scheduler.api.resources import QuotaClass
from aurora_admin.scheduler.state.stores import Stores
from aurora_admin.wire.codec import encode
from tests.support.jobs import config, cron, dedicated, job, key, resources, task, update

S, U = ScheduleStatus, JobUpdateStatus
ACTIVE = {S.PENDING, S.THROTTLED, S.ASSIGNED, S.STARTING, S.RUNNING, S.PARTITIONED}
ACTIVE |= {S.KILLING, S.RESTARTING, S.DRAINING, S.PREEMPTING}
ACTIVE_UPDATE = {
    U.ROLLING_FORWARD,
    U.ROLLING_BACK,
    U.ROLL_FORWARD_PAUSED,
    U.ROLL_BACK_PAUSED,
    U.ROLL_FORWARD_AWAITING_PULSE,
    U.ROLL_BACK_AWAITING_PULSE,
}
# Production or not, on dedicated hosts or not, cores, MiB of memory, MiB of disk.
kinds = st.tuples(st.booleans(), st.booleans(), st.integers(0, 9), st.integers(0, 9), st.integers(0, 2**62))
states = st.sampled_from(sorted(S._VALUES_TO_NAMES))
runs = st.dictionaries(st.integers(0, 6), st.tuples(kinds, states), max_size=6)
ranges = st.tuples(st.integers(0, 4), st.integers(0, 3)).map(lambda pair: (pair[0], sum(pair)))
groups = st.tuples(kinds, ranges)
plain = st.fixed_dictionaries({"tasks": runs})
updated = st.fixed_dictionaries(
    {
        "tasks": runs,
        "status": st.sampled_from(sorted(U._VALUES_TO_NAMES)),
        "initial": st.lists(groups, max_size=2),
        "desired": st.none() | groups,
    }
)
scheduled = st.fixed_dictionaries({"tasks": runs, "template": kinds, "instances": st.integers(1, 5)})
role_contents = st.lists(plain | updated | scheduled, max_size=4)


def task_config(of, kind):
    production, is_dedicated, cpus, ram_mb, disk_mb = kind
    constraints = {"constraints": dedicated("www/x")} if is_dedicated else {}
    return config(of, production=production, resources=resources(float(cpus), ram_mb, disk_mb), **constraints)


def fill(stores, role, jobs):
    for number, content in enumerate(jobs):
        of = key(f"job-{number}", role)
        stored = [
            task(task_config(of, kind), instance, status) for instance, (kind, status) in content["tasks"].items()
        ]
        stores.tasks.save_all(map(encode, stored))
        if "template" in content:
            described = job(f"job-{number}", content["instances"], role)
            described.taskConfig = task_config(of, content["template"])
            stores.cron_jobs.save(encode(cron(described)))
        if "status" in content:
            initial = [(task_config(of, kind), limits) for kind, limits in content["initial"]]
            desired = content["desired"] and (task_config(of, content["desired"][0]), content["desired"][1])
            stores.job_updates.save(encode(update(of, content["status"], initial, desired)))


def total(instances, quota_class):
    """Return the sums of what these instances take in one class."""
    taken = [kind[2:] for kind in instances if kind[:2] == quota_class]
    return [sum(amounts) for amounts in zip(*taken, strict=True)] if taken else [0, 0, 0]


def expand(group):
    kind, (first, last) = group
    return [kind] * (last - first + 1)


def of_job(content, quota_class):
    active = {instance: kind for instance, (kind, status) in content["tasks"].items() if status in ACTIVE}
    if "template" in content:
        if content["template"][:2] != quota_class:
            return [0, 0, 0]
        next_run = total([content["template"]] * content["instances"], quota_class)
        return list(map(max, next_run, total(active.values(), quota_class)))
    if content.get("status") not in ACTIVE_UPDATE:
        return total(active.values(), quota_class)
    desired = [content["desired"]] if content["desired"] else []
    working = {n for _, (first, last) in content["initial"] + desired for n in range(first, last + 1)}
    before, after = (
        total([kind for group in side for kind in expand(group)], quota_class) for side in (content["initial"], desired)
    )
    rest = total([kind for instance, kind in active.items() if instance not in working], quota_class)
    return [most + more for most, more in zip(map(max, before, after), rest, strict=True)]


@settings(deadline=None, max_examples=300)
@given(jobs=role_contents, others=role_contents)
def test_a_role_takes_what_the_model_says(tmp_path_factory, jobs, others):
    stores = Stores(str(tmp_path_factory.getbasetemp()))
    fill(stores, "www", jobs)
    fill(stores, "db", others)
    for role, contents in (("www", jobs), ("db", others), ("nobody", [])):
        found = consumption(claims(stores, role.encode()))
        assert len(found) == 4
        for production in (True, False):
            for is_dedicated in (True, False):
                quota_class = (production, is_dedicated)
                sums = [of_job(content, quota_class) for content in contents]
                wanted = [sum(amounts) for amounts in zip(*sums, strict=True)] if sums else [0, 0, 0]
                assert list(found[QuotaClass(*quota_class)]) == wanted
