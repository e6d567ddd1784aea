"""What the adapter makes of Penvio's answers, one cassette after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from esign_core import (
    Authenticity,
    EnvelopeStatus,
    EventType,
    Outcome,
    SignerStatus,
    WebhookRejected,
    WebhookRequest,
)
from esign_core.provider import ObjectDownload
from esign_penvio.webhooks import PenvioWebhooks
from tests.cassettes.penvio_scenes import MARK

if TYPE_CHECKING:
    from tests.cassettes.conftest import Replay

cassette = pytest.mark.default_cassette
vcr = pytest.mark.vcr
WEBHOOKS = PenvioWebhooks()
NOW = datetime(2026, 1, 16, 10, 30, tzinfo=UTC)


@vcr
@cassette("probe")
def test_good_credentials_see_a_template(replay: Replay) -> None:
    """One of them is enough."""
    assert replay.answer.status == 200
    assert len(replay.answer.json()["data"]) == 1


@vcr
@cassette("send")
def test_published_envelope_is_sent(replay: Replay) -> None:
    """The vendor's own example: env_def456, sent to John Doe, who has not signed."""
    made = replay.answer
    assert (made.remote_id, made.status) == ("env_def456", EnvelopeStatus.SENT)
    assert made.title == "Please sign: Sales Agreement"
    (john,) = made.signers
    assert (john.remote_id, john.name, john.email) == (
        "signer_xyz789",
        "John Doe",
        "john@example.com",
    )
    assert (john.role, john.status) == ("buyer", SignerStatus.NOTIFIED)
    assert made.sent_at == datetime(2024, 1, 18, 10, 30, tzinfo=UTC)
    assert made.expires_at == datetime(2024, 2, 1, tzinfo=UTC)
    assert dict(made.metadata) == {"orderId": "PO-12345"}


@vcr
@cassette("send_draft")
def test_envelope_is_made_unsent(replay: Replay) -> None:
    """It waits for its second step, with the mark by which it is found again."""
    assert (replay.answer.status, replay.answer.mark) == (EnvelopeStatus.DRAFT, MARK)
    assert replay.answer.sent_at is None
    assert [(s.name, s.role, s.order) for s in replay.answer.signers] == [
        ("Jane Doe", "tenant", 1),
        ("Bo Ek", "landlord", 2),
    ]
    assert "webhookSecret" not in str(replay.answer.raw)


@vcr
@cassette("send_refused")
def test_refusal_points_at_the_field(replay: Replay) -> None:
    """Penvio's `signers.0.role` is `signers[0].role` of the draft."""
    (problem,) = replay.answer.problems
    assert problem.field == "signers[0].role"
    assert problem.message.startswith("Role must match template")
    assert replay.answer.outcome is Outcome.NOT_DONE


@vcr
@pytest.mark.parametrize(
    ("status", "says"),
    [
        pytest.param(404, "Template not found", marks=cassette("send_unknown_template")),
        pytest.param(401, "api_key", marks=cassette("send_unauthorized")),
        pytest.param(403, "esign:write", marks=cassette("send_forbidden")),
        pytest.param(403, "Monthly envelope limit", marks=cassette("send_quota_exceeded")),
    ],
)
def test_refusal_is_known_by_its_code(replay: Replay, status: int, says: str) -> None:
    """Two codes share 403; each is its own error, and nothing was made."""
    assert replay.answer.status_code == status
    assert says in replay.answer.message
    assert replay.answer.outcome is Outcome.NOT_DONE


@vcr
@cassette("send_rate_limited")
def test_rate_limit_tells_when_it_resets(replay: Replay) -> None:
    """In fifteen minutes, by the header; sending is not repeated."""
    assert replay.answer.retry_after_seconds == timedelta(minutes=15).total_seconds()
    assert replay.answer.outcome is Outcome.NOT_DONE


@vcr
@cassette("send_broken")
def test_broken_answer_leaves_a_doubt(replay: Replay) -> None:
    """After a 500 nobody knows whether it was made, and it is not made again."""
    assert replay.answer.status_code == 500
    assert replay.answer.outcome is Outcome.UNCERTAIN


@vcr
@pytest.mark.parametrize(
    "scene_name",
    [pytest.param(name, marks=cassette(name)) for name in ("dispatch", "dispatch_again")],
)
def test_second_step_is_harmless_twice(replay: Replay, scene_name: str) -> None:
    """Sent now or sent before: the answer is the same envelope, sent."""
    assert replay.answer.remote_id == replay.given["remote_id"]
    assert replay.answer.status is EnvelopeStatus.SENT


@vcr
@cassette("fetch")
def test_envelope_waits_for_the_first_signer(replay: Replay) -> None:
    """The second one's turn has not come."""
    assert (replay.answer.status, replay.answer.mark) == (EnvelopeStatus.SENT, MARK)
    assert dict(replay.answer.metadata) == {"lease": "14"}
    assert [signer.status for signer in replay.answer.signers] == [
        SignerStatus.NOTIFIED,
        SignerStatus.WAITING,
    ]


