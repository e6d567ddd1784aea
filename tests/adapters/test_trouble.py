"""What goes wrong on the way: nothing is asked of anybody twice, and every error says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from esign_core import (
    AuthenticationFailed,
    EnvelopeDraft,
    EnvelopeStatus,
    EsignError,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
    Uncertain,
)
from esign_core.provider import Flow, Request, Response
from esign_core.testing.account import Account
from esign_core.testing.recording import Exchanged
from esign_core.testing.stage import Stage

MakeLease = Callable[..., EnvelopeDraft]

FAULTS = ("error_before", "error_after", "lost_answer", "late_effect")
DONE_ALL_THE_SAME = {"error_after", "lost_answer", "late_effect"}


def creating(account: Account, draft: EnvelopeDraft) -> str:
    """The request that makes an envelope: the one that must not be made twice."""
    begun = len(account.exchanges)
    account.send(draft)
    (made,) = (each for each in account.exchanges[begun:] if not each.is_repeatable)
    return made.path


def steps_after_creating(account: Account, draft: EnvelopeDraft) -> list[Exchanged]:
    """The requests, other than reading, that follow until people are asked."""
    begun = len(account.exchanges)
    account.send(draft)
    sent = account.exchanges[begun:]
    (at,) = (i for i, each in enumerate(sent) if not each.is_repeatable)
    return [each for each in sent[at + 1 :] if each.method != "GET"]


def count(account: Account, path: str, *, since: int) -> int:
    """How often a request was made."""
    return sum(each.path == path for each in account.exchanges[since:])


def test_wrong_credentials_do_nothing(stage: Stage, lease: MakeLease) -> None:
    """With each credential spoilt, reading and sending are refused, and nobody is asked."""
    for setting in stage.particulars.credentials:
        for account in stage.each_way({setting: "not-the-right-one-0123456789"}):
            for verb, argument in (("fetch", "1234567"), ("send", lease())):
                begun = len(account.exchanges)
                with pytest.raises(AuthenticationFailed) as caught:
                    getattr(account.connection, verb)(argument)
                assert caught.value.outcome is Outcome.NOT_DONE
                assert len(account.exchanges) == begun + 1, "it is not asked again and again"
                assert "not-the-right-one" not in str(caught.value)
            assert account.ledger("asked") == []


@pytest.mark.parametrize("verb", ["fetch", "send"])
def test_expired_token_is_renewed_once(stage: Stage, lease: MakeLease, verb: str) -> None:
    """A token that runs out midway is renewed exactly once, whatever is being asked."""
    life = stage.particulars.token_seconds
    for account in stage.each_way():
        assert account.provider.supports("grant") == (life is not None)
        sent = account.send(lease(alone=True))
        begun = len(account.exchanges)
        account.connection.fetch(sent.remote_id)
        in_time = account.exchanges[begun:]
        account.let_pass((life or 3600) + 1)
        begun = len(account.exchanges)
        if verb == "fetch":
            account.connection.fetch(sent.remote_id)
            later = account.exchanges[begun:]
            assert len(later) == len(in_time) + (0 if life is None else 2)
        else:
            account.send(lease(alone=True))
            later = account.exchanges[begun:]
        refused = [each for each in later if each.status is not None and each.status >= 400]
        granted = [each for each in later if "access_token" in str(each.answer)]
        assert len(refused) == len(granted) == (0 if life is None else 1)
        assert len(account.ledger("asked")) == (1 if verb == "fetch" else 2)


def granting(account: Account, stage: Stage) -> str | None:
    """The request that asks for a token; None where there are no tokens."""
    if not account.provider.supports("grant"):
        return None
    account.ask(answer_to(stage.particulars.harmless_path))
    return account.exchanges[0].path


def answer_to(path: str) -> Flow[Response]:
    """A flow that reads something, and no more."""
    return (yield Request("GET", path))


def test_token_trouble_is_waited_out(stage: Stage) -> None:
    """Asking for a token is repeated until it is answered."""
    for account in stage.each_way():
        path = granting(account, stage)
        if path is None:
            continue
        begun = len(account.exchanges)
        account.control.fault("error_before", match=path, times=2, retry_after_seconds=0)
        account.connection.request("GET", stage.particulars.harmless_path)
        assert count(account, path, since=begun) == 3


def test_token_that_cannot_be_had_leaves_no_doubt(stage: Stage, lease: MakeLease) -> None:
    """Where no token is to be had, nothing was sent, and the error knows it."""
    for account in stage.each_way():
        path = granting(account, stage)
        if path is None:
            continue
        account.control.fault("error_before", match=path, times=None, retry_after_seconds=3600)
        with pytest.raises(Unavailable) as caught:
            account.connection.send(lease())
        assert caught.value.outcome is Outcome.NOT_DONE
        assert account.ledger("asked") == []


@pytest.mark.promise("S4")
@pytest.mark.parametrize("kind", ["rate_limited", "error_before", "lost_answer"])
def test_reading_is_tried_again(stage: Stage, lease: MakeLease, kind: str) -> None:
    """What only reads is repeated until it is answered: 429, 5xx or no answer at all."""
    for account in stage.each_way():
        sent = account.send(lease(alone=True))
        extra = {} if kind == "lost_answer" else {"retry_after_seconds": 0}
        account.control.fault(kind, match="GET ", times=2, **extra)
        begun = len(account.exchanges)
        assert account.connection.fetch(sent.remote_id).status is EnvelopeStatus.SENT
        first = account.exchanges[begun].path
        assert count(account, first, since=begun) == 3


@pytest.mark.promise("S4")
def test_reading_does_not_wait_for_ever(stage: Stage, lease: MakeLease) -> None:
    """A vendor that wants more patience than anybody has gets one request, and an error."""
    for account in stage.each_way():
        sent = account.send(lease(alone=True))
        account.control.fault("rate_limited", match="GET ", retry_after_seconds=3600)
        begun = len(account.exchanges)
        with pytest.raises(RateLimited) as caught:
            account.connection.fetch(sent.remote_id)
        assert caught.value.retry_after_seconds == 3600
        assert caught.value.outcome is Outcome.NOT_DONE
        assert len(account.exchanges) == begun + 1


@pytest.mark.promise("S4")
def test_sending_is_not_tried_again_when_too_many(stage: Stage, lease: MakeLease) -> None:
    """429 while sending is the caller's to handle: nothing was sent, and a second send works."""
    for account in stage.each_way():
        path = creating(account, lease(alone=True))
        account.control.fault("rate_limited", match=path, retry_after_seconds=0)
        begun = len(account.exchanges)
        with pytest.raises(RateLimited) as caught:
            account.send(lease(alone=True))
        assert caught.value.outcome is Outcome.NOT_DONE
        assert caught.value.retry_after_seconds == 0
        assert count(account, path, since=begun) == 1
        account.let_pass()
        assert len(account.ledger("asked")) == 1
        account.send(lease(alone=True))
        assert len(account.ledger("asked")) == 2


