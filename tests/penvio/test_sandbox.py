"""The simulated Penvio as a pure core: time is an argument, the bucket a dictionary."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esign_core.sandbox import Act, Delivery, VendorRequest, VendorResponse
from esign_penvio.sandbox import ApiKey, PenvioVendor

START = datetime(2024, 1, 18, 10, 30, tzinfo=UTC)
KEY = "pk_test_full"
READER = "pk_test_reader"
SECRET = "whsec_0123456789"
TENANT = {"email": "jane@example.com", "name": "Jane Doe", "role": "Tenant", "order": 1}
LANDLORD = {"email": "lars@example.com", "name": "Łars Żoë", "role": "Landlord", "order": 2}
LEASE = {"templateId": "tmpl_lease1", "signers": [TENANT, LANDLORD]}


@dataclass
class Account:
    """A customer of the simulated Penvio, who keeps what it sends."""

    vendor: PenvioVendor
    bucket: dict[str, bytes]
    now: datetime = START
    deliveries: list[Delivery] = field(default_factory=list)
    last: VendorResponse = field(default_factory=lambda: VendorResponse(0))

    def ask(self, method: str, path: str, body: Any = None, *, key: str = KEY) -> Any:
        """The body of an answer; the whole answer is `last`."""
        path, _, query = path.partition("?")
        request = VendorRequest(
            method,
            f"/api/v1/esign{path}",
            dict(part.split("=") for part in query.split("&") if part),
            {"authorization": f"Bearer {key}", "content-type": "application/json"},
            b"" if body is None else json.dumps(body).encode(),
        )
        self.last, deliveries = self.vendor.handle(request, self.now)
        self.deliveries += deliveries
        return json.loads(self.last.body)

    def create(self, **fields: Any) -> dict[str, Any]:
        """An envelope, sent, with webhooks."""
        hook = {"webhookUrl": "http://hook.invalid/", "webhookSecret": SECRET}
        answer = self.ask(
            "POST", "/envelopes", {**LEASE, "sendImmediately": True, **hook, **fields}
        )
        assert self.last.status == 201, answer
        return dict(answer["data"])

    def show(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """The envelope as it is now."""
        return dict(self.ask("GET", f"/envelopes/{envelope['id']}")["data"])

    def act(self, name: str, act: Act = Act.SIGN, reason: str = "") -> None:
        """The signer acts on the newest link that was mailed."""
        link = next(e.link for e in reversed(self.vendor.ledger) if e.link and e.signer == name)
        self.deliveries += self.vendor.act(link.rpartition("/")[2], act, self.now, reason)

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)
        self.deliveries += self.vendor.advance(self.now)

    def happened(self) -> list[str]:
        """The ledger, in short."""
        return [f"{e.what} {e.signer}".strip() for e in self.vendor.ledger]

    def told(self) -> list[str]:
        """The events of the webhooks."""
        return [delivery.event for delivery in self.deliveries]


def opened(**options: Any) -> Account:
    """A new account."""
    bucket: dict[str, bytes] = {}
    keys = [ApiKey(KEY), ApiKey(READER, frozenset({"esign:read"}))]
    vendor = PenvioVendor(bucket.__setitem__, keys=keys, **options)
    return Account(vendor, bucket)


@pytest.fixture
def account() -> Account:
    """An account as it is by default."""
    return opened()


def code(answer: Any) -> str:
    """The error's code."""
    return str(answer["error"]["code"])


