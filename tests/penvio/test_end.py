from __future__ import annotations

from typing import Any

import pytest

from esign_core.errors import EnvelopeClosed, EsignError
from esign_core.model import EnvelopeStatus
from esign_core.testing import replay, reply
from esign_penvio import PenvioProvider


@pytest.fixture
def refusal(provider: PenvioProvider) -> EsignError:
    """What Penvio says when the state does not fit."""
    body = {"error": {"code": "INVALID_STATE", "message": "Cannot cancel envelope"}}
    return provider.explain(reply(body, status=400))


@pytest.mark.parametrize(
    ("reason", "body"),
    [("Contract terms changed", {"reason": "Contract terms changed"}), (None, None)],
)
def test_cancel_passes_the_reason_on(
    provider: PenvioProvider, envelope: dict[str, Any], reason: str | None, body: object
) -> None:
    """It looks, calls off, and looks again, as the answer to calling off is not documented."""
    done = replay(
        provider.cancel("env_def456", reason=reason),
        [
            reply({"data": envelope}),
            reply({"data": {}}),
            reply({"data": envelope | {"status": "CANCELLED"}}),
        ],
    )
    _, cancelling, _ = done.requests
    assert (cancelling.method, cancelling.path) == ("POST", "/esign/envelopes/env_def456/cancel")
    assert cancelling.json == body
    assert done.answer.status is EnvelopeStatus.CANCELLED


@pytest.mark.parametrize("word", ["COMPLETED", "CANCELLED", "EXPIRED", "DECLINED"])
def test_an_envelope_that_has_ended_is_not_cancelled(
    provider: PenvioProvider, envelope: dict[str, Any], word: str
) -> None:
    """Only a look is made; what Penvio would do to a declined one is never tried."""
    with pytest.raises(EnvelopeClosed, match="already") as caught:
        replay(provider.cancel("env_def456"), [reply({"data": envelope | {"status": word}})])
    assert caught.value.outcome == "not_done"


def test_a_cancellation_whose_first_answer_was_lost_is_done(
    provider: PenvioProvider, envelope: dict[str, Any], refusal: EsignError
) -> None:
    """Asked again, Penvio refuses because it is cancelled: that is what was wanted."""
    done = replay(
        provider.cancel("env_def456"),
        [reply({"data": envelope}), refusal, reply({"data": envelope | {"status": "CANCELLED"}})],
    )
    assert done.requests[1].is_repeatable
    assert done.answer.status is EnvelopeStatus.CANCELLED


def test_a_cancellation_that_came_too_late_fails(
    provider: PenvioProvider, envelope: dict[str, Any], refusal: EsignError
) -> None:
    """The last signature arrived between the look and the cancellation."""
    late = envelope | {"status": "COMPLETED"}
    with pytest.raises(EnvelopeClosed) as caught:
        replay(
            provider.cancel("env_def456"),
            [reply({"data": envelope}), refusal, reply({"data": late})],
        )
    assert caught.value is refusal


@pytest.mark.parametrize(
    ("signer", "body"), [(None, None), ("signer_xyz789", {"signerId": "signer_xyz789"})]
)
def test_remind_writes_to_all_or_to_one(
    provider: PenvioProvider, signer: str | None, body: object
) -> None:
    """A reminder is an e-mail to somebody: it is never repeated by itself."""
    done = replay(provider.remind("env_def456", signer=signer), [reply({})])
    (request,) = done.requests
    assert (request.method, request.path) == ("POST", "/esign/envelopes/env_def456/remind")
    assert request.json == body
    assert not request.is_repeatable
