"""The simulated Penvio as a server: over loopback, with a real bucket and real signatures."""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from obstore.store import from_url
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from esign_core.sandbox import Control
from esign_penvio.sandbox import PenvioSandbox, PenvioVendor

if TYPE_CHECKING:
    from tests.penvio.conftest import Receiver

LEASE = {
    "templateId": "tmpl_lease1",
    "signers": [
        {"name": "Jane Doe", "email": "jane@example.com", "role": "Tenant"},
        {"name": "Lars", "email": "lars@example.com", "role": "Landlord"},
    ],
    "sendImmediately": True,
}


@pytest.fixture
def settings(sandbox: PenvioSandbox, receiver: Receiver) -> dict[str, Any]:
    """What the simulator hands to a connection."""
    return sandbox.connect(receiver.url)


@pytest.fixture
def http(settings: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client made from the settings alone."""
    headers = {"authorization": f"Bearer {settings['api_key']}"}
    with httpx.Client(base_url=settings["base_url"], headers=headers, trust_env=False) as client:
        yield client


def send(http: httpx.Client, settings: dict[str, Any]) -> dict[str, Any]:
    """A lease that asks its tenant."""
    hook = {
        "webhookUrl": settings["webhook_url"],
        "webhookSecret": settings["webhook_secrets"][0],
    }
    answer: dict[str, Any] = http.post("/esign/envelopes", json={**LEASE, **hook}).json()["data"]
    return answer


def test_two_people_sign_and_the_customer_has_it_all(
    sandbox: PenvioSandbox,
    http: httpx.Client,
    settings: dict[str, Any],
    control: Control,
    receiver: Receiver,
) -> None:
    """The main job: signing pages, signed webhooks, and a signed file in the customer's bucket."""
    envelope = send(http, settings)
    for turn in range(2):
        control.sign_page(control.links(envelope["id"])[turn])
    control.settle()
    done = http.get(f"/esign/envelopes/{envelope['id']}").json()["data"]
    assert done["status"] == "COMPLETED"

    assert [one["event"] for one in control.deliveries()] == [
        f"envelope.{what}" for what in ("sent", "viewed", "signed", "viewed", "signed", "completed")
    ]
    secret = settings["webhook_secrets"][0].encode()
    for body, signature in receiver.taken:
        assert hmac.new(secret, body, hashlib.sha256).hexdigest() == signature
    assert len(receiver.taken) == 6

    bucket = from_url(settings["bucket_url"])
    signed = bytes(bucket.get(done["signedDocumentStorageKey"]).bytes())
    reader = PdfFileReader(io.BytesIO(signed))
    assert reader.root["/Pages"]["/Count"] == 3  # the template's two, and the signatures
    vendor = sandbox.simulation.vendor
    assert isinstance(vendor, PenvioVendor)
    root = list(load_certs_from_pemder_data(vendor.stationery.root_certificate))
    (signature,) = reader.embedded_signatures
    result: Any = validate_pdf_signature(signature, ValidationContext(trust_roots=root))
    assert (result.intact, result.trusted, result.bottom_line) == (True, True, True)
    assert bytes(bucket.get(done["certificateStorageKey"]).bytes()).startswith(b"%PDF-")
    assert signed.startswith(bytes(bucket.get(done["documentStorageKey"]).bytes()))


def test_announcement_is_enough_to_get_in(sandbox: PenvioSandbox) -> None:
    """`esign sandbox --json` prints these five, and they work."""
    told = sandbox.announce()
    assert set(told) == {"base_url", "api_key", "bucket_url", "template_id", "control_url"}
    headers = {"authorization": f"Bearer {told['api_key']}"}
    url = f"{told['base_url']}/esign/templates/{told['template_id']}"
    assert httpx.get(url, headers=headers, trust_env=False).json()["data"]["pageCount"] == 2


def test_settings_without_webhooks_name_none(sandbox: PenvioSandbox) -> None:
    """No URL, no setting; the template's roles are mapped."""
    settings = sandbox.connect()
    assert "webhook_url" not in settings
    assert settings["templates"]["lease"]["roles"] == {"tenant": "Tenant", "landlord": "Landlord"}


def test_two_runs_have_different_ids_and_keys() -> None:
    """Ids of two runs never meet in one journal, unless the seed is given."""
    assert PenvioSandbox().api_key != PenvioSandbox().api_key
    assert PenvioSandbox(seed="a").api_key == PenvioSandbox(seed="a").api_key


def test_declined_envelope_is_told_with_its_reason(
    http: httpx.Client, settings: dict[str, Any], control: Control
) -> None:
    """The reason typed on the page is in the envelope."""
    envelope = send(http, settings)
    control.decline_page(control.links()[0], "Too dear")
    declined = http.get(f"/esign/envelopes/{envelope['id']}").json()["data"]
    assert (declined["status"], declined["signers"][0]["declineReason"]) == ("DECLINED", "Too dear")


def test_lost_answer_leaves_an_envelope_that_the_list_finds(
    http: httpx.Client, settings: dict[str, Any], control: Control
) -> None:
    """What a library has to cope with: it was sent, and nobody said so."""
    control.fault("lost_answer", match="POST /api/v1/esign/envelopes")
    with pytest.raises(httpx.RemoteProtocolError):
        send(http, settings)
    assert http.get("/esign/envelopes").json()["meta"]["pagination"]["total"] == 1
    assert [entry["what"] for entry in control.ledger()] == ["asked"]


def test_fault_is_answered_in_penvios_words(http: httpx.Client, control: Control) -> None:
    """A 429 on demand has Penvio's code."""
    control.fault("rate_limited")
    reply = http.get("/esign/templates")
    assert (reply.status_code, reply.json()["error"]["code"]) == (429, "RATE_LIMITED")


def test_bucket_may_be_the_customers_own(tmp_path: Any) -> None:
    """Files go where `bucket_url` leads, and stay when the simulator stops."""
    with PenvioSandbox(bucket_url=tmp_path.as_uri(), seed="x") as sandbox:
        settings = sandbox.connect()
        headers = {"authorization": f"Bearer {settings['api_key']}"}
        url = f"{settings['base_url']}/esign/envelopes"
        httpx.post(url, json=LEASE, headers=headers, trust_env=False).raise_for_status()
    assert settings["bucket_url"] == tmp_path.as_uri()
    assert [path.name for path in tmp_path.rglob("*.pdf")] == ["document.pdf"]