def test_created_envelope_looks_like_the_documented_sample(account: Account) -> None:
    """Every field of the sample, with its values where the request is the same."""
    sample = {
        "templateName": "Residential Lease",
        "status": "SENT",
        "signingOrder": "SEQUENTIAL",
        "subject": "Please sign",
        "message": "Read first.",
        "metadata": {"orderId": "PO-12345"},
        "webhookUrl": None,
        "expiresAt": "2024-02-01T00:00:00Z",
        "createdAt": "2024-01-18T10:30:00Z",
        "sentAt": "2024-01-18T10:30:00Z",
        "completedAt": None,
        "signedDocumentStorageKey": None,
        "certificateStorageKey": None,
    }
    wish = {name: sample[name] for name in ("subject", "message", "metadata")}
    body = {**LEASE, **wish, "expiresInDays": 14, "sendImmediately": True}
    envelope = account.ask("POST", "/envelopes", body)["data"]
    assert {name: envelope[name] for name in sample} == sample
    assert (
        envelope["documentStorageKey"] == f"esign/envelopes/org_abc/{envelope['id']}/document.pdf"
    )
    tenant = {
        **TENANT,
        "status": "SENT",
        "signedAt": None,
        "declinedAt": None,
        "declineReason": None,
    }
    assert envelope["signers"][0] == {"id": envelope["signers"][0]["id"], **tenant}
    assert set(envelope) == {*sample, "id", "templateId", "signers", "documentStorageKey"}


