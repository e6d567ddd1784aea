"""Penneo, simulated: one account, and which of its parts answers which call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import ClassVar

from esign_core.sandbox import (
    Act,
    Delivery,
    SigningPage,
    Stationery,
    Vendor,
    VendorRequest,
    VendorResponse,
)
from esign_penneo.sandbox.account import Behaviour, Ids, sandbox_credentials
from esign_penneo.sandbox.agenda import Agenda
from esign_penneo.sandbox.casefiles import Signer
from esign_penneo.sandbox.create import read_base64_wish, read_multipart_wish
from esign_penneo.sandbox.jobs import Jobs
from esign_penneo.sandbox.legacy import LegacyWebhooks
from esign_penneo.sandbox.lifecycle import CaseFiles
from esign_penneo.sandbox.oauth import OAuth
from esign_penneo.sandbox.pages import page_of
from esign_penneo.sandbox.presentation import (
    check_send_token,
    check_sign_token,
    check_webhook_token,
)
from esign_penneo.sandbox.refusals import Refused, send_refusal, sign_refusal
from esign_penneo.sandbox.signapi import SignApi
from esign_penneo.sandbox.webhooks import Webhooks

_Answer = Callable[..., VendorResponse]


class _Family(Enum):
    """How a call wants its token presented."""

    OPEN = auto()
    SEND = auto()
    SIGN = auto()
    WEBHOOK = auto()


class PenneoVendor(Vendor):
    """One Penneo account with its OAuth server, as documented and no more forgiving than that.

    The same seed and the same calls give the same ids, secrets and deliveries.
    """

    name: ClassVar[str] = "penneo"
    signing_path: ClassVar[str] = "/signing"  # seed, V

    def __init__(self, *, seed: int = 1, behaviour: Behaviour | None = None) -> None:
        super().__init__()
        self.behaviour = behaviour or Behaviour()
        self.stationery = Stationery("Penneo sandbox")
        self._ids = Ids(seed)
        self._request_ids = Ids(seed + 1)  # how often a job is polled must not change other ids
        self.credentials = sandbox_credentials(self._ids)
        self._agenda = Agenda()
        self.ahead: Callable[[], timedelta] = timedelta  # which, called, is none
        """How far a test has made this clock leap ahead of the customers' clocks."""
        self._oauth = OAuth(self.credentials, self.behaviour, self._ids, self._lead)
        self._case_files = CaseFiles(
            self.behaviour, self._ids, self._agenda, self.ledger.append, self.link
        )
        self._jobs = Jobs(self._case_files, self._ids, self._agenda, self.link)
        self._sign = SignApi(self._case_files, self.stationery, self.link)
        self._webhooks = Webhooks(self.behaviour, self._ids)
        self._legacy = LegacyWebhooks(self._ids)
        self._routes = self._table()

    def handle(
        self, request: VendorRequest, now: datetime
    ) -> tuple[VendorResponse, list[Delivery]]:
        """Answer one request, after doing what has become due until now."""
        self._settle(now)
        try:
            answer = self._answer(request, now)
        except Refused as refused:
            answer = refused.answer
        return self._numbered(answer), self._deliveries(now)

    def advance(self, now: datetime) -> list[Delivery]:
        """Finish jobs and documents, send and remind, let expire: whatever is due."""
        self._settle(now)
        return self._deliveries(now)

    def page(self, token: str) -> SigningPage | None:
        """What stands behind a signing link."""
        seat = self._case_files.seat(token)
        if seat is None:
            return None
        case_file, signer = seat
        return page_of(case_file, signer)

    def document(self, token: str, index: int) -> bytes | None:
        """What a signer reads there."""
        seat = self._case_files.seat(token)
        documents = [] if seat is None else seat[0].visible_to(seat[1])
        return documents[index].original if 0 <= index < len(documents) else None

    def act(self, token: str, act: Act, now: datetime, reason: str = "") -> list[Delivery]:
        """What a signer does there."""
        self._settle(now)
        if (seat := self._case_files.seat(token)) is not None:
            self._case_files.act(*seat, act, now, reason)
        return self._deliveries(now)

    def refusal(self, status: int, now: datetime) -> VendorResponse:  # noqa: ARG002
        """A refusal on demand, in the words of the Send API."""
        return self._numbered(send_refusal(status, "Fault on demand").answer)

    def fault(self, kind: str, times: int | None) -> None:
        """`stuck_job`: jobs stay pending; when it ends they begin, as after a vendor's outage."""
        if kind == "stuck_job":
            self._jobs.stick(times)
        else:
            super().fault(kind, times)

    def subscribe(self, endpoint: str) -> str:
        """The secret of a webhook subscription to every event, made as an administrator would."""
        return self._webhooks.subscribe(endpoint)

    @property
    def contacts(self) -> Mapping[str, str]:
        """The account's contacts: names by e-mail address."""
        return self._case_files.contacts

    def link(self, signer: Signer) -> str:
        """A signer's signing link."""
        return f"{self.base_url}{self.signing_path}/{signer.token}"

    def _lead(self) -> timedelta:
        return self.ahead()

    def _settle(self, now: datetime) -> None:
        self._jobs.resume(now)
        self._agenda.settle(now)

    def _numbered(self, answer: VendorResponse) -> VendorResponse:
        request_id = {"x-penneo-request-id": self._request_ids.uuid()}  # V
        return replace(answer, headers={**answer.headers, **request_id})

    def _answer(self, request: VendorRequest, now: datetime) -> VendorResponse:
        known = False
        for method, path, family, answer in self._routes:
            if (found := path.fullmatch(request.path)) is None:
                continue
            known = True
            if method == request.method:
                if (check := _CHECKS.get(family)) is not None:
                    check(self._oauth, request, now)
                return answer(request, now, *found.groups())
        raise sign_refusal(405 if known else 404, f"No {request.method} {request.path}")

    def _deliveries(self, now: datetime) -> list[Delivery]:
        occurrences, self._case_files.occurrences = self._case_files.occurrences, []
        return [
            # signed for the receivers' clocks, which leap with no test
            *self._webhooks.deliveries(occurrences, now - self._lead()),
            *self._legacy.deliveries(occurrences),
        ]

    def _create_from_form(self, request: VendorRequest, now: datetime) -> VendorResponse:
        return self._jobs.accept(read_multipart_wish(request), 200, now)  # Postman, V

    def _create_from_json(self, request: VendorRequest, now: datetime) -> VendorResponse:
        return self._jobs.accept(read_base64_wish(request), 201, now)  # connector, V

    def _table(self) -> list[tuple[str, re.Pattern[str], _Family, _Answer]]:
        """Every documented call. `#` is a number, `*` anything else; both go to the method."""
        oauth, sign, hooks, legacy = self._oauth, self._sign, self._webhooks, self._legacy
        environment = self.behaviour.environment
        send = "/send/api/v1/casefiles"
        case = "/api/v1/casefiles"
        new = "/webhook/api/v1/subscriptions"
        old = "/api/v1/webhook/subscriptions"
        is_open, is_send, is_sign, is_hook = _Family
        rows: list[tuple[str, str, _Family, _Answer]] = [
            ("GET", "/oauth/authorize", is_open, oauth.authorize),
            ("POST", "/oauth/token", is_open, oauth.token),
            ("POST", "/oauth/revoke", is_open, oauth.revoke),  # path: I
            ("POST", f"{send}/20251022/create", is_send, self._create_from_form),
            (
                "POST",
                f"{send}/json/20251022/create-{environment}-base64",
                is_send,
                self._create_from_json,
            ),
            ("POST", "/send/api/v1/queue/public/status", is_open, self._jobs.status),
            ("GET", case, is_sign, sign.listing),
            ("GET", f"{case}/#", is_sign, sign.show),
            ("GET", "/api/v3/casefiles/#", is_sign, sign.show),
            ("DELETE", f"{case}/#", is_sign, sign.delete),
            ("PATCH", f"{case}/#/send", is_sign, sign.send),
            ("PATCH", f"{case}/#/activate", is_sign, sign.activate),
            ("GET", f"{case}/#/documents", is_sign, sign.documents),
            ("GET", f"{case}/#/signers", is_sign, sign.signers),
            ("GET", f"{case}/#/signers/#/signingrequests", is_sign, sign.requests),
            ("GET", f"{case}/#/signers/#/log", is_sign, sign.log),
            ("GET", "/api/v1/signingrequests/#/link", is_sign, sign.link),
            ("PATCH", "/api/v1/signingrequests/#/send", is_sign, sign.remind),
            ("GET", "/api/v3/documents/#/content", is_sign, sign.content),
            ("GET", "/api/v1/folders", is_sign, sign.folders),
            ("POST", new, is_hook, hooks.create),
            ("GET", new, is_hook, hooks.listing),
            ("POST", f"{new}/test", is_hook, hooks.test),
            ("GET", f"{new}/*", is_hook, hooks.show),
            ("PUT", f"{new}/*", is_hook, hooks.replace),
            ("DELETE", f"{new}/*", is_hook, hooks.delete),
            ("POST", old, is_sign, legacy.create),
            ("GET", old, is_sign, legacy.listing),
            ("POST", f"{old}/#/confirm", is_sign, legacy.confirm),
            ("POST", f"{old}/#/test", is_sign, legacy.test),
            ("DELETE", f"{old}/#", is_sign, legacy.delete),
        ]
        return [(method, _pattern(path), family, answer) for method, path, family, answer in rows]


_CHECKS = {
    _Family.SEND: check_send_token,
    _Family.SIGN: check_sign_token,
    _Family.WEBHOOK: check_webhook_token,
}


def _pattern(path: str) -> re.Pattern[str]:
    text = re.escape(path).replace(r"\#", r"(\d{1,18})").replace(r"\*", "([^/]+)")
    return re.compile(text, re.ASCII)
