from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from esign_core.errors import InvalidDraft
from esign_core.model import CopyRecipient, Identity, IdentityMethod, Redirects, Signer

_ADDRESS = "must be a web address such as https://example.com/signed"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "canary", "email: is not an e-mail address"),
        ("email", "canary@x", "email: is not an e-mail address"),
        ("email", "canary@x.", "email: is not an e-mail address"),
        ("email", "can ary@example.com", "email: is not an e-mail address"),
        ("email", "canary@example.com\n", "email: is not an e-mail address"),
        ("email", "cana\u202ery@example.com", "email: is not an e-mail address"),
        ("phone", "4512345678", "phone: must be in E.164 form, such as +4512345678"),
        ("phone", "+0512345678", "phone: must be in E.164 form, such as +4512345678"),
        ("language", "Danish", "language: must be a language tag such as en or da"),
        ("name", " ", "name: must be a name, without control characters"),
        ("name", "Ann\x1b[2J", "name: must be a name, without control characters"),
        ("name", "x" * 256, "name: must have at most 255 characters"),
        ("role", "", "role: must not be empty"),
        ("order", 0, "order: must be 1 or more"),
        ("action", "dance", 'action: must be "sign", "approve" or "view"'),
        ("delivery", "pigeon", 'delivery: must be "email" or "link"'),
        ("redirects", {"signed": "canary"}, f"redirects.signed: {_ADDRESS}"),
        ("redirects", {"signed": "javascript:canary"}, f"redirects.signed: {_ADDRESS}"),
        ("redirects", {"failed": "https://[canary"}, f"redirects.failed: {_ADDRESS}"),
        ("redirects", {"failed": "https://x/ canary"}, f"redirects.failed: {_ADDRESS}"),
        ("identity", {"method": "national_id"}, "identity.country: is needed for national_id"),
        ("identity", {"method": "electronic_id"}, "identity.country: is needed for electronic_id"),
        ("emial", "canary@example.com", 'emial: is not known here. Did you mean "email"?'),
    ],
)
def test_a_wrong_field_is_named_without_its_value(field: str, value: Any, message: str) -> None:
    """The message says which field and why; what was written may be private."""
    with pytest.raises(InvalidDraft) as caught:
        Signer.model_validate({"name": "Ann", field: value})
    end = "" if message.endswith("?") else "."
    assert str(caught.value) == f"Signer: {message}{end} Nothing was sent."
    assert "canary" not in f"{caught.value!r}{caught.value.problems!r}"


def test_what_is_right_stays_as_it_is_written() -> None:
    """Nothing is trimmed, folded or guessed."""
    ann = Signer(name="Ann Ø.", email="Ann+1@Example.COM", phone="+4512345678", language="pt-BR")
    assert (ann.name, ann.email) == ("Ann Ø.", "Ann+1@Example.COM")
    assert (ann.phone, ann.language) == ("+4512345678", "pt-BR")
    assert (ann.action, ann.delivery, ann.order, ann.role) == ("sign", "email", None, None)


def test_a_signer_cannot_be_changed() -> None:
    """What was checked is what is sent."""
    ann = Signer(name="Ann")
    with pytest.raises(ValueError, match="frozen"):
        ann.name = "Eve"  # type: ignore[misc]


def test_a_country_is_two_capital_letters() -> None:
    """Whose scheme it is, as ISO 3166 alpha-2."""
    with pytest.raises(InvalidDraft, match="country"):
        Identity(method=IdentityMethod.NATIONAL_ID, country="Denmark")


def test_people_are_printed_by_name_alone() -> None:
    """No address, number, national id or message is in a repr or str."""
    ann = Signer(
        name="Ann",
        email="canary@example.com",
        phone="+4599999999",
        message="canary",
        redirects=Redirects(signed="https://example.com/canary"),
        identity=Identity(
            method=IdentityMethod.NATIONAL_ID, country="DK", number=SecretStr("canary")
        ),
    )
    eve = CopyRecipient(name="Eve", email="canary@example.com")
    printed = f"{ann} {ann!r} {eve} {eve!r} {ann.identity!r}"
    assert "Ann" in printed
    assert "Eve" in printed
    assert "canary" not in printed
    assert "99999999" not in printed
