"""Replays: each cassette, through the real transport, waiting and awaiting."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from esign_core import EsignError, WebhookRequest
from esign_core.engine import AsyncDriver, Session, SyncDriver, Task
from esign_core.testing import Recording, configure_cassettes
from tests.cassettes.record import FOLDER, SCENES, replay_session
from tests.cassettes.rules import ALLOWED, WEBHOOK_SECRETS
from tests.cassettes.scenes import Call, Scene


def pytest_recording_configure(vcr: Any) -> None:
    """Cassettes are read by the rules of the provider whose folder they are in."""
    configure_cassettes(vcr, ALLOWED[Path(vcr.cassette_library_dir).name])


@dataclass(frozen=True)
class Replay:
    """What an adapter has made of a cassette."""

    answer: Any
    """What it answered, or the error that it raised."""
    given: Mapping[str, str]
    """What the caller gave."""
    session: Session


@pytest.fixture(scope="module")
def provider(request: pytest.FixtureRequest) -> str:
    """Whose cassettes a module is about, by its name."""
    return request.path.stem.removeprefix("test_")


@pytest.fixture(scope="module")
def vcr_cassette_dir(provider: str) -> str:
    """Where pytest-recording looks."""
    return str(FOLDER / provider)


@pytest.fixture
def scene(provider: str, default_cassette_name: str) -> Scene:
    """The scene of the test's cassette."""
    return next(each for each in SCENES[provider] if each.name == default_cassette_name)


@pytest.fixture(params=["sync", "async"])
def replay(
    request: pytest.FixtureRequest, provider: str, scene: Scene, vcr: Any, tmp_path: Path
) -> Replay:
    """The scene, played from its cassette alone and to its end."""
    head = Recording.read(FOLDER / provider / f"{scene.name}.yaml").provenance
    session = replay_session(provider, scene, head)
    assert scene.play is not None
    task = scene.play(Call(session, head.given, tmp_path))
    try:
        answer = _waited(session, task) if request.param == "sync" else _awaited(session, task)
    except EsignError as error:
        answer = error
    if scene.fails is not None:
        assert type(answer) is scene.fails
    assert vcr.all_played, "the adapter asks less than it did"
    return Replay(answer, head.given, session)


@pytest.fixture
def delivery(provider: str, scene: Scene) -> WebhookRequest:
    """The delivery in the test's cassette."""
    return Recording.read(FOLDER / provider / f"{scene.name}.yaml").delivery


@pytest.fixture
def secrets(provider: str) -> list[bytes]:
    """What the simulator signs deliveries with."""
    return [WEBHOOK_SECRETS[provider].encode()]


def _waited(session: Session, task: Task[Any]) -> Any:
    try:
        return SyncDriver().run(task)
    finally:
        session.line.close()


def _awaited(session: Session, task: Task[Any]) -> Any:
    async def run() -> Any:
        try:
            return await AsyncDriver().run(task)
        finally:
            await session.line.aclose()

    return asyncio.run(run())
