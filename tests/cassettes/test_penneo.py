"""What the adapter makes of Penneo's answers, one cassette after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from esign_core import (
    Authenticity,
    EnvelopeStatus,
    EventType,
    Job,
    Outcome,
    SignerStatus,
    WebhookRejected,
    WebhookRequest,
)
from esign_core.provider import Token
from esign_penneo.webhooks import PenneoWebhooks
from tests.cassettes.penneo_scenes import HOOK, MARK

if TYPE_CHECKING:
    from tests.cassettes.conftest import Replay

cassette = pytest.mark.default_cassette
vcr = pytest.mark.vcr
WEBHOOKS = PenneoWebhooks()
PUBLISHED_LINK = "https://sandbox.penneo.com/signing/<unique>"


@vcr
@cassette("grant")
def test_token_is_good_for_ten_minutes(replay: Replay) -> None:
    """The life of a token is what the answer says."""
    assert isinstance(replay.answer, Token)
    assert replay.answer.value == "<token>"
    assert replay.answer.expires_at == datetime(2026, 1, 16, 10, 34, 20, tzinfo=UTC)


@vcr
@cassette("probe")
def test_good_credentials_see_the_folders(replay: Replay) -> None:
    """The token is presented as the Sign API wants it."""
    assert replay.answer.status == 200
    assert [folder["title"] for folder in replay.answer.json()] == ["Inbox", "Leases"]


@vcr
@cassette("grant_refused")
def test_wrong_client_is_told(replay: Replay) -> None:
    """OAuth's own code is in the message, and what to look at."""
    assert replay.answer.status_code == 401
    assert "invalid_client" in replay.answer.message
    assert "environment" in replay.answer.message
    assert replay.answer.outcome is Outcome.NOT_DONE


@vcr
@pytest.mark.parametrize(
    "scene_name",
    [
        pytest.param("send_multipart", marks=cassette("send_multipart")),
        pytest.param("send_json", marks=cassette("send_json")),
    ],
)
def test_sending_answers_with_a_job(replay: Replay, scene_name: str) -> None:
    """Both forms of the upload are accepted, with a handle to ask again by."""
    assert isinstance(replay.answer, Job)
    assert replay.answer.handle["uuid"] == "550e8400-e29b-41d4-a716-4..."
    assert replay.answer.handle["payloadHash"] == "a1b2c3d4e5f6..."
    assert replay.answer.poll_after_seconds > 0


@vcr
@cassette("send_refused")
def test_refusal_points_at_the_field(replay: Replay) -> None:
    """What Penneo calls `caseFile.signers[0].role` is `signers[0].role` of the draft."""
    assert {problem.field for problem in replay.answer.problems} == {"signers[0].role"}
    assert replay.answer.status_code == 400
    assert replay.answer.outcome is Outcome.NOT_DONE


@vcr
@cassette("send_token_refused")
def test_old_token_is_renewed_once(replay: Replay) -> None:
    """A refused token proves that nothing was done: the same request goes again with a new one."""
    assert isinstance(replay.answer, Job)
    kept = replay.session.tokens.get(replay.session.name)
    assert kept is not None
    assert kept.value == "<token>"


@vcr
@cassette("send_rate_limited")
def test_rate_limit_tells_when_to_come_back(replay: Replay) -> None:
    """`Retry-After` is in the error, and sending is not repeated."""
    assert replay.answer.retry_after_seconds == 30
    assert replay.answer.outcome is Outcome.NOT_DONE


@vcr
@cassette("send_broken")
def test_broken_answer_leaves_a_doubt(replay: Replay) -> None:
    """After a 500 nobody knows whether it was sent, and it is not sent again."""
    assert replay.answer.status_code == 500
    assert replay.answer.outcome is Outcome.UNCERTAIN


@vcr
@cassette("poll")
def test_published_job_is_a_case_file_with_two_links(replay: Replay) -> None:
    """The vendor's own example: case file 1234567, and the links of Mads 1 and Mads 2."""
    assert (replay.answer.remote_id, replay.answer.status) == ("1234567", EnvelopeStatus.SENT)
    assert [(link.name, link.role, link.remote_id, link.url) for link in replay.answer.links] == [
        ("Mads 1", "Signer", "1234567", PUBLISHED_LINK),
        ("Mads 2", "Signer", "1234576", PUBLISHED_LINK),
    ]


@vcr
@cassette("poll_pending")
def test_unfinished_job_is_the_job_again(replay: Replay) -> None:
    """It can be asked again with the same handle."""
    assert isinstance(replay.answer, Job)
    assert replay.answer.handle["uuid"] == replay.given["uuid"]
    assert replay.answer.raw["jobStatus"] == "pending"