def test_same_seed_gives_the_same_ids_and_another_seed_others() -> None:
    """A run can be repeated; two runs do not meet in one journal."""
    ids = [opened(seed=seed).create()["id"] for seed in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


def test_draft_asks_nobody_until_it_is_sent_and_can_be_sent_once(account: Account) -> None:
    """A draft is harmless; a second send is INVALID_STATE and asks nobody again."""
    draft = account.create(sendImmediately=False)
    assert (draft["status"], draft["sentAt"], account.happened()) == ("DRAFT", None, [])
    account.wait(days=60)  # the days to expiry count from sending
    assert account.ask("POST", f"/envelopes/{draft['id']}/send")["data"]["status"] == "SENT"
    again = account.ask("POST", f"/envelopes/{draft['id']}/send")
    assert (account.last.status, code(again)) == (400, "INVALID_STATE")
    assert again["error"]["message"] == "Envelope is not in DRAFT status"
    assert account.happened() == ["asked Jane Doe"]
    assert account.told() == ["envelope.sent"]


def test_sequential_signers_are_asked_one_after_the_other(account: Account) -> None:
    """Who comes later is not mailed, and cannot sign, before it is their turn."""
    envelope = account.create()
    account.act("Jane Doe", Act.OPEN)
    account.act("Jane Doe", Act.OPEN)
    assert [s["status"] for s in account.show(envelope)["signers"]] == ["VIEWED", "PENDING"]
    account.act("Jane Doe")
    between = account.show(envelope)
    assert (between["status"], between["signers"][0]["signedAt"]) == (
        "IN_PROGRESS",
        "2024-01-18T10:30:00Z",
    )
    account.wait(hours=1)
    account.act("Łars Żoë")
    assert account.show(envelope)["completedAt"] == "2024-01-18T11:30:00Z"
    assert account.happened() == [
        "asked Jane Doe",
        "opened Jane Doe",
        "signed Jane Doe",
        "asked Łars Żoë",
        "signed Łars Żoë",
        "completed",
    ]
    assert account.told() == [
        "envelope.sent",
        "envelope.viewed",
        "envelope.signed",
        "envelope.signed",
        "envelope.completed",
    ]


def test_parallel_signers_are_asked_at_once(account: Account) -> None:
    """PARALLEL ignores the order."""
    account.create(signingOrder="PARALLEL")
    assert account.happened() == ["asked Jane Doe", "asked Łars Żoë"]


def test_signers_of_the_same_order_are_asked_together(account: Account) -> None:
    """The next step begins when everybody of this one has signed."""
    third = {"email": "eve@example.com", "name": "Eve", "order": 2}
    account.create(signers=[LANDLORD, third, TENANT])
    account.act("Jane Doe")
    assert account.happened()[2:] == ["asked Łars Żoë", "asked Eve"]
    account.act("Eve")
    assert "completed" not in account.happened()
    account.act("Łars Żoë")
    assert account.happened()[-1] == "completed"


def test_who_has_signed_or_is_not_asked_cannot_act(account: Account) -> None:
    """Acts that are not open change nothing and tell nobody."""
    account.create()
    account.act("Jane Doe")
    before = (account.happened(), account.told())
    for act in Act:
        account.act("Jane Doe", act)
    assert account.vendor.act("unknown", Act.SIGN, account.now) == []
    assert (account.happened(), account.told()) == before


def test_declined_envelope_asks_nobody_else_and_can_still_be_cancelled(account: Account) -> None:
    """The documents refuse to cancel COMPLETED, CANCELLED and EXPIRED; DECLINED is not named."""
    envelope = account.create()
    account.act("Jane Doe", Act.DECLINE, "Too dear")
    declined = account.show(envelope)
    assert declined["status"] == "DECLINED"
    assert declined["signers"][0]["declineReason"] == "Too dear"
    assert declined["signers"][0]["declinedAt"] == "2024-01-18T10:30:00Z"
    path = f"/envelopes/{envelope['id']}/cancel"
    assert account.ask("POST", path, {"reason": "x"})["data"]["status"] == "CANCELLED"
    assert account.happened() == ["asked Jane Doe", "declined Jane Doe", "cancelled"]
    assert code(account.ask("POST", path)) == "INVALID_STATE"


@pytest.mark.parametrize("end", ["COMPLETED", "CANCELLED", "EXPIRED"])
def test_ended_envelope_cannot_be_cancelled_reminded_or_signed(account: Account, end: str) -> None:
    """An end is final."""
    envelope = account.create(signers=[TENANT])
    path = f"/envelopes/{envelope['id']}"
    match end:
        case "COMPLETED":
            account.act("Jane Doe")
        case "CANCELLED":
            account.ask("POST", f"{path}/cancel")
        case _:
            account.wait(days=31)
    before = account.happened()
    assert account.show(envelope)["status"] == end
    for action in ("cancel", "remind", "send"):
        assert code(account.ask("POST", f"{path}/{action}")) == "INVALID_STATE"
    account.act("Jane Doe", Act.DECLINE)
    assert account.happened() == before


def test_envelope_expires_at_its_midnight_and_says_so_once(account: Account) -> None:
    """Not a second earlier; by time alone or by the first request after it."""
    envelope = account.create(expiresInDays=14)
    account.wait(days=13, hours=13, minutes=29, seconds=59)
    assert account.show(envelope)["status"] == "SENT"
    account.now += timedelta(seconds=1)
    assert account.show(envelope)["status"] == "EXPIRED"
    account.wait(days=1)
    assert account.told() == ["envelope.sent", "envelope.expired"]


def test_reminder_goes_to_those_who_were_asked_and_have_not_acted(account: Account) -> None:
    """All of them, or the one that is named."""
    envelope = account.create()
    jane, lars = (signer["id"] for signer in envelope["signers"])
    path = f"/envelopes/{envelope['id']}/remind"
    account.ask("POST", path)
    account.ask("POST", path, {"signerId": jane})
    assert account.happened()[1:] == ["reminded Jane Doe"] * 2
    assert code(account.ask("POST", path, {"signerId": lars})) == "INVALID_STATE"  # not yet asked
    assert code(account.ask("POST", path, {"signerId": "signer_none"})) == "NOT_FOUND"
    assert account.vendor.ledger[0].link == account.vendor.ledger[1].link != ""


def test_completed_envelope_has_its_files_in_the_bucket(account: Account) -> None:
    """The original from the start; the signed file and the certificate with completion."""
    envelope = account.create(signers=[TENANT])
    folder = f"esign/envelopes/org_abc/{envelope['id']}"
    assert list(account.bucket) == [f"{folder}/document.pdf"]
    account.act("Jane Doe")
    done = account.show(envelope)
    assert done["signedDocumentStorageKey"] == f"{folder}/signed.pdf"
    assert done["certificateStorageKey"] == f"{folder}/certificate.pdf"
    assert set(account.bucket) == {
        f"{folder}/{n}.pdf" for n in ("document", "signed", "certificate")
    }
    original = account.bucket[f"{folder}/document.pdf"]
    assert account.bucket[f"{folder}/signed.pdf"].startswith(original)
    link = account.vendor.ledger[0].link.rpartition("/")[2]
    assert account.vendor.document(link, 0) == original  # what was read is what was signed


def test_files_can_come_a_moment_after_completion() -> None:
    """COMPLETED without a signed file is possible: the caller has to fetch again."""
    account = opened(files_after=timedelta(seconds=2))
    envelope = account.create(signers=[TENANT])
    account.act("Jane Doe")
    early = account.show(envelope)
    assert (early["status"], early["signedDocumentStorageKey"]) == ("COMPLETED", None)
    account.wait(seconds=2)
    late = account.show(envelope)
    assert late["signedDocumentStorageKey"] in account.bucket


def test_stuck_job_leaves_an_envelope_without_files_until_it_is_let_go(account: Account) -> None:
    """As many as asked for, no more."""
    account.vendor.fault("stuck_job", 1)
    stuck, fine = (account.create(signers=[{**TENANT, "name": n}]) for n in ("Ann", "Bob"))
    account.act("Ann")
    account.act("Bob")
    account.wait(days=1)
    assert account.show(stuck)["signedDocumentStorageKey"] is None
    assert account.show(fine)["signedDocumentStorageKey"] is not None
    account.vendor.fault("stuck_job", 0)
    assert account.show(stuck)["signedDocumentStorageKey"] is not None


def test_ledger_carries_the_callers_metadata_and_the_mailed_link(account: Account) -> None:
    """That is how a test finds out what became of one wish; the API never shows a link."""
    envelope = account.create(metadata={"mark": "esign:env_1"})
    (asked,) = account.vendor.ledger
    assert (asked.mark, asked.channel) == ('{"mark": "esign:env_1"}', "email")
    assert asked.link.startswith("http://vendor.invalid/sign/")
    assert "/sign/" not in json.dumps(account.show(envelope))


def test_link_leads_nowhere_before_it_was_mailed(account: Account) -> None:
    """A draft has no page."""
    account.create(sendImmediately=False)
    token = next(iter(account.vendor._register._signers))
    assert account.vendor.page(token) is None
    assert account.vendor.document(token, 0) is None


@pytest.mark.parametrize("name", ["page", "pageSize"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_paging_out_of_range_is_refused(account: Account, name: str, value: str) -> None:
    """Pages start at 1."""
    answer = account.ask("GET", f"/envelopes?{name}={value}")
    assert (code(answer), list(answer["error"]["details"])) == ("VALIDATION_ERROR", [name])


def test_page_size_is_20_and_at_most_100(account: Account) -> None:
    """As documented."""
    assert account.ask("GET", "/templates")["meta"]["pagination"]["pageSize"] == 20
    assert code(account.ask("GET", "/templates?pageSize=101")) == "VALIDATION_ERROR"
    account.ask("GET", "/templates?pageSize=100")
    assert account.last.status == 200


def test_envelopes_are_listed_in_pages_and_by_status(account: Account) -> None:
    """Every envelope is on exactly one page; a page beyond the last is empty."""
    ids = {account.create(sendImmediately=n % 2 == 0)["id"] for n in range(5)}
    pages = [account.ask("GET", f"/envelopes?page={n}&pageSize=2") for n in (1, 2, 3, 4)]
    assert [len(page["data"]) for page in pages] == [2, 2, 1, 0]
    assert {e["id"] for page in pages for e in page["data"]} == ids
    assert pages[0]["meta"]["pagination"] == {"page": 1, "pageSize": 2, "total": 5, "totalPages": 3}
    drafts = account.ask("GET", "/envelopes?status=DRAFT")["data"]
    assert [e["status"] for e in drafts] == ["DRAFT"] * 2
    assert code(account.ask("GET", "/envelopes?status=draft")) == "VALIDATION_ERROR"


def test_template_shows_fields_and_no_roles(account: Account) -> None:
    """As in the documented sample."""
    template = account.ask("GET", "/templates/tmpl_lease1")["data"]
    assert template in account.ask("GET", "/templates")["data"]
    assert template["fields"][0] == {
        "fieldId": "sig_tenant",
        "type": "SIGNATURE",
        "label": "Tenant Signature",
        "required": True,
        "page": 2,
    }
    assert "roles" not in template


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"templateId": 7}, "templateId"),
        ({"templateId": ""}, "templateId"),
        ({"signers": []}, "signers"),
        ({"signers": [TENANT] * 21}, "signers"),
        ({"signers": {}}, "signers"),
        ({"signers": ["Jane"]}, "signers.0"),
        ({"signers": [TENANT, {"name": "Lars"}]}, "signers.1.email"),
        ({"signers": [{**TENANT, "email": "jane"}]}, "signers.0.email"),
        ({"signers": [{**TENANT, "email": 7}]}, "signers.0.email"),
        ({"signers": [{**TENANT, "name": " "}]}, "signers.0.name"),
        ({"signers": [{**TENANT, "role": "Buyer"}]}, "signers.0.role"),
        ({"signers": [{**TENANT, "role": None}]}, "signers.0.role"),
        ({"signers": [{**TENANT, "order": 0}]}, "signers.0.order"),
        ({"signers": [{**TENANT, "order": "1"}]}, "signers.0.order"),
        ({"signers": [{**TENANT, "order": True}]}, "signers.0.order"),
        ({"signers": [{**TENANT, "phone": "+45"}]}, "signers.0.phone"),
        ({"subject": None}, "subject"),
        ({"message": 7}, "message"),
        ({"metadata": "x"}, "metadata"),
        ({"webhookUrl": "ftp://hook.invalid"}, "webhookUrl"),
        ({"webhookUrl": "http://[hook"}, "webhookUrl"),
        ({"webhookUrl": 7}, "webhookUrl"),
        ({"webhookSecret": "fifteen letters"}, "webhookSecret"),
        ({"webhookSecret": 7}, "webhookSecret"),
        ({"expiresInDays": 0}, "expiresInDays"),
        ({"expiresInDays": 1.5}, "expiresInDays"),
        ({"expiresInDays": 10**9}, "expiresInDays"),
        ({"signingOrder": "parallel"}, "signingOrder"),
        ({"signingOrder": ["PARALLEL"]}, "signingOrder"),
        ({"sendImmediately": "true"}, "sendImmediately"),
        ({"reference": "x"}, "reference"),
    ],
)
def test_body_against_the_documents_is_refused(
    account: Account, change: dict[str, Any], field: str
) -> None:
    """VALIDATION_ERROR names the field, and nothing is made."""
    answer = account.ask("POST", "/envelopes", {**LEASE, **change})
    assert (account.last.status, code(answer)) == (400, "VALIDATION_ERROR")
    assert list(answer["error"]["details"]) == [field]
    assert all(isinstance(why, str) for why in answer["error"]["details"][field])
    assert (account.bucket, account.ask("GET", "/envelopes")["data"]) == ({}, [])


