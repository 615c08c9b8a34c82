"""Records rebuilt from SQL that no recorded backup has: containers, special characters, NULLs, empty tables."""

from aurora_admin.gen.api import ttypes as api
from aurora_admin.gen.storage import ttypes as storage
from aurora_admin.snapshot.dbscript.parser import read_script
from aurora_admin.snapshot.dbscript.rebuild import rebuild
from aurora_admin.snapshot.sections import HOSTS, JOB_UPDATES, LOCKS, QUOTAS
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire import codec
from aurora_admin.wire.canonical import same
from tests.support.dbscript import SCHEMA_013, script

SPECIAL = "can't; \"quote\" back\\slash tab\there\nline, (1, NULL),\n🚀 ü ''"
TIME = 1_500_000_000_000


def rebuilt(tables, **settings):
    """The records of each section, decoded."""
    kinds = {
        HOSTS: api.HostAttributes,
        QUOTAS: storage.QuotaConfiguration,
        LOCKS: api.Lock,
        JOB_UPDATES: storage.StoredJobUpdateDetails,
    }
    found = rebuild(read_script(text.encode() for text in script(tables, **settings)))
    return {number: [codec.decode(kinds[number], raw) for raw in records] for number, records in found.items()}


def config_row(row_id, executor=("AuroraExecutor", "{}"), tier="preferred", email=None):
    return (row_id, 1, "user", True, 1.5, 256, 512, 7, -1, True, email, *executor, tier)


def update_row(row_id, job=1, pulses=0):
    return (row_id, job, f"u-{row_id}", "bob", 2, 1, 3, 45000, True, False, pulses)


KEYS = [(1, "www", "prod", "web"), (2, "ads", "devel", SPECIAL)]


def configs(**tables):
    """Three configs of a job as initial states of one update, rebuilt, by the first of their instances."""
    used = [(number, 1, number, False) for number in (1, 2, 3)]
    ranges = [(number, number, number, number) for number in (1, 2, 3)]
    given = {
        "JOB_KEYS": KEYS,
        "JOB_UPDATES": [update_row(1)],
        "JOB_UPDATE_CONFIGS": used,
        "JOB_UPDATE_CONFIGS_TO_INSTANCES": ranges,
        "TASK_CONFIGS": [config_row(number) for number in (1, 2, 3)],
        **tables,
    }
    (stored,) = rebuilt(given)[JOB_UPDATES]
    groups = stored.details.update.instructions.initialState
    return {next(iter(group.instances)).first: group.task for group in groups}


def test_an_empty_database_has_no_records():
    assert rebuilt({}) == {HOSTS: [], QUOTAS: [], LOCKS: [], JOB_UPDATES: []}
    assert rebuilt({}, schema=SCHEMA_013) == {HOSTS: [], QUOTAS: [], LOCKS: [], JOB_UPDATES: []}


def test_every_kind_of_container_is_rebuilt():
    found = configs(
        TASK_CONFIG_DOCKER_CONTAINERS=[(5, 1, "registry/image:1")],
        TASK_CONFIG_DOCKER_CONTAINER_PARAMETERS=[(1, 5, "env", SPECIAL), (2, 5, "label", "a=b"), (3, 9, "not", "ours")],
        TASK_CONFIG_DOCKER_IMAGES=[(1, 2, "image", "latest")],
        TASK_CONFIG_APPC_IMAGES=[(1, 3, "appc", "sha512-1")],
        TASK_CONFIG_VOLUMES=[(1, 2, "/host", "/container", 2), (2, 2, "/rw", "/rw", 1)],
    )
    parameters = [api.DockerParameter("env", SPECIAL), api.DockerParameter("label", "a=b")]
    assert found[1].container == api.Container(docker=api.DockerContainer("registry/image:1", parameters))
    volumes = [api.Volume("/container", "/host", api.Mode.RO), api.Volume("/rw", "/rw", api.Mode.RW)]
    image = api.Image(docker=api.DockerImage("image", "latest"))
    assert found[2].container == api.Container(mesos=api.MesosContainer(image, volumes))
    image = api.Image(appc=api.AppcImage("appc", "sha512-1"))
    assert found[3].container == api.Container(mesos=api.MesosContainer(image, []))


