"""The job that makes a case file: accepted now, made a little later."""

from __future__ import annotations

import hashlib

from esign_core.errors import NotFound, Outcome, Refused, Uncertain, UnreadableAnswer
from esign_core.model import (
    EnvelopeStatus,
    Job,
    SignerSnapshot,
    SigningLink,
    Snapshot,
)
from esign_core.provider import Flow, Limit, Request, Response
from esign_penneo.redaction import scrubbed, scrubbed_data
from esign_penneo.wire import Created, JobData, QueueJob, read

STATUS_PATH = "/send/api/v1/queue/public/status"  # Postman, the connector, seed, V

_PAUSES = (1.0, 1.0, 2.0, 3.0, 4.0)
_LONGEST_PAUSE = 5.0
"""Quick at first, since jobs took four seconds in the seed; never over 20 in a minute (V)."""


def accepted(reply: Response, *, is_scheduled: bool) -> Job:
    """The job that creating a case file has started.

    Args:
        reply: What Penneo has answered.
        is_scheduled: Whether it is to be sent later; the handle remembers that.

    Raises:
        Refused: Penneo says "error" in an answer that is none by its number.
        UnreadableAnswer: It names no job.

    Source: 200 by Postman's tests, 201 by the connector (X); the body by both (V).
    """
    created = read(Created, reply)
    if created.status == "error":
        # A job beside an error is not documented: it may well be made, and is looked for.
        outcome = Outcome.UNCERTAIN if created.jobs else Outcome.NOT_DONE
        said = _quoted(created.message)
        raise Refused(f"{reply.status}, {said}.", outcome=outcome, status_code=reply.status)
    if not created.jobs:
        raise UnreadableAnswer(
            f"{reply.status}, the answer names no job.", status_code=reply.status
        )
    job = created.jobs[0]  # "typically contains one job": the connector, V
    handle = {"uuid": job.uuid, "payloadHash": job.payload_hash, "asked": "0"}
    if is_scheduled:
        handle["scheduled"] = "yes"
    raw = scrubbed_data({"status": created.status, "message": created.message})
    return Job(handle, poll_after_seconds=_PAUSES[0], raw=raw)


def status_of(job: Job) -> Flow[Snapshot | Job]:
    """The case file that a job has made, or the job again.

    Raises:
        Refused: The job failed; no case file was made.
        Uncertain: Somebody has created it already (`aborted_duplicated`).
        NotFound: Penneo no longer knows the job; what became of it, nobody can say.
        UnreadableAnswer: It is done and does not say what it made.

    Source: seed, Postman, the connector (V); what counts as a duplicate is not documented.
    """
    asked = {"uuid": job.handle["uuid"], "payloadHash": job.handle["payloadHash"]}
    request = Request(
        "POST", STATUS_PATH, json=asked, auth=False, reading=True, limits=(_limit(asked),)
    )
    try:
        reply = yield request
    except NotFound as error:
        raise NotFound(
            "404, Penneo no longer knows the job: it is unknown, expired or deleted. The case "
            "file may have been made.",
            outcome=Outcome.UNCERTAIN,
            status_code=404,
            raw=error.raw,
        ) from error
    found = read(QueueJob, reply)
    if found.job_status == "completed":
        return _made(found, reply, is_scheduled="scheduled" in job.handle)
    if found.job_status == "failed":
        raise Refused(
            f"the job failed: {_quoted(found.error_message)}. Nothing was sent.",
            outcome=Outcome.NOT_DONE,
            raw=_raw(found),
        )
    if found.job_status == "aborted_duplicated":
        raise Uncertain(
            "Penneo calls the job a duplicate: somebody has created this case file already. Look "
            "for it before it is sent again.",
            raw=_raw(found),
        )
    # pending, processing; a word that nobody knows yet is asked about again too
    times = int(job.handle.get("asked", "0")) + 1
    pause = _PAUSES[times] if times < len(_PAUSES) else _LONGEST_PAUSE
    return Job({**job.handle, "asked": str(times)}, poll_after_seconds=pause, raw=_raw(found))


def _limit(asked: dict[str, str]) -> Limit:
    """Twenty in a minute for each job (V). Its name is in logs and tables: the pair is not."""
    name = hashlib.sha256(f"{asked['uuid']}:{asked['payloadHash']}".encode()).hexdigest()[:16]
    return Limit(f"penneo-job:{name}", 20, 60.0)


def _made(job: QueueJob, reply: Response, *, is_scheduled: bool) -> Snapshot:
    data = (job.result and job.result.data) or JobData()
    if data.case_file is None:
        raise UnreadableAnswer(
            f"{reply.status}, the job is completed and names no case file.",
            status_code=reply.status,
            raw=_raw(job),
        )
    return Snapshot(
        remote_id=data.case_file.id,
        # That it has gone out since, a look at it tells: what was learned is never taken back.
        status=EnvelopeStatus.SCHEDULED if is_scheduled else EnvelopeStatus.SENT,
        signers=tuple(
            SignerSnapshot(remote_id=link.signer_id, name=link.name, role=link.role)
            for link in data.signing_links
        ),
        links=tuple(
            SigningLink(
                signer_id=None,
                name=link.name or "",
                url=link.signing_link,
                role=link.role,
                remote_id=link.signer_id,
            )
            for link in data.signing_links
        ),
        raw=_raw(job),
    )


def _raw(job: QueueJob) -> dict[str, object]:
    """Without the uuid and the hash, which are a secret, and without links and documents."""
    case_file = job.result.data.case_file if job.result and job.result.data else None
    return {
        "jobStatus": scrubbed(job.job_status) if job.job_status else None,
        "errorMessage": _quoted(job.error_message) if job.error_message else None,
        "retries": job.retries,
        "createdAt": job.created_at,
        "updatedAt": job.updated_at,
        "caseFile": {"id": int(case_file.id)} if case_file else None,
        "errors": scrubbed_data(job.result.errors) if job.result else None,
    }


def _quoted(text: str | None) -> str:
    return scrubbed(text or "without an explanation").rstrip(".")[:300]
