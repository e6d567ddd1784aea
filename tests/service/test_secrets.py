from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import (
    EsignError,
)
from esign_core.service import verbs
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.mark.promise("D1")
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_secrets_are_in_no_log_error_or_event(
    make_world: Callable[..., World], style: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Keys, links, webhook secrets and addresses stay out, at DEBUG, whatever fails."""
    caplog.set_level(logging.DEBUG)
    world = make_world(style, webhook_secrets=["canary-secret", "fake-webhook-secret"])
    errors: list[EsignError] = []
    for fault in Fault:
        for on in ("POST", "GET", "POST /envelopes"):
            world.vendor.fail(fault, on=on)
            try:
                world.send(f"{fault} {on}", wait_seconds=5)
            except EsignError as error:
                errors.append(error)
            world.work(30)
    world.work(3000)
    for envelope in world.all():
        if envelope.remote_id:
            world.run(verbs.signing_links(world.workspace, envelope.id))
    told = [str(error) for error in errors] + [repr(error) for error in errors]
    told += [note for error in errors for note in getattr(error, "__notes__", ())]
    told += [repr(world.all()), repr(world.todo()), repr(world.inbox()), caplog.text]
    told += [repr(world.workspace.journal), repr(world.events())]
    told += [str(envelope.failure) for envelope in world.all()]
    everything = "\n".join(told)
    jobs = list(world.vendor._jobs)
    assert len(errors) >= 7
    for secret in ("canary-secret", "fake-webhook-secret", "fake-api-key", "can-sign", "@", *jobs):
        assert secret not in everything, secret
    files = b"".join(path.read_bytes() for path in world.folder.iterdir())
    for secret in ("canary-secret", "fake-webhook-secret", "fake-api-key", "can-sign"):
        assert secret.encode() not in files, secret


def test_provider_in_memory_is_a_whole_provider() -> None:
    """The stand-in that these tests rest on keeps the contract."""
    assert FakeProvider.supports("poll")
    assert FakeProvider.supports("dispatch")
    assert not FakeProvider.supports("log")