def test_every_wrong_field_is_told_at_once(account: Account) -> None:
    """Missing fields too."""
    answer = account.ask("POST", "/envelopes", {"signers": [{}], "subject": 7})
    told = set(answer["error"]["details"])
    assert told == {"templateId", "subject", "signers.0.email", "signers.0.name"}


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"[]", b"\xff", b"null"])
def test_body_that_is_no_object_is_refused(account: Account, body: bytes) -> None:
    """VALIDATION_ERROR, never a crash."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json; charset=utf-8"}
    request = VendorRequest("POST", "/api/v1/esign/envelopes", {}, headers, body)
    assert account.vendor.handle(request, START)[0].status == 400


def test_body_of_another_type_is_refused(account: Account) -> None:
    """The documents speak JSON only."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "text/plain"}
    body = json.dumps(LEASE).encode()
    request = VendorRequest("POST", "/api/v1/esign/envelopes", {}, headers, body)
    assert b"Content-Type" in account.vendor.handle(request, START)[0].body


@pytest.mark.parametrize(
    ("action", "body"),
    [("send", {"now": True}), ("cancel", {"reason": 7}), ("remind", {"signer": "x"})],
)
def test_optional_body_is_checked_too(account: Account, action: str, body: dict[str, Any]) -> None:
    """What is not documented is refused there as well."""
    envelope = account.create(sendImmediately=False)
    answer = account.ask("POST", f"/envelopes/{envelope['id']}/{action}", body)
    assert code(answer) == "VALIDATION_ERROR"
    assert account.show(envelope)["status"] == "DRAFT"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/templates/tmpl_none"),
        ("GET", "/envelopes/env_none"),
        ("POST", "/envelopes/env_none/send"),
        ("GET", "/envelopes/env_none/send"),
        ("DELETE", "/envelopes/env_none"),
        ("POST", "/templates"),
        ("GET", "/nothing"),
        ("GET", "/../other"),
    ],
)
def test_what_is_not_there_is_not_found(account: Account, method: str, path: str) -> None:
    """Unknown ids, and calls that Penvio does not have."""
    assert (code(account.ask(method, path)), account.last.status) == ("NOT_FOUND", 404)


