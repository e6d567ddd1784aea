from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pytest

from esign_core.errors import BrokenProvider, UnknownProvider
from esign_core.provider import Provider, Registry, did_you_mean, hookimpl
from esign_core.provider.loading import GROUP


def plugin(**hooks: Any) -> ModuleType:
    """A plugin's module."""
    module = ModuleType("some_plugin")
    for name, hook in hooks.items():
        setattr(module, name, hookimpl(hook))
    return module


def no_providers() -> list[Any]:
    """A hook that brings nothing."""
    return []


@pytest.fixture
def install() -> Iterator[Any]:
    """Makes modules that entry points can name."""
    names: list[str] = []

    def make(name: str, module: object) -> EntryPoint:
        place = f"installed_for_a_test_{name.replace('-', '_')}"
        names.append(place)
        sys.modules[place] = module  # type: ignore[assignment]
        return EntryPoint(name, place, "esign")

    yield make
    for name in names:
        del sys.modules[name]


def broken(registry: Registry, module: object, name: str = "bad") -> str:
    """Why a plugin is not taken."""
    before = dict(registry.providers)
    with pytest.raises(BrokenProvider) as caught:
        registry.add_plugin(module, name=name)
    assert registry.providers == before, "all or nothing"
    return str(caught.value)


@pytest.fixture
def registry() -> Registry:
    """Nothing is installed."""
    return Registry.load([])


def test_a_provider_is_found_by_its_name(install: Any, acme_class: type[Provider[Any]]) -> None:
    """Whatever the plugin is called."""
    registry = Registry.load([install("some-plugin", plugin(esign_providers=lambda: [acme_class]))])
    assert registry.provider("acme") is acme_class
    assert registry.broken == []


def test_a_wrong_name_is_answered_with_the_right_one(
    registry: Registry, acme_class: type[Provider[Any]]
) -> None:
    """What is installed, and what was probably meant."""
    with pytest.raises(
        UnknownProvider, match=r'^no provider is called "acne"\. Installed: none\.$'
    ):
        registry.provider("acne")
    registry.add_plugin(plugin(esign_providers=lambda: [acme_class]), name="a")
    with pytest.raises(UnknownProvider) as caught:
        registry.provider("acne")
    assert str(caught.value) == (
        'no provider is called "acne". Installed: acme. Did you mean "acme"?'
    )


def test_a_broken_plugin_takes_no_other_down(install: Any, acme_class: type[Provider[Any]]) -> None:
    """Whatever it raises; it is listed with its reason, and named when it is asked for."""

    def explode() -> list[Any]:
        raise ZeroDivisionError("at import")

    registry = Registry.load(
        [
            EntryPoint("missing", "no_such_module_at_all", "esign"),
            install("good", plugin(esign_providers=lambda: [acme_class])),
            install("explosive", plugin(esign_providers=explode)),
        ]
    )
    assert registry.provider("acme") is acme_class
    assert [(each.name, each.distribution) for each in registry.broken] == [
        ("explosive", "unknown distribution"),
        ("missing", "unknown distribution"),
    ]
    with pytest.raises(BrokenProvider) as caught:
        registry.provider("missing")
    assert "ModuleNotFoundError: No module named" in str(caught.value)
    with pytest.raises(BrokenProvider) as caught:
        registry.provider("explosive")
    assert str(caught.value) == (
        'the plugin "explosive" (unknown distribution) cannot be used: ZeroDivisionError: at import'
    )


