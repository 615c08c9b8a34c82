"""Where this project differs on purpose from what the original was recorded to print and to send."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from tests.support.drains import go_on

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
UNREACHABLE = (
    " WARN] Transport error communicating with scheduler: Unknown error talking to http://127.0.0.1:8081/api: "
    "Connection refused, retrying...\nFATAL] Cannot reach the scheduler of west at http://127.0.0.1:8081/api: "
    "Connection refused. Nothing was carried out; check that it runs, and the entry of west in "
    "/tmp/x/etc/clusters.json\n"
)


def called(command: str, line: str) -> Difference:
    """Return the difference of a command line with an option after the cluster: the scheduler is called."""
    return Difference(
        f"{command} west --hosts=h1",
        STDERR,
        r"[\s\S]+",
        f" INFO] {line} set(['h1'])\n{UNREACHABLE}",
        "Q42: options are accepted anywhere",
    )


def not_drained(lines: str, states: str, left: str, draining: str = "") -> tuple[Difference, ...]:
    """Return the differences of a drain that does not drain every host."""
    reason = "Q35: the exit code, and a line, say so; with --legacy-exit-codes all is as it was"
    return (
        Difference(
            lines, STDERR, r"\Z", f"FATAL] {states}. {go_on(left, draining)}", reason, stderr="WERE NOT DRAINED"
        ),
        Difference(lines, EXIT, "0", "1", reason, stderr="WERE NOT DRAINED"),
    )


FAILED_CHECK = "Q31: a failed SLA query ends the drain"
MAINTENANCE = (
    Difference("host_drain .*", STDOUT, r"^(None|[\d.]+)\n", "", "Q30: the stray line is not printed"),
    called("host_deactivate", "Starting maintenance for:"),
    called("host_activate", "Ending maintenance for:"),
    called("host_status", "Maintenance status for:"),
    called("host_drain", "Starting maintenance for:"),
    called("sla_host_drain", "Asking scheduler to drain tasks by SLA on:"),
    Difference("host_status west", STDERR, r"[\s\S]+", UNREACHABLE, "without hosts it lists those in maintenance"),
    Difference(
        "host_deactivate .*",
        STDERR,
        r"^ WARN\] Skipping maintenance for unknown hosts: set\(\[\]\)\n",
        "",
        "Q14: a host that is named twice is not unknown",
    ),
    Difference(
        "host_activate .*",
        STDERR,
        r"^( INFO\] Maintenance status .*\n) WARN.*\n\Z",
        r"\1 INFO] Response from scheduler: ERROR (message: no)\n",
        "Q37: the code of the reply about the modes is checked",
        stderr=r"\A INFO\].*\n INFO\].*\n INFO\].*\n WARN\] h1 is",
    ),
    Difference(
        "host_activate .*",
        EXIT,
        "0",
        "1",
        "Q37: the code of the reply about the modes is checked",
        stderr=r"\A INFO\].*\n INFO\].*\n INFO\].*\n WARN\] h1 is",
    ),
    Difference(
        "host_drain .*",
        STDERR,
        r"^ INFO\] All hosts passed[\s\S]*",
        "FATAL] The SLA check of h1 could not be made, so neither these hosts nor the following ones were drained "
        f"(SCHEDULED: h1). {go_on('h1')}",
        FAILED_CHECK,
        stderr="message: no tasks",
    ),
    Difference("host_drain .*", EXIT, "0", "1", FAILED_CHECK, stderr="message: no tasks"),
    Difference("host_drain .*", RPCS, r"^drainHosts[\s\S]*", "", FAILED_CHECK, stderr="message: no tasks"),
    *not_drained(
        r"host_drain --hosts=h1,h2 --unsafe_hosts_file=\S+ west",
        "1 of 2 hosts are not drained (SCHEDULED after a failed SLA check: h1)",
        "h1",
    ),
    *not_drained(
        r"host_drain --hosts=h1,h2 --grouping=none west",
        "2 of 2 hosts are not drained (SCHEDULED after a failed SLA check: h1,h2)",
        "h1,h2",
    ),
    *not_drained(
        r"host_drain --hosts=h1,h9 .* --post_drain_script=script west",
        "1 of 2 hosts are not drained (DRAINING: h9)",
        "h9",
        "h9",
    ),
    Difference(
        "perform_maintenance_hosts .*",
        RPCS,
        r"(\[12, 13, 17), (2, 6\])",
        r"\1, 18, \2",
        "PARTITIONED is live too since 0.20.0",
        r"0\.5\.0.*",
    ),
)
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


def refused_sla(lines: str, text: str, reason: str, stderr: str = "") -> tuple[Difference, ...]:
    """Return the differences of command lines that the original carried out, and this program refuses."""
    return (
        Difference(lines, STDERR, r"[\s\S]+", f"FATAL] {text}\n", reason, stderr=stderr),
        Difference(lines, EXIT, "0", "1", reason, stderr=stderr),
    )


SLA = (
    *refused_sla(
        r"sla_\w+ .* nan \w+", "Invalid percentage nan. Must be within (0, 100].", "Q16: nan is no percentage"
    ),
    *refused_sla(r"sla_\w+ .* -5m", "Invalid time span: -5m", "Q17: a duration is not negative"),
    Difference(r"sla_\w+ .* (nan \w+|-5m)", STDOUT, r"[\s\S]+", "", "Q16 and Q17: it is refused"),
    *refused_sla(
        r"sla_(list|probe)\w+ (-i ,|--hosts=,) .*", "No valid hosts found.", "Q13: blank names of hosts are dropped"
    ),
    *refused_sla(
        r"sla_list_safe_domain -I hosts west 50 1s|sla_probe_hosts --filename=hosts nowhere 50 30m",
        "No valid hosts found in hosts.",
        "Q13: blank names of hosts are dropped",
        stderr=r"\A.*\n\Z",  # one query alone: no task runs on a host without a name
    ),
    Difference(
        r"sla_(list|probe)\w+ .*",
        EXIT,
        "0",
        "1",
        "Q20: a query that the scheduler refuses is no empty result",
        stderr=r"Response from scheduler: (?!OK)",
    ),
    Difference(
        r"sla_(list|probe)\w+ .*",
        RPCS,
        r"^(.*), 18, (.*\n)",
        r"\1, 18, \2\1, \2",
        "an ERROR without a text may be that of a release before 0.20, which does not know PARTITIONED",
        stderr=r"ERROR \(message: Unknown error\)",
    ),
    Difference(
        "sla_probe_hosts --hosts=h1 west 50 1s",
        RPCS,
        r"^getTasksWithoutConfigs( .*\n)\Z",
        r"\g<0>getTasksStatus\1",
        "a real scheduler fails so if a task has no executor (docs/api.md 1.4)",
        stderr=r"\A\Z",
    ),
)
ALWAYS_STATES = "prune_tasks always names the states, so that nothing else can be deleted"
NOTHING_MATCHES = "nothing matches here, so nothing is sent: a scheduler would delete every task (docs/cli.md 4.7)"
NO_MATCH_ROWS = r"scripted-scheduler-0\.22\.jsonl:6[2-5]"
LIMIT_0 = "Q24: a limit below 1 is refused"
NO_LEAK = "Q19: a field that only an earlier task has is None"
NUMBER_OF_STATE = "Q19: a state that this program does not know is shown as its number"
JOB_NAME = "jobName is a name of every task's job (docs/cli.md 4.2)"
TASKS = (
    Difference("query west --force", EXIT, "1", "0", "Q1: --force is the option there too"),
    Difference("query west --force", STDERR, r"^FATAL.*\n", "", "Q1: --force is the option there too"),
    Difference("query -l %data% .*", STDOUT, r"^d\nd$", r"d\nNone", NO_LEAK),
    Difference(
        "query -l '100% sure' .*",
        STDOUT,
        r"^(100\{'ancestorId': None.*'data': )'d'(.*'parameters': )\[\](.*'user': )'bob'",
        r"\1None\2None\3None",
        NO_LEAK,
    ),
    Difference("query -l %jobName% .*", EXIT, "1", "0", JOB_NAME),
    Difference("query -l %jobName% .*", STDERR, r"[\s\S]+", "", JOB_NAME),
    Difference("query -l %jobName% .*", STDOUT, r"\A\Z", r"hello\nbare\n", JOB_NAME),
    Difference("query .*", EXIT, "1", "0", NUMBER_OF_STATE, place=r"scripted-scheduler-0\.22\.jsonl:89"),
    Difference("query .*", STDERR, r"[\s\S]+", "", NUMBER_OF_STATE, place=r"scripted-scheduler-0\.22\.jsonl:89"),
    Difference(
        "query .*", STDOUT, r"\A\Z", r"www/hello/0 99\n", NUMBER_OF_STATE, place=r"scripted-scheduler-0\.22\.jsonl:89"
    ),
    Difference(
        "query .*",
        STDERR,
        r"^FATAL\] Unknown key in format string\..*\n.*,assignedTask,.*$",
        "FATAL] The tasks from http://127.0.0.1:8081/api are incomplete: a task has no job or no id. Run the command "
        "again; if it fails again, the log of the scheduler has the details",
        "a task without a job is a broken reply, not a wrong format",
    ),
    Difference(
        "prune_tasks .*",
        RPCS,
        r'^pruneTasks \{"query": \{\}\}',
        'pruneTasks {"query": {"statuses": {"set": [3, 4, 5, 7]}}}',
        ALWAYS_STATES,
    ),
    Difference("prune_tasks .*", RPCS, r"^pruneTasks .*\n", "", NOTHING_MATCHES, place=NO_MATCH_ROWS),
    Difference(
        "prune_tasks( --limit=010)? west",
        STDERR,
        r"\A\Z",
        r" WARN] No task matches (FINISHED, FAILED, KILLED, LOST): nothing was sent\n",
        NOTHING_MATCHES,
        place=NO_MATCH_ROWS,
    ),
    Difference(
        "prune_tasks --states=LOST,LOST west",
        STDERR,
        r"\A\Z",
        r" WARN] No task matches (LOST): nothing was sent\n",
        NOTHING_MATCHES,
    ),
    Difference("prune_tasks .*--limit=0 .*", EXIT, "0", "1", LIMIT_0),
    Difference("prune_tasks .*--limit=0 .*", STDOUT, r"^Tasks pruned\.\n", "", LIMIT_0),
    Difference(
        "prune_tasks --role= .*",
        STDERR,
        r"\A\Z",
        r"FATAL] --role is empty. Nothing was sent; leave it out to prune all of them\n",
        "an option that is empty would delete more than it means (docs/cli.md 4.7)",
    ),
)
DIFFERENCES = (*EVERY_COMMAND, *HELP, *OLD_RELEASES, *BACKUP, *CLUSTER, *MAINTENANCE, *QUOTA, *SLA, *TASKS)

# Calls that a command makes in addition to those of the original, with what the scripted scheduler answers to them.
ADDITIONAL_CALLS: Mapping[str, Mapping[str, str]] = {
    "prune_tasks": {
        "listBackups": "Response(responseCode=1, details=[])",
        "getTasksStatus": "Response(responseCode=1, details=[], result=Result(scheduleStatusResult="
        "ScheduleStatusResult(tasks=[ScheduledTask(AssignedTask(taskId='t'), ScheduleStatus.LOST)])))",
    },
}
# Command lines for which the original sent nothing, and this program does: what the scripted scheduler answers.
SENT_ANYWAY: Mapping[str, Mapping[str, Sequence[str]]] = {
    "query west --force": {
        "getTasksStatus": [
            "Response(responseCode=1, details=[], result=Result(scheduleStatusResult=ScheduleStatusResult(tasks=[])))"
        ]
    }
}
# Commands whose lines on standard output come in an arbitrary order.
ARBITRARY_ORDER = frozenset({"get_cluster_config", "host_drain", "perform_maintenance_hosts", "scheduler_list_backups"})
