"""The queue behind the create call: a wish becomes a job, the job a case file."""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from esign_core.sandbox import VendorRequest, VendorResponse
from esign_penneo.sandbox.account import FOLDERS, Ids
from esign_penneo.sandbox.agenda import Agenda
from esign_penneo.sandbox.casefiles import Signer
from esign_penneo.sandbox.create import Wish
from esign_penneo.sandbox.lifecycle import CaseFiles
from esign_penneo.sandbox.oauth import utc_milliseconds
from esign_penneo.sandbox.refusals import job_refusal

REQUESTS_PER_WINDOW = 20  # per (uuid, payloadHash) (V)
WINDOW = timedelta(minutes=1)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class JobStatus(StrEnum):
    """How far a job is (V)."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED_DUPLICATED = "aborted_duplicated"


@dataclass
class Job:
    """A case file on its way into being."""

    uuid: str
    payload_hash: str
    wish: Wish
    created_at: datetime
    updated_at: datetime
    status: JobStatus = JobStatus.PENDING
    result: dict[str, Any] | None = None
    error: str | None = None


class Jobs:
    """Takes wishes, works on them in time, and tells how far each is."""

    def __init__(
        self, case_files: CaseFiles, ids: Ids, agenda: Agenda, link: Callable[[Signer], str]
    ) -> None:
        self._case_files = case_files
        self._ids = ids
        self._agenda = agenda
        self._link = link
        self._jobs: dict[str, Job] = {}
        self._hashes: set[str] = set()
        self._arrivals: dict[tuple[str, str], deque[datetime]] = {}
        self._organization = ids.uuid()
        self._etl_version = ids.uuid()
        self._stuck: list[Job] = []
        self._released: list[Job] = []
        self._to_stick: int | None = 0

    def stick(self, times: int | None) -> None:
        """Let the next `times` jobs (None: all from now on) stay pending until this is told 0."""
        self._to_stick = times
        if times == 0:
            self._released += self._stuck
            self._stuck.clear()

    def resume(self, now: datetime) -> None:
        """Begin what was stuck and is so no more."""
        released, self._released = self._released, []
        for job in released:
            self._schedule(job, now)

    def accept(self, wish: Wish, status: int, now: datetime) -> VendorResponse:
        """Take a wish for later, answered with the job's handle (shape: connector, V)."""
        uuid = self._ids.uuid()
        job = Job(uuid, _payload_hash(wish), wish, now, now)
        self._jobs[uuid] = job
        kept_until = now + self._case_files.behaviour.job_is_kept
        self._agenda.note(kept_until, lambda _: self._forget(job))
        if self._to_stick == 0:
            self._schedule(job, now)
        else:
            self._stuck.append(job)
            self._to_stick = self._to_stick and self._to_stick - 1
        handle = {
            "uuid": uuid,
            "payload": {
                "uuid": self._ids.uuid(),
                "bundleUuid": self._ids.uuid(),
                "etlVersionUuid": self._etl_version,
                "organizationUuid": self._organization,
                "customData": {},
            },
            "createdAt": utc_milliseconds(now),
            "payloadHash": job.payload_hash,
        }
        message = "Job created successfully"  # I: the text is not documented
        body = {"jobs": [handle], "status": "handled", "message": message}
        return VendorResponse.json(status, body)

    def status(self, request: VendorRequest, now: datetime) -> VendorResponse:
        """How far a job is; no login needed, 20 times a minute for each pair (V)."""
        try:
            body = json.loads(request.body)
        except ValueError:
            raise job_refusal(400, "The body must be JSON") from None
        asked = body if isinstance(body, dict) else {}
        uuid, payload_hash = asked.get("uuid"), asked.get("payloadHash")
        if not isinstance(uuid, str) or not _UUID.fullmatch(uuid):
            raise job_refusal(400, "uuid must be a UUID")
        if not isinstance(payload_hash, str) or not payload_hash:
            raise job_refusal(400, "payloadHash must be a string")
        self._count((uuid, payload_hash), now)
        job = self._jobs.get(uuid)
        if job is None or job.payload_hash != payload_hash:
            raise job_refusal(404, "Job not found")  # V
        return VendorResponse.json(200, _to_json(job))

    def _count(self, pair: tuple[str, str], now: datetime) -> None:
        arrivals = self._arrivals.setdefault(pair, deque())
        while arrivals and now - arrivals[0] >= WINDOW:
            _ = arrivals.popleft()
        if len(arrivals) >= REQUESTS_PER_WINDOW:  # no Retry-After is documented
            raise job_refusal(429, "ThrottlerException: Too Many Requests")
        arrivals.append(now)

    def _schedule(self, job: Job, now: datetime) -> None:
        takes = self._case_files.behaviour.job_takes
        self._agenda.note(now + takes / 2, lambda due: self._start(job, due))
        self._agenda.note(now + takes, lambda due: self._finish(job, due))

    def _start(self, job: Job, at: datetime) -> None:
        job.status, job.updated_at = JobStatus.PROCESSING, at

    def _finish(self, job: Job, at: datetime) -> None:
        job.updated_at = at
        folder = job.wish.case_file.get("folderId", 1)
        if self._case_files.behaviour.abort_duplicates and job.payload_hash in self._hashes:
            job.status = JobStatus.ABORTED_DUPLICATED
        elif folder not in FOLDERS:  # I: what makes a job fail is not documented
            job.status, job.error = JobStatus.FAILED, f"Folder {folder} was not found"
        else:
            self._hashes.add(job.payload_hash)
            job.status, job.result = JobStatus.COMPLETED, self._create(job, at)

    def _create(self, job: Job, at: datetime) -> dict[str, Any]:
        """Create the case file; the answer is the seed's example, name by name (V)."""
        case_file = self._case_files.create(job.wish, at)
        links = [
            {
                "name": signer.name,
                "role": signer.role,
                "signerId": signer.id,
                "signingLink": self._link(signer),
            }
            for signer in case_file.signers
        ]
        data = {"caseFile": {"id": case_file.id}, "signingLinks": links}
        return {"data": data, "errors": None, "success": True}

    def _forget(self, job: Job) -> None:
        _ = self._jobs.pop(job.uuid, None)


def _payload_hash(wish: Wish) -> str:
    """SHA-256 of what was asked for: the same wish twice has the same hash (I)."""
    digest = hashlib.sha256(json.dumps(wish.case_file, sort_keys=True).encode())
    for pdf in wish.pdfs:
        digest.update(hashlib.sha256(pdf).digest())
    return digest.hexdigest()


def _to_json(job: Job) -> dict[str, Any]:
    return {
        "uuid": job.uuid,
        "type": "etl-queue",  # seed; the connector's example says casefile_creation (X)
        "payloadHash": job.payload_hash,
        "jobStatus": job.status.value,
        "errorMessage": job.error,
        "retries": 0,
        "maxRetries": 0,
        "createdAt": utc_milliseconds(job.created_at),
        "updatedAt": utc_milliseconds(job.updated_at),
        "result": job.result,
    }
