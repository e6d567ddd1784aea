from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from esign_core.errors import NotFound, PermissionDenied, UnreadableAnswer
from esign_core.model import ArtifactKind, EnvelopeStatus, SignerStatus, Snapshot
from esign_core.provider import Response
from esign_core.testing import replay, reply
from esign_penneo import PenneoProvider

MakeCaseFile = Callable[..., dict[str, Any]]
MakeLog = Callable[..., Response]

SENT, SEEN, SIGNED, REJECTED, FINALIZED = 0, 2, 3, 4, 8
AT = 1768558100


def at(seconds: int) -> datetime:
    """A moment, by Penneo's clock."""
    return datetime.fromtimestamp(seconds, UTC)


def test_a_fetch_reads_the_case_file_and_each_signers_log(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """One request for the case file, one for each signer, and all of it in one snapshot."""
    answers = [
        reply(make_case_file(1)),
        make_log((SENT, AT), (1, AT + 1), (SEEN, AT + 5), (SEEN, AT + 2), (SIGNED, AT + 9)),
        make_log((7, AT + 9), (SENT, AT + 10), (6, AT + 11), (5, AT + 12), (99, AT)),
    ]
    asked = replay(provider.fetch("531"), answers)
    assert [request.path for request in asked.requests] == [
        "/api/v3/casefiles/531",
        "/api/v1/casefiles/531/signers/71/log",
        "/api/v1/casefiles/531/signers/72/log",
    ]
    found = asked.answer
    assert (found.remote_id, found.title) == ("531", "Lease 14")
    assert found.status is EnvelopeStatus.IN_PROGRESS
    assert (found.created_at, found.sent_at) == (at(1768558000), at(1768558060))
    assert found.expires_at == at(1769000000)
    assert found.ended_at is None
    assert (found.mark, found.metadata) == ("esign:env_1", {"lease": "14"})
    jane, john = found.signers
    assert (jane.remote_id, jane.name, jane.role, jane.order) == ("71", "Jane Doe", "tenant", 1)
    assert jane.email == "jane@example.com"
    assert jane.status is SignerStatus.SIGNED
    assert (jane.notified_at, jane.viewed_at, jane.signed_at) == (at(AT), at(AT + 2), at(AT + 9))
    assert (john.email, john.order, john.status) == (None, 2, SignerStatus.NOTIFIED)
    assert john.is_undeliverable
    assert not jane.is_undeliverable


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (1, EnvelopeStatus.SENT),
        (2, EnvelopeStatus.DECLINED),
        (3, EnvelopeStatus.CANCELLED),
        (4, EnvelopeStatus.FINALIZING),
        (5, EnvelopeStatus.COMPLETED),
        (6, EnvelopeStatus.FAILED),
        (7, EnvelopeStatus.EXPIRED),
        (8, EnvelopeStatus.UNKNOWN),
        (9, EnvelopeStatus.UNKNOWN),
        ("5", EnvelopeStatus.COMPLETED),
        ("completed", EnvelopeStatus.UNKNOWN),
        (True, EnvelopeStatus.UNKNOWN),
        (None, EnvelopeStatus.UNKNOWN),
    ],
)
def test_each_number_of_a_case_file_has_its_meaning(
    provider: PenneoProvider,
    make_case_file: MakeCaseFile,
    make_log: MakeLog,
    number: Any,
    status: EnvelopeStatus,
) -> None:
    """The connector's table; what is in no table is unknown and never folded into another."""
    found = _fetched(provider, make_case_file(number), make_log(), make_log())
    assert found.status is status
    assert found.is_purged is (number == 8)