def test_path_outside_the_api_and_unknown_template_are_not_found(account: Account) -> None:
    """NOT_FOUND in both cases."""
    headers = {"authorization": f"Bearer {KEY}"}
    response, _ = account.vendor.handle(VendorRequest("GET", "/", {}, headers), START)
    assert response.status == 404
    assert code(account.ask("POST", "/envelopes", {**LEASE, "templateId": "x"})) == "NOT_FOUND"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", KEY])
def test_without_a_valid_key_nothing_is_answered(account: Account, header: str) -> None:
    """UNAUTHORIZED 401."""
    request = VendorRequest("GET", "/api/v1/esign/templates", {}, {"authorization": header})
    response, _ = account.vendor.handle(request, START)
    assert (response.status, code(json.loads(response.body))) == (401, "UNAUTHORIZED")


def test_revoked_key_is_refused_at_once(account: Account) -> None:
    """The others go on."""
    account.vendor.keyring.revoke(KEY)
    assert code(account.ask("GET", "/templates")) == "UNAUTHORIZED"
    account.ask("GET", "/templates", key=READER)
    assert account.last.status == 200


def test_key_without_the_scope_is_forbidden(account: Account) -> None:
    """A reader reads; anything else is FORBIDDEN 403 and changes nothing."""
    envelope = account.create()
    for path in ("", f"/{envelope['id']}/cancel"):
        answer = account.ask("POST", f"/envelopes{path}", LEASE, key=READER)
        assert (account.last.status, code(answer)) == (403, "FORBIDDEN")
    assert (
        account.ask("GET", f"/envelopes/{envelope['id']}", key=READER)["data"]["status"] == "SENT"
    )


