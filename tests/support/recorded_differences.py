"""Where this project differs on purpose from what the original was recorded to print and to send."""

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol

STDOUT, STDERR, EXIT, RPCS, FILES = PARTS = ("stdout", "stderr", "exit", "rpcs", "files_after")


class Recorded(Protocol):
    """What decides whether a difference is about a recording."""

    @property
    def place(self) -> str: ...
    @property
    def client(self) -> str: ...
    @property
    def line(self) -> str: ...
    @property
    def stderr(self) -> str: ...


class Difference(NamedTuple):
    r"""What is replaced in the recording of some command lines, to have what this project does.

    The texts are those after sorting (recorded_text.normalised). `exit` is the code as a text; `rpcs` has a line for
    each call: method, arguments as JSON, the header Bypass-Leader-Redirect or null, the User-Agent.

    Attributes:
        lines: regular expression; a command line has to match it as a whole. Arguments are quoted as for a shell.
        recorded: regular expression (multi-line: ^ and $ are the ends of lines); every match is replaced.
        ours: what it is replaced by; \1 is the first group.
        client: regular expression; the release of the original has to match it as a whole.
        stderr: regular expression; the recorded standard error has to contain it.
        place: regular expression; file and line of the recording have to match it as a whole. For command lines that
            were recorded more than once, with different answers or states of the scheduler.
    """

    lines: str
    part: str
    recorded: str
    ours: str
    reason: str
    client: str = ".*"
    stderr: str = ""
    place: str = ".*"

    def is_about(self, row: Recorded) -> bool:
        return bool(
            re.fullmatch(self.client, row.client)
            and re.fullmatch(self.lines, row.line, re.DOTALL)
            and re.fullmatch(self.place, row.place)
            and re.search(self.stderr, row.stderr)
        )

    def applied(self, text: str) -> str:
        """Return the text of the part with what is replaced."""
        return re.sub(self.recorded, self.ours, text, flags=re.MULTILINE)


EVERY_COMMAND = (
    Difference(
        ".*",
        STDERR,
        r"^ERROR\] \n(?=FATAL\])",
        "",
        "the original's hint for HTTP 401 is empty; the error itself says what to do (docs/cli.md 3.2)",
    ),
    Difference(
        ".*",
        STDERR,
        r"^( WARN\] Transport error .*: 5\d\d) Server Error: (?:Internal )?(.*) for url: \S+, retrying\.\.\.$",
        r"\1 \2, retrying...",
        "the reason is in this program's words; the original's came from its HTTP library",
    ),
)
HELP = (
    Difference(
        r"\S+ (-h|--help|--short-help|--long-help)( .*)?", EXIT, "1", "0", "Q3: help that was asked for is no failure"
    ),
)
OLD_RELEASES = (
    Difference("get_scheduler west", EXIT, "1", "0", "0.5.0 did not know the command", r"0\.5\.0.*"),
    Difference("get_scheduler west", STDERR, r"^Must supply .*\n", "", "0.5.0 did not know the command", r"0\.5\.0.*"),
    Difference(
        "get_scheduler west",
        STDOUT,
        r"\A\Z",
        r"Found leading scheduler at: http://127.0.0.1:8081\n",
        "0.5.0 did not know the command",
        r"0\.5\.0.*",
    ),
    Difference(
        ".*", STDERR, r"LOCK_ERROR", "JOB_UPDATING_ERROR", "the name that this code has since 0.19.0", r"0\.12\.0"
    ),
    Difference(
        ".*", RPCS, r"^getVersion .*\n", "", "only 0.5.0 asked for the version first (docs/cli.md 3.2)", r"0\.5\.0.*"
    ),
    Difference(".*", RPCS, r"Python TRequestsTransport v1\.0$", "Aurora Admin", "the name since 0.7.0", r"0\.5\.0.*"),
)
BACKUP = (
    Difference(
        "scheduler_print_recovery_tasks .*",
        RPCS,
        r"(\[0, 1, 12, 13, 16, 17), (2, 6, 9\])",
        r"\1, 18, \2",
        "PARTITIONED is active too since 0.20.0",
        r"0\.5\.0.*",
    ),
)
NON_ASCII = "Q39: standard output is UTF-8, so a value outside ASCII is no error"
CLUSTER = (
    Difference("get_cluster_config .*", STDOUT, r"\}\Z", "}\n", "Q28: the JSON ends with a line end"),
    Difference(
        "get_cluster_config --sh --export west",
        STDOUT,
        r"(?<=Q='it'\"'\"'s'\n)",
        "export AURORA_CLUSTER_SCHEDULER_ZK_PATH='/a b'\nexport AURORA_CLUSTER_T=1\nexport AURORA_CLUSTER_U='ü'\n",
        NON_ASCII,
    ),
    Difference(
        "get_cluster_config --sh --export west",
        STDOUT,
        r"(?<=export AURORA_CLUSTER_ZK=zk.example.com\n)",
        "export AURORA_CLUSTER_ZK_PORT=2181\n",
        NON_ASCII,
    ),
    Difference("get_cluster_config --sh --export west", STDERR, r"[\s\S]+", "", NON_ASCII),
    Difference("get_cluster_config --sh --export west", EXIT, "1", "0", NON_ASCII),
)
MAINTENANCE: tuple[Difference, ...] = ()
SET_OR_INCREASE = r"(?:set|increase)_quota"
BOTH_FORMS = "both forms of the quota are sent, so that every release reads one (docs/cli.md 4.3)"
NOT_FINITE = "a number of cores that is not finite is refused (docs/cli.md 4.3)"
SMALL = "Q18: a WARN says that a size counts as 0"


