from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from esign_core.errors import (
    NotFound,
    Outcome,
    ProviderError,
    Refused,
    Uncertain,
    UnreadableAnswer,
)
from esign_core.model import EnvelopeDraft, EnvelopeStatus, Job, Snapshot
from esign_core.testing import replay, reply
from esign_penneo import PenneoProvider

MakeProvider = Callable[..., PenneoProvider]

JOB = Job({"uuid": "uuid-canary", "payloadHash": "hash-canary", "asked": "0"})


def test_a_finished_job_is_the_published_case_file_with_its_links(
    provider: PenneoProvider, job_answer: dict[str, Any]
) -> None:
    """The vendor's own example: case file 1234567 and the links of Mads 1 and Mads 2."""
    snapshot = replay(provider.poll(JOB), [reply(job_answer)]).answer
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.remote_id, snapshot.status) == ("1234567", EnvelopeStatus.SENT)
    assert [(s.remote_id, s.name, s.role) for s in snapshot.signers] == [
        ("1234567", "Mads 1", "Signer"),
        ("1234576", "Mads 2", "Signer"),
    ]
    assert [(x.remote_id, x.name, x.url) for x in snapshot.links] == [
        ("1234567", "Mads 1", "https://sandbox.penneo.com/signing/<unique>"),
        ("1234576", "Mads 2", "https://sandbox.penneo.com/signing/<unique>"),
    ]


def test_a_snapshot_of_a_job_keeps_no_secret(
    provider: PenneoProvider, job_answer: dict[str, Any]
) -> None:
    """Links, the pair that opens them, and the documents in `payload` are in no text."""
    job_answer |= {"uuid": "uuid-canary", "payloadHash": "hash-canary", "payload": {"pdf": "JVBE"}}
    job_answer["result"]["errors"] = [{"signingLink": "link-canary", "code": 1}]
    snapshot = replay(provider.poll(JOB), [reply(job_answer)]).answer
    text = f"{snapshot!r} {snapshot.raw}"
    assert "canary" not in text
    assert "JVBE" not in text
    assert "/signing/" not in text
    assert snapshot.raw["errors"] == [{"code": 1}]


def test_asking_about_a_job_needs_no_login_and_does_no_harm(
    provider: PenneoProvider, job_answer: dict[str, Any]
) -> None:
    """The pair opens it; it may be asked again, twenty times in a minute, counted for each job."""
    other = Job({"uuid": "another", "payloadHash": "hash"})
    (one,) = replay(provider.poll(JOB), [reply(job_answer)]).requests
    (two,) = replay(provider.poll(other), [reply(job_answer)]).requests
    assert (one.method, one.path) == ("POST", "/send/api/v1/queue/public/status")
    assert one.json == {"uuid": "uuid-canary", "payloadHash": "hash-canary"}
    assert not one.auth
    assert one.is_repeatable
    ((first,), (second,)) = one.limits, two.limits
    assert (first.count, first.seconds) == (20, 60.0)
    assert first.name != second.name
    assert "canary" not in repr(one)


@pytest.mark.parametrize("word", ["pending", "processing", "a word of next year"])
def test_an_unfinished_job_is_asked_about_again(provider: PenneoProvider, word: str) -> None:
    """A word that nobody knows yet is no end."""
    job = replay(provider.poll(JOB), [reply({"jobStatus": word})]).answer
    assert isinstance(job, Job)
    assert job.handle == {"uuid": "uuid-canary", "payloadHash": "hash-canary", "asked": "1"}
    assert "canary" not in str(job.raw)


def test_a_slow_job_is_asked_about_less_than_twenty_times_in_a_minute(
    provider: PenneoProvider,
) -> None:
    """Quick at first, inside of the documented limit for ever."""
    job: Job | Snapshot = Job({"uuid": "u", "payloadHash": "h"}, poll_after_seconds=1.0)
    times, now = [], 0.0
    for _ in range(100):
        assert isinstance(job, Job)
        now += job.poll_after_seconds
        times.append(now)
        job = replay(provider.poll(job), [reply({"jobStatus": "pending"})]).answer
    assert times[2] <= 5.0
    assert max(sum(start <= at < start + 60 for at in times) for start in times) < 20


def test_a_failed_job_made_nothing(provider: PenneoProvider) -> None:
    """It says why, in Penneo's words without an address."""
    answer = {"jobStatus": "failed", "errorMessage": "No mail to jane@example.com."}
    with pytest.raises(Refused, match=r"the job failed: No mail to \(e-mail\)\.") as caught:
        replay(provider.poll(JOB), [reply(answer)])
    assert caught.value.outcome is Outcome.NOT_DONE
    assert caught.value.raw["errorMessage"] == "No mail to (e-mail)"


def test_a_duplicate_may_exist_already(provider: PenneoProvider) -> None:
    """What counts as one is not documented, so the case file is looked for."""
    with pytest.raises(Uncertain, match="created this case file already") as caught:
        replay(provider.poll(JOB), [reply({"jobStatus": "aborted_duplicated"})])
    assert caught.value.outcome is Outcome.UNCERTAIN


def test_a_job_that_is_gone_leaves_doubt(provider: PenneoProvider) -> None:
    """Unknown, expired and deleted jobs look the same: the case file may have been made."""
    gone = provider.explain(reply({"message": "Job not found", "statusCode": 404}, status=404))
    with pytest.raises(NotFound, match="no longer knows the job") as caught:
        replay(provider.poll(JOB), [gone])
    assert caught.value.outcome is Outcome.UNCERTAIN
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "result",
    [
        None,
        {"data": None, "errors": ["broken"], "success": False},
        {"data": {"signingLinks": []}},
        {"data": {"caseFile": {"id": "x/../y"}}},
    ],
)
def test_a_finished_job_that_names_no_case_file_leaves_doubt(
    provider: PenneoProvider, result: Any
) -> None:
    """It says "completed", so something may be there."""
    with pytest.raises(UnreadableAnswer) as caught:
        replay(provider.poll(JOB), [reply({"jobStatus": "completed", "result": result})])
    assert isinstance(caught.value, ProviderError)
    assert caught.value.outcome is Outcome.UNCERTAIN


@pytest.mark.promise("D1")
def test_a_failed_job_keeps_nothing_private(provider: PenneoProvider) -> None:
    """Its errors say what they like: none of it is in `raw` as it came."""
    detail = "mail jane@x.example, cpr 2110771234, https://sandbox.penneo.com/signing/canary"
    answer = {
        "jobStatus": "failed",
        "errorMessage": "No.",
        "result": {"errors": [{"detail": detail, "jane@x.example": 1}, "2110771234"]},
    }
    with pytest.raises(Refused) as caught:
        replay(provider.poll(JOB), [reply(answer)])
    assert caught.value.raw["errors"] == [
        {"detail": "mail (e-mail), cpr (number), (link)", "(e-mail)": 1},
        "(number)",
    ]


@pytest.mark.promise("D1")
def test_words_beside_a_job_are_kept_without_people(
    provider: PenneoProvider, make_draft: Callable[..., EnvelopeDraft]
) -> None:
    """What Penneo says as it accepts a case file, too."""
    body = {
        "status": "success",
        "message": "mail to jane@x.example",
        "jobs": [{"uuid": "u", "payloadHash": "h"}],
    }
    job = replay(provider.send(make_draft()), [reply(body, status=201)]).answer
    assert isinstance(job, Job)
    assert job.raw == {"status": "success", "message": "mail to (e-mail)"}
