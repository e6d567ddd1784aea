from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import (
    NotSupported,
    Outcome,
)
from esign_core.model import (
    Channel,
    EnvelopeDraft,
    EnvelopeStatus,
    Signer,
)
from esign_core.provider import hookimpl
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


class _Amends:
    def __init__(self, suffix: str) -> None:
        self.suffix = suffix

    @hookimpl
    def esign_before_send(self, draft: EnvelopeDraft) -> EnvelopeDraft:
        return draft.model_copy(update={"title": f"{draft.title} {self.suffix}"})


class _Adds:
    @hookimpl
    def esign_before_send(self, draft: EnvelopeDraft, connection_name: str) -> EnvelopeDraft | None:
        if connection_name != "acme":
            return None
        more = Signer(name="The Witness", email="witness@example.com")
        return draft.model_copy(update={"signers": (*draft.signers, more)})


class _Vetoes:
    @hookimpl
    def esign_before_send(self, draft: EnvelopeDraft) -> None:
        raise PermissionError("not on a Friday")


class _Answers:
    @hookimpl
    def esign_before_send(self) -> str:
        return "garbage"


def test_plugins_amend_one_after_the_other(world: World) -> None:
    """No plugin's amendment undoes another's, and what is sent is what the journal knows."""
    for plugin in (_Amends("(a)"), _Amends("(b)"), _Adds()):
        world.registry.add_plugin(plugin, name=str(id(plugin)))
    envelope = world.send()
    assert world.vendor.envelopes["1"].title == "Lease 14 (b) (a)"
    assert envelope.title == "Lease 14 (b) (a)"
    assert [seat.name for seat in envelope.seats] == ["Jane Doe", "Bo Ek", "The Witness"]
    world.vendor.sign("1", 0)
    world.vendor.sign("1", 1)
    world.tell("1")
    assert world.get(envelope.id).status is EnvelopeStatus.IN_PROGRESS, "the witness is missing"


def test_amended_draft_is_the_same_wish(world: World) -> None:
    """The caller's draft counts, not what a plugin of today makes of it."""
    first = world.send()
    world.registry.add_plugin(_Amends("(a)"), name="later")
    assert world.send() == first


def test_veto_leaves_nothing_behind(world: World) -> None:
    """The plugin's own error reaches the caller, before intent and request."""
    world.registry.add_plugin(_Vetoes(), name="friday")
    with pytest.raises(PermissionError, match="Friday"):
        world.send()
    assert (world.all(), world.vendor.requests) == ([], [])


@pytest.mark.promise("D10")
def test_plugin_that_answers_garbage_is_named(world: World) -> None:
    """The error says which plugin, and nothing is sent."""
    world.registry.add_plugin(_Answers(), name="confused")
    error = world.failed()
    assert 'plugin "confused": esign_before_send answered str' in str(error)
    assert world.vendor.requests == []


def test_amended_draft_is_checked_too(world: World) -> None:
    """A plugin cannot bring in what the vendor cannot do."""

    class Expires:
        @hookimpl
        def esign_before_send(self, draft: EnvelopeDraft) -> EnvelopeDraft:
            return draft.model_copy(update={"expires_in_days": 3})

    world.registry.add_plugin(Expires(), name="expires")
    assert isinstance(world.failed(), NotSupported)


@pytest.mark.promise("D10")
def test_broken_alternative_does_not_spoil_the_advice(world: World) -> None:
    """Looking for connections that could do it survives one whose adapter is broken."""

    class Broken(FakeProvider):
        def inspect(self, draft: EnvelopeDraft) -> Any:
            raise ZeroDivisionError

    sessions = world.workspace._sessions
    sessions["other"] = replace(
        sessions["other"], provider=Broken(sessions["other"].provider.settings)
    )
    error = world.failed(draft=world.draft(expires_in_days=3))
    assert isinstance(error, NotSupported)


def test_vendor_that_answers_with_another_envelopes_id_is_not_believed(world: World) -> None:
    """Two keys never share one envelope at the vendor; a person has to look."""
    first = world.send("a")
    world.vendor.envelopes.clear()  # it counts from 1 again
    second = world.send("b", world.draft(title="Lease 15").delivered_by(Channel.LINK))
    assert second.outcome is Outcome.UNCERTAIN
    assert first.id in str(second.failure)
    assert second.remote_id is None
    assert world.get(first.id) == first
