"""A pytest plugin, loaded with -p, that takes the C module of the thrift library away."""

import sys

sys.modules["thrift.protocol.fastbinary"] = None  # type: ignore[assignment]
