"""The file of --override_file, with the SLA of single jobs (docs/cli.md 5.4)."""

from __future__ import annotations

from io import StringIO

from aurora_admin.errors import AdminError
from aurora_admin.hosts import read_text
from aurora_admin.sla import VALID_NAME, Sla
from aurora_admin.units import duration, percentage

EXAMPLE = "west/www/prod/hello 95 2h"
# What the original says of a line, which stays as it was. It ended with a traceback at everything else.
TEXTS_OF_ORIGINAL = ("Invalid line in ", "Invalid percentage ")


class InvalidOverride(AdminError):
    """A line of the file cannot be used. The message may end with the line end of that line, as in the original."""

    is_multiline = True


def read_overrides(filename: str | None) -> dict[str, Sla]:
    """Return the SLA of each job that a file has, by cluster/role/environment/name; without a file, none.

    Of two lines about one job the later one holds.

    Raises:
        AdminError: the file cannot be read, or one of its lines cannot be used; the hint names the line.
    """
    lines = StringIO(read_text(filename)) if filename else ()
    return dict(_override(line, f"{filename}", number) for number, line in enumerate(lines, 1) if line.strip())


def _override(line: str, filename: str, number: int) -> tuple[str, Sla]:
    try:
        return _parsed(line, filename)
    except AdminError as error:
        where = f"line {number} of {filename}"
        is_of_original = error.message.startswith(TEXTS_OF_ORIGINAL)
        raise InvalidOverride(
            error.message if is_of_original else f"{error.message}, in {where}",
            f"Correct {where}. It has to have a job, a percentage and a duration, for example: {EXAMPLE}",
        ) from error


def _parsed(line: str, filename: str) -> tuple[str, Sla]:
    fields = line.split()
    if len(fields) != 3:
        raise AdminError(f"Invalid line in {filename}:{line}")
    job, share, time = fields
    _check_path(job)
    return job, Sla(percentage(share), duration(time))


def _check_path(path: str) -> None:
    parts = path.split("/")
    if len(parts) != 4:
        raise AdminError(f"Invalid path {path!r}. path should be a string in the form CLUSTER/ROLE/ENV/NAME")
    for part, name in zip(("role", "env", "name"), parts[1:], strict=True):
        if not VALID_NAME.fullmatch(name):
            raise AdminError(f"Invalid {part} {name!r}")
