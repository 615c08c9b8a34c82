"""Where this project differs on purpose in the recorded sessions with a scheduler whose state lasts.

What holds for a command line without such a session is in recorded_differences.py.
"""

from tests.support.recorded_differences import EXIT, FILES, STDERR, STDOUT, Difference

REAL, REFERENCE = r"real-scheduler.*", r"reference-scheduler.*"
OUR_ERROR = "FATAL] (in our words)\n"
NO_BLANK_HOST = "Q13: blank names of hosts are dropped"
NOT_DRAINED = "Q35: a host that was not drained is an error, unless --legacy-exit-codes is given"
NO_SCRIPT = "Q33: that the script cannot be executed is found out at the start"
UNKNOWN_HOST = "a host that the scheduler does not know is an error, unless --legacy-exit-codes is given"
SURPLUS = "Q1: a surplus argument is refused"
JOB_NAME = "jobName is a name of every task's job (docs/cli.md 4.2)"
NON_ASCII = "Q39: standard output is UTF-8, so a text outside ASCII is no error"
UNKNOWN_STATE = "Q25: the text is that of query"
NOT_PRUNED = "nothing matches, or the limit is refused (Q24): nothing was sent, and the tasks are still there"
RETRIED = "a scheduler that refuses the connection may restart: the call is sent again for a while"
NO_LEAK = "Q19: a field that only an earlier task has is None"
STATES = (
    "ASSIGNED,DRAINING,FAILED,FINISHED,INIT,KILLED,KILLING,LOST,PARTITIONED,PENDING,PREEMPTING,RESTARTING,RUNNING,"
    "STARTING,THROTTLED"
)
STILL_KILLED = """
ads/api/0 ads/api/1 ads/api/2 ads/api/3 www/batch/0 www/hello/0 www/hello/10 www/hello/12 www/hello/15 www/hello/18
www/hello/20 www/hello/21 www/hello/22 www/hello/23 www/hello/3 www/hello/5 www/hello/9 www/web/0 www/web/10 www/web/4
www/web/7 www/web/9
""".split()


def failing(lines: str, reason: str, place: str = REAL) -> tuple[Difference, ...]:
    """Return the differences of command lines that end with an error in addition to what the original printed."""
    return (
        Difference(lines, STDERR, r"\Z", OUR_ERROR, reason, place=place),
        Difference(lines, EXIT, "0", "1", reason, place=place),
    )


def refused(lines: str, reason: str, place: str = REAL) -> tuple[Difference, ...]:
    """Return the differences of command lines that the original carried out, and this program refuses at once."""
    return (
        Difference(lines, STDERR, r"\A[\s\S]*\Z", OUR_ERROR, reason, place=place),
        Difference(lines, EXIT, "0", "1", reason, place=place),
    )


def successful(lines: str, stdout: str, reason: str) -> tuple[Difference, ...]:
    """Return the differences of command lines at which the original failed."""
    return (
        Difference(lines, STDOUT, r"\A\Z", stdout, reason, place=REAL),
        Difference(lines, STDERR, r"[\s\S]+", "", reason, place=REAL),
        Difference(lines, EXIT, "1", "0", reason, place=REAL),
    )


