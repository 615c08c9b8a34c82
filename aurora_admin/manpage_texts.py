"""The texts of aurora_admin(1) that no declaration has."""

from aurora_admin.client import failures, retry
from aurora_admin.errors import DETAILED_EXIT_CODES
from aurora_admin.options import RC_FILE

ABOUT = """\
Runs one administrative command against the scheduler of an Apache Aurora cluster. Each command has a manual page of its
own, aurora_admin-COMMAND(1).

Options may stand anywhere, also before the command. A long option may be shortened as long as it is unambiguous.
Everything after -- is an argument. Results are printed on standard output, everything else on standard error. An error
is a line with FATAL that says what went wrong and what to do.

A call that changes something is repeated only if it was certainly not carried out. If its reply is lost, the error says
so, and how to find out whether the call was carried out."""

ENVIRONMENT = (
    ("AURORA_CONFIG_ROOT", "folder of the system's clusters.json (default: /etc/aurora)"),
    (DETAILED_EXIT_CODES[0], f"{DETAILED_EXIT_CODES[1]}: commands of the original use every exit code of this page"),
    ("COLUMNS", "width of help texts (default: 80)"),
)
CLUSTERS = """\
the clusters: a JSON list of objects, each with name, and either zk and scheduler_zk_path, or scheduler_uri. An entry of
the second file replaces the entry with the same name in the first."""
DEFAULT_OPTIONS = """\
default options, which are put before those of the command line: an INI file with a section for each command, which has
the key options. The section DEFAULT applies to commands that have a section without options."""
FILES = (
    ("/etc/aurora/clusters.json, ~/.aurora/clusters.json", CLUSTERS),
    (RC_FILE, DEFAULT_OPTIONS),
)
ABOUT_WAITS = """\
A call that fails is retried, with pauses that grow from half a second to 10 seconds, as long as its kind of failure
allows. A call that changes something is retried only if it was certainly not carried out. With --timeout that time is
the limit of the whole call. Without it these limits apply, each counted from the first of consecutive failures of its
kind, and 10 minutes for everything together. Commands that only look the leader up use --timeout for all of it too."""
WAITS = {
    "one attempt to connect": f"{retry.CONNECT_SECONDS:g} seconds",
    "one reply": f"{retry.REPLY_SECONDS:g} seconds",
    "connection refused, time-out while connecting": f"retried for {failures.Unreachable.retry_seconds:g} seconds; "
    "for a leader that was found in ZooKeeper, which may have died just now, for "
    f"{failures.LeaderUnreachable.retry_seconds:g} seconds; a call that only reads, as after a commit, for "
    f"{failures.Unreachable.read_retry_seconds:g} seconds in both cases, because a scheduler with much to read may "
    "take two minutes to start",
    "unknown host name, invalid certificate, http instead of https or the reverse": "not retried",
    "the scheduler knows no leader, or its storage is not ready": "retried for "
    f"{failures.NotLeading.retry_seconds:g} seconds",
    "the reply is lost": f"a call that only reads is retried for {failures.ReplyLost.retry_seconds:g} seconds; the "
    "outcome of any other call is unknown, and it is not retried",
    "the scheduler, or a proxy, replies that it failed": "a call that only reads is sent "
    f"{failures.ServerError.max_attempts} times; the outcome of any other call is unknown, and it is not retried",
    "one lookup in ZooKeeper": f"{retry.LOOKUP_SECONDS:g} seconds",
    "ZooKeeper does not respond, or the path is missing": "retried for "
    f"{failures.ZooKeeperUnreachable.retry_seconds:g} seconds",
    "no leader is registered in ZooKeeper": f"waited for, {failures.NoLeader.retry_seconds:g} seconds",
    "several leaders are registered in ZooKeeper": "waited for until the session of the former one expires, "
    f"{failures.MultipleLeaders.retry_seconds:g} seconds",
    "commands that only look the leader up": f"{retry.FIND_LEADER_SECONDS:g} seconds for everything",
}
ABOUT_COLUMNS = """\
The columns of --output=table, json, csv and tsv. JSON is one object: version is 1, and rows is a list with an object
for each row, by column; what is unknown is null, and empty elsewhere. A later release may add columns."""
COMPATIBILITY = """\
This program replaces the Python 2 program of the same name, of Aurora 0.5 to 0.22. Commands, options, results, log
lines and exit codes of its commands are the same, except for what follows here and in COMPATIBILITY of their pages.

Options are accepted anywhere, also before the command and after arguments. An unknown option after the first argument
is an argument only as long as one is missing. -h and --help exit with 0, and always show the help of the command.

What ended the original with a traceback (an unknown cluster, an invalid number, a file that cannot be read, no
connection) ends with one line, FATAL and the reason, and the exit code 1. A clusters.json that cannot be read is an
error only of commands that need a cluster.

All output is UTF-8. Control characters and line ends in a text from elsewhere are shown as escapes on a terminal, in
log records and in tables. Sets and dictionaries are shown in the form of Python 2, and sorted.

A reply of a scheduler whose -cluster_name is not that of the entry is warned about. Commands that destroy something
refuse such a scheduler, unless --accept-cluster-name names it.

Calls that only read are retried. With -q not even errors are logged; the exit code is the same."""
PLUGINS = """\
Other Python distributions can add commands with an entry point of the group aurora_admin.plugins.v1. If a plugin cannot
be loaded, a warning says why, and all other commands work. Built-in commands do not load other plugins."""
