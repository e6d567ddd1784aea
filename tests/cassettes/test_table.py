"""The whole of it: nothing lacks a cassette, and every cassette is what its README says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest

from esign_core import Registry
from esign_core.provider import Flow, Provider, Templates, Webhooks
from esign_core.provider.provider import OPTIONAL_OPERATIONS
from esign_core.service.opening import open_session
from esign_core.testing import Origin, Recording
from esign_core.testing.scrub import LEFT_OUT
from esign_penvio import PenvioProvider
from tests.cassettes.live import NEEDED, OPTIONAL, variable
from tests.cassettes.record import FOLDER, SCENES
from tests.cassettes.rules import SETTINGS
from tests.cassettes.tables import readme

REQUIRED = ("send", "fetch", "download", "explain")
PROVIDERS = sorted(SCENES)


def operations_of(provider: Provider[Any]) -> set[str]:
    """Every operation that an adapter supports, with those of its facets."""
    own = {*REQUIRED, *filter(provider.supports, (*OPTIONAL_OPERATIONS, "grant"))}
    facets: Iterable[tuple[str, object, type]] = (
        ("webhooks", provider.webhooks, Webhooks),
        ("templates", provider.templates, Templates),
    )
    return own | {
        f"{name}.{method}"
        for name, facet, kind in facets
        for method in vars(kind)
        if not method.startswith("_")
        and callable(getattr(kind, method))
        and facet is not None
        and getattr(type(facet), method) is not getattr(kind, method)
    }


def lacking(provider: Provider[Any], scenes: Collection[Any]) -> set[str]:
    """The operations that no scene is about."""
    return operations_of(provider) - {scene.operation for scene in scenes}


@pytest.fixture(params=PROVIDERS)
def name(request: pytest.FixtureRequest) -> str:
    """A provider with cassettes."""
    found: str = request.param
    return found


@pytest.fixture
def adapter(name: str) -> Provider[Any]:
    """Its adapter, for one account."""
    return open_session(Registry.installed(), name, SETTINGS[name]).provider


@pytest.fixture
def files(name: str) -> dict[str, Recording]:
    """Its cassettes, by name."""
    return {file.stem: Recording.read(file) for file in (FOLDER / name).glob("*.yaml")}


def test_every_installed_provider_of_the_house_has_cassettes(name: str) -> None:
    """None is forgotten."""
    shipped = {folder.name for folder in (FOLDER.parent / "providers").iterdir()}
    assert shipped == set(PROVIDERS)


def test_every_operation_has_a_cassette(adapter: Provider[Any], name: str) -> None:
    """What an adapter supports can be seen and is replayed."""
    assert lacking(adapter, SCENES[name]) == set()


def test_an_operation_without_a_cassette_is_noticed() -> None:
    """The rule above finds an operation that somebody adds, and one whose cassette is gone."""

    class Wider(PenvioProvider):
        def log(self, remote_id: str) -> Flow[Any]:
            raise AssertionError("nobody asks for this here")

    settings = open_session(Registry.installed(), "penvio", SETTINGS["penvio"]).provider.settings
    scenes = SCENES["penvio"]
    assert lacking(Wider(settings), scenes) == {"log"}
    fewer = [scene for scene in scenes if scene.operation != "templates.get"]
    assert lacking(PenvioProvider(settings), fewer) == {"templates.get"}


def test_scenes_and_files_are_the_same(name: str, files: dict[str, Recording]) -> None:
    """No file is left from long ago, and no scene was never recorded."""
    assert set(files) == {scene.name for scene in SCENES[name]}
    assert len(files) == len(SCENES[name])


def test_every_cassette_is_replayed(name: str, files: dict[str, Recording]) -> None:
    """Each is named by a test that says what it means."""
    text = (Path(__file__).parent / f"test_{name}.py").read_text("utf-8")
    named = set(re.findall(r'"(\w+)"', text))
    assert set(files) <= named


def test_published_ones_are_those_that_say_so(name: str, files: dict[str, Recording]) -> None:
    """The table of scenes and the heads of the files agree on what is the vendor's own word."""
    for scene in SCENES[name]:
        is_documented = files[scene.name].provenance.origin is Origin.DOCUMENTED
        assert is_documented is scene.published, scene.name


def test_readme_tells_what_is_there(name: str) -> None:
    """The table beside the files is the one that is made of them. `make record` makes it."""
    page = FOLDER / name / "README.md"
    text = page.read_text("utf-8")
    assert "| `send" in text
    assert readme(text, SCENES[name], page.parent) == text


def test_readme_names_the_credentials_of_a_live_recording(name: str) -> None:
    """Every variable that is read, and no other."""
    text = (FOLDER / name / "README.md").read_text("utf-8")
    read = {variable(name, each) for each in (*NEEDED[name], *OPTIONAL[name])}
    assert set(re.findall(r"ESIGN_RECORD_\w+", text)) == read


def test_nothing_of_a_request_is_left_out(files: dict[str, Recording]) -> None:
    """The adapter's own words are all allowed, so that a change of any of them is noticed."""
    for file, recording in files.items():
        for each in recording.interactions:
            told = f"{each['request']}"
            assert LEFT_OUT not in told, file
            assert "<text>" not in told, file


def test_nothing_published_is_left_out(files: dict[str, Recording]) -> None:
    """What is published is there to the letter."""
    for file, recording in files.items():
        if recording.provenance.origin is Origin.DOCUMENTED:
            told = f"{recording.interactions}"
            assert LEFT_OUT not in told, file
            assert "<text>" not in told, file
