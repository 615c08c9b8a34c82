"""The flags of aurora-reference-scheduler, with the names and the syntax of a real scheduler's (docs/api.md 8).

No flag is ignored: a flag of a real scheduler that is not implemented is refused by name.
"""

import re
import socket
from argparse import SUPPRESS, Action, ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from ipaddress import IPv6Address
from typing import Any, NoReturn

from aurora_admin import __version__
from aurora_admin.scheduler.flags import election, log
from aurora_admin.scheduler.flags.amounts import boolean, count, positive_seconds
from aurora_admin.scheduler.flags.names import check_names, expanded

DESCRIPTION = """\
A scheduler's storage, recovery and Thrift API without Mesos, to rehearse a restore, test a plugin or check a backup.
Create its log with aurora-reference-log(1) first. It exits with status 0 after SIGTERM, SIGINT and a committed
recovery, so its supervisor must restart it on every exit. It exits with status 1 when it cannot start or must stop.

With -zk_endpoints and -serverset_path, several schedulers elect a leader. The leader is advertised once it is
registered, and the standbys redirect calls to it. A scheduler exits with status 1 when it loses its ZooKeeper session,
or has no contact to ZooKeeper for as long as the session lasts. Give all of them the same log with
-native_log_zk_group_path: otherwise each has a state of its own. For a restore, start all with
-mesos_master_address=zk://HOSTS/PATH, a path without a Mesos master, and a long -max_registration_delay. The elected
scheduler then serves the calls that have the header Bypass-Leader-Redirect.

Give each flag once, as -flag=value or as -flag value. @FILE reads arguments from a file, one a line. A time is digits
and one of ns us ms secs mins hrs days, a size is digits and one of BYTES KB MB GB TB PB."""

# Flags of real schedulers of any release that are not implemented (yet).
NOT_AVAILABLE = """
alsologtostderr allow_container_volumes allow_docker_parameters allow_gpu_resource allowed_container_types
allowed_job_environments async_worker_threads cron_scheduler_num_threads cron_start_initial_backoff
cron_start_max_backoff cron_timezone db_lock_timeout db_max_active_connection_count db_max_idle_connection_count
db_row_gc_interval deduplicate_snapshots default_docker_parameters deflate_snapshots dlog_shutdown_grace_period
enable_beta_updater enable_cors_for enable_cors_support enable_db_metrics enable_h2_console enable_job_creation
enable_job_updates enable_mesos_fetcher executor_gc_interval executor_user extra_modules flapping_task_threshold
framework_announce_principal framework_authentication_file framework_failover_timeout framework_name
history_max_per_job_threshold history_min_retention_threshold history_prune_threshold
http_authentication_mechanism initial_flapping_task_delay
initial_task_kill_retry_interval job_update_history_per_job_threshold job_update_history_pruning_interval
job_update_history_pruning_threshold kerberos_debug kerberos_server_keytab kerberos_server_principal logtostderr
max_flapping_task_delay max_parallel_coordinated_maintenance max_reschedule_task_delay_on_startup
max_sla_duration_secs max_tasks_per_job max_update_instance_failures mesos_driver mesos_role
min_required_instances_for_sla_check partition_aware reconciliation_explicit_batch_interval
reconciliation_explicit_batch_size reconciliation_explicit_interval reconciliation_implicit_interval
reconciliation_initial_delay reconciliation_schedule_spread require_docker_use_executor require_slave_checkpoint
shiro_after_auth_filter shiro_credentials_matcher shiro_ini_path shiro_realm_modules sla_aware_kill_non_prod
sla_coordinator_timeout slow_query_log_threshold snapshot_hydrate_stores stat_retention_period stat_sampling_interval
thermos_executor_cpu thermos_executor_flags thermos_executor_path thermos_executor_ram thermos_executor_resources
thermos_observer_root thrift_method_interceptor_modules tier_config transient_task_state_timeout
unavailability_threshold use_beta_db_task_store use_glog_formatter viz_job_url_prefix vlog vmodule zk_in_proc
zk_use_curator
""".split()


HOST_NAME = re.compile(r"[^\s:/?#@\[\]\\]+")
ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104  the default of a real scheduler


class FlagError(Exception):
    """The command line cannot be used; the text says which flag and why."""


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FlagError(message)