@vcr
@cassette("poll_failed")
def test_failed_job_made_nothing(replay: Replay) -> None:
    """It says why."""
    assert "Folder 99 was not found" in replay.answer.message
    assert replay.answer.outcome is Outcome.NOT_DONE


@vcr
@cassette("poll_unknown")
def test_forgotten_job_may_have_made_a_case_file(replay: Replay) -> None:
    """The published 404 does not say what became of the job."""
    assert replay.answer.status_code == 404
    assert replay.answer.outcome is Outcome.UNCERTAIN


@vcr
@cassette("fetch")
def test_case_file_is_an_envelope_with_its_signers_history(replay: Replay) -> None:
    """Who signed and whose turn it is comes from the logs."""
    found = replay.answer
    assert (found.remote_id, found.title) == (replay.given["remote_id"], "Lease 14")
    assert found.status is EnvelopeStatus.IN_PROGRESS
    assert (found.mark, dict(found.metadata)) == (MARK, {"lease": "14"})
    jane, bo = found.signers
    assert (jane.name, jane.role, jane.order) == ("Jane Doe", "tenant", 1)
    assert jane.status is SignerStatus.SIGNED
    assert jane.signed_at is not None
    assert (bo.name, bo.status, bo.signed_at) == ("Bo Ek", SignerStatus.NOTIFIED, None)


@vcr
@cassette("fetch_completed")
def test_completed_case_file_has_its_files(replay: Replay) -> None:
    """Everybody has signed, and the signed document can be had."""
    assert replay.answer.status is EnvelopeStatus.COMPLETED
    assert replay.answer.ended_at is not None
    assert {signer.status for signer in replay.answer.signers} == {SignerStatus.SIGNED}
    assert "signed" in {artifact.kind for artifact in replay.answer.artifacts}


@vcr
@cassette("fetch_unknown")
def test_unknown_case_file_is_not_found(replay: Replay) -> None:
    """In Penneo's words."""
    assert "Case file not found" in replay.answer.message


@vcr
@cassette("download")
def test_files_are_brought_over(replay: Replay) -> None:
    """The signed document, and both originals; on the cassette a digest stands for the bytes."""
    names = [saved.path.name for saved in replay.answer]
    assert len(names) == len(set(names)) == 3
    kept = [saved.path.read_text("utf-8") for saved in replay.answer]
    assert all(text.startswith("<") and "bytes, sha256" in text for text in kept)
    assert len(set(kept)) == 3


@vcr
@cassette("cancel")
def test_deleted_case_file_is_cancelled(replay: Replay) -> None:
    """Deleting is Penneo's only way to call one off."""
    assert replay.answer.remote_id == replay.given["remote_id"]
    assert replay.answer.status is EnvelopeStatus.CANCELLED


@vcr
@cassette("cancel_completed")
def test_finished_contract_is_not_deleted(replay: Replay) -> None:
    """The look finds it completed, and there is no deletion on the cassette."""
    assert "completed" in replay.answer.message


@vcr
@cassette("remind")
def test_reminder_goes_to_whose_turn_it_is(replay: Replay) -> None:
    """One request is sent again: Bo has not been written to yet."""
    assert replay.answer is None


@vcr
@cassette("signing_links")
def test_each_signer_has_a_link(replay: Replay) -> None:
    """With name and role; on the cassette the published stand-in is in the place of the link."""
    assert [(link.name, link.role) for link in replay.answer] == [
        ("Jane Doe", "tenant"),
        ("Bo Ek", "landlord"),
    ]
    assert {link.url for link in replay.answer} == {PUBLISHED_LINK}


@vcr
@cassette("list_envelopes")
def test_list_is_a_page_of_envelopes(replay: Replay) -> None:
    """Both are on it, and there is no page after it."""
    snapshots, cursor = replay.answer
    assert {snapshot.title for snapshot in snapshots} == {"Lease 14", "Lease 15"}
    assert cursor is None


@vcr
@cassette("find")
def test_case_file_is_found_by_its_mark(replay: Replay) -> None:
    """And looked at, with its signers' logs."""
    assert replay.answer.remote_id == replay.given["remote_id"]
    assert replay.answer.mark == MARK
    assert all(signer.status is not SignerStatus.UNKNOWN for signer in replay.answer.signers)


@vcr
@cassette("log")
def test_log_is_in_order(replay: Replay) -> None:
    """Both signers' lines together, oldest first."""
    times = [entry.occurred_at for entry in replay.answer]
    assert times == sorted(times)
    assert len({entry.signer_remote_id for entry in replay.answer}) == 2