def test_a_config_has_its_own_sets_only():
    found = configs(
        TASK_CONSTRAINTS=[(1, 1, "host"), (2, 1, "rack"), (3, 2, "host"), (4, 1, "none")],
        LIMIT_CONSTRAINTS=[(1, 1, 4)],
        VALUE_CONSTRAINTS=[(1, 2, True), (2, 3, False)],
        VALUE_CONSTRAINT_VALUES=[(1, 1, "a"), (2, 1, SPECIAL), (3, 2, "")],
        TASK_CONFIG_REQUESTED_PORTS=[(1, 1, "http"), (2, 1, "health"), (3, 2, "http")],
        TASK_CONFIG_TASK_LINKS=[(1, 1, "http", "http://%host%"), (2, 1, SPECIAL, SPECIAL)],
        TASK_CONFIG_METADATA=[(1, 1, "KEY", "one"), (2, 1, "KEY", "two"), (3, 3, SPECIAL, "")],
        TASK_CONFIG_MESOS_FETCHER_URIS=[(1, 1, "http://a", True, False), (2, 1, "http://b", False, True)],
        TASK_RESOURCE=[
            (1, 1, 5, "2"),
            (2, 1, 4, "http"),
            (3, 1, 1, "0.25"),
            (4, 1, 2, "9223372036854775807"),
            (5, 1, 3, "0"),
            (6, 2, 1, "1.0E-5"),
        ],
    )
    assert sorted(found[1].constraints, key=str) == sorted(
        [
            api.Constraint("host", api.TaskConstraint(limit=api.LimitConstraint(4))),
            api.Constraint("rack", api.TaskConstraint(value=api.ValueConstraint(True, {"a", SPECIAL}))),
        ],
        key=str,
    )
    wanted = api.TaskConstraint(value=api.ValueConstraint(False, {""}))
    assert list(found[2].constraints) == [api.Constraint("host", wanted)]
    assert (found[1].requestedPorts, found[2].requestedPorts, found[3].requestedPorts) == (
        {"http", "health"},
        {"http"},
        set(),
    )
    assert found[1].taskLinks == {"http": "http://%host%", SPECIAL: SPECIAL}
    assert sorted((one.key, one.value) for one in found[1].metadata) == [("KEY", "one"), ("KEY", "two")]
    assert [(one.key, one.value) for one in found[3].metadata] == [(SPECIAL, "")]
    assert sorted((one.value, one.extract, one.cache) for one in found[1].mesosFetcherUris) == [
        ("http://a", True, False),
        ("http://b", False, True),
    ]
    assert sorted(map(repr, found[1].resources)) == sorted(
        map(
            repr,
            (
                api.Resource(numGpus=2),
                api.Resource(numCpus=0.25),
                api.Resource(ramMb=2**63 - 1),
                api.Resource(diskMb=0),
                api.Resource(namedPort="http"),
            ),
        )
    )
    assert [one.numCpus for one in found[2].resources] == [1.0e-5]


def test_null_is_a_missing_field():
    found = configs(
        TASK_CONFIGS=[
            config_row(1, executor=(None, None), tier=None),
            config_row(2, email="a@b"),
            config_row(3, executor=("other", None)),
        ]
    )
    assert (found[1].executorConfig, found[1].tier, found[1].contactEmail) == (None, None, None)
    assert (found[2].tier, found[2].contactEmail) == ("preferred", "a@b")
    assert (found[3].executorConfig.name, found[3].executorConfig.data) == ("other", None)


def test_without_resource_tables_the_columns_of_0_13_count():
    """Release 0.13 had three columns, and a table of ports (rules 9 and 10 of docs/wire.md 3.3)."""
    found = rebuild(
        read_script(
            text.encode()
            for text in script(
                {
                    "JOB_KEYS": KEYS,
                    "TASK_CONFIGS": [config_row(1)],
                    "JOB_UPDATES": [update_row(1)],
                    "JOB_UPDATE_CONFIGS": [(1, 1, 1, True)],
                    "JOB_UPDATES_TO_DESIRED_INSTANCES": [(1, 1, 0, 9)],
                    "TASK_CONFIG_REQUESTED_PORTS": [(1, 1, "http")],
                    "QUOTAS": [(1, "www", 0.5, 100, 200)],
                },
                SCHEMA_013,
            )
        )
    )
    upgraded = codec.decode(storage.StoredJobUpdateDetails, Upgrader().update(found[JOB_UPDATES][0]))
    resources = upgraded.details.update.instructions.desiredState.task.resources
    assert sorted(map(repr, resources)) == sorted(
        map(
            repr,
            (
                api.Resource(numCpus=1.5),
                api.Resource(ramMb=256),
                api.Resource(diskMb=512),
                api.Resource(namedPort="http"),
            ),
        )
    )
    upgraded = codec.decode(storage.QuotaConfiguration, Upgrader().quota(found[QUOTAS][0]))
    assert sorted(map(repr, upgraded.quota.resources)) == sorted(
        map(repr, (api.Resource(numCpus=0.5), api.Resource(ramMb=100), api.Resource(diskMb=200)))
    )


