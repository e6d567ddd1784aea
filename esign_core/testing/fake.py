"""A vendor in memory, for tests that need one and care for none: no HTTP, and faults on demand.

```python
clock = VirtualClock()
vendor = FakeVendor(clock.now)
workspace = Workspace(
    Config({"acme": {"provider": "fake", "style": "job"}}, "sqlite://"),
    Journal("sqlite://"),
    fake_registry(),
    clock=clock.now,
    open_session=vendor.open_session,
)
vendor.fail(Fault.ANSWER_LOST, on="POST /jobs")
```

It keeps a ledger, which is all that tests of "nothing is lost, nothing happens twice" need: which
envelopes exist, and whose signers were really asked.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from esign_core.engine import SavedFile, Session, WireRequest, write_whole
from esign_core.errors import Outcome, Unavailable, Uncertain
from esign_core.model import WebhookRequest
from esign_core.provider import Response
from esign_core.service.opening import open_session
from esign_core.testing.fake_webhooks import SECRET, signed

API_KEY = "fake-api-key"
FILE = b"%PDF-1.7 signed by everybody"


class Fault(StrEnum):
    """What can go wrong with one request."""

    REFUSED = "refused"
    """422; nothing was done."""
    LIMITED = "limited"
    """429, come back in 30 s; nothing was done."""
    BROKEN = "broken"
    """503; nothing was done, and nobody can know that."""
    REQUEST_LOST = "request_lost"
    """Nothing was done, and no answer came."""
    ANSWER_LOST = "answer_lost"
    """It was done, and no answer came."""
    LATE = "late"
    """No answer came, and it was done some time after that."""


_REFUSALS = {Fault.REFUSED: 422, Fault.LIMITED: 429, Fault.BROKEN: 503}


@dataclass
class FakeEnvelope:
    """An envelope at the vendor."""

    id: str
    title: str
    mark: str | None
    signers: list[dict[str, Any]]
    created_at: datetime
    status: str = "draft"
    was_asked: bool = False
    """Whether its signers were asked to sign."""

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "title": self.title,
            "mark": self.mark,
            "status": self.status,
            "signers": self.signers,
        }


@dataclass
class FakeVendor:
    """The vendor, and the line to it. Safe for many threads."""

    now: Callable[[], datetime]
    """Its clock."""
    job_seconds: float = 5.0
    """How long it takes to make an envelope of a job."""
    late_seconds: float = 120.0
    """How late what comes late is."""
    envelopes: dict[str, FakeEnvelope] = field(default_factory=dict)
    """What it has made, by its own id."""
    requests: list[str] = field(default_factory=list)
    """What was asked, in order: `POST /drafts`."""
    reminded: list[str] = field(default_factory=list)
    """Signers who were written to again, by the vendor's ids."""
    _faults: list[tuple[str, Fault]] = field(default_factory=list, repr=False)
    _agenda: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list, repr=False)
    _jobs: dict[str, str | None] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def open_session(self) -> Callable[..., Session]:
        """How a workspace opens connections that lead here."""
        return partial(open_session, line=self)

    def fail(self, fault: Fault, *, on: str = "POST") -> None:
        """Let the next request go wrong whose method and path begin like this."""
        self._faults.append((on, fault))

    def asked(self, title: str) -> list[FakeEnvelope]:
        """The envelopes of a title whose signers were asked: more than one is a disaster."""
        self._catch_up()
        return [each for each in self.envelopes.values() if each.title == title and each.was_asked]

    # what people do

    def sign(self, envelope_id: str, place: int) -> None:
        """A signer signs; after the last one the documents are being made."""
        envelope = self.envelopes[envelope_id]
        envelope.signers[place]["status"] = "signed"
        everybody = all(signer["status"] == "signed" for signer in envelope.signers)
        envelope.status = "finalizing" if everybody else "in_progress"

    def complete(self, envelope_id: str) -> None:
        """Everybody signs, and the documents are ready."""
        for place in range(len(self.envelopes[envelope_id].signers)):
            self.sign(envelope_id, place)
        self.envelopes[envelope_id].status = "completed"

    def decline(self, envelope_id: str, place: int) -> None:
        """A signer says no."""
        self.envelopes[envelope_id].signers[place]["status"] = "declined"
        self.envelopes[envelope_id].status = "declined"

    # what it tells

    def event(self, envelope_id: str, key: str | None = None, **changes: Any) -> dict[str, Any]:
        """What a delivery says about an envelope as it is now."""
        self._catch_up()
        shown = json.loads(json.dumps(self.envelopes[envelope_id].shown()))
        return {"key": key, "at": self.now().isoformat(), "envelope": {**shown, **changes}}

    def delivery(
        self,
        *events: Mapping[str, Any],
        secret: str | None = SECRET,
        signed_at: datetime | None = None,
    ) -> WebhookRequest:
        """A delivery of events; without a secret it is not signed."""
        return signed(json.dumps({"events": events}).encode(), secret, signed_at or self.now())

    # the line

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        """Answer a request, or fail as told."""
        address = urlsplit(request.url)
        what = f"{request.method} {address.path}"
        with self._lock:
            self._catch_up()
            self.requests.append(what)
            fault = self._fault(what)
            if request.headers.get("authorization") != f"Bearer {API_KEY}":
                return _reply(401, {"error": "who are you?"})
            if fault is not None and fault in _REFUSALS:
                return _reply(_REFUSALS[fault], {"error": fault})
            body = request.body if isinstance(request.body, bytes) else b"".join(request.body)
            act = partial(
                self._act, what, dict(parse_qsl(address.query)), json.loads(body or b"{}")
            )
            if fault is Fault.LATE:
                self._agenda.append((self.now() + timedelta(seconds=self.late_seconds), act))
            elif fault is not Fault.REQUEST_LOST:
                answer = act()
                if fault is None:
                    return answer
        if is_reading or is_repeatable:
            outcome = Outcome.NOT_DONE if is_reading else Outcome.UNCERTAIN
            raise Unavailable("no answer.", outcome=outcome)
        raise Uncertain("no answer.")

    async def exchange_async(
        self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
    ) -> Response:
        """`exchange`, awaited."""
        return self.exchange(request, is_reading=is_reading, is_repeatable=is_repeatable)

    def save(self, request: WireRequest, to: Path) -> SavedFile | Response:
        """Bring a file over."""
        answer = self.exchange(request, is_reading=True, is_repeatable=True)
        return answer if answer.status >= 300 else write_whole([answer.content], to)

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""

    def _fault(self, what: str) -> Fault | None:
        for i, (beginning, fault) in enumerate(self._faults):
            if what.startswith(beginning):
                del self._faults[i]
                return fault
        return None

    def _catch_up(self) -> None:
        with self._lock:
            due = [act for at, act in self._agenda if at <= self.now()]
            self._agenda = [(at, act) for at, act in self._agenda if at > self.now()]
            for act in due:
                _ = act()

    def _act(self, what: str, query: dict[str, str], body: dict[str, Any]) -> Response:
        method, _, path = what.partition(" ")
        answer: dict[str, Any]
        match method, path.strip("/").split("/"):
            case "POST", ["envelopes" | "drafts" as place]:
                answer = self._make(body, is_asked=place == "envelopes").shown()
            case "POST", ["jobs"]:
                answer = {"job": self._accept(body)}
            case "GET", ["jobs", job] if job in self._jobs:
                made = self._jobs[job]
                answer = self.envelopes[made].shown() if made else {"job": job}
            case "GET", ["envelopes"]:
                wanted = query["mark"]
                answer = {"found": [e.shown() for e in self.envelopes.values() if e.mark == wanted]}
            case _, ["envelopes", id_, *rest] if id_ in self.envelopes:
                return self._act_on(self.envelopes[id_], [method, *rest], body)
            case _:
                return _reply(404, {"error": "nothing here"})
        return _reply(200, answer)

    def _act_on(self, envelope: FakeEnvelope, deed: list[str], body: dict[str, Any]) -> Response:
        is_closed = envelope.status in {"completed", "declined", "cancelled"}
        match deed:
            case ["GET"]:
                pass
            case ["GET", "links"]:
                links = [{**signer, "url": _link(signer)} for signer in envelope.signers]
                return _reply(200, {"links": links})
            case ["GET", "file"] if envelope.status == "completed":
                return Response(200, {"content-type": "application/pdf"}, FILE)
            case ["POST", "send"] if not is_closed:
                _ask(envelope)
            case ["POST", "cancel"] if not is_closed:
                envelope.status = "cancelled"
            case ["POST", "remind"] if not is_closed:
                wanted = [body["signer"]] if body else [s["id"] for s in envelope.signers]
                self.reminded += wanted
            case _:
                return _reply(409, {"error": f"it is {envelope.status}"})
        return _reply(200, envelope.shown())

    def _make(self, body: dict[str, Any], *, is_asked: bool) -> FakeEnvelope:
        number = len(self.envelopes) + 1
        signers = [
            {**signer, "id": f"{number}-{place}", "status": "waiting"}
            for place, signer in enumerate(body["signers"], start=1)
        ]
        made = FakeEnvelope(str(number), body["title"], body["mark"], signers, self.now())
        self.envelopes[made.id] = made
        if is_asked:
            _ask(made)
        return made

    def _accept(self, body: dict[str, Any]) -> str:
        job = secrets.token_hex(8)
        self._jobs[job] = None

        def make() -> None:
            self._jobs[job] = self._make(body, is_asked=True).id

        self._agenda.append((self.now() + timedelta(seconds=self.job_seconds), make))
        return job


def _ask(envelope: FakeEnvelope) -> None:
    if not envelope.was_asked:
        envelope.was_asked = True
        envelope.status = "sent"


def _link(signer: Mapping[str, Any]) -> str:
    return f"https://fake.invalid/sign/{signer['id']}-whoever-has-this-can-sign"


def _reply(status: int, data: Any) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(data).encode())
