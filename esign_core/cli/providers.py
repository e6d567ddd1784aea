"""`esign providers`: what is installed, and what cannot be used."""

from __future__ import annotations

from typing import Any

from esign_core.cli.output import plain, say, show_json, show_table
from esign_core.cli.parameters import AsJson


def providers(*, as_json: AsJson = False) -> None:
    """The installed providers.

    Plugins that cannot be used are listed with their error; they take no other one down.

    ```sh
    esign providers --json
    ```
    """
    from esign_core.provider import OPTIONAL_OPERATIONS, Registry

    registry = Registry.installed()
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "title": provider.title,
            "features": [feature.value for feature in provider.capabilities.features],
            "operations": [each for each in OPTIONAL_OPERATIONS if provider.supports(each)],
            "has_sandbox": provider.sandbox is not None,
        }
        for name, provider in sorted(registry.providers.items())
    ]
    broken = [
        {"name": each.name, "distribution": each.distribution, "error": each.error}
        for each in registry.broken
    ]
    if as_json:
        show_json({"providers": found, "broken": broken})
        return
    rows = [[each["name"], "ok", each["title"], _features(each)] for each in found]
    rows += [[each["name"], "broken", each["distribution"], each["error"]] for each in broken]
    show_table(("name", "state", "what", "features, or what is wrong"), rows)
    if not rows:
        say("No provider is installed.")


def _features(found: dict[str, Any]) -> str:
    return plain(", ".join(each.replace("_", " ") for each in found["features"]))
