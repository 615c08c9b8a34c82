"""Options that both commands have."""

from argparse import ArgumentParser

from aurora_admin.hosts import BY_HOST, GROUPINGS
from aurora_admin.units import whole_number

MIN_INSTANCE_COUNT = 10


def add_common_options(parser: ArgumentParser) -> None:
    """Declare --grouping and --min_job_instance_count."""
    parser.add_argument(
        "--grouping",
        metavar="GROUPING",
        default=BY_HOST,
        help=f"which hosts go down together: {' or '.join(GROUPINGS)} (default: {BY_HOST})",
    )
    parser.add_argument(
        "--min_job_instance_count",
        metavar="COUNT",
        type=whole_number,
        default=MIN_INSTANCE_COUNT,
        help=f"ignore jobs with fewer live tasks (default: {MIN_INSTANCE_COUNT})",
    )