class _Once(Action):
    """Store a value; refuse a second one."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None) -> None:
        given = namespace.__dict__.setdefault("_given", set())
        if self.dest in given:
            parser.error(f"Can only specify option {option} once.")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


class _NotAvailable(Action):
    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None) -> None:
        parser.error(
            f"{option} is a flag of a real scheduler that this reference scheduler does not implement (yet); "
            "nothing was started. Leave it out."
        )


def _text(text: str) -> str:
    """Return the value without blanks and double quotes around it."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is not a port number from 0 to 65535")
    return int(text)


def _address(text: str) -> str:
    address = _text(text)
    if not address:
        raise ArgumentTypeError(
            "the value is empty; give an address of this host, or leave the flag out to listen on all IPv4 addresses"
        )
    return address


def _host_name(text: str) -> str:
    name = _text(text)
    if HOST_NAME.fullmatch(name):
        return name
    try:
        return str(IPv6Address(name))
    except ValueError:
        raise ArgumentTypeError(f"{name!r} is neither a host name nor an address; clients could not use it") from None


def own_address() -> str:
    """Return the address of this host, which a real scheduler advertises without -hostname."""
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.0.1"


def manpage_parser() -> ArgumentParser:
    """Return the parser of the flags. The manual page is made from it."""
    parser = _Parser(
        prog="aurora-reference-scheduler",
        description=DESCRIPTION,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("-help", "-h", "--help", action="help", help="print this help and exit")
    parser.add_argument(
        "--version",
        action="version",
        version=f"aurora-reference-scheduler {__version__}",
        help="print the version and exit",
    )
    _add_flags(parser)
    for name in NOT_AVAILABLE:
        parser.add_argument(f"-{name}", action=_NotAvailable, nargs="?", help=SUPPRESS)
    return parser


def _add_flags(parser: ArgumentParser) -> None:
    def flag(name: str, metavar: str, text: str, **settings: Any) -> None:
        parser.add_argument(f"-{name}", action=_Once, metavar=metavar, help=text, **{"type": _text, **settings})

    flag("cluster_name", "NAME", "name of the cluster, sent with every reply", required=True)
    flag(
        "backup_dir",
        "DIR",
        "folder of the backups, named by their time in UTC; created if missing",
        required=True,
    )
    flag("native_log_file_path", "DIR", "folder of the log, created by aurora-reference-log initialize", required=True)
    flag("http_port", "PORT", "port to listen on; 0 for any free port (default 0)", type=_port, default=0)
    all_of_ipv4 = ALL_ADDRESSES[0]
    flag(
        "ip",
        "ADDRESS",
        "address to listen on (default: 0.0.0.0, all IPv4 addresses)",
        type=_address,
        default=all_of_ipv4,
    )
    flag("hostname", "NAME", "name or address that is advertised to clients (default: the address)", type=_host_name)
    flag(
        "backup_interval",
        "TIME",
        "time between two backups (default 1hrs)",
        type=positive_seconds,
        default=3600.0,
    )
    flag("max_saved_backups", "COUNT", "number of backups to keep (default 48)", type=count, default=48)
    flag(
        "host_maintenance_polling_interval",
        "TIME",
        "time between two looks at the hosts that are drained (default 1mins)",
        type=positive_seconds,
        default=60.0,
    )
    flag(
        "allow_partial_backup",
        "true|false",
        "also stage a backup, or start from a log, with sections that are missing or cannot be read; a warning names "
        "them (default false)",
        type=boolean,
        default=False,
    )
    log.add_flags(flag)
    election.add_flags(flag)


def parse(arguments: Sequence[str]) -> Namespace:
    """Return the values of the flags.

    Raises:
        FlagError: a flag is unknown, not implemented, missing, given twice, has an invalid value, or needs another one.
    """
    parser = manpage_parser()
    words = expanded(parser, arguments)
    check_names(parser, words)
    flags = parser.parse_args(words)
    given = flags.__dict__.get("_given", set())
    if text := election.conflict(flags, given) or log.conflict(flags, given):
        raise FlagError(text)
    if flags.hostname is None:
        flags.hostname = own_address() if flags.ip in ALL_ADDRESSES else flags.ip
    return flags