SESSION_DIFFERENCES = (
    *refused(r"(host_status|host_deactivate|sla_host_drain) --hosts=, west", NO_BLANK_HOST),
    Difference(
        r"host_\w+ (--hosts=slave-1-hostname,|--filename=hosts) west",
        STDERR,
        r"(?<=set\(\[)'', ",
        "",
        NO_BLANK_HOST,
        place=REAL,
    ),
    Difference(
        "query west www hello extra",
        STDERR,
        r"\A\Z",
        "FATAL] usage: query [--force]\n\nsee the help subcommand for more details.\n",
        SURPLUS,
        place=REAL,
    ),
    Difference("query west www hello extra", EXIT, "0", "1", SURPLUS, place=REAL),
    Difference("query west www hello extra", STDOUT, r"[\s\S]+", "", SURPLUS, place=REAL),
    *successful("query --shards=0 -l %jobName% .*", "hello\n", JOB_NAME),
    *successful("query --shards=0 -l 'ü%role%' .*", "üwww\n", NON_ASCII),
    *failing(r"host_drain (?!-q).*", NOT_DRAINED, place=r"real-scheduler.*:(173|175|177|178|179|180|181)"),
    Difference("host_drain -q --hosts=slave-1-hostname west", EXIT, "0", "1", NOT_DRAINED, place=REAL),
    Difference(
        "host_drain .*",
        FILES,
        r"slave-2-hostname\\nslave-1-hostname",
        r"slave-1-hostname\\nslave-2-hostname",
        "the names are sorted (docs/cli.md 6.1)",
        place=REAL,
    ),
    Difference(
        "host_drain .* --post_drain_script=script --unsafe_hosts_file=unsafe west",
        STDERR,
        r"^ INFO\] Waiting .*\['(slave-.-hostname)'\]\)\n INFO.*\n INFO.*\nerr\n",
        r"\g<0> WARN] /tmp/x/script ended with exit code 3 for \1\n",
        "Q33: a script that fails is worth a warning",
        place=REAL,
    ),
    *failing("host_drain .*nosuch,slave-2.*", NOT_DRAINED),
    Difference(
        "host_drain .* --post_drain_script=script west",
        STDERR,
        r"(?<=reason: TICKET-1\n)[\s\S]*",
        OUR_ERROR,
        NO_SCRIPT,
        place="real-scheduler.*:192",
    ),
    Difference("host_status .*", STDERR, r"(SCHEDULED|DRAINED)$", "NONE", NO_SCRIPT, place="real-scheduler.*:193"),
    Difference(
        "host_drain --filename=hosts .*",
        STDERR,
        r", ''(?=\])|'', (?='slave)|^ WARN\] Skipping .*\n",
        "",
        NO_BLANK_HOST,
        place=REAL,
    ),
    *failing("sla_host_drain .*nosuch.*", UNKNOWN_HOST),
    *refused("sla_host_drain .*=-5m west", "Q17: a duration is not negative"),
    *(
        Difference(
            f"prune_tasks --states={name} west",
            STDERR,
            r"[\s\S]+",
            f"FATAL] Unknown state '{name}' specified.  Valid states are:\n{STATES}\n",
            UNKNOWN_STATE,
            place=REAL,
        )
        for name in ("BOGUS", "killed")
    ),
    Difference(
        "prune_tasks .* west extra",
        STDERR,
        r"\A[\s\S]*\Z",
        "FATAL] usage: prune_tasks [--states=State[,State,...]]\n\nsee the help subcommand for more details.\n",
        SURPLUS,
        place=REAL,
    ),
    Difference(
        "query --force --states=KILLED west",
        STDOUT,
        r"\A\Z",
        "".join(f"{name} KILLED\n" for name in STILL_KILLED),
        NOT_PRUNED,
        place=r"real-scheduler.*:223",
    ),
    Difference(
        "query --force -l %role% west", STDOUT, r"\A\Z", "www\n" * 18, NOT_PRUNED, place=r"real-scheduler.*:226"
    ),
    Difference(
        "prune_tasks --states=FINISHED --role=nosuch west",
        STDERR,
        r"\A\Z",
        " WARN] No task matches (FINISHED): nothing was sent\n",
        NOT_PRUNED,
        place=REAL,
    ),
    Difference(
        "prune_tasks -v west",
        STDERR,
        r"\A\Z",
        " WARN] No task matches (FINISHED, FAILED, KILLED, LOST): nothing was sent\n",
        NOT_PRUNED,
        place=REAL,
    ),
    Difference(
        ".*",
        STDERR,
        r"(?=FATAL\] \(in our words\)\n\Z)",
        " WARN] Transport error communicating with scheduler: Unknown error talking to http://127.0.0.1:8081/api: "
        "Connection refused, retrying...\n",
        RETRIED,
        place=r"real-scheduler.*:23[1-7]",
    ),
    Difference("query .* -l %image% west", STDOUT, r"\A", "None\n", NO_LEAK, place=REFERENCE),
    Difference("query .* -l %image% west", STDOUT, r"^(registry.*\n)\1\1", r"\1\1", NO_LEAK, place=REFERENCE),
    Difference("query .* -l %data% west", STDOUT, r"\A", "None\nNone\n", NO_LEAK, place=REFERENCE),
    *(
        Difference("query .* -l %data% west", STDOUT, rf"^(.*{name}.*\n)(\1*)", r"\2", NO_LEAK, place=REFERENCE)
        for name in ('"cmdline": "v2"', '"name": "web"')
    ),
)
