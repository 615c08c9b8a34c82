# Written by script/generate from thrift/serverset.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct

class Status:
    DEAD: Final = 0
    STARTING: Final = 1
    ALIVE: Final = 2
    STOPPING: Final = 3
    STOPPED: Final = 4
    WARNING: Final = 5
    _VALUES_TO_NAMES: Final[dict[int, str]]
    _NAMES_TO_VALUES: Final[dict[str, int]]
class Endpoint(Struct):
    host: str | None
    port: int | None
    def __init__(self, host: str | None = ..., port: int | None = ...) -> None: ...
class ServiceInstance(Struct):
    serviceEndpoint: Endpoint | None
    additionalEndpoints: dict[str, Endpoint] | None
    status: int | None
    def __init__(self, serviceEndpoint: Endpoint | None = ..., additionalEndpoints: dict[str, Endpoint] | None = ..., status: int | None = ...) -> None: ...
