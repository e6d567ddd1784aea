from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esign_core.errors import (
    EnvelopeClosed,
    EsignError,
    NotFound,
    NotReady,
    Outcome,
    Refused,
    Unavailable,
    UnreadableAnswer,
)
from esign_core.model import Artifact, ArtifactKind, EnvelopeStatus, Snapshot
from esign_core.provider import Flow, HttpDownload, Request, Response
from esign_core.testing import replay, reply
from esign_penneo import PenneoProvider
from esign_penneo.calling_off import FRESH_SECONDS, stoppable_for

MakeCaseFile = Callable[..., dict[str, Any]]
MakeLog = Callable[..., Response]

SENT, SEEN, SIGNED, REJECTED, ACTIVATED = 0, 2, 3, 4, 7
AT = 1768558100


@pytest.mark.parametrize("deleted", [200, 204])
def test_a_cancelled_case_file_is_looked_at_deleted_and_looked_at_again(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog, deleted: int
) -> None:
    """Deleting is Penneo's only way; sources differ on its answer."""
    answers: list[Response | EsignError] = [
        reply(make_case_file(1)),
        make_log((SENT, AT)),
        make_log(),
        reply(status=deleted),
        reply(make_case_file(3)),
        make_log((SENT, AT)),
        make_log(),
    ]
    asked = replay(provider.cancel("531", reason="sold"), answers)
    assert asked.answer.status is EnvelopeStatus.CANCELLED
    request = asked.requests[3]
    assert (request.method, request.path) == ("DELETE", "/api/v1/casefiles/531")
    assert not request.is_repeatable
    assert 0 < request.patience_seconds <= FRESH_SECONDS


@pytest.mark.promise("S8")
@pytest.mark.parametrize("is_ever_quick", [True, False])
def test_a_look_that_took_long_is_taken_again(*, is_ever_quick: bool) -> None:
    """The last signature may come while its answer is on its way; nothing is deleted on that."""
    clock, looks = [datetime(2026, 1, 16, tzinfo=UTC)], [0]

    def look() -> Flow[Snapshot]:
        yield from ()
        looks[0] += 1
        clock[0] += timedelta(seconds=4 if is_ever_quick and looks[0] == 3 else 11)
        return Snapshot("531", EnvelopeStatus.SENT)

    asking = stoppable_for(look, lambda: clock[0])
    if is_ever_quick:
        assert replay(asking, []).answer == 6
    else:
        with pytest.raises(Unavailable, match="each look took over 10 s") as caught:
            _ = replay(asking, [])
        assert caught.value.outcome is Outcome.NOT_DONE
    assert looks == [3]


def test_a_case_file_that_is_gone_after_deletion_is_cancelled(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """One source says that deletion is for good."""
    answers: list[Response | EsignError] = [
        reply(make_case_file(0)),
        reply(status=204),
        NotFound("404"),
    ]
    after = replay(provider.cancel("531"), answers).answer
    assert after == Snapshot("531", EnvelopeStatus.CANCELLED)


@pytest.mark.promise("S8")
@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 7])
def test_what_has_ended_is_never_deleted(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog, number: int
) -> None:
    """Deleting a finished case file could destroy a signed contract."""
    with pytest.raises(EnvelopeClosed, match="already"):
        replay(provider.cancel("531"), [reply(make_case_file(number)), make_log(), make_log()])