def test_many_updates_of_a_job_have_their_own_parts():
    """They share configs, have all of their parts or not, and more rows than one INSERT holds."""
    count = 60
    own = range(1, count + 1)
    found = rebuilt(
        {
            "JOB_KEYS": KEYS,
            "TASK_CONFIGS": [config_row(1), config_row(2)],
            "JOB_UPDATES": [
                update_row(number, job=1 + number % 2, pulses=None if number == 3 else number) for number in own
            ],
            "JOB_UPDATE_METADATA": [(number, number, "KEY", f"{number} {SPECIAL}") for number in own],
            "JOB_UPDATE_LOCKS": [(1, 2, "token-2")],
            "JOB_UPDATE_CONFIGS": [
                *((number, number, 1, True) for number in own if number != 5),
                *((100 + number, number, 2, False) for number in own if number != 6),
            ],
            "JOB_UPDATE_CONFIGS_TO_INSTANCES": [(number, 100 + number, 0, number) for number in own if number != 6],
            "JOB_UPDATES_TO_DESIRED_INSTANCES": [*((number, number, 0, number) for number in own), (99, 4, 7, 8)],
            "JOB_UPDATES_TO_INSTANCE_OVERRIDES": [(1, 4, 1, 2), (2, 4, 4, 4)],
            "JOB_UPDATE_EVENTS": [
                (number * 100 + at, number, at % 2, TIME + at, None if at else "bob", SPECIAL if at else None)
                for number in own
                for at in range(number % 4)
            ],
            "JOB_INSTANCE_UPDATE_EVENTS": [
                (number * 1000 + at, number, 1 + at % 6, at, TIME + at) for number in own for at in range(number)
            ],
        }
    )[JOB_UPDATES]
    assert [(one.details.update.summary.key.id, one.details.update.summary.key.job.name) for one in found] == [
        (f"u-{number}", (SPECIAL if number % 2 else "web")) for number in own
    ]
    for number, stored in zip(own, found, strict=True):
        details, instructions = stored.details, stored.details.update.instructions
        assert stored.lockToken == ("token-2" if number == 2 else None)
        assert [one.value for one in details.update.summary.metadata] == [f"{number} {SPECIAL}"]
        assert [(event.status, event.timestampMs, event.user, event.message) for event in details.updateEvents] == [
            (at % 2, TIME + at, None if at else "bob", SPECIAL if at else None) for at in range(number % 4)
        ]
        assert [(event.instanceId, event.action) for event in details.instanceEvents] == [
            (at, 1 + at % 6) for at in range(number)
        ]
        assert instructions.settings.blockIfNoPulsesAfterMs == (None if number == 3 else number)
        desired = instructions.desiredState
        assert (desired is None) == (number == 5)
        if desired:
            assert {(one.first, one.last) for one in desired.instances} == {
                (0, number),
                *([(7, 8)] if number == 4 else []),
            }
        assert [{(one.first, one.last) for one in group.instances} for group in instructions.initialState] == (
            [] if number == 6 else [{(0, number)}]
        )
        assert {(one.first, one.last) for one in instructions.settings.updateOnlyTheseInstances} == (
            {(1, 2), (4, 4)} if number == 4 else set()
        )


def test_hosts_quotas_and_locks_of_any_text():
    found = rebuilt(
        {
            "JOB_KEYS": KEYS,
            "HOST_ATTRIBUTES": [(1, "a", 1, "s-a"), (2, SPECIAL, 4, "s-b")],
            "HOST_ATTRIBUTE_VALUES": [(1, 1, "rack", "r"), (2, 1, "rack", SPECIAL), (3, 1, "VALUE", "")],
            "QUOTAS": [(1, SPECIAL, 0.0, 0, 0), (2, "www", 128.5, 1, 2)],
            "QUOTA_RESOURCE": [(1, 2, 1, "128.5"), (2, 2, 2, "1"), (3, 2, 3, "2")],
            "LOCKS": [(1, 2, "t", "bob", TIME, SPECIAL), (2, 1, "t2", "bob", TIME, None)],
            "CHANGELOG": [(1, "2017-01-01 00:00:00", SPECIAL, b"DROP TABLE x;"), (2, "2017-01-01 00:00:00", "", None)],
        }
    )
    one, other = found[HOSTS]
    assert {attribute.name: attribute.values for attribute in one.attributes} == {"rack": {"r", SPECIAL}, "VALUE": {""}}
    assert (other.host, other.mode, other.slaveId, other.attributes) == (SPECIAL, 4, "s-b", set())
    assert [quota.role for quota in found[QUOTAS]] == [SPECIAL, "www"]
    assert same(found[LOCKS][0], api.Lock(api.LockKey(api.JobKey("ads", "devel", SPECIAL)), "t", "bob", TIME, SPECIAL))
    assert found[LOCKS][1].message is None