@vcr
@cassette("fetch_completed")
def test_completed_envelope_has_its_files(replay: Replay) -> None:
    """It is completed because the signed file has its key."""
    assert replay.answer.status is EnvelopeStatus.COMPLETED
    assert {artifact.kind for artifact in replay.answer.artifacts} == {
        "signed",
        "original",
        "certificate",
    }
    first, second = replay.answer.signers
    assert first.signed_at < second.signed_at == replay.answer.ended_at


@vcr
@cassette("fetch_unknown")
def test_published_error_is_not_found(replay: Replay) -> None:
    """In the vendor's own words."""
    assert replay.answer.status_code == 404
    assert "Envelope not found" in replay.answer.message


@vcr
@cassette("download")
def test_files_are_in_the_bucket(replay: Replay) -> None:
    """Each is told by its key; what is brought over from there is no HTTP of Penvio's."""
    assert all(isinstance(place, ObjectDownload) for place in replay.answer)
    assert {place.bucket_url for place in replay.answer} == {"s3://bucket"}
    assert {place.key.rpartition("/")[2] for place in replay.answer} == {
        "signed.pdf",
        "document.pdf",
        "certificate.pdf",
    }


@vcr
@cassette("cancel")
def test_envelope_is_cancelled(replay: Replay) -> None:
    """And fetched, because the answer is not documented."""
    assert replay.answer.remote_id == replay.given["remote_id"]
    assert replay.answer.status is EnvelopeStatus.CANCELLED


@vcr
@cassette("cancel_completed")
def test_completed_envelope_is_left_alone(replay: Replay) -> None:
    """The look finds it completed, and nothing is asked after that."""
    assert "completed" in replay.answer.message


@vcr
@cassette("remind")
def test_one_signer_is_reminded(replay: Replay) -> None:
    """By Penvio's id, which is in the request on the cassette."""
    assert replay.given["signer"].startswith("signer_")
    assert replay.answer is None


@vcr
@cassette("list_envelopes")
def test_list_is_a_page_of_envelopes(replay: Replay) -> None:
    """Both are on it, and there is no page after it."""
    snapshots, cursor = replay.answer
    assert {snapshot.title for snapshot in snapshots} == {"Lease 14", "Lease 15"}
    assert cursor is None


@vcr
@cassette("find")
def test_envelope_is_found_by_its_mark(replay: Replay) -> None:
    """Among all, since it is no draft any more."""
    assert replay.answer.remote_id == replay.given["remote_id"]
    assert replay.answer.mark == MARK


@vcr
@cassette("templates_list")
def test_published_list_has_one_template(replay: Replay) -> None:
    """The vendor's own example, which counts fifteen on one page and shows one."""
    (only,) = replay.answer
    assert (only.id, only.name, only.page_count) == ("tmpl_abc123", "Sales Agreement", 5)
    assert only.description == "Standard sales agreement template"
    assert only.roles == ()


@vcr
@cassette("templates_get")
def test_published_template_has_two_fields(replay: Replay) -> None:
    """They are in the vendor's words."""
    assert replay.answer.id == replay.given["template"] == "tmpl_abc123"
    assert [field["type"] for field in replay.answer.raw["fields"]] == ["SIGNATURE", "DATE"]


@cassette("delivery_signed")
def test_published_delivery_is_about_one_signer(
    delivery: WebhookRequest, secrets: list[bytes]
) -> None:
    """John Doe has signed env_def456; without a signature it proves nothing."""
    (notice,) = WEBHOOKS.parse(delivery)
    assert (notice.remote_id, notice.status) == ("env_def456", EnvelopeStatus.IN_PROGRESS)
    (john,) = notice.signers
    assert (john.type, john.remote_id) == (EventType.SIGNER_SIGNED, "signer_xyz789")
    assert john.occurred_at == datetime(2024, 1, 25, 14, 30, tzinfo=UTC)
    assert WEBHOOKS.verify(delivery, secrets, NOW).authenticity is Authenticity.NONE


@pytest.mark.parametrize(
    "scene_name",
    [
        pytest.param(name, marks=cassette(name))
        for name in ("delivery_completed", "delivery_completed_other_shape")
    ],
)
def test_signed_delivery_is_authentic_to_the_last_bit(
    delivery: WebhookRequest, secrets: list[bytes], scene_name: str
) -> None:
    """In both shapes the recorded signature fits the recorded body, and no other."""
    assert WEBHOOKS.verify(delivery, secrets, NOW).authenticity is Authenticity.SIGNED
    changed = WebhookRequest(delivery.headers, delivery.body.replace(b"COMPLETED", b"CANCELLED"))
    with pytest.raises(WebhookRejected):
        WEBHOOKS.verify(changed, secrets, NOW)
    (notice,) = WEBHOOKS.parse(delivery)
    assert notice.status is EnvelopeStatus.FINALIZING
    assert notice.needs_fetch
    has_id = scene_name == "delivery_completed_other_shape"
    assert (notice.key is not None) is has_id