@pytest.mark.promise("S8")
def test_what_everybody_has_signed_is_never_deleted(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """The number may lag behind the last signature."""
    log = make_log((SIGNED, AT))
    with pytest.raises(EnvelopeClosed, match="finalizing already"):
        replay(provider.cancel("531"), [reply(make_case_file(1)), log, log])


@pytest.mark.promise("S8")
@pytest.mark.parametrize("number", [8, 9, None])
def test_what_nobody_understands_is_never_deleted(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog, number: int | None
) -> None:
    """A number of next year may mean a signed contract."""
    with pytest.raises(Refused, match="does not know"):
        replay(provider.cancel("531"), [reply(make_case_file(number)), make_log(), make_log()])


def test_a_reminder_goes_to_those_who_got_an_email_and_have_not_acted(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """Who has signed is left in peace, and so is who gets a link from somebody else."""
    signers = [{"id": 71}, {"id": 72}, {"id": 73}, {"id": 74}]
    answers: list[Response | EsignError] = [
        reply(make_case_file(1, signers=signers)),
        make_log((SENT, AT), (SIGNED, AT)),
        make_log((SENT, AT), (SEEN, AT)),
        make_log((ACTIVATED, AT), (SEEN, AT)),
        NotFound("404"),
        reply([{"id": 801, "status": 1}]),
        reply(status=204),
        reply([{"id": 802, "status": 1}, {"id": 803, "status": 4}]),
        reply(status=204),
        reply(status=204),
    ]
    asked = replay(provider.remind("531"), answers)
    sent = [request for request in asked.requests if request.method == "PATCH"]
    assert [request.path for request in sent] == [
        "/api/v1/signingrequests/801/send",
        "/api/v1/signingrequests/802/send",
        "/api/v1/signingrequests/803/send",
    ]
    assert not any(request.is_repeatable for request in sent)
    assert asked.requests[5].path == "/api/v1/casefiles/531/signers/72/signingrequests"


def test_a_reminder_can_go_to_one_signer(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """By Penneo's id; whoever it is has not acted yet."""
    answers: list[Response | EsignError] = [
        reply(make_case_file(1)),
        make_log((SENT, AT)),
        make_log((SENT, AT)),
        reply([{"id": 801}]),
        reply(status=200),
    ]
    asked = replay(provider.remind("531", signer="72"), answers)
    assert asked.requests[-1].path == "/api/v1/signingrequests/801/send"


@pytest.mark.parametrize(
    ("number", "signer", "error"),
    [
        (5, None, EnvelopeClosed),
        (1, "71", EnvelopeClosed),
        (1, "73", NotFound),
        (1, None, Refused),
    ],
)
def test_nobody_is_reminded_in_vain(
    provider: PenneoProvider,
    make_case_file: MakeCaseFile,
    make_log: MakeLog,
    *,
    number: int,
    signer: str | None,
    error: type[Exception],
) -> None:
    """An ended case file, a signer who signed, a stranger, and nobody at all are errors."""
    answers = [reply(make_case_file(number)), make_log((SIGNED, AT)), make_log((ACTIVATED, AT))]
    with pytest.raises(error):
        replay(provider.remind("531", signer=signer), answers)


def test_signing_links_are_asked_for_signer_by_signer(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """The link is the first element of an array; a signer without a request has none."""
    answers: list[Response | EsignError] = [
        reply(make_case_file(1)),
        reply([{"id": 801, "status": 2}]),
        reply(["https://app.penneo.com/signing/canary"]),
        reply([]),
    ]
    asked = replay(provider.signing_links("531"), answers)
    (link,) = asked.answer
    assert (link.remote_id, link.name, link.role) == ("71", "Jane Doe", "tenant")
    assert link.url == "https://app.penneo.com/signing/canary"
    assert "canary" not in repr(asked.answer)
    assert [request.path for request in asked.requests[1:]] == [
        "/api/v1/casefiles/531/signers/71/signingrequests",
        "/api/v1/signingrequests/801/link",
        "/api/v1/casefiles/531/signers/72/signingrequests",
    ]


@pytest.mark.parametrize("answer", [{"link": "canary"}, [1], "canary"])
def test_an_answer_without_a_list_of_links_is_unreadable(
    provider: PenneoProvider, make_case_file: MakeCaseFile, answer: Any
) -> None:
    """The message shows nothing of it."""
    answers = [reply(make_case_file(1)), reply([{"id": 801}]), reply(answer)]
    with pytest.raises(UnreadableAnswer) as caught:
        replay(provider.signing_links("531"), answers)
    assert "canary" not in str(caught.value)


def test_the_log_is_penneos_own_oldest_first(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """All signers' lines in one order; an unknown number and a missing time are kept."""
    answers: list[Response | EsignError] = [
        reply(make_case_file(0)),
        reply([{"eventType": 3, "eventTime": AT + 5}, {"eventType": 42}]),
        reply([{"eventType": 0, "eventTime": AT}, {"eventType": 7, "eventTime": AT + 1}]),
    ]
    entries = replay(provider.log("531"), answers).answer
    assert [(e.what, e.signer_remote_id) for e in entries] == [
        ("requestSent", "72"),
        ("requestActivated", "72"),
        ("signed", "71"),
        ("event 42", "71"),
    ]
    assert entries[0].occurred_at == datetime.fromtimestamp(AT, UTC)
    assert entries[0].raw == {"eventType": 0, "eventTime": AT}
    assert entries[3].occurred_at is None


def test_a_probe_asks_for_the_folders(provider: PenneoProvider) -> None:
    """A short list that changes nothing, for whoever has a token."""
    folders = reply([{"id": 1, "title": "Inbox"}])
    done = replay(provider.probe(), [folders])
    assert done.requests == (Request("GET", "/api/v1/folders"),)
    assert done.requests[0].auth
    assert done.answer is folders


@pytest.mark.parametrize(
    ("kind", "params"), [(ArtifactKind.SIGNED, {}), (ArtifactKind.ORIGINAL, {"signed": "false"})]
)
def test_a_document_is_downloaded_as_bytes(
    provider: PenneoProvider, kind: ArtifactKind, params: dict[str, str]
) -> None:
    """`Accept` asks for the PDF itself; the original is asked for by name."""
    snapshot = Snapshot("531", EnvelopeStatus.COMPLETED)
    found = replay(provider.download(snapshot, Artifact(kind, "lease.pdf", "91")), []).answer
    assert isinstance(found, HttpDownload)
    assert found.request.path == "/api/v3/documents/91/content"
    assert found.request.headers == {"Accept": "application/pdf"}
    assert found.request.params == params


def test_a_signed_document_is_not_there_before_the_end(provider: PenneoProvider) -> None:
    """Penneo makes it when the case file is completed."""
    snapshot = Snapshot("531", EnvelopeStatus.FINALIZING)
    artifact = Artifact(ArtifactKind.SIGNED, "lease.pdf", "91")
    with pytest.raises(NotReady, match="it is finalizing"):
        replay(provider.download(snapshot, artifact), [])


def test_a_key_leads_nowhere_else(provider: PenneoProvider) -> None:
    """An artifact from outside cannot name another address."""
    artifact = Artifact(ArtifactKind.ORIGINAL, "lease.pdf", "91/../../casefiles/1")
    with pytest.raises(NotFound):
        replay(provider.download(Snapshot("531", EnvelopeStatus.SENT), artifact), [])
