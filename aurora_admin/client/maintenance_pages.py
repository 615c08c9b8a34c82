"""What a scheduler's pages say of hosts: which are in maintenance, why, and which take tasks (docs/api.md 5.1, 5.8)."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from aurora_admin.calls import REASONS_PAGE
from aurora_admin.client.failures import Failure, one_line
from aurora_admin.client.maintenance import DRAINED, DRAINING, SCHEDULED
from aurora_admin.errors import AdminError, BadReply

if TYPE_CHECKING:
    from collections.abc import Collection

    from aurora_admin.client.scheduler import Scheduler

MAINTENANCE_PAGE = "maintenance"
AGENTS_PAGE = "slaves"  # its name in every release; newer ones have it as /agents too
UNAVAILABLE = {DRAINING, DRAINED}  # modes in which a host gets no tasks


class MaintenanceReason(NamedTuple):
    """Why a host is in maintenance, since when, and from which address that was said."""

    reason: str
    since: str
    caller: str


def reasons(scheduler: Scheduler) -> dict[str, MaintenanceReason]:
    """Return the reasons by host, from the scheduler that replied last. Only our reference scheduler has some."""
    page = _object_on(scheduler, REASONS_PAGE)
    texts = {
        host: [str(values.get(name) or "") for name in MaintenanceReason._fields]
        for host, values in page.items()
        if isinstance(values, dict)
    }
    return {host: MaintenanceReason(*found) for host, found in texts.items()}


def hosts_in_maintenance(scheduler: Scheduler) -> set[str]:
    """Return the hosts that are not in the mode NONE, by a page of the scheduler that replied last.

    The page leaves out a host that is DRAINING and has no task. The reference scheduler has some of these on another
    page, with their reasons.

    Raises:
        BadReply: the page cannot be read.
    """
    try:
        status, text = scheduler.page(MAINTENANCE_PAGE)
    except Failure as failure:
        raise BadReply(f"Cannot read {failure.place}: {failure.reason}. Run the command again") from failure
    page = _object(text) if status == HTTPStatus.OK else {}
    found = set(reasons(scheduler))
    for mode in (SCHEDULED, DRAINING, DRAINED):
        hosts = page.get(mode)
        if not isinstance(hosts, (list, dict)):
            raise BadReply(
                f"The page /{MAINTENANCE_PAGE} of the scheduler has no list of hosts (status {status}: "
                f"{one_line(text) or 'no text'}). Run the command again; or name the hosts with --hosts"
            )
        found.update(host for host in hosts if isinstance(host, str))
    return found


def tasks_left(scheduler: Scheduler, hosts: Collection[str]) -> int | None:
    """Return how many tasks run on hosts that are DRAINING; None if the scheduler does not say."""
    draining = _object_on(scheduler, MAINTENANCE_PAGE).get(DRAINING)
    if not isinstance(draining, dict):
        return None
    return sum(len(tasks) for host, tasks in draining.items() if host in hosts and isinstance(tasks, list))


def hosts_for_tasks(scheduler: Scheduler) -> set[str] | None:
    """Return the hosts that get tasks, by a page of the scheduler that replied last.

    None if the page cannot be read, or lists no host.
    """
    table = _Table()
    table.feed(_text_on(scheduler, AGENTS_PAGE))
    if not any(table.rows):
        return None
    return {cells[0] for cells in table.rows if cells and not UNAVAILABLE.intersection(cells)}


class _Table(HTMLParser):
    """The texts of the cells of a table, by row; the cells of its head do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._is_in_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        self._is_in_cell = self._is_in_cell or tag == "td"
        if tag == "td" and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_in_cell = self._is_in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._is_in_cell and self.rows and self.rows[-1]:
            self.rows[-1][-1] = f"{self.rows[-1][-1]}{data}".strip()


def _text_on(scheduler: Scheduler, name: str) -> str:
    """Return the text of a page; empty if it cannot be had."""
    try:
        status, text = scheduler.page(name)
    except (Failure, AdminError):
        return ""
    return text if status == HTTPStatus.OK else ""


def _object_on(scheduler: Scheduler, name: str) -> dict[str, object]:
    return _object(_text_on(scheduler, name))


def _object(text: str) -> dict[str, object]:
    """Return a JSON object; an empty one if the text is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
