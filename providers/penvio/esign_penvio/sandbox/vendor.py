"""The simulated Penvio: one account, as its API documents it.

Source: E-Sign API v1 (V); what it leaves open is marked where it is decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from esign_core.sandbox import (
    Act,
    Delivery,
    SigningPage,
    Stationery,
    Vendor,
    VendorRequest,
    VendorResponse,
)
from esign_penvio.sandbox import bodies
from esign_penvio.sandbox.access import READ, WRITE, ApiKey, Keyring
from esign_penvio.sandbox.files import Archive, Put
from esign_penvio.sandbox.lifecycle import Lifecycle
from esign_penvio.sandbox.records import (
    ACTIVE,
    ASKED,
    Envelope,
    Signer,
    SignerStatus,
    Template,
    default_templates,
)
from esign_penvio.sandbox.refusals import Code, Refused
from esign_penvio.sandbox.register import Register
from esign_penvio.sandbox.webhooks import EventName, Shape, to_delivery

_ENVELOPE = re.compile(r"/envelopes/([^/]+)(?:/(send|cancel|remind))?")
_TEMPLATE = re.compile(r"/templates/([^/]+)")


class PenvioVendor(Vendor):
    """One Penvio account. The same seed and the same requests give the same ids."""

    name: ClassVar[str] = "penvio"
    signing_path: ClassVar[str] = "/sign"
    api_path: ClassVar[str] = "/api/v1"

    def __init__(
        self,
        put: Put | None,
        *,
        keys: Iterable[ApiKey],
        seed: str = "",
        templates: Sequence[Template] | None = None,
        webhook_shape: str = Shape.SEED,
        webhook_secret: str = "",
        limit: int = 10_000,
        quota: int | None = None,
        files_after: timedelta = timedelta(0),
    ) -> None:
        """`put` writes to the customer's bucket; None: no bucket is configured.

        `webhook_secret` signs webhooks in the shape `page` where the envelope brought no secret.
        `limit` is of requests in 15 minutes, by key; `quota` of envelopes a month; `files_after`
        the time that a COMPLETED envelope has no signed file yet.
        """
        super().__init__()
        self.keyring = Keyring(*keys)
        self.stationery = Stationery("Penvio sandbox")
        self._has_bucket = put is not None
        self._register = Register(templates or default_templates(), seed=seed)
        self._shape = Shape(webhook_shape)
        self._webhook_secret = webhook_secret
        self._limit = limit
        self._quota = quota
        self._outgoing: list[Delivery] = []
        self._archive = Archive(put or _nowhere, self.stationery)
        self._lifecycle = Lifecycle(
            self._archive,
            tell=self._tell,
            ledger=self.ledger,
            to_link=lambda signer: f"{self.base_url}{self.signing_path}/{signer.token}",
            files_after=files_after,
        )

    def handle(
        self, request: VendorRequest, now: datetime
    ) -> tuple[VendorResponse, list[Delivery]]:
        """Answer one API request; also the webhooks it sets off."""
        self._lifecycle.advance(now)
        headers: dict[str, str] = {}
        try:
            key = self.keyring.find(request.headers.get("authorization", ""))
            try:
                key.admit(now, self._limit)
            finally:
                headers = key.headers(now, self._limit)
            status, data = self._answer(request, key, now)
            response = VendorResponse.json(status, data)
        except Refused as refused:
            response = refused.to_response()
        complete = VendorResponse(response.status, response.body, {**response.headers, **headers})
        return complete, self._taken()

    def advance(self, now: datetime) -> list[Delivery]:
        """Write files that are due, and let envelopes expire."""
        self._lifecycle.advance(now)
        return self._taken()

    def page(self, token: str) -> SigningPage | None:
        """What the signer behind a mailed link sees."""
        seat = self._register.seat(token)
        if seat is None:
            return None
        envelope, signer = seat
        return SigningPage(
            title=envelope.heading,
            signer=signer.name,
            message=envelope.message or "",
            documents=[f"{envelope.template.name}.pdf"],
            state=_state(envelope, signer),
        )

    def document(self, token: str, index: int) -> bytes | None:
        """The template's PDF."""
        seat = self._register.seat(token)
        return self._archive.document(seat[0].template) if seat and index == 0 else None

    def act(self, token: str, act: Act, now: datetime, reason: str = "") -> list[Delivery]:
        """What the signer did on the page."""
        self._lifecycle.advance(now)
        seat = self._register.seat(token)
        if seat is not None and _state(*seat) == "open":
            envelope, signer = seat
            match act:
                case Act.OPEN:
                    self._lifecycle.view(envelope, signer, now)
                case Act.SIGN:
                    self._lifecycle.sign(envelope, signer, now)
                case Act.DECLINE:
                    self._lifecycle.decline(envelope, signer, reason, now)
        return self._taken()

    def refusal(self, status: int, now: datetime) -> VendorResponse:  # noqa: ARG002
        """RATE_LIMITED or INTERNAL_ERROR, for faults."""
        if status == 429:
            return Refused(Code.RATE_LIMITED, "Rate limit exceeded").to_response()
        return Refused(Code.INTERNAL_ERROR, "Internal server error").to_response(status)

    def fault(self, kind: str, times: int | None) -> None:  # noqa: ARG002  # there is one kind
        """Leave the next `times` completed envelopes without their files."""
        self._lifecycle.stick(times)

    def _answer(self, request: VendorRequest, key: ApiKey, now: datetime) -> tuple[int, Any]:
        """Status and body, by method and path."""
        path = request.path.removeprefix(f"{self.api_path}/esign")
        if path == request.path:
            raise Refused(Code.NOT_FOUND, "Resource not found")
        envelope, template = _ENVELOPE.fullmatch(path), _TEMPLATE.fullmatch(path)
        scope = READ if request.method == "GET" else WRITE
        if scope not in key.scopes:
            raise Refused(Code.FORBIDDEN, f"Insufficient permissions: {scope} is required")
        match request.method, path:
            case "GET", "/templates":
                return 200, _paged([t.to_json() for t in self._register.templates()], request)
            case "GET", "/envelopes":
                status = bodies.parsed_status(request.query)
                listed = self._register.envelopes(status)
                return 200, _paged([e.to_json() for e in listed], request)
            case "POST", "/envelopes":
                return 201, self._created(request, now)
            case "GET", _ if template:
                return 200, {"data": self._register.template(template[1]).to_json()}
            case "GET", _ if envelope and envelope[2] is None:
                return 200, {"data": self._register.envelope(envelope[1]).to_json()}
            case "POST", _ if envelope and envelope[2]:
                return 200, self._acted(envelope[1], envelope[2], request, now)
            case _:
                raise Refused(Code.NOT_FOUND, "Resource not found")

    def _created(self, request: VendorRequest, now: datetime) -> dict[str, Any]:
        data = bodies.parsed_body(request, required=True)
        bodies.check_create(data)
        template = self._register.template(data["templateId"])
        bodies.check_roles(data, template.roles)
        if not self._has_bucket:
            raise Refused(Code.FORBIDDEN, "Storage bucket is not configured")
        if self._quota is not None and self._register.count_in_month(now) >= self._quota:
            raise Refused(Code.QUOTA_EXCEEDED, "Monthly envelope limit reached")
        envelope = self._register.create(data, template, now)
        self._archive.store_document(envelope)
        if data.get("sendImmediately", False):
            self._lifecycle.send(envelope, now)
        return {"data": envelope.to_json()}

    def _acted(
        self, envelope_id: str, action: str, request: VendorRequest, now: datetime
    ) -> dict[str, Any]:
        """Send, cancel or remind. What is answered is undocumented: the envelope (I)."""
        data = bodies.parsed_body(request, required=False)
        allowed = {"send": "", "cancel": "reason", "remind": "signerId"}[action]
        bodies.check_action(data, allowed)
        envelope = self._register.envelope(envelope_id)
        match action:
            case "send":
                self._lifecycle.send(envelope, now)
            case "cancel":
                self._lifecycle.cancel(envelope, now)
            case _:
                self._lifecycle.remind(envelope, data.get("signerId"), now)
        return {"data": envelope.to_json()}

    def _tell(
        self, event: EventName, envelope: Envelope, signer: Signer | None, now: datetime
    ) -> None:
        delivery = to_delivery(
            event,
            envelope,
            signer,
            now,
            shape=self._shape,
            delivery_id=f"evt_{self._register.new_id()}",
            account_secret=self._webhook_secret,
        )
        if delivery is not None:
            self._outgoing.append(delivery)

    def _taken(self) -> list[Delivery]:
        taken, self._outgoing = self._outgoing, []
        return taken


def _state(envelope: Envelope, signer: Signer) -> str:
    if signer.status is SignerStatus.SIGNED:
        return "signed"
    if signer.status is SignerStatus.DECLINED:
        return "declined"
    if envelope.status not in ACTIVE:
        return "closed"
    return "open" if signer.status in ASKED else "waiting"


def _paged(items: list[dict[str, Any]], request: VendorRequest) -> dict[str, Any]:
    page, size = bodies.parsed_paging(request.query)
    pagination = {
        "page": page,
        "pageSize": size,
        "total": len(items),
        "totalPages": -(-len(items) // size),
    }
    return {
        "data": items[(page - 1) * size : page * size],
        "meta": {"pagination": pagination},
    }


def _nowhere(key: str, data: bytes) -> None:
    raise AssertionError(f"no bucket is configured: {len(data)} bytes for {key} are lost")