def test_a_broken_plugin_is_named_with_its_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that one knows what to uninstall."""
    point = EntryPoint("missing", "no_such_module_at_all", "esign")
    dist = type("Dist", (), {"name": "esign-missing"})()
    registry = Registry.load([point._for(dist)])  # type: ignore[attr-defined]
    assert registry.broken[0].distribution == "esign-missing"
    assert registry.broken[0].error.startswith("ModuleNotFoundError")


def test_a_plugin_of_other_hooks_brings_no_provider(registry: Registry) -> None:
    """A plugin may only look at events."""
    seen: list[Any] = []

    def note(event: Any) -> None:
        seen.append(event)

    registry.add_plugin(plugin(esign_event=note), name="listener")
    assert registry.providers == {}
    registry.manager.hook.esign_event(event="it happened")
    assert seen == ["it happened"]


def test_a_plugin_without_hooks_is_told(registry: Registry) -> None:
    """Silence would leave its author looking for the reason."""
    assert broken(registry, ModuleType("empty")) == (
        'plugin "bad" has no hook of esign; mark it with @hookimpl'
    )


def test_a_hook_that_does_not_exist_is_told(registry: Registry) -> None:
    """A misspelled hook would never be called; the plugin is not left half registered."""
    module = plugin(esign_provider=no_providers)
    for _ in range(2):
        with pytest.raises(BrokenProvider, match=r"'esign_provider'.*there are.*esign_providers"):
            registry.add_plugin(module, name="bad")
    with pytest.raises(Exception, match="esign_before_send"):
        registry.add_plugin(plugin(esign_before_send=lambda contract: None), name="bad")
    assert registry.manager.get_plugins() == set()


def test_a_plugin_is_taken_once(registry: Registry, acme_class: type[Provider[Any]]) -> None:
    """A second entry point of the same module does not undo the first."""
    module = plugin(esign_providers=lambda: [acme_class])
    registry.add_plugin(module, name="first")
    assert broken(registry, module, "second") == (
        'plugin "second" is here already, under another name'
    )
    with pytest.raises(ValueError, match="first"):
        registry.add_plugin(plugin(esign_providers=no_providers), name="first")
    assert registry.manager.is_registered(module)


def test_what_is_no_provider_is_refused(
    registry: Registry, acme_class: type[Provider[Any]]
) -> None:
    """Each breach of the contract with its own words."""

    def variant(**fields: Any) -> Any:
        return type("Variant", (acme_class,), fields)

    unfinished = type("Unfinished", (Provider,), {"name": "x"})
    abstract = type(
        "Abstract",
        (Provider,),
        {
            "name": "x",
            "title": "X",
            "Settings": acme_class.Settings,
            "capabilities": acme_class.capabilities,
        },
    )
    cases = {
        "esign_providers must answer a list": (acme_class,),
        "'acme' is no Provider class": ["acme"],
        "<class 'int'> is no Provider class": [int],
        "Unfinished does not say its title, Settings, capabilities": [unfinished],
        'the name "Acme!" must be of a-z, 0-9 and "-"': [variant(name="Acme!")],
        "Variant.Settings is no ProviderSettings": [variant(Settings=dict)],
        "Variant.capabilities is no Capabilities": [variant(capabilities={})],
        "Abstract leaves out download, explain, fetch, hosts, send": [abstract],
        f'"acme" is taken by {acme_class.__module__}': [acme_class, variant()],
    }
    for reason, classes in cases.items():
        module = plugin(esign_providers=lambda classes=classes: classes)
        assert broken(registry, module) == f'plugin "bad": {reason}'


def test_two_plugins_cannot_bring_one_name(
    registry: Registry, acme_class: type[Provider[Any]]
) -> None:
    """The first one stays, the second is told by whom the name is taken."""
    registry.add_plugin(plugin(esign_providers=lambda: [acme_class]), name="first")
    other = type("Other", (acme_class,), {})
    reason = broken(registry, plugin(esign_providers=lambda: [other]))
    assert reason == f'plugin "bad": "acme" is taken by {acme_class.__module__}'
    assert registry.provider("acme") is acme_class


def test_the_hooks_take_what_they_say(registry: Registry) -> None:
    """`esign_before_send` sees the draft and the connection's name."""
    registry.add_plugin(
        plugin(esign_before_send=lambda draft, connection_name: f"{draft} via {connection_name}"),
        name="veto",
    )
    told = registry.manager.hook.esign_before_send(draft="Lease 14", connection_name="acme-eu")
    assert told == ["Lease 14 via acme-eu"]


def test_nothing_close_is_no_guess() -> None:
    """A wrong guess is worse than none."""
    assert did_you_mean("zzz", ["acme"]) == ""


def test_every_installed_plugin_is_accounted_for() -> None:
    """It brings something or is listed as broken; none disappears without a word."""
    registry = Registry.installed()
    taken = {name for name, _ in registry.manager.list_name_plugin()}
    listed = taken | {each.name for each in registry.broken}
    assert listed == {point.name for point in entry_points(group=GROUP)}
