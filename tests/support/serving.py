"""A WSGI application served by the scheduler's HTTP server, in the process of the test."""

import contextlib
import threading

from aurora_admin.scheduler.statistics import Statistics
from aurora_admin.scheduler.web import server


@contextlib.contextmanager
def served(application):
    """Serve a WSGI application in this process; give its URL and statistics."""
    statistics = Statistics()
    one = server.Server(("127.0.0.1", 0), application, statistics)
    one.prepare()
    serving = threading.Thread(target=one.serve)
    serving.start()
    try:
        yield "http://{}:{}".format(*one.bind_addr), statistics
    finally:
        one.stop()
        serving.join()