@pytest.mark.promise("S1")
@pytest.mark.parametrize("kind", FAULTS)
def test_doubtful_send_is_never_repeated(stage: Stage, lease: MakeLease, kind: str) -> None:
    """Nobody knows whether it was done: the error says so, and one envelope at most is there."""
    for account in stage.each_way():
        path = creating(account, lease(alone=True, title="Another"))
        began_at = datetime.now(UTC) - timedelta(minutes=1)
        extra = {"seconds": 1} if kind == "late_effect" else {}
        account.control.fault(kind, match=path, **extra)
        begun, asked = len(account.exchanges), len(account.ledger("asked"))
        with pytest.raises((Unavailable, Uncertain)) as caught:
            account.send(lease(alone=True).marked(f"esign:env_{kind}"))
        assert caught.value.outcome is Outcome.UNCERTAIN
        assert "It may have been sent" in str(caught.value)
        assert count(account, path, since=begun) == 1
        account.let_pass()
        account.let_pass()
        assert len(account.ledger("asked")) <= asked + 1
        found = account.ask(account.provider.find(f"esign:env_{kind}", began_at))
        assert (found is not None) == (kind in DONE_ALL_THE_SAME)
        if found is not None and found.status is EnvelopeStatus.DRAFT:
            found = account.ask(account.provider.dispatch(found.remote_id))
        if found is not None:
            assert found.status is EnvelopeStatus.SENT
            assert len(account.ledger("asked", found.remote_id)) == 1


@pytest.mark.promise("S1")
@pytest.mark.parametrize("kind", ["rate_limited", *FAULTS[:3]])
def test_steps_after_creating_are_tried_again(stage: Stage, lease: MakeLease, kind: str) -> None:
    """What follows the one unrepeatable request is harmless twice: it is asked once, all told."""
    for account in stage.each_way():
        steps = steps_after_creating(account, lease(alone=True, title="Another"))
        for step in steps:
            last = step.path.rpartition("/")[2]
            account.control.fault(kind, match=f"/{last}", times=1)
            sent = account.send(lease(alone=True))
            assert sent.status is EnvelopeStatus.SENT
            assert account.ledger("asked", sent.remote_id) == ["Jane Doe"]
            account.control.clear_faults()


def test_slow_vendor_is_waited_for(stage: Stage, lease: MakeLease) -> None:
    """Latency changes no answer."""
    for account in stage.each_way():
        account.control.fault("latency", seconds=0.15, times=3)
        sent = account.send(lease(alone=True))
        assert account.connection.fetch(sent.remote_id).status is EnvelopeStatus.SENT


@pytest.mark.promise("S1")
def test_silent_vendor_may_have_done_it(own_stage: Stage, lease: MakeLease) -> None:
    """A vendor that takes too long over sending leaves a doubt, and no second envelope."""
    for account in own_stage.each_way(timeout_seconds=0.8):
        path = creating(account, lease(alone=True, title="Another"))
        account.control.fault("latency", match=path, seconds=1.2)
        begun = len(account.exchanges)
        with pytest.raises(Uncertain) as caught:
            account.send(lease(alone=True).marked("esign:env_slow"))
        assert caught.value.outcome is Outcome.UNCERTAIN
        assert "0.8 s" in str(caught.value)
        assert count(account, path, since=begun) == 1


def test_refusal_points_at_the_callers_field(stage: Stage, lease: MakeLease) -> None:
    """What only the vendor finds wrong, now or later, is told by the name that the caller wrote."""
    for refusable in stage.particulars.refusable:
        for account in stage.each_way(refusable.settings):
            draft = refusable.draft(lease())
            assert account.connection.check(draft).ok, "else the vendor would never see it"
            with pytest.raises(Refused) as caught:
                account.send(draft)
            fields = [problem.field for problem in caught.value.problems]
            assert fields == ([] if refusable.field is None else [refusable.field])
            assert caught.value.outcome is Outcome.NOT_DONE
            assert account.ledger("asked") == []


def test_error_says_who_what_and_to_what(stage: Stage) -> None:
    """Every error names provider, connection and operation, and shows no address or secret."""
    for account in stage.each_way():
        with pytest.raises(EsignError) as caught:
            account.connection.fetch("99999999")
        error = caught.value
        assert (error.provider, error.connection) == (account.sandbox.name, account.sandbox.name)
        assert (error.operation, error.subject) == ("fetch", "99999999")
        assert "127.0.0.1" not in str(error)
