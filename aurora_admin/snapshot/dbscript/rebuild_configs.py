"""Rebuilding of the task configs of job updates from the tables of a dbScript (docs/releases.md 3)."""

from collections.abc import Iterable
from typing import Any

from aurora_admin.gen.api import ttypes as api
from aurora_admin.snapshot.dbscript.parser import Row, Value
from aurora_admin.snapshot.dbscript.tables import Tables

OWNER = "TASK_CONFIG_ID"


class TaskConfigs:
    """The configs by the ids of their rows. Each is built once, as updates share them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = {row["ID"]: row for row in tables.rows("TASK_CONFIGS")}
        self._built: dict[Value, Any] = {}

    def get(self, row_id: Value) -> Any:
        """Return the config of a row.

        Raises:
            KeyError: there is no such row, or a table or column is missing.
        """
        if row_id not in self._built:
            self._built[row_id] = self._build(self._rows[row_id])
        return self._built[row_id]

    def _build(self, row: Row) -> Any:
        config = api.TaskConfig(
            job=self._tables.job(row["JOB_KEY_ID"]),
            owner=api.Identity(user=row["CREATOR_USER"]),
            isService=row["SERVICE"],
            numCpus=row["NUM_CPUS"],
            ramMb=row["RAM_MB"],
            diskMb=row["DISK_MB"],
            priority=row["PRIORITY"],
            maxTaskFailures=row["MAX_TASK_FAILURES"],
            production=row["PRODUCTION"],
            contactEmail=row["CONTACT_EMAIL"],
            tier=row.get("TIER"),
        )
        if row["EXECUTOR_NAME"] is not None:
            config.executorConfig = api.ExecutorConfig(row["EXECUTOR_NAME"], row["EXECUTOR_DATA"])
        self._add_sets(config, row["ID"])
        config.container = self._container(row["ID"])
        return config

    def _add_sets(self, config: Any, own: Value) -> None:
        tables = self._tables
        config.constraints = list(self._constraints(own))
        config.requestedPorts = [row["PORT_NAME"] for row in tables.of("TASK_CONFIG_REQUESTED_PORTS", OWNER, own)]
        config.taskLinks = {row["LABEL"]: row["URL"] for row in tables.of("TASK_CONFIG_TASK_LINKS", OWNER, own)}
        config.metadata = [api.Metadata(r["KEY"], r["VALUE"]) for r in tables.of("TASK_CONFIG_METADATA", OWNER, own)]
        if tables.has("TASK_CONFIG_MESOS_FETCHER_URIS"):
            config.mesosFetcherUris = [
                api.MesosFetcherURI(row["VALUE"], row["EXTRACT"], row["CACHE"])
                for row in tables.of("TASK_CONFIG_MESOS_FETCHER_URIS", OWNER, own)
            ]
        if tables.has("TASK_RESOURCE"):
            config.resources = tables.resources("TASK_RESOURCE", OWNER, own)

    def _constraints(self, own: Value) -> Iterable[Any]:
        tables = self._tables
        for row in tables.of("TASK_CONSTRAINTS", OWNER, own):
            for value in tables.of("VALUE_CONSTRAINTS", "CONSTRAINT_ID", row["ID"]):
                found = tables.of("VALUE_CONSTRAINT_VALUES", "VALUE_CONSTRAINT_ID", value["ID"])
                wanted = api.ValueConstraint(value["NEGATED"], [each["VALUE"] for each in found])
                yield api.Constraint(row["NAME"], api.TaskConstraint(value=wanted))
            for limit in tables.of("LIMIT_CONSTRAINTS", "CONSTRAINT_ID", row["ID"]):
                yield api.Constraint(row["NAME"], api.TaskConstraint(limit=api.LimitConstraint(limit["VALUE"])))

    def _container(self, own: Value) -> Any:
        """Return the container: a Docker one if the config has a row for it, else Mesos."""
        tables = self._tables
        for row in tables.of("TASK_CONFIG_DOCKER_CONTAINERS", OWNER, own):
            options = tables.of("TASK_CONFIG_DOCKER_CONTAINER_PARAMETERS", "CONTAINER_ID", row["ID"])
            parameters = [api.DockerParameter(option["NAME"], option["VALUE"]) for option in options]
            return api.Container(docker=api.DockerContainer(row["IMAGE"], parameters))
        mesos = api.MesosContainer(image=self._image(own))
        if tables.has("TASK_CONFIG_VOLUMES"):
            mesos.volumes = [
                api.Volume(row["CONTAINER_PATH"], row["HOST_PATH"], row["MODE"])
                for row in tables.of("TASK_CONFIG_VOLUMES", OWNER, own)
            ]
        return api.Container(mesos=mesos)

    def _image(self, own: Value) -> Any:
        for row in self._tables.of("TASK_CONFIG_DOCKER_IMAGES", OWNER, own):
            return api.Image(docker=api.DockerImage(row["NAME"], row["TAG"]))
        for row in self._tables.of("TASK_CONFIG_APPC_IMAGES", OWNER, own):
            return api.Image(appc=api.AppcImage(row["NAME"], row["IMAGE_ID"]))
        return None
