"""Fixtures of several files here."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.distributions import Scratch, build, install
from tests.support.elected_schedulers import Elected
from tests.support.places import CHECKOUT
from tests.support.running_drain import running_drains
from tests.support.serverset import ServerSet
from tests.support.zookeeper import zookeeper_client


@pytest.fixture
def west(zk, zookeeper, clusters):
    """The nodes of cluster west, none but the path yet."""
    return ServerSet(zk, zookeeper.hosts, clusters)


@pytest.fixture
def elected(tmp_path, zookeeper, clusters):
    """Schedulers of cluster west, whose entry names ZooKeeper only."""
    with zookeeper_client(zookeeper.hosts) as zk:
        one = Elected(tmp_path, zookeeper.hosts, zk)
        ServerSet(zk, zookeeper.hosts, clusters, one.path)
        yield one
        one.close()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout without ignored files: building leaves nothing in the checkout itself."""
    clone = tmp_path_factory.mktemp("checkout")
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    ).stdout
    there = b"".join(name + b"\0" for name in files.split(b"\0") if name and (CHECKOUT / name.decode()).exists())
    packed = subprocess.run(
        ["tar", "-c", "--null", "-T", "-"], cwd=CHECKOUT, input=there, capture_output=True, check=True
    ).stdout
    subprocess.run(["tar", "-x"], cwd=clone, input=packed, check=True)
    return clone


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory) -> Path:
    return build("wheel", checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory) -> Path:
    """An environment with nothing in it but the wheel; what it needs comes from the tests' environment."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    install(wheel, venv)
    return venv


@pytest.fixture
def drain(tmp_path):
    """`drain("host_drain", "--hosts=h1", "west")` starts the program."""
    with running_drains(tmp_path) as start:
        yield start


@pytest.fixture
def drill(admin, tmp_path):
    """Run a drill whose folders are made in tmp_path/drills."""
    (tmp_path / "drills").mkdir()
    return lambda *arguments, **env: admin("drill", *arguments, TMPDIR=str(tmp_path / "drills"), **env)


@pytest.fixture
def left(tmp_path):
    """What a drill has left behind."""
    return lambda: list((tmp_path / "drills").iterdir())


@pytest.fixture
def scratch(installed, tmp_path, clusters) -> Scratch:
    """An installation of its own, for plugins of other distributions."""
    clusters.write("west")
    venv = tmp_path / "venv"
    shutil.copytree(installed, venv, symlinks=True)
    script = venv / "bin" / "aurora_admin"
    script.write_text(script.read_text().replace(str(installed), str(venv)))
    return Scratch(venv, tmp_path)
