"""What of one signer Penneo does not take, told before any request, and what it does take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from esign_core.model import EnvelopeDraft, Feature, Gap, Identity, IdentityMethod, Signer
from esign_core.provider import gaps_of
from esign_penneo import PenneoOptions, PenneoProvider, PenneoSignerOptions

MakeProvider = Callable[..., PenneoProvider]
MakeDraft = Callable[..., EnvelopeDraft]
GapsOf = Callable[..., tuple[Gap, ...]]

NATIONAL, SMS = IdentityMethod.NATIONAL_ID, IdentityMethod.SMS
ELECTRONIC, PASSPORT = IdentityMethod.ELECTRONIC_ID, IdentityMethod.PASSPORT
NUMBER = SecretStr("0101701234")
PHONE = "+4512345678"
AT = "signers[0]"
OWN = "signers[0].options.penneo"


@pytest.fixture
def gaps(provider: PenneoProvider, make_draft: MakeDraft) -> GapsOf:
    """The gaps of a draft with one signer, who has wishes of Penneo's."""

    def find(
        *, own: dict[str, Any] | None = None, everyone: dict[str, Any] | None = None, **who: Any
    ) -> tuple[Gap, ...]:
        envelope = {name: who.pop(name) for name in ("send_at", "expires_at") if name in who}
        options = [PenneoSignerOptions(**(own or {}))]
        signer = Signer(name="Jane", email="jane@example.com", options=options, **who)
        draft = make_draft(
            signers=[signer], options=[PenneoOptions(**(everyone or {}))], **envelope
        )
        return gaps_of(draft, provider)

    return find


@pytest.fixture
def now(provider: PenneoProvider) -> datetime:
    """The time that stands still."""
    return provider.now()


def identity(method: IdentityMethod, country: str | None = None, **fields: Any) -> dict[str, Any]:
    """A signer's proof."""
    return {"identity": Identity(method=method, country=country, **fields)}


@pytest.mark.parametrize(
    "wish",
    [
        {},
        identity(NATIONAL, "DK", number=NUMBER),
        identity(SMS) | {"phone": PHONE},
        identity(SMS, number=SecretStr(PHONE)),
        identity(ELECTRONIC, "SE"),
        identity(ELECTRONIC, "SE", number=NUMBER),
        identity(ELECTRONIC, "DE"),
        identity(PASSPORT),
        identity(PASSPORT, "PL"),
        identity(NATIONAL, "DE", number=NUMBER) | {"own": {"ssn_type": "legacy"}},
        identity(ELECTRONIC, "PL") | {"own": {"secure_signing_methods": ["mitid.dk"]}},
        identity(PASSPORT, number=NUMBER) | {"own": {"ssn_type": "legacy"}},
        identity(ELECTRONIC, "SE", number=NUMBER) | {"everyone": {"sensitive_data": True}},
        identity(ELECTRONIC, "SE") | {"own": {"enable_insecure_signing": False}},
        {"own": {"enable_insecure_signing": True}},
        {"everyone": {"access_control": True}, "own": {"vatin": "DK12345678"}},
        {"everyone": {"sensitive_data": True}, "own": {"vatin": "DK12345678"}},
        {"own": {"access_control": True, "vatin": "DK12345678"}},
        {"own": {"ssn_type": "sms", "access_control": True}, "phone": PHONE},
        {"own": {"ssn_type": "sms"}, "everyone": {"sensitive_data": True}, "phone": PHONE},
        {"own": {"access_control": False}} | identity(NATIONAL, "DK", number=NUMBER),
    ],
)
def test_what_penneo_can_check_has_no_gap(gaps: GapsOf, wish: dict[str, Any]) -> None:
    """Each documented way of proving who one is."""
    assert gaps(**wish) == ()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (identity(NATIONAL, "DK"), f"{AT}.identity.number"),
        (identity(NATIONAL, "DE", number=NUMBER), f"{AT}.identity.country"),
        (identity(SMS), f"{AT}.phone"),
        (identity(ELECTRONIC, "PL"), f"{AT}.identity.country"),
        (identity(ELECTRONIC, "DE", number=NUMBER), f"{AT}.identity.number"),
        (identity(PASSPORT, number=NUMBER), f"{AT}.identity.number"),
        # access control needs something to check
        ({"everyone": {"sensitive_data": True}}, f"{AT}.identity"),
        ({"everyone": {"access_control": True}}, f"{AT}.identity"),
        ({"own": {"access_control": True}}, f"{AT}.identity"),
        ({"own": {"access_control": True}, "phone": PHONE}, f"{AT}.identity"),
        (
            {"own": {"access_control": False}, "everyone": {"sensitive_data": True}},
            f"{AT}.identity",
        ),
        (
            identity(ELECTRONIC, "SE") | {"everyone": {"sensitive_data": True}},
            f"{AT}.identity.number",
        ),
        # a code by SMS needs access control
        ({"own": {"ssn_type": "sms"}, "phone": PHONE}, f"{OWN}.access_control"),
        (
            identity(SMS) | {"own": {"access_control": False}, "phone": PHONE},
            f"{OWN}.access_control",
        ),
        # a touch signature would do instead
        (
            identity(ELECTRONIC, "SE") | {"own": {"enable_insecure_signing": True}},
            f"{OWN}.enable_insecure_signing",
        ),
        (
            identity(PASSPORT) | {"everyone": {"enable_insecure_signing": True}},
            "options.penneo.enable_insecure_signing",
        ),
    ],
)
def test_what_penneo_cannot_check_is_a_gap(gaps: GapsOf, wish: dict[str, Any], field: str) -> None:
    """At the field that lacks something, with what to do; no number is shown."""
    (gap,) = gaps(**wish)
    assert (gap.feature, gap.field) == (Feature.IDENTITY, field)
    assert gap.remedy
    assert NUMBER.get_secret_value() not in str(gap)


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"active_at": 1, "expire_at": 2, "expires_at": 3}, None),
        ({"send_at": 1, "expire_at": 2}, None),
        ({"active_at": -1}, None),
        ({"active_at": 400}, None),
        ({"expire_at": 0}, "expire_at"),
        ({"expire_at": -1}, "expire_at"),
        ({"send_at": 2, "expire_at": 2}, "expire_at"),
        ({"active_at": 2, "expire_at": 1}, "expire_at"),
        ({"active_at": 3, "expires_at": 3}, "active_at"),
    ],
)
def test_signers_times_must_leave_time_to_sign(
    gaps: GapsOf, now: datetime, days: dict[str, int], field: str | None
) -> None:
    """A deadline before one is asked would end the whole case file."""
    times = {name: now + timedelta(days=day) for name, day in days.items()}
    own = {name: times.pop(name) for name in ("active_at", "expire_at") if name in times}
    found = [gap.field for gap in gaps(own=own, **times)]
    assert found == ([] if field is None else [f"{OWN}.{field}"])


def test_files_name_of_a_template_is_told_as_the_templates(
    make_provider: MakeProvider, make_draft: MakeDraft, tmp_path: Any
) -> None:
    """Whoever wrote `template` has named no document."""
    pdf = tmp_path / 'le"ase.pdf'
    pdf.write_bytes(b"%PDF-1.7")
    provider = make_provider(templates={"lease": {"document": str(pdf)}})
    (gap,) = gaps_of(make_draft(documents=(), template="lease"), provider)
    assert gap.field == "template"
