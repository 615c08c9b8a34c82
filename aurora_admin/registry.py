"""Find plugins and their commands. A broken plugin is left out and reported; everything else works.

The built-in plugins are found by this distribution's own entry points. The entry points of other distributions are read
only to find a command that is not built in, and to list all commands.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from pluggy import PluginManager

from aurora_admin import hookspec
from aurora_admin.command import Command
from aurora_admin.errors import AdminError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from aurora_admin.parser import CommandParser

GROUP = "aurora_admin.plugins.v1"
OURS = "aurora_admin"
EFFECTS = ("read", "write", "destroy")
TEXT_FIELDS = ("name", "arguments", "summary", "category", "module", "options", "wrong_count", "too_few")
METADATA_SUFFIXES = (".dist-info", ".egg-info")
# What follows the numbers of a version, before (-) or after the release.
PHASES = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "c": -1, "rc": -1, "post": 1, "r": 1, "rev": 1}


class Plugin(NamedTuple):
    """An entry point of the group aurora_admin.plugins.v1."""

    name: str
    module: str  # or module:attribute
    distribution: str  # as normal_name returns it
    version: str  # empty if the name of the metadata folder does not have it

    def __str__(self) -> str:
        return f"{self.name} of {self.distribution} {self.version}".rstrip()


class RegisteredCommand(NamedTuple):
    """A command and the plugin that declares it."""

    command: Command
    plugin: Plugin


class Registry:
    """The commands of all plugins; `problems` has a line for each plugin and each command that was left out."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._manager = PluginManager(hookspec.PROJECT)
        self._manager.add_hookspecs(hookspec)
        self._registered: dict[str, RegisteredCommand] = {}
        self._others: Iterable[Plugin] = other_plugins()
        self._load(built_in_plugins())

    def find(self, name: str) -> RegisteredCommand | None:
        """Return the command of that name; plugins of other distributions are loaded only if it is not built in."""
        if name not in self._registered:
            self._load_others()
        return self._registered.get(name)

    def in_order(self) -> list[RegisteredCommand]:
        """Return every installed command with its plugin, in the order in which the plugins declare them."""
        self._load_others()
        return list(self._registered.values())

    def all(self) -> list[RegisteredCommand]:
        """Return every installed command with its plugin, sorted by name."""
        return sorted(self.in_order(), key=lambda registered: registered.command.name)

    def commands(self) -> list[Command]:
        """Return every installed command, sorted by name."""
        return [registered.command for registered in self.all()]

    def by_category(self) -> dict[str, list[Command]]:
        """Return every installed command by category, both in the order in which the plugins declare them."""
        found: dict[str, list[Command]] = {}
        for registered in self.in_order():
            found.setdefault(registered.command.category, []).append(registered.command)
        return found

    def help_text(self, name: str) -> str | None:
        """Return what `<command> -h` prints, or None for an unknown command.

        Raises:
            AdminError: the module of the command cannot be loaded.
        """
        from aurora_admin.parser import CommandParser

        registered = self.find(name)
        if registered is None:
            return None
        parser = CommandParser(registered.command)
        load(registered, parser)
        return parser.format_help()

    def _load_others(self) -> None:
        others, self._others = self._others, ()
        self._load(sorted(others, key=lambda plugin: plugin.distribution))

    def _load(self, plugins: Iterable[Plugin]) -> None:
        for plugin in plugins:
            for command in self._declared(plugin):
                self._add(command, plugin)

    def _declared(self, plugin: Plugin) -> list[Any]:
        try:
            return self._register(plugin)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a broken plugin must not affect the others
            self.problems.append(f"Plugin {plugin} is left out: {cause(error)}")
            return []

    def _register(self, plugin: Plugin) -> list[Any]:
        module, _, attribute = plugin.module.partition(":")
        hooks = import_module(module)
        for part in attribute.split(".") if attribute else ():
            hooks = getattr(hooks, part)
        others = self._manager.get_plugins()
        self._manager.register(hooks, name=str(plugin))
        try:
            self._manager.check_pending()
        except Exception:
            self._manager.unregister(name=str(plugin))  # or the check of every later plugin fails for this one
            raise
        call = self._manager.subset_hook_caller("aurora_admin_commands", others)
        return [command for commands in call() for command in commands]

    def _add(self, command: Any, plugin: Plugin) -> None:
        fault = fault_of(command)
        if fault:
            self.problems.append(f"A command of plugin {plugin} is left out: {fault}")
        elif command.name in self._registered:
            owner = self._registered[command.name].plugin
            self.problems.append(f"Command {command.name} of plugin {plugin} is left out: {owner} has that name")
        else:
            self._registered[command.name] = RegisteredCommand(command, plugin)


def load(registered: RegisteredCommand, parser: CommandParser) -> ModuleType:
    """Import the module of a command, and add its options to the parser.

    Raises:
        AdminError: the module cannot be loaded; the message names command, plugin, distribution and cause.
    """
    command, plugin = registered
    try:
        package = import_module(plugin.module.partition(":")[0]).__package__
        module = import_module(command.module_name, package)
        parser.configure(module)
    except (Exception, SystemExit) as error:
        raise AdminError(f"Command {command.name} of plugin {plugin} cannot be loaded: {cause(error)}") from error
    return module


