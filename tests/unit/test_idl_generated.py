"""The committed code is generated from the committed IDL, and its stubs declare its types."""

import ast
import inspect
import os
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from aurora_admin.wire.struct import Struct
from tests.conftest import OTHER_COMPILER
from tests.support.places import CHECKOUT

GEN = CHECKOUT / "aurora_admin" / "gen"
STUBS = sorted(GEN.glob("*/*.pyi"))


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*.py*")
        if path.suffix in (".py", ".pyi")
    }


@pytest.fixture
def compiler():
    program = shutil.which("thrift")
    if program is None:
        pytest.skip("no Thrift compiler: install thrift-compiler")
    installed = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
    wanted = re.search(r"Thrift Compiler \((.+)\)", (GEN / "api" / "ttypes.py").read_text())[1]
    if installed != wanted:
        pytest.skip(f"{OTHER_COMPILER}, {installed}; aurora_admin/gen is committed as {wanted} makes it")


def generate(*arguments, **env):
    return subprocess.run(
        [CHECKOUT / "script" / "generate", *arguments],
        env=os.environ | env,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.mark.usefixtures("compiler")
def test_the_committed_code_is_generated_from_the_idl(tmp_path):
    result = generate(tmp_path)
    assert (result.returncode, result.stdout) == (0, "")
    assert tree(tmp_path) == tree(GEN), "run script/generate and commit what it changes"


def test_without_a_compiler_the_script_names_the_package(tmp_path):
    for program in ("bash", "dirname", "id"):
        (tmp_path / program).symlink_to(shutil.which(program))
    result = generate(PATH=str(tmp_path))
    assert (result.returncode, result.stdout) == (
        1,
        ("generate: needs the Thrift compiler: install thrift-compiler (as root: apt-get install thrift-compiler)\n"),
    )


def test_every_module_with_structs_has_a_stub():
    modules = {path.with_suffix("") for path in GEN.glob("*/*.py") if path.stem != "__init__"}
    assert modules == {path.with_suffix("") for path in STUBS}


def declared(stub):
    """Yield each class of a stub with its attributes and the arguments of its constructor."""
    for node in ast.parse(stub.read_text()).body:
        if isinstance(node, ast.ClassDef):
            attributes = [line.target.id for line in node.body if isinstance(line, ast.AnnAssign)]
            constructor = [line for line in node.body if isinstance(line, ast.FunctionDef)]
            yield node.name, attributes, [argument.arg for line in constructor for argument in line.args.args[1:]]


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_stubs_declare_the_attributes_of_the_structs(stub: Path):
    module = import_module(f"aurora_admin.gen.{stub.parent.name}.{stub.stem}")
    stubs = {name: (attributes, arguments) for name, attributes, arguments in declared(stub)}
    structs = {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Struct) and value.__module__ == module.__name__
    }
    assert set(stubs) == structs
    for name, (attributes, arguments) in stubs.items():
        generated = getattr(module, name)
        assert all(hasattr(generated, attribute) for attribute in attributes), name
        if arguments:
            assert list(inspect.signature(generated).parameters) == arguments == attributes
