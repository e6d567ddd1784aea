from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import EsignError
from esign_core.service import verbs
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider
from tests.logged import HOSTILE, Heard
from tests.spans import Spans

if TYPE_CHECKING:
    from tests.service.conftest import World


LINES = HOSTILE.replace("\0", "")


@pytest.mark.promise("D1", "D8")
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_secrets_are_in_no_log_error_or_event(
    make_world: Callable[..., World], style: str, heard: Heard, spans: Spans
) -> None:
    """Keys, links, job handles, webhook secrets and addresses stay out, at DEBUG, whatever fails.

    Logs and traces tell no titles either, and no line of a log is anybody else's.
    """
    world = make_world(style, webhook_secrets=["canary-secret", "fake-webhook-secret"])
    draft = world.draft(title=f"Title {LINES}", message=f"Message {LINES}")
    errors: list[EsignError] = []
    for fault in Fault:
        for on in ("POST", "GET", "POST /envelopes"):
            world.vendor.fail(fault, on=on)
            try:
                world.send(f"{fault} {on}", draft, wait_seconds=5)
            except EsignError as error:
                errors.append(error)
            world.work(30)
    world.work(3000)
    for envelope in world.all():
        if envelope.remote_id:
            world.run(verbs.signing_links(world.workspace, envelope.id))
            world.tell(envelope.remote_id, f"Key {LINES}")
    world.refused(world.vendor.delivery({"key": HOSTILE}, secret="canary-secret-2"))
    world.receive(world.vendor.delivery({"key": HOSTILE, "envelope": {"id": f"Id {HOSTILE}"}}))
    world.receive(world.vendor.delivery(world.vendor.event("1"), signed_at=world.ago(10**6)))
    world.work(3600)
    told = [str(error) for error in errors] + [repr(error) for error in errors]
    told += [note for error in errors for note in getattr(error, "__notes__", ())]
    told += [repr(world.all()), repr(world.todo()), repr(world.inbox())]
    told += [repr(world.workspace.journal), repr(world.events())]
    told += [str(envelope.failure) for envelope in world.all()]
    watched = heard.text + spans.text
    everything = "\n".join([*told, watched])
    jobs = list(world.vendor._jobs)
    assert len(errors) >= 7
    assert len({each.name for each in heard.ours}) == 4
    assert bool(jobs) is (style == "job")
    for secret in ("canary-secret", "fake-webhook-secret", "fake-api-key", "can-sign", "@", *jobs):
        assert secret not in everything, secret
    for words in ("Title", "Message", "Key x", "Id x", "Jane", "forged"):
        assert words not in watched, words
    assert all(line.isprintable() for line in heard.lines)
    files = b"".join(path.read_bytes() for path in world.folder.iterdir())
    for secret in ("canary-secret", "fake-webhook-secret", "fake-api-key", "can-sign"):
        assert secret.encode() not in files, secret


def test_provider_in_memory_is_a_whole_provider() -> None:
    """The stand-in that these tests rest on keeps the contract."""
    assert FakeProvider.supports("poll")
    assert FakeProvider.supports("dispatch")
    assert not FakeProvider.supports("log")
