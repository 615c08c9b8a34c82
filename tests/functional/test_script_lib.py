"""script/lib on a machine that has nothing but Python and the usual small tools."""

import shutil
import subprocess

import pytest

from tests.support.places import CHECKOUT

TOOLS = ("bash", "cat", "dirname", "grep", "head", "sha256sum", "tail")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


class Machine:
    """A PATH of a few tools, and an apt-get that installs nothing and records its arguments."""

    def __init__(self, folder):
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.record = folder / "apt-get.record"
        for name in TOOLS:
            (self.bin / name).symlink_to(shutil.which(name))
        self.program("id", "echo 0")
        self.apt_get("true")

    def program(self, name, *lines):
        (self.bin / name).write_text("\n".join(["#!/bin/bash", *lines, ""]))
        (self.bin / name).chmod(0o755)

    def apt_get(self, *lines):
        self.program("apt-get", f'echo "$*" >>{self.record}', *lines)

    @property
    def installed(self):
        """The arguments of each call of apt-get."""
        return self.record.read_text().splitlines() if self.record.exists() else []

    def run(self, lines):
        """Run lines of bash in the checkout after sourcing script/lib."""
        return subprocess.run(
            ["bash", "-c", f'. "{CHECKOUT}/script/lib"\n{lines}'],
            cwd=CHECKOUT,
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )


def installation(*packages):
    return " ".join(["install -y --no-install-recommends", *packages])


def test_a_folder_of_the_checkout_is_not_taken_for_a_program(machine):
    assert (CHECKOUT / "thrift").is_dir()
    done = machine.run("debian_packages thrift-compiler=thrift tests=tests")
    assert (done.returncode, machine.installed) == (0, [installation("thrift-compiler", "tests")]), done.stderr


def test_what_is_missing_is_installed_and_what_is_there_is_not(machine, tmp_path):
    machine.program("strace")
    (tmp_path / "is.jar").touch()
    done = machine.run(f"debian_packages mandoc=mandoc strace=strace one={tmp_path}/is.jar two={tmp_path}/is-not.jar")
    assert (done.returncode, machine.installed) == (0, [installation("mandoc", "two")]), done.stderr


def test_nothing_is_installed_where_everything_is_there(machine):
    done = machine.run("debian_packages coreutils=cat bash=bash")
    assert (done.returncode, machine.installed, done.stderr) == (0, [], "")


def test_package_lists_are_fetched_only_when_the_first_try_fails(machine, tmp_path):
    lists = tmp_path / "lists"
    machine.apt_get(f'[ "$1" = update ] && : >{lists}', f"[ -e {lists} ]")
    assert machine.run("debian_packages git=git").returncode == 0
    assert machine.installed == [installation("git"), "update", installation("git")]


def test_what_apt_says_is_shown_when_it_fails(machine):
    machine.apt_get("echo no such mirror", "exit 100")
    done = machine.run("debian_packages git=git")
    assert done.returncode == 0
    assert "no such mirror" in done.stderr
    assert "apt-get install git" in done.stderr


def test_without_root_the_missing_packages_are_named(machine):
    machine.program("id", "echo 1000")
    done = machine.run("debian_packages git=git mandoc=mandoc")
    assert (done.returncode, machine.installed) == (0, [])
    assert "Install them as root: apt-get install git mandoc\n" in done.stderr


def python_that(*lines):
    """A python3 that passes the test of its version, and has ensurepip as the lines say."""
    return [
        'case "$*" in',
        "*version_info\\ \\<*) exit 0 ;;",
        "*ensurepip*) exit 1 ;;",
        "*-venv*) echo python3.11-venv ;;",
        "--version) echo Python 3.11.2 ;;",
        "esac",
        *lines,
    ]


def test_the_missing_venv_module_is_installed(machine):
    machine.program("python3", *python_that())
    done = machine.run("ensure_venv_module python3")
    assert (done.returncode, machine.installed) == (0, [installation("python3.11-venv")]), done.stderr


def test_without_root_the_missing_venv_module_is_named(machine):
    machine.program("python3", *python_that())
    machine.program("id", "echo 1000")
    done = machine.run("ensure_venv_module python3")
    assert done.returncode == 1
    assert "apt-get install python3.11-venv" in done.stderr


def test_an_old_python_is_passed_over(machine):
    machine.program("python3", "exit 1")
    machine.program("python3.12", "exit 0")
    assert machine.run("find_python").stdout == "python3.12\n"


def test_without_python_the_error_says_which_one_is_needed(machine):
    done = machine.run("set_up run")
    assert done.returncode == 1
    assert "needs Python 3.10 or newer" in done.stderr
