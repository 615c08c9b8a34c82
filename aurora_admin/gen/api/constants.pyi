# Written by script/generate from thrift/api.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct
from .ttypes import *

ACTIVE_JOB_UPDATE_STATES: Final[Collection[int]]
ACTIVE_STATES: Final[Collection[int]]
AURORA_EXECUTOR_NAME: Final[str]
AWAITNG_PULSE_JOB_UPDATE_STATES: Final[Collection[int]]
BYPASS_LEADER_REDIRECT_HEADER_NAME: Final[str]
GOOD_IDENTIFIER_PATTERN: Final[str]
GOOD_IDENTIFIER_PATTERN_JVM: Final[str]
GOOD_IDENTIFIER_PATTERN_PYTHON: Final[str]
LIVE_STATES: Final[Collection[int]]
SLAVE_ASSIGNED_STATES: Final[Collection[int]]
TASK_FILESYSTEM_MOUNT_POINT: Final[str]
TERMINAL_STATES: Final[Collection[int]]
