"""Distributions with plugins, and a scratch environment to install them into."""

import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent

from tests.support.processes import Result, environment, run

GROUP = "aurora_admin.plugins.v1"
BUILD = "import setuptools.build_meta as b, sys; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"
DECLARATION = """
    from aurora_admin.command import Command
    from aurora_admin.hookspec import hookimpl

    @hookimpl
    def aurora_admin_commands():
        yield Command(name={name!r}, options="[--shout]", arguments="cluster", summary="Say hello to a cluster",
                      module=".command", category="greetings", effect={effect!r}, see_also=("get_scheduler",))
"""
COMMAND = '''
    """Say hello to a cluster, politely.

    Nothing is sent - not even a greeting.
    """

    EXAMPLES = "aurora_admin fleet_hello west"
    COMPATIBILITY = """
    The original greets loudly.

    It ends with 1 - this command with 0.
    """


    def configure(parser):
        parser.add_argument("--shout", metavar="HOW", help="'very' is 100%% loud")


    def run(context, args):
        if context.command.effect == "destroy":
            context.confirm(f"Greet {args.cluster}?")
        context.out.print(f"Hello {args.cluster} {args.shout or ''}".rstrip())
'''


def fleet(
    name: str = "fleet_hello",
    module: str = "aurora_fleet",
    effect: str = "read",
    command: str = COMMAND,
) -> dict[str, str]:
    """The files of a plugin with one command."""
    return {
        f"{module}/__init__.py": DECLARATION.format(name=name, module=module, effect=effect),
        f"{module}/command.py": command,
    }


def broken(source: str) -> dict[str, str]:
    return {"aurora_broken/__init__.py": source}


def build(kind: str, source: Path, target: Path) -> Path:
    """Build with the backend in pyproject.toml, as pip does; the environment of the tests has it."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(target)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return target / done.stdout.split()[-1]


def pack(folder: Path, name: str, files: dict[str, str], module: str) -> Path:
    """Write a wheel without a build, which takes several seconds."""
    metadata = f"{name.replace('-', '_')}-1.2.dist-info"
    contents = {
        **{path: dedent(text) for path, text in files.items()},
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{metadata}/entry_points.txt": f"[console_scripts]\n\n[{GROUP}]\nplugin = {module}\n",
    }
    record = "".join(f"{path},,\n" for path in [*contents, f"{metadata}/RECORD"])
    path = folder / f"{metadata.removesuffix('.dist-info')}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in {**contents, f"{metadata}/RECORD": record}.items():
            archive.writestr(member, text)
    return path


def site_packages(venv: Path) -> Path:
    [found] = venv.glob("lib/python*/site-packages")
    return found


def install(packed: Path, venv: Path) -> None:
    """Install a wheel with pip, and nothing that it needs."""
    quietly = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    python = str(venv / "bin" / "python")
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *quietly, str(packed)], check=True)


class Scratch:
    """An environment of its own, with the program and the distributions that a test installs."""

    def __init__(self, venv: Path, home: Path) -> None:
        self.venv, self.home = venv, home
        self.libraries = str(site_packages(Path(sys.prefix)))

    def install(self, name: str, files: dict[str, str], module: str | None = None) -> None:
        """Install a distribution as pip would: a wheel of Python files only is just unpacked."""
        packed = pack(self.home, name, files, module or name.replace("-", "_"))
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(site_packages(self.venv))

    def install_wheel(self, packed: Path) -> None:
        """Install with pip what a real build has made."""
        install(packed, self.venv)

    def __call__(self, *arguments: str, program: str = "aurora_admin", **settings) -> Result:
        return run(
            [self.venv / "bin" / program, *arguments], environment(self.home, PYTHONPATH=self.libraries), **settings
        )
