"""Settings that cannot be right."""

from __future__ import annotations

from typing import Any

from esign_core import Connection, Esign
from tests.bad_input.scene import Scene, Way


def _configure(scene: Scene, *lines: str) -> None:
    text = "\n".join([f'journal = "{scene.journal}"', "", f"[connections.{scene.via}]", *lines])
    path = scene.folder / "esign.toml"
    _ = path.write_text(text, encoding="utf-8")
    with Esign.from_config(path):
        pass


def unknown_connection(scene: Scene) -> None:
    """A name that is nearly one."""
    scene.esign.send(scene.draft(), via=f"{scene.vendor}-dkk", key="lease-14")


def unknown_provider(scene: Scene) -> None:
    """A vendor whose name is misspelt."""
    name = scene.vendor.replace("n", "", 1)
    if scene.way is Way.ESIGN:
        _configure(scene, f'provider = "{name}"')
    else:
        with Connection(name, **scene.settings):
            pass


def misspelt_setting(scene: Scene) -> None:
    """The key under another name."""
    settings = {name.replace("api_key", "api_kee"): value for name, value in scene.settings.items()}
    _open(scene, settings)


def wrong_value(scene: Scene) -> None:
    """An address to which nobody should send credentials."""
    _open(scene, {**scene.settings, "base_url": "http://example.com"})


def _open(scene: Scene, settings: dict[str, Any]) -> None:
    """Open an account with settings, as they are or from a file; `base_url` is on its line 5."""
    if scene.way is Way.CONNECTION:
        with Connection(scene.vendor, **settings):
            pass
    plain = {name: value for name, value in sorted(settings.items()) if isinstance(value, str)}
    first = {name: plain.pop(name) for name in ("base_url", "api_kee") if name in plain}
    lines = [f'{name} = "{value}"' for name, value in [*first.items(), *plain.items()]]
    _configure(scene, f'provider = "{scene.vendor}"', *lines)


def unset_variables(scene: Scene) -> None:
    """Two of them, and neither hides the other."""
    _configure(
        scene,
        f'provider = "{scene.vendor}"',
        'api_key = "${ESIGN_TEST_KEY}"',
        'webhook_secrets = ["${ESIGN_TEST_SECRET}"]',
    )


def no_toml(scene: Scene) -> None:
    """A value without quotation marks."""
    _configure(scene, f"provider = {scene.vendor}")


def no_configuration(scene: Scene) -> None:
    """A file that is not there."""
    with Esign.from_config(scene.folder / "nowhere.toml"):
        pass
