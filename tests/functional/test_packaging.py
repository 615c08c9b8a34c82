"""The wheel in an empty environment, the sdist, and a bare checkout."""

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import aurora_admin
from tests.support.distributions import build, site_packages
from tests.support.places import CHECKOUT
from tests.support.processes import environment, run

WHERE = "import aurora_admin, os; print(os.path.dirname(aurora_admin.__file__))"
PROGRAMS = ("aurora_admin", "aurora-reference-scheduler", "aurora-reference-log")


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_wheel_brings_each_program_and_its_man_page(installed: Path, program: str) -> None:
    assert (installed / "bin" / program).is_file()
    assert (installed / "share" / "man" / "man1" / f"{program}.1").is_file()


def test_the_wheel_brings_every_man_page_of_the_checkout(installed: Path) -> None:
    pages = {page.name for page in (CHECKOUT / "man").glob("*.1")}
    assert pages
    assert {page.name for page in (installed / "share" / "man" / "man1").iterdir()} == pages


def test_the_wheel_adds_only_the_package_to_site_packages(installed: Path) -> None:
    names = {path.name for path in site_packages(installed).iterdir() if not path.name.endswith(".dist-info")}
    assert names == {"aurora_admin"}


def test_the_installed_program_runs_outside_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    libraries = str(site_packages(Path(sys.prefix)))
    env = environment(tmp_path, PYTHONPATH=libraries)
    shown = run([installed / "bin" / "python", "-I", "-c", WHERE], environment(tmp_path))
    assert shown.out.strip() == str(site_packages(installed) / "aurora_admin")
    overview = run([installed / "bin" / "aurora_admin", "help"], env)
    assert (overview.code, overview.err) == (0, "")
    assert "\nscheduler_list_backups\n" in overview.out


def test_a_bare_checkout_runs_as_a_module(checkout: Path, tmp_path: Path) -> None:
    def shown(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.check_output(command, cwd=checkout, env=environment(tmp_path), text=True)

    assert shown("-c", WHERE).strip() == str(checkout / "aurora_admin")
    assert shown("-m", "aurora_admin", "--version") == f"aurora_admin {aurora_admin.__version__}\n"


def test_every_package_is_listed_in_setup_cfg() -> None:
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    sources = [*CHECKOUT.glob("aurora_admin/**/__init__.py"), *CHECKOUT.glob("aurora_admin/plugins/**/__init__.py")]
    assert listed == {".".join(path.relative_to(CHECKOUT).parent.parts) for path in sources}


def test_the_wheel_has_every_module_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    folders = [*CHECKOUT.glob("aurora_admin/**/*.py*"), *CHECKOUT.glob("aurora_admin/plugins/**/*.py*")]
    modules = {str(path.relative_to(CHECKOUT)) for path in folders if path.suffix in (".py", ".pyi")}
    assert modules == {name for name in packed if name.endswith((".py", ".pyi"))}
    assert "aurora_admin/py.typed" in packed


def test_the_thrift_folder_never_becomes_a_package() -> None:
    assert not (CHECKOUT / "thrift" / "__init__.py").exists(), "it would shadow the thrift library"


def test_a_wheel_can_be_built_from_the_sdist(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", checkout, tmp_path)
    subprocess.run(["tar", "-xzf", sdist, "-C", tmp_path], check=True)
    again = build("wheel", tmp_path / sdist.name.removesuffix(".tar.gz"), tmp_path)
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert set(one.namelist()) == set(other.namelist())
