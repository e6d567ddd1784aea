"""An envelope's life, from every side: fetched in each state, cancelled, reminded, told of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from esign_core import (
    Channel,
    EnvelopeClosed,
    EnvelopeDraft,
    EnvelopeStatus,
    EsignError,
    Feature,
    NotFound,
    NotSupported,
    Outcome,
    SignerStatus,
    Snapshot,
)
from esign_core.testing.account import Account
from esign_core.testing.stage import Stage

MakeLease = Callable[..., EnvelopeDraft]

DAY = 86_400.0


def statuses(snapshot: Snapshot) -> dict[str | None, SignerStatus]:
    """Where each signer stands, by name."""
    return {signer.name: signer.status for signer in snapshot.signers}


def link_of(account: Account, snapshot: Snapshot, name: str) -> str:
    """Where somebody signs, as the vendor handed it out."""
    asked = (e for e in account.control.ledger(snapshot.remote_id) if e["signer"] == name)
    return str(next(entry["link"] for entry in asked if entry["link"]))


def test_steps_read_the_same_at_every_vendor(stage: Stage, lease: MakeLease) -> None:
    """Sent, seen by one, signed by one, signed by all: the same words, with times that fit."""
    for account in stage.each_way():
        sent = account.send(lease())
        found = account.connection.fetch(sent.remote_id)
        assert (found.remote_id, found.status) == (sent.remote_id, EnvelopeStatus.SENT)
        assert statuses(found) == dict.fromkeys(("Jane Doe", "Bo Ek"), SignerStatus.NOTIFIED)
        assert found.sent_at is not None
        assert found.ended_at is None

        link = link_of(account, sent, "Jane Doe")
        account.control.act("open", link=link)
        found = account.connection.fetch(sent.remote_id)
        assert found.status is EnvelopeStatus.SENT
        assert statuses(found)["Jane Doe"] is SignerStatus.VIEWED
        assert statuses(found)["Bo Ek"] is SignerStatus.NOTIFIED

        account.control.sign_page(link)
        found = account.connection.fetch(sent.remote_id)
        assert found.status is EnvelopeStatus.IN_PROGRESS
        assert statuses(found) == {
            "Jane Doe": SignerStatus.SIGNED,
            "Bo Ek": SignerStatus.NOTIFIED,
        }
        signed_at = {signer.name: signer.signed_at for signer in found.signers}
        assert signed_at["Jane Doe"] is not None
        assert signed_at["Bo Ek"] is None

        account.sign(sent.remote_id)
        found = account.connection.fetch(sent.remote_id)
        assert found.status is EnvelopeStatus.COMPLETED
        assert set(statuses(found).values()) == {SignerStatus.SIGNED}
        assert found.ended_at is not None
        assert found.sent_at is not None
        assert found.sent_at <= signed_at["Jane Doe"] <= found.ended_at


def test_decline_ends_it_with_its_reason(stage: Stage, lease: MakeLease) -> None:
    """Who says no ends the envelope; why is told where the vendor hands it out, else nothing."""
    for account in stage.each_way():
        sent = account.send(lease())
        reason = "Prisen er forkert, Łukasz"
        account.control.decline_page(link_of(account, sent, "Bo Ek"), reason)
        found = account.connection.fetch(sent.remote_id)
        assert found.status is EnvelopeStatus.DECLINED
        assert statuses(found)["Bo Ek"] is SignerStatus.DECLINED
        assert not statuses(found)["Jane Doe"].is_final
        (declined,) = (signer for signer in found.signers if signer.name == "Bo Ek")
        tells = stage.particulars.tells_decline_reason
        assert declined.decline_reason == (reason if tells else None)
        assert declined.declined_at is not None
        assert found.ended_at == declined.declined_at


def test_time_runs_out(own_stage: Stage, lease: MakeLease) -> None:
    """An envelope is open until its last day, and expired after it."""
    for account in own_stage.each_way():
        sent = account.send(lease(expires_in_days=14))
        account.sign(sent.remote_id, at_most=1)
        account.let_pass(12 * DAY)
        found = account.connection.fetch(sent.remote_id)
        assert found.status is EnvelopeStatus.IN_PROGRESS
        account.let_pass(3 * DAY)
        found = account.connection.fetch(sent.remote_id)
        assert found.status is EnvelopeStatus.EXPIRED
        assert found.ended_at == found.expires_at
        assert statuses(found) == {
            "Jane Doe": SignerStatus.SIGNED,
            "Bo Ek": SignerStatus.EXPIRED,
        }
        with pytest.raises(EnvelopeClosed):
            account.connection.cancel(sent.remote_id)


@pytest.mark.parametrize("signed", [0, 1])
def test_open_envelope_is_cancelled_once(stage: Stage, lease: MakeLease, signed: int) -> None:
    """Cancelling ends it for everybody, also half signed; a second time it is refused."""
    for account in stage.each_way():
        sent = account.send(lease())
        account.sign(sent.remote_id, at_most=signed)
        after = account.connection.cancel(sent.remote_id, reason="The terms changed")
        assert after.status is EnvelopeStatus.CANCELLED
        assert account.connection.fetch(sent.remote_id).status is EnvelopeStatus.CANCELLED
        assert len(account.ledger("cancelled")) == 1
        with pytest.raises(EnvelopeClosed) as caught:
            account.connection.cancel(sent.remote_id)
        assert caught.value.outcome is Outcome.NOT_DONE
        assert len(account.ledger("cancelled")) == 1


@pytest.mark.promise("S8")
@pytest.mark.parametrize("ending", ["completed", "finalizing", "declined"])
def test_finished_envelope_is_never_destroyed(stage: Stage, lease: MakeLease, ending: str) -> None:
    """Cancelling what has ended is refused before anything is done to it, at every vendor."""
    for account in stage.each_way():
        sent = account.send(lease(alone=True))
        link = link_of(account, sent, "Jane Doe")
        if ending == "declined":
            account.control.decline_page(link, "no")
        elif ending == "finalizing":
            account.control.fault("stuck_job", times=1)
            account.control.sign_page(link)
        else:
            account.control.sign_page(link)
            account.let_pass()
        before = account.connection.fetch(sent.remote_id)
        with pytest.raises(EnvelopeClosed):
            account.connection.cancel(sent.remote_id)
        assert {e["what"] for e in account.control.ledger(sent.remote_id)}.isdisjoint(
            {"cancelled", "destroyed"}
        )
        account.control.clear_faults()
        account.let_pass()
        account.let_pass()
        if ending != "declined":
            assert account.connection.fetch(sent.remote_id).status is EnvelopeStatus.COMPLETED
        else:
            assert account.connection.fetch(sent.remote_id) == before


def test_reminder_reaches_who_has_not_acted(stage: Stage, lease: MakeLease) -> None:
    """All who are asked and have not acted are written to once more, or the one that is named."""
    for account in stage.each_way():
        sent = account.send(lease())
        account.connection.remind(sent.remote_id)
        assert sorted(account.ledger("reminded")) == ["Bo Ek", "Jane Doe"]
        (bo,) = (signer.remote_id for signer in sent.signers if signer.name == "Bo Ek")
        account.connection.remind(sent.remote_id, signer=bo)
        assert sorted(account.ledger("reminded")) == ["Bo Ek", "Bo Ek", "Jane Doe"]
        account.control.sign_page(link_of(account, sent, "Bo Ek"))
        account.connection.remind(sent.remote_id)
        assert account.ledger("reminded").count("Jane Doe") == 2
        assert account.ledger("reminded").count("Bo Ek") == 2


def test_reminder_does_not_reach_who_has_acted(stage: Stage, lease: MakeLease) -> None:
    """Nobody is reminded of what is done, nor before it is their turn."""
    for account in stage.each_way():
        sent = account.send(lease(ordered=True))
        ids = {signer.name: signer.remote_id for signer in sent.signers}
        account.connection.remind(sent.remote_id)
        assert account.ledger("reminded") == ["Jane Doe"]
        with pytest.raises(EsignError):
            account.connection.remind(sent.remote_id, signer=ids["Bo Ek"])
        account.sign(sent.remote_id, at_most=1)
        with pytest.raises(EnvelopeClosed):
            account.connection.remind(sent.remote_id, signer=ids["Jane Doe"])
        account.sign(sent.remote_id)
        with pytest.raises(EnvelopeClosed):
            account.connection.remind(sent.remote_id)
        assert account.ledger("reminded") == ["Jane Doe"]


def test_stranger_is_not_reminded(stage: Stage, lease: MakeLease) -> None:
    """A signer that the envelope does not have is an error, and nobody is written to."""
    for account in stage.each_way():
        sent = account.send(lease())
        with pytest.raises(NotFound):
            account.connection.remind(sent.remote_id, signer="999999999")
        assert account.ledger("reminded") == []


def test_signing_links_are_where_people_sign(stage: Stage, lease: MakeLease) -> None:
    """Links are the ones that were handed out, with the signer's id; or there are none to get."""
    for account in stage.each_way():
        sent = account.send(lease())
        if not account.provider.supports("signing_links"):
            assert not account.provider.capabilities.supports(Feature.LINK_DELIVERY)
            assert sent.links == ()
            with pytest.raises(NotSupported):
                account.connection.signing_links(sent.remote_id)
            continue
        links = account.connection.signing_links(sent.remote_id)
        assert {link.name: link.url for link in links} == {
            name: link_of(account, sent, name) for name in ("Jane Doe", "Bo Ek")
        }
        assert {link.remote_id for link in links} == {s.remote_id for s in sent.signers}