def test_a_new_case_file_is_a_draft_that_nobody_is_asked_about(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """No log is read while there can be nothing in it."""
    found = replay(provider.fetch("531"), [reply(make_case_file(0))]).answer
    assert found.status is EnvelopeStatus.DRAFT
    assert found.sent_at is None
    assert [signer.status for signer in found.signers] == [SignerStatus.WAITING] * 2


def test_a_new_case_file_with_a_time_ahead_is_scheduled(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """Its time to be sent decides; one that has passed is none."""
    ahead = make_case_file(0, sendAt=1768559061)
    passed = make_case_file(0, sendAt=1768559060)
    assert replay(provider.fetch("531"), [reply(ahead)]).answer.status is EnvelopeStatus.SCHEDULED
    assert replay(provider.fetch("531"), [reply(passed)]).answer.status is EnvelopeStatus.DRAFT


def test_everybody_having_signed_is_not_completed(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """The documents come later; until then it is finalizing, and nothing signed is offered."""
    log = make_log((SIGNED, AT))
    found = _fetched(provider, make_case_file(1), log, log)
    assert found.status is EnvelopeStatus.FINALIZING
    assert {artifact.kind for artifact in found.artifacts} == {ArtifactKind.ORIGINAL}


def test_a_completed_case_file_has_signed_documents(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """Attachments are not signed; a title becomes a file name where there is no name."""
    first = make_log((SIGNED, AT), (FINALIZED, AT + 20))
    found = _fetched(provider, make_case_file(5), first, make_log((FINALIZED, AT + 21)))
    assert [(a.kind, a.name, a.key) for a in found.artifacts] == [
        (ArtifactKind.SIGNED, "lease.pdf", "91"),
        (ArtifactKind.ORIGINAL, "lease.pdf", "91"),
        (ArtifactKind.ORIGINAL, "House rules.pdf", "92"),
    ]
    assert found.ended_at == at(AT + 21)
    assert [signer.status for signer in found.signers] == [SignerStatus.SIGNED] * 2


def test_a_document_without_a_name_can_be_told_by_its_id(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """Something to save it under is always there."""
    case_file = make_case_file(0, documents=[{"id": 93}], signers=None)
    (artifact,) = replay(provider.fetch("531"), [reply(case_file)]).answer.artifacts
    assert artifact.name == "document-93.pdf"


def test_a_declined_case_file_tells_who_and_when(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """The log has it; the case file alone does not."""
    found = _fetched(provider, make_case_file(2), make_log((SENT, AT)), make_log((REJECTED, AT)))
    assert [s.status for s in found.signers] == [SignerStatus.NOTIFIED, SignerStatus.DECLINED]
    assert found.signers[1].declined_at == at(AT)
    assert found.ended_at == at(AT)


def test_who_has_not_signed_an_expired_case_file_was_late(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """A signature stays one; everybody else's time ran out with the case file's."""
    found = _fetched(provider, make_case_file(7), make_log((SIGNED, AT)), make_log((SEEN, AT)))
    assert [s.status for s in found.signers] == [SignerStatus.SIGNED, SignerStatus.EXPIRED]
    assert found.ended_at == found.expires_at


@pytest.mark.parametrize("number", [3, 8])
@pytest.mark.parametrize(
    ("logs", "fields", "status"),
    [
        ([(SIGNED, AT)], {}, EnvelopeStatus.COMPLETED),
        ([(FINALIZED, AT)], {"completed": AT}, EnvelopeStatus.COMPLETED),
        ([(REJECTED, AT)], {}, EnvelopeStatus.DECLINED),
        ([(SENT, AT)], {"updated": 1769000000}, EnvelopeStatus.EXPIRED),
    ],
)
def test_what_had_ended_before_it_was_tidied_away_keeps_its_end(
    provider: PenneoProvider,
    make_case_file: MakeCaseFile,
    make_log: MakeLog,
    *,
    number: int,
    logs: list[tuple[int, int]],
    fields: dict[str, Any],
    status: EnvelopeStatus,
) -> None:
    """Deletion and anonymization after an end are a mark, not another end."""
    found = _fetched(provider, make_case_file(number, **fields), make_log(*logs), make_log(*logs))
    assert found.status is status
    assert found.is_purged
    assert found.artifacts == ()


def test_a_deleted_case_file_with_one_signature_was_cancelled(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """Not everybody had signed, so no contract was there."""
    found = _fetched(provider, make_case_file(3), make_log((SIGNED, AT)), make_log((SENT, AT)))
    assert (found.status, found.is_purged) == (EnvelopeStatus.CANCELLED, False)


@pytest.mark.parametrize("error", [NotFound("404"), PermissionDenied("403")])
def test_a_log_that_cannot_be_read_takes_nothing_away(
    provider: PenneoProvider,
    make_case_file: MakeCaseFile,
    make_log: MakeLog,
    error: NotFound | PermissionDenied,
) -> None:
    """The case file's own status counts; of that signer nothing is made up."""
    answers = [reply(make_case_file(1)), error, make_log((SIGNED, AT))]
    found = replay(provider.fetch("531"), answers).answer
    assert found.status is EnvelopeStatus.IN_PROGRESS
    assert [s.status for s in found.signers] == [SignerStatus.UNKNOWN, SignerStatus.SIGNED]


def test_a_signing_requests_number_is_never_looked_at(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """One reading of it turns "rejected" into "signed"."""
    case_file = make_case_file(1)
    for signer in case_file["signers"]:
        signer["signingRequest"] = {"status": 4, "email": "other@example.com"}
    found = _fetched(provider, case_file, make_log((SENT, AT)), make_log())
    assert [s.status for s in found.signers] == [SignerStatus.NOTIFIED, SignerStatus.WAITING]
    assert [s.email for s in found.signers] == ["jane@example.com", "other@example.com"]


def test_events_without_a_time_count_all_the_same(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """A missing time takes nothing from what happened."""
    log = reply([{"eventType": SIGNED}, {"eventType": REJECTED, "eventTime": "soon"}])
    found = _fetched(provider, make_case_file(2), log, reply([]))
    assert found.signers[0].status is SignerStatus.SIGNED
    assert found.signers[0].signed_at is None
    assert found.ended_at is None


@pytest.mark.parametrize(
    ("text", "mark", "words"),
    [
        ("esign:env_1", "esign:env_1", {}),
        ('{"esign":"esign:env_1","n":1,"a":"b"}', "esign:env_1", {"a": "b"}),
        ('{"a":"b"}', None, {"a": "b"}),
        ('["a"]', None, {}),
        ("{not JSON", None, {}),
        ("a note of somebody else's", None, {}),
        (None, None, {}),
        (17, None, {}),
    ],
)
def test_the_mark_is_found_again_and_nobody_elses_text_is_taken_for_one(
    provider: PenneoProvider,
    make_case_file: MakeCaseFile,
    text: Any,
    mark: str | None,
    words: dict[str, str],
) -> None:
    """What `send` wrote comes back; a person's note is neither mark nor words."""
    found = replay(provider.fetch("531"), [reply(make_case_file(0, metaData=text))]).answer
    assert (found.mark, found.metadata) == (mark, words)


def test_a_snapshot_keeps_penneos_words_without_its_secrets(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """Unknown fields stay in `raw`; signing links and national ids do not."""
    case_file = make_case_file(0, novelty={"a": [1]})
    case_file["signers"][0]["socialSecurityNumberPlain"] = "canary"
    found = replay(provider.fetch("531"), [reply(case_file)]).answer
    assert found.raw["novelty"] == {"a": [1]}
    assert found.raw["signers"][0]["name"] == "Jane Doe"
    assert "canary" not in str(found.raw)
    assert "jane@example.com" not in repr(found)


@pytest.mark.parametrize("remote_id", ["", "../531", "531/send", "531?x=1", "a b", "5" * 65])
def test_an_id_leads_nowhere_else(provider: PenneoProvider, remote_id: str) -> None:
    """What cannot be an id is not found, and nothing is asked."""
    with pytest.raises(NotFound, match="can have that id"):
        replay(provider.fetch(remote_id), [])


def test_a_case_file_that_is_gone_is_not_found(provider: PenneoProvider) -> None:
    """Only `cancel` knows what it means that one is gone."""
    with pytest.raises(NotFound):
        replay(provider.fetch("531"), [NotFound("404")])


@pytest.mark.parametrize("answer", [{}, [], {"id": True}, {"id": 1, "signers": [{"id": "canary"}]}])
def test_an_answer_that_is_no_case_file_is_told_by_field(
    provider: PenneoProvider, answer: Any
) -> None:
    """The message names what is wrong and no value of it."""
    with pytest.raises(UnreadableAnswer, match="not as documented") as caught:
        replay(provider.fetch("531"), [reply(answer)])
    assert "canary" not in str(caught.value)


def _fetched(provider: PenneoProvider, case_file: dict[str, Any], *logs: Response) -> Snapshot:
    return replay(provider.fetch("531"), [reply(case_file), *logs]).answer