@vcr
@cassette("webhooks_subscribe")
def test_subscription_has_its_secret(replay: Replay) -> None:
    """It is shown now only."""
    assert (replay.answer.url, replay.answer.secret) == (HOOK, "<webhook secret>")


@vcr
@cassette("webhooks_subscribe_twice")
def test_second_subscription_is_refused_with_what_to_do(replay: Replay) -> None:
    """The first one's secret is not shown again."""
    assert replay.answer.status_code == 409
    assert "unsubscribe" in replay.answer.message


@vcr
@cassette("webhooks_subscriptions")
def test_subscriptions_are_listed_without_secrets(replay: Replay) -> None:
    """By id and address."""
    (only,) = replay.answer
    assert (only.id, only.url, only.secret) == (replay.given["subscription"], HOOK, None)


@vcr
@pytest.mark.parametrize(
    "scene_name",
    [
        pytest.param(name, marks=cassette(name))
        for name in (
            "webhooks_test",
            "webhooks_test_legacy",
            "webhooks_unsubscribe",
            "webhooks_unsubscribe_legacy",
            "webhooks_confirm",
        )
    ],
)
def test_subscriptions_of_both_services_are_looked_after(replay: Replay, scene_name: str) -> None:
    """The id tells which service it is: numbers are the legacy one's, and only it is confirmed."""
    is_legacy = "legacy" in scene_name or "confirm" in scene_name
    assert replay.given["subscription"].isdecimal() is is_legacy
    assert replay.answer is None


@cassette("delivery_completed")
def test_published_delivery_means_completed(delivery: WebhookRequest) -> None:
    """Its body has the status of a rejected case file; the event's name counts."""
    (notice,) = WEBHOOKS.parse(delivery)
    assert (notice.remote_id, notice.status) == ("531", EnvelopeStatus.COMPLETED)
    assert notice.occurred_at == datetime(2025, 2, 19, 13, 1, 55, 517791, tzinfo=UTC)
    assert delivery.body.endswith(b'"payload":{"id":531,"status":2}}')


@pytest.mark.parametrize(
    "scene_name",
    [
        pytest.param(name, marks=cassette(name))
        for name in ("delivery_completed_signed", "delivery_signer_signed")
    ],
)
def test_signed_delivery_is_authentic_to_the_last_bit(
    delivery: WebhookRequest, secrets: list[bytes], scene_name: str
) -> None:
    """The recorded signature fits the recorded body, at that time, and no other body."""
    signed_at = int(delivery.headers["x-event-signature"].partition(",")[0].removeprefix("t="))
    now = datetime.fromtimestamp(signed_at, UTC)
    verified = WEBHOOKS.verify(delivery, secrets, now)
    assert verified.authenticity is Authenticity.SIGNED_FRESH
    assert not verified.is_late
    changed = WebhookRequest(delivery.headers, delivery.body.replace(b"signe", b"singe") + b" ")
    with pytest.raises(WebhookRejected):
        WEBHOOKS.verify(changed, secrets, now)
    (notice,) = WEBHOOKS.parse(delivery)
    assert notice.remote_id is not None
    assert notice.key == delivery.headers["x-event-id"]
    if scene_name == "delivery_signer_signed":
        assert [signer.type for signer in notice.signers] == [EventType.SIGNER_SIGNED]
    else:
        assert notice.status is EnvelopeStatus.COMPLETED


@cassette("delivery_legacy_rejected")
def test_legacy_delivery_is_a_hint(delivery: WebhookRequest, secrets: list[bytes]) -> None:
    """It says declined, and proves nothing."""
    now = datetime(2018, 10, 30, 13, 0, tzinfo=UTC)
    assert WEBHOOKS.verify(delivery, secrets, now).authenticity is Authenticity.NONE
    (notice,) = WEBHOOKS.parse(delivery)
    assert (notice.remote_id, notice.status) == ("531", EnvelopeStatus.DECLINED)
    assert notice.occurred_at == datetime(2018, 10, 30, 12, 59, 13, tzinfo=UTC)


@cassette("delivery_legacy_confirmation")
def test_request_for_confirmation_has_its_token(delivery: WebhookRequest) -> None:
    """It came without a content type."""
    assert "content-type" not in delivery.headers
    assert WEBHOOKS.confirmation_token(delivery) == "<token>"


@cassette("delivery_completed")
def test_published_body_is_no_request_for_confirmation(
    delivery: WebhookRequest, provider: str
) -> None:
    """An event is never taken for one."""
    assert WEBHOOKS.confirmation_token(delivery) is None