def test_log_tells_the_story(stage: Stage, lease: MakeLease) -> None:
    """The vendor's own record is read oldest first, by signer; or it is not supported."""
    for account in stage.each_way():
        sent = account.send(lease(alone=True))
        account.sign(sent.remote_id)
        if not account.provider.supports("log"):
            with pytest.raises(NotSupported):
                account.connection.log(sent.remote_id)
            continue
        entries = account.connection.log(sent.remote_id)
        times = [entry.occurred_at for entry in entries if entry.occurred_at is not None]
        assert len(times) == len(entries) > 2
        assert times == sorted(times)
        assert {entry.signer_remote_id for entry in entries} == {sent.signers[0].remote_id}


@pytest.mark.parametrize("remote_id", ["99999999", "../secrets", "a b", "%2e%2e", "", "é"])
def test_what_the_vendor_does_not_have_is_not_found(stage: Stage, remote_id: str) -> None:
    """An id that leads nowhere, or that wants to lead elsewhere, is an error and nothing more."""
    for account in stage.each_way():
        for verb in ("fetch", "cancel", "remind"):
            with pytest.raises(NotFound):
                getattr(account.connection, verb)(remote_id)


def test_undelivered_channel_is_never_used(stage: Stage, lease: MakeLease) -> None:
    """By link, nobody is reminded by e-mail either: it is refused."""
    for account in stage.each_way():
        draft = lease().delivered_by(Channel.LINK)
        if not account.connection.check(draft).ok:
            continue
        sent = account.send(draft)
        with pytest.raises(EsignError):
            account.connection.remind(sent.remote_id)
        channels = {entry["channel"] for entry in account.control.ledger(sent.remote_id)}
        assert channels == {"link"}
