from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import Act

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer, Envelope

NUMBER = {"socialSecurityNumberPlain": "0101701234"}
ASKED = "Who you are is checked before you read"


def page(envelope: Envelope) -> Any:
    """What stands behind the first signing link."""
    return envelope.customer.vendor.page(envelope.token())


@pytest.mark.parametrize(
    ("act", "redirect"),
    [
        (Act.OPEN, ""),
        (Act.SIGN, "https://example.com/done"),
        (Act.DECLINE, "https://example.com/failed"),
    ],
)
def test_browser_goes_where_the_sender_said(customer: Customer, act: Act, redirect: str) -> None:
    """After signing and after declining, and nowhere before."""
    wish = {"successUrl": "https://example.com/done", "failUrl": "https://example.com/failed"}
    envelope = customer.send({"name": "Jane", **wish})
    envelope.act(act)
    assert page(envelope).redirect == redirect


def test_browser_stays_where_nobody_said(customer: Customer) -> None:
    """Without an address the signer stays on the page."""
    envelope = customer.send({"name": "Jane"})
    envelope.act(Act.SIGN)
    assert page(envelope).redirect == ""


@pytest.mark.parametrize(
    ("signer", "case_file", "notes"),
    [
        ({}, {}, ()),
        ({"onBehalfOf": "Doe Ltd"}, {}, ("You sign on behalf of Doe Ltd.",)),
        ({}, {"signOnMeeting": True}, ("The documents are signed in a meeting.",)),
        ({"accessControl": True, **NUMBER}, {}, (f"{ASKED} (legacy).",)),
        ({"ssnType": "dk:cpr", **NUMBER}, {"accessControl": True}, (f"{ASKED} (dk:cpr).",)),
        ({"vatin": "12345678"}, {"sensitiveData": True}, (f"{ASKED} (vatin).",)),
        ({"secureSigningMethods": ["mitid.dk"]}, {}, ("You can sign with: mitid.dk.",)),
        ({"insecureSigningMethods": ["draw"]}, {}, ()),
        ({"enableInsecureSigning": True}, {}, ("You can sign with: text, draw, image.",)),
        (
            {
                "secureSigningMethods": ["bankid_se"],
                "enableInsecureSigning": True,
                "insecureSigningMethods": ["draw"],
            },
            {},
            ("You can sign with: bankid_se, draw.",),
        ),
    ],
)
def test_page_says_how_one_signs_and_what_is_checked(
    customer: Customer, signer: dict[str, Any], case_file: dict[str, Any], notes: tuple[str, ...]
) -> None:
    """What the sender asked for, in words; the simulator then believes everybody."""
    assert page(customer.send({"name": "Jane", **signer}, **case_file)).notes == notes


def test_page_describes_the_documents_one_may_see(customer: Customer) -> None:
    """In visibility mode 1 nothing is said of what is hidden."""
    described = {"name": "lease.pdf", "title": "Lease", "description": "Three years"}
    envelope = customer.send(documents=[described])
    assert page(envelope).notes == ("Lease: Three years",)
    hidden = {**described, "roles": ["Owner"]}
    signers = [{"name": "Jane", "role": "Tenant"}, {"name": "Bo", "role": "Owner"}]
    envelope = customer.send(*signers, documents=[hidden], visibilityMode=1)
    assert page(envelope).notes == ()


def test_html_is_for_mail_alone(customer: Customer) -> None:
    """The page shows a text that was asked for, and no tags."""
    for format_, message in (("text", "Read <it>"), ("html", "Please sign Lease 14.")):
        wish = {"emailText": "Read <it>", "emailFormat": format_}
        assert page(customer.send({"name": "Jane", **wish})).message == message
