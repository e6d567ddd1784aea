"""Finding providers; one broken plugin takes no other down."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Self

import pluggy

from esign_core.errors import BrokenProvider, InvalidDraft, Misconfigured, UnknownProvider
from esign_core.model import Capabilities, did_you_mean
from esign_core.provider import hooks
from esign_core.provider.provider import Provider
from esign_core.provider.settings import ProviderSettings

GROUP = "esign"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be used, and why."""

    name: str
    """The entry point."""
    distribution: str
    """The package that it came with."""
    error: str
    """What went wrong."""


@dataclass
class Registry:
    """The installed providers, by name, and the plugins that could not be used."""

    providers: dict[str, type[Provider[Any]]] = field(default_factory=dict)
    broken: list[BrokenPlugin] = field(default_factory=list)
    """The plugins that could not be used."""
    manager: pluggy.PluginManager = field(
        default_factory=lambda: pluggy.PluginManager(hooks.PROJECT), repr=False
    )
    """Where hooks are called."""

    @classmethod
    def installed(cls) -> Self:
        """Everything in entry-point group `esign`."""
        return cls.load(entry_points(group=GROUP))

    @classmethod
    def load(cls, points: Iterable[EntryPoint]) -> Self:
        """The providers behind entry points, each loaded in a `try` of its own."""
        registry = cls()
        registry.manager.add_hookspecs(hooks)
        for point in sorted(points, key=lambda point: point.name):
            try:
                registry.add_plugin(point.load(), name=point.name)
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                package = point.dist.name if point.dist else "unknown distribution"
                text = f"{type(error).__name__}: {error}"
                registry.broken.append(BrokenPlugin(point.name, package, text))
        return registry

    def add_plugin(self, plugin: object, *, name: str) -> None:
        """Take in a plugin's providers and hooks, all or none of them.

        Raises:
            BrokenProvider: It breaks the contract.
        """
        if self.manager.is_registered(plugin):
            raise BrokenProvider(f'plugin "{name}" is here already, under another name')
        try:
            self._register(plugin, name)
        except BaseException:
            if self.manager.is_registered(plugin):
                _ = self.manager.unregister(plugin)
            raise

    def _register(self, plugin: object, name: str) -> None:
        _ = self.manager.register(plugin, name=name)
        try:
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            known = ", ".join(sorted(spec for spec in vars(hooks) if spec.startswith("esign_")))
            raise BrokenProvider(f'plugin "{name}": {error}; there are {known}') from None
        callers = self.manager.get_hookcallers(plugin)
        if not callers:
            raise BrokenProvider(f'plugin "{name}" has no hook of esign; mark it with @hookimpl')
        for caller in callers:
            if caller.name == "esign_providers":
                for impl in caller.get_hookimpls():
                    if impl.plugin is plugin:
                        self._add_all(impl.function(), name)

    def _add_all(self, classes: object, plugin: str) -> None:
        if not isinstance(classes, list):
            raise BrokenProvider(f'plugin "{plugin}": esign_providers must answer a list')
        taken = dict(self.providers)
        for each in classes:
            _expect_provider(each, plugin)
            if each.name in taken:
                other = taken[each.name].__module__
                raise BrokenProvider(f'plugin "{plugin}": "{each.name}" is taken by {other}')
            taken[each.name] = each
        self.providers = taken

    def provider(self, name: str) -> type[Provider[Any]]:
        """A provider's class by its name.

        Raises:
            UnknownProvider: None is called that; the message has the installed ones.
            BrokenProvider: There is a plugin of that name, and it cannot be loaded.
        """
        if name in self.providers:
            return self.providers[name]
        for plugin in self.broken:
            if plugin.name == name:
                raise BrokenProvider(
                    f'the plugin "{name}" ({plugin.distribution}) cannot be used: {plugin.error}'
                )
        installed = ", ".join(sorted(self.providers)) or "none"
        guess = did_you_mean(name, self.providers)
        raise UnknownProvider(f'no provider is called "{name}". Installed: {installed}.{guess}')


def read_settings(provider: type[Provider[Any]], settings: dict[str, Any]) -> ProviderSettings:
    """A provider's settings from plain data.

    Raises:
        Misconfigured: With every wrong setting at once, and close names for unknown ones.
    """
    try:
        return provider.Settings.model_validate(settings)
    except InvalidDraft as error:
        found = error.problems
    told = "; ".join(map(str, found))
    end = "" if told.endswith("?") else "."
    message = f"{provider.name}: {told}{end} Nothing was opened."
    raise Misconfigured(message, problems=found, provider=provider.name)


def _expect_provider(each: object, plugin: str) -> None:
    def broken(why: str) -> BrokenProvider:
        return BrokenProvider(f'plugin "{plugin}": {why}')

    if not (isinstance(each, type) and issubclass(each, Provider)):
        raise broken(f"{each!r} is no Provider class")
    missing = [
        attribute
        for attribute in ("name", "title", "Settings", "capabilities")
        if not hasattr(each, attribute)
    ]
    if missing:
        raise broken(f"{each.__name__} does not say its {', '.join(missing)}")
    if not _NAME.fullmatch(each.name):
        raise broken(f'the name "{each.name}" must be of a-z, 0-9 and "-"')
    if not issubclass(each.Settings, ProviderSettings):
        raise broken(f"{each.__name__}.Settings is no ProviderSettings")
    if not isinstance(each.capabilities, Capabilities):
        raise broken(f"{each.__name__}.capabilities is no Capabilities")
    if each.__abstractmethods__:
        left = ", ".join(sorted(each.__abstractmethods__))
        raise broken(f"{each.__name__} leaves out {left}")