def test_account_without_a_bucket_is_forbidden_to_send() -> None:
    """403 also means that the customer's storage bucket is not configured."""
    account = Account(PenvioVendor(None, keys=[ApiKey(KEY)]), {})
    assert code(account.ask("POST", "/envelopes", LEASE)) == "FORBIDDEN"


def test_monthly_quota_is_enforced_and_starts_anew(account: Account) -> None:
    """QUOTA_EXCEEDED 403, until the month is over."""
    account = opened(quota=1)
    account.create()
    answer = account.ask("POST", "/envelopes", LEASE)
    assert (account.last.status, code(answer)) == (403, "QUOTA_EXCEEDED")
    account.wait(days=14)
    account.create()


def test_no_15_minutes_hold_more_requests_than_the_limit() -> None:
    """Per key, wherever the 15 minutes begin; the headers tell how much is left."""
    account = opened(limit=3)
    left = []
    for minute in (0, 10, 10):
        account.now = START + timedelta(minutes=minute)
        account.ask("GET", "/templates")
        left.append(account.last.headers["x-ratelimit-remaining"])
    assert left == ["2", "1", "0"]
    assert code(account.ask("GET", "/templates")) == "RATE_LIMITED"
    assert account.last.status == 429
    reset = datetime.fromtimestamp(int(account.last.headers["x-ratelimit-reset"]), UTC)
    assert reset == START + timedelta(minutes=15)
    account.ask("GET", "/templates", key=READER)
    assert account.last.status == 200  # another key, another budget
    account.now = reset
    account.ask("GET", "/templates")
    assert account.last.status == 200  # the first has left the window, the two others have not
    assert code(account.ask("GET", "/templates")) == "RATE_LIMITED"


def test_limit_is_ten_thousand(account: Account) -> None:
    """As documented."""
    account.ask("GET", "/templates")
    assert account.last.headers["x-ratelimit-limit"] == "10000"