def cause(error: BaseException) -> str:
    """Return the class and the text of an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def fault_of(command: Any) -> str | None:
    """Return what is wrong with a declaration, or None."""
    if not isinstance(command, Command):
        return f"it is not a Command but {command!r:.80}"
    for field in TEXT_FIELDS:
        if not isinstance(getattr(command, field), str):
            return f"field {field} of {command.name!r} is not text"
    if not command.name.replace("-", "_").isidentifier() or command.name.startswith("-"):
        return f"{command.name!r} cannot be typed as a command"
    if not _can_be_bound(command):
        return f"the arguments of {command.name} cannot be used: {command.arguments!r}"
    if command.effect not in EFFECTS:
        return f"the effect of {command.name} is not one of {', '.join(EFFECTS)}"
    return None


def _can_be_bound(command: Command) -> bool:
    """Return whether every argument has a name of its own, and whether the optional ones are the last."""
    words, names = command.arguments.split(), command.argument_names
    are_names = all(map(str.isidentifier, names)) and len(set(names)) == len(names)
    return are_names and not any(word.startswith("[") for word in words[: command.required_count])


def built_in_plugins() -> list[Plugin]:
    """Return the plugins of this distribution: from setup.cfg in a checkout, else from the metadata beside the package.

    Raises:
        AdminError: there is no such metadata, so that no command can be found.
    """
    from aurora_admin import __version__

    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    checkout = os.path.join(folder, "setup.cfg")
    plugins = _in_checkout(checkout) if os.path.isfile(checkout) else []
    if not plugins:
        found = [one for one in _distributions(folder) if one.name == OURS and one.plugins]
        found.sort(key=lambda one: (one.version == __version__, version_key(one.version)))
        plugins = found[-1].plugins if found else []
    if not plugins:
        raise AdminError(f"No commands: {folder} has no metadata of {OURS}. Reinstall it with pip")
    return plugins


def other_plugins() -> Iterator[Plugin]:
    """Yield the plugins of every other installed distribution.

    Of two distributions with one name, the one in the first folder of sys.path counts, as for imports. Of two in one
    folder, the newer one counts: the other is what an interrupted upgrade has left.
    """
    seen = {OURS}
    for folder in sys.path:
        newest: dict[str, Distribution] = {}
        for one in _distributions(folder or "."):
            other = newest.get(one.name)
            if other is None or version_key(other.version) < version_key(one.version):
                newest[one.name] = one
        for name, one in newest.items():
            if name not in seen:
                yield from one.plugins
            seen.add(name)


class Distribution(NamedTuple):
    """The metadata of an installed distribution."""

    name: str  # as normal_name returns it
    version: str
    plugins: list[Plugin]


def version_key(version: str) -> tuple[tuple[int, ...], int, list[int]]:
    """Return a key that sorts versions as pip does: 0.9.0 before 0.10.0, a pre-release before its release.

    >>> sorted(["0.10.0", "1.0", "0.9.0", "1.0rc1", "1.0.post1", "1.0.dev3"], key=version_key)
    ['0.9.0', '0.10.0', '1.0.dev3', '1.0rc1', '1.0', '1.0.post1']
    """
    import re

    release, rest = re.fullmatch(r"v?([\d.]*)(.*)", version.lower(), re.DOTALL).groups()  # type: ignore[union-attr]
    numbers = [int(number) for number in release.split(".") if number]
    while numbers and not numbers[-1]:
        numbers.pop()
    phase = PHASES.get("".join(re.findall("^[._-]?([a-z]*)", rest)), 0)
    return tuple(numbers), phase, [int(number) for number in re.findall(r"\d+", rest)]


def _distributions(folder: str) -> Iterator[Distribution]:
    try:
        entries = sorted(os.listdir(folder))
    except NotADirectoryError:  # an archive
        yield from _distributions_of_archive(folder)
    except OSError:
        return
    else:
        for entry in entries:
            if entry.endswith(METADATA_SUFFIXES):
                name, version = [*entry.rpartition(".")[0].split("-"), ""][:2]
                text = _text_of(os.path.join(folder, entry, "entry_points.txt"))
                yield Distribution(normal_name(name), version, _plugins_in(text, normal_name(name), version))


def _distributions_of_archive(path: str) -> Iterator[Distribution]:
    from importlib.metadata import distributions

    for found in distributions(path=[path]):
        name = normal_name(found.metadata["Name"])
        text = found.read_text("entry_points.txt") or ""
        yield Distribution(name, found.version, _plugins_in(text, name, found.version))


def normal_name(name: str) -> str:
    """Return the name of a distribution as the name of its metadata folder has it."""
    return name.lower().replace("-", "_").replace(".", "_")


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # most distributions have no entry points
        return ""


def _plugins_in(text: str, distribution: str, version: str) -> list[Plugin]:
    if GROUP not in text:
        return []
    section, plugins = "", []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            plugins.append(Plugin(name.strip(), value.partition("[")[0].strip(), distribution, version))
    return plugins


def _in_checkout(path: str) -> list[Plugin]:
    """Return the plugins in setup.cfg; none if it is the file of another project, beside which pip has installed."""
    from configparser import ConfigParser, Error

    from aurora_admin import __version__

    config = ConfigParser(interpolation=None)
    try:
        config.read(path, encoding="utf-8")
    except (Error, UnicodeDecodeError):
        return []
    if normal_name(config.get("metadata", "name", fallback="")) != OURS:
        return []
    lines = config.get("options.entry_points", GROUP, fallback="")
    return _plugins_in(f"[{GROUP}]\n{lines}", OURS, __version__)
