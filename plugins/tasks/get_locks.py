"""Print the locks that jobs are held under, by an update or by the lock calls; only releases up to 0.12 have them.

A lock is printed as the original printed it: its fields in the notation of Python 2, and a comma between locks. Locks
are sorted by job.
"""

from argparse import Namespace

from aurora_admin.command import Context

EXAMPLES = """\
aurora_admin get_locks west
aurora_admin get_locks --output=table west
"""
COMPATIBILITY = """
The command hung with the original of 0.5.0. Later originals do not have it, from 0.13.0 on, and neither have the
schedulers, so that it ends with an error there.
"""
COLUMNS = {
    "role": "role of the job",
    "environment": "environment of the job",
    "job": "name of the job",
    "user": "who took the lock",
    "timestamp_ms": "when, in ms since 1970",
    "message": "reason, if there is one",
    "token": "what proves who holds it",
}


def run(context: Context, args: Namespace) -> None:
    """Print the locks."""
    from aurora_admin.client.locks import held_locks, locks_of

    reply = held_locks(context.scheduler(args.cluster))
    context.check(reply)
    locks = locks_of(reply)
    if context.out.format == "text":
        context.out.print_text(",\n".join(lock.text for lock in locks))
    else:
        context.out.rows(tuple(COLUMNS), [lock[: len(COLUMNS)] for lock in locks])