def test_refusals_on_demand_are_in_penvios_own_words(account: Account) -> None:
    """Faults look like the real thing."""
    limited, broken = account.vendor.refusal(429, START), account.vendor.refusal(503, START)
    assert (limited.status, code(json.loads(limited.body))) == (429, "RATE_LIMITED")
    assert (broken.status, code(json.loads(broken.body))) == (503, "INTERNAL_ERROR")


def test_webhook_in_the_shape_of_the_api_page(account: Account) -> None:
    """Body and bare hexadecimal signature, as the API page documents them."""
    envelope = account.create(signers=[TENANT])
    account.act("Jane Doe")
    sent, signed, completed = account.deliveries
    jane = {"id": envelope["signers"][0]["id"], "email": "jane@example.com", "name": "Jane Doe"}
    assert json.loads(signed.body) == {
        "event": "envelope.signed",
        "timestamp": "2024-01-18T10:30:00Z",
        "data": {
            "envelopeId": envelope["id"],
            "status": "IN_PROGRESS",
            "signer": {**jane, "signedAt": "2024-01-18T10:30:00Z"},
        },
    }
    assert json.loads(completed.body)["data"] == {
        "envelopeId": envelope["id"],
        "status": "COMPLETED",
    }
    assert "signer" not in json.loads(sent.body)["data"]
    expected = hmac.new(SECRET.encode(), signed.body, hashlib.sha256).hexdigest()
    assert signed.headers["X-Penvio-Signature"] == expected
    assert (signed.url, signed.subject) == ("http://hook.invalid/", envelope["id"])


def test_webhook_without_a_secret_is_unsigned_in_that_shape(account: Account) -> None:
    """Only who gave a secret gets a signature."""
    hook = {"webhookUrl": "http://hook.invalid/", "sendImmediately": True}
    account.ask("POST", "/envelopes", {**LEASE, **hook})
    assert "X-Penvio-Signature" not in account.deliveries[0].headers


def test_without_a_url_there_are_no_webhooks(account: Account) -> None:
    """They are set per envelope."""
    account.ask("POST", "/envelopes", {**LEASE, "sendImmediately": True})
    account.act("Jane Doe")
    assert account.deliveries == []


@pytest.mark.parametrize("secret", [SECRET, None])
def test_webhook_in_the_shape_of_the_webhooks_page(secret: str | None) -> None:
    """Body with an id, `sha256=` before the signature, always signed."""
    account = opened(webhook_shape="page", webhook_secret="account-wide-secret")
    given = {"webhookSecret": secret} if secret else {}
    hook = {"webhookUrl": "http://hook.invalid/", "sendImmediately": True, **given}
    envelope = account.ask("POST", "/envelopes", {**LEASE, "signers": [TENANT], **hook})["data"]
    account.act("Jane Doe")
    completed = account.deliveries[-1]
    body = json.loads(completed.body)
    assert (body["type"], body["createdAt"]) == ("envelope.completed", "2024-01-18T10:30:00Z")
    folder = f"esign/envelopes/org_abc/{envelope['id']}"
    assert body["data"] == {
        "envelopeId": envelope["id"],
        "status": "COMPLETED",
        "completedAt": "2024-01-18T10:30:00Z",
        "signers": [
            {
                "id": envelope["signers"][0]["id"],
                "email": "jane@example.com",
                "status": "SIGNED",
                "signedAt": "2024-01-18T10:30:00Z",
            }
        ],
        "documentStorageKey": f"{folder}/signed.pdf",
        "certificateStorageKey": f"{folder}/certificate.pdf",
    }
    ids = [json.loads(delivery.body)["id"] for delivery in account.deliveries]
    assert len(set(ids)) == len(ids) == 3
    key = (secret or "account-wide-secret").encode()
    digest = hmac.new(key, completed.body, hashlib.sha256).hexdigest()
    assert completed.headers["X-Penvio-Signature"] == f"sha256={digest}"


def test_shape_of_the_webhooks_page_knows_no_cancelled() -> None:
    """That page lists the same events without it."""
    account = opened(webhook_shape="page")
    envelope = account.create()
    account.ask("POST", f"/envelopes/{envelope['id']}/cancel")
    assert account.told() == ["envelope.sent"]
    assert account.show(envelope)["status"] == "CANCELLED"
