# Written by script/generate from thrift/serverset.thrift; do not edit.
from collections.abc import Collection
from typing import Final

from aurora_admin.wire.struct import Struct
from .ttypes import *


