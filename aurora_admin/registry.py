"""Which plugin has which command: looked up late, and in spite of broken plugins.

The built-in plugins are known from this distribution's own entry points alone. Other people's are looked at only for a
command that is not built in, and for lists of all commands.
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
METADATA_SUFFIXES = (".dist-info", ".egg-info")


class Plugin(NamedTuple):
    """One entry point of our group."""

    name: str
    module: str  # or module:attribute
    distribution: str  # normal_name
    version: str  # empty where the metadata's file name does not tell

    def __str__(self) -> str:
        return f"{self.name} of {self.distribution} {self.version}".rstrip()


class RegisteredCommand(NamedTuple):
    """A command with the plugin that has it."""

    command: Command
    plugin: Plugin


class Registry:
    """The commands of all plugins; what had to be left out, and why, is in `problems` until it is taken."""

    def __init__(self) -> None:
        self._manager = PluginManager(hookspec.PROJECT)
        self._manager.add_hookspecs(hookspec)
        self._registered: dict[str, RegisteredCommand] = {}
        self._problems: list[str] = []
        self._others: Iterable[Plugin] = other_plugins()
        self._load(built_in_plugins())

    def find(self, name: str) -> RegisteredCommand | None:
        """Return the command of that name; other people's plugins are looked at only when no built-in one has it."""
        if name not in self._registered:
            self._load_others()
        return self._registered.get(name)

    def all(self) -> list[RegisteredCommand]:
        """Return every command there is, sorted by name."""
        self._load_others()
        return [self._registered[name] for name in sorted(self._registered)]

    def take_problems(self) -> list[str]:
        """Return one line for each plugin or command left out since the last time."""
        taken, self._problems = self._problems, []
        return taken

    def _load_others(self) -> None:
        others, self._others = self._others, ()
        self._load(sorted(others, key=lambda plugin: plugin.distribution))

    def _load(self, plugins: Iterable[Plugin]) -> None:
        for plugin in plugins:
            for command in self._commands(plugin):
                self._add(command, plugin)

    def _commands(self, plugin: Plugin) -> list[Any]:
        try:
            return self._register(plugin)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does wrong, the others work
            self._problems.append(f"Plugin {plugin} is left out: {cause(error)}")
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
            self._manager.unregister(name=str(plugin))  # else it would be found again beside every later plugin
            raise
        call = self._manager.subset_hook_caller("aurora_admin_commands", others)
        return [command for commands in call() for command in commands]

    def _add(self, command: Any, plugin: Plugin) -> None:
        fault = fault_of(command)
        if fault:
            self._problems.append(f"A command of plugin {plugin} is left out: {fault}")
        elif command.name in self._registered:
            owner = self._registered[command.name].plugin
            self._problems.append(f"Command {command.name} of plugin {plugin} is left out: {owner} has that name")
        else:
            self._registered[command.name] = RegisteredCommand(command, plugin)


def load(registered: RegisteredCommand, parser: CommandParser) -> ModuleType:
    """Import the module of a command and give its options to the parser.

    Raises:
        AdminError: it cannot be done; the message names command, plugin, distribution and cause.
    """
    try:
        module = import_module(registered.command.module)
        parser.configure(module)
    except (Exception, SystemExit) as error:
        name = registered.command.name
        raise AdminError(f"Command {name} of plugin {registered.plugin} cannot be loaded: {cause(error)}") from error
    return module


def cause(error: BaseException) -> str:
    """Say what went wrong in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def fault_of(command: Any) -> str | None:
    """Say what is wrong with a declaration; None if nothing is."""
    if not isinstance(command, Command):
        return f"it is no Command but {command!r:.80}"
    if not all(isinstance(value, str) for value in command[:6]):
        return f"a field of {command.name!r} is no text"
    if not command.name.replace("-", "_").isidentifier() or command.name.startswith("-"):
        return f"{command.name!r} cannot be typed as a command"
    if command.synopsis.split()[:1] != [command.name]:
        return f"the synopsis of {command.name} does not begin with its name"
    if command.effect not in EFFECTS:
        return f"the effect of {command.name} is none of {', '.join(EFFECTS)}"
    return None


def built_in_plugins() -> list[Plugin]:
    """Read our own entry points: in a checkout from setup.cfg, else from the metadata beside the package.

    Raises:
        AdminError: there are none, so that no command could be found.
    """
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    checkout = os.path.join(folder, "setup.cfg")
    plugins = _in_checkout(checkout) if os.path.isfile(checkout) else dict(_distributions(folder)).get(OURS)
    if not plugins:
        raise AdminError(f"No commands: {folder} has no metadata of {OURS}. Install it again, with pip")
    return plugins


def other_plugins() -> Iterator[Plugin]:
    """Find the plugins of every other installed distribution; the first one of a name on sys.path counts."""
    seen = {OURS}
    for folder in sys.path:
        for name, plugins in _distributions(folder or "."):
            if name not in seen:
                yield from plugins
            seen.add(name)


def _distributions(folder: str) -> Iterator[tuple[str, list[Plugin]]]:
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
                yield normal_name(name), _plugins_in(text, normal_name(name), version)


def _distributions_of_archive(path: str) -> Iterator[tuple[str, list[Plugin]]]:
    from importlib.metadata import distributions

    for found in distributions(path=[path]):
        name = normal_name(found.metadata["Name"])
        yield name, _plugins_in(found.read_text("entry_points.txt") or "", name, found.version)


def normal_name(name: str) -> str:
    """Return the name of a distribution as its metadata folder spells it."""
    return name.lower().replace("-", "_").replace(".", "_")


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # most distributions have none
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
    from configparser import ConfigParser

    from aurora_admin import __version__

    config = ConfigParser(interpolation=None)
    config.read(path, encoding="utf-8")
    lines = config.get("options.entry_points", GROUP, fallback="")
    return _plugins_in(f"[{GROUP}]\n{lines}", OURS, __version__)