def small(name: str, size: str) -> str:
    """Return the warning for a size of less than 1 MB."""
    hint = "A size without a unit is in bytes: give M, G or T"
    return f" WARN] {name} {size} is less than 1 MB, and counts as 0 MB. {hint}\n"


QUOTA = (
    Difference(
        f"{SET_OR_INCREASE} .*",
        RPCS,
        r'\{"resources": (\{"set": \[\{"diskMb": (\S+)\}, \{"numCpus": (\S+)\}, \{"ramMb": (\S+)\}\]\})\}',
        r'{"diskMb": \2, "numCpus": \3, "ramMb": \4, "resources": \1}',
        BOTH_FORMS,
    ),
    Difference(
        f"{SET_OR_INCREASE} .*",
        RPCS,
        r'\{"diskMb": (\d+), "numCpus": ([\d.]+), "ramMb": (\d+)\}',
        r'{"diskMb": \1, "numCpus": \2, "ramMb": \3, '
        r'"resources": {"set": [{"diskMb": \1}, {"numCpus": \2}, {"ramMb": \3}]}}',
        BOTH_FORMS,
        r"0\.(5|12)\.0.*",
    ),
    *(
        Difference(
            rf"{SET_OR_INCREASE} \S+ \S+ {word} .*",
            STDERR,
            r"\A[\s\S]+\Z",
            f"FATAL] could not convert string to float: {word}\n",
            NOT_FINITE,
        )
        for word in ("nan", "inf")
    ),
    Difference(rf"{SET_OR_INCREASE} \S+ \S+ (nan|inf) .*", EXIT, "0", "1", NOT_FINITE),
    Difference("set_quota west www 1 1k 1025k", STDERR, r"\A", small("ram", "1k"), SMALL),
    Difference("set_quota west r1 1.5 1024 1048576", STDERR, r"\A", small("ram", "1024"), SMALL),
    Difference("set_quota west r1 1 30 30", STDERR, r"\A", small("ram", "30") + small("disk", "30"), SMALL),
    Difference(
        "increase_quota west r1 -0.5 -24M 500k", STDERR, r"^(?= INFO\] Attempting)", small("disk", "500k"), SMALL
    ),
    Difference(
        "set_quota west www 1 '٣G' 1G", STDERR, r"'\\xd9\\xa3'", "'٣'", "the original showed the bytes of the digit"
    ),
)
SLA: tuple[Difference, ...] = ()
TASKS: tuple[Difference, ...] = ()
DIFFERENCES = (*EVERY_COMMAND, *HELP, *OLD_RELEASES, *BACKUP, *CLUSTER, *MAINTENANCE, *QUOTA, *SLA, *TASKS)

# Calls that a command makes in addition to those of the original, with what the scripted scheduler answers to them.
ADDITIONAL_CALLS: Mapping[str, Mapping[str, str]] = {}
# Commands whose lines on standard output come in an arbitrary order.
ARBITRARY_ORDER = frozenset({"get_cluster_config", "host_drain", "perform_maintenance_hosts", "scheduler_list_backups"})
# Commands of the original that are not here yet. A command that is added leaves this list.
MISSING = frozenset(
    {
        "end_maintenance_hosts",
        "get_locks",
        "host_activate",
        "host_deactivate",
        "host_drain",
        "host_maintenance_status",
        "host_status",
        "perform_maintenance_hosts",
        "prune_tasks",
        "query",
        "reconcile_tasks",
        "sla_host_drain",
        "sla_list_safe_domain",
        "sla_probe_hosts",
        "start_maintenance_hosts",
    }
)
