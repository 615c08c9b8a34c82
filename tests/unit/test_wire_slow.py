"""Without the C module of the thrift library everything works, and one warning is logged."""

import subprocess
import sys

import pytest

from aurora_admin.wire import codec, slow
from aurora_admin.wire.canonical import same
from aurora_admin.wire.limits import Limits
from aurora_admin.wire.reader import Reader
from aurora_admin.wire.window import Window
from tests.support.places import CHECKOUT
from tests.support.structs import STRUCTS, fillings

PROGRAM = """
import tests.support.without_accelerator
from aurora_admin.gen.api.ttypes import JobKey
from aurora_admin.wire import codec
raw = codec.encode(JobKey(role="a"))
codec.decode(JobKey, raw)
codec.decode(JobKey, raw)
print(codec.accelerated(), raw)
"""


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_both_implementations_read_and_write_the_same():
    for name, cls in STRUCTS.items():
        for value in fillings(name, cls):
            raw = codec.encode(value)
            specification = [cls, cls.thrift_spec]
            assert slow.encode(value, specification) == raw, name
            read = cls()
            slow.decode(read, Reader(Window.of_bytes(raw), Limits.of_length(len(raw))), specification)
            assert same(read, value), name


def test_a_missing_module_is_logged_once():
    result = python("-c", PROGRAM)
    assert result.stdout == "False b'\\x0b\\x00\\x01\\x00\\x00\\x00\\x01a\\x00'\n"
    (line,) = result.stderr.splitlines()
    assert line.startswith("The C module of the thrift library (thrift.protocol.fastbinary) is missing")


def test_the_module_is_installed_for_the_tests():
    assert codec.accelerated()


@pytest.mark.parametrize("tests", ["reader", "window", "hostile"])
def test_the_wire_tests_pass_without_the_module(tests):
    result = python(
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.support.without_accelerator",
        "-p",
        "no:cacheprovider",
        f"tests/unit/test_wire_{tests}.py",
    )
    assert result.returncode == 0, result.stdout
