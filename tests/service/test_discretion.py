"""What a vendor quotes of people is not passed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import pytest
from pydantic import Field, SecretStr

from esign_core.errors import Misconfigured, NotFound, Problem, Refused
from esign_core.model import (
    CopyRecipient,
    Document,
    DocumentOptions,
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    Job,
    ProviderOptions,
    Redirects,
    Signer,
    SignerOptions,
    Snapshot,
)
from esign_core.provider import Flow
from esign_core.service import operations
from esign_core.service.discretion import discreet
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


class FakeSignerOptions(SignerOptions):
    """Wishes that only one vendor knows."""

    provider: ClassVar[str] = "fake"
    company_number: str = Field(repr=False)
    form: str = "text"
    pin: SecretStr


class FakeOptions(ProviderOptions):
    """Wishes for the envelope."""

    provider: ClassVar[str] = "fake"
    reminder_text: str = Field(repr=False)


class FakeDocumentOptions(DocumentOptions):
    """Wishes for a document."""

    provider: ClassVar[str] = "fake"
    remark: str = Field(repr=False)


DRAFT = EnvelopeDraft(
    title="Lease 14",
    documents=[
        Document.from_bytes(
            b"%PDF-1.7 a lease",
            name="lease.pdf",
            options=[FakeDocumentOptions(remark="Bring the keys of Ms Doe")],
        )
    ],
    options=[FakeOptions(reminder_text="Please, Ms Doe,\n\nsign it soon")],
    message="Call me at home",
    redirects=Redirects(failed="https://example.com/call-me"),
    signers=[
        Signer(
            name="Jane Doe",
            email="jane@example.com",
            phone="+4512345678",
            role="tenant",
            message="See you on Friday",
            redirects=Redirects(signed="https://example.com/jane"),
            options=[FakeSignerOptions(company_number="DK10000000", pin=SecretStr("pin-4711"))],
            identity=Identity.model_validate(
                {"method": IdentityMethod.NATIONAL_ID, "country": "DK", "number": "0101700123"}
            ),
        ),
        Signer(name="Bo", email="bo@example.com", role="landlord"),
    ],
    copies=[CopyRecipient(name="Ann Archer", email="ann@example.com")],
)
PERSONAL = (
    "Jane Doe",
    "jane@example.com",
    "+4512345678",
    "See you on Friday",
    "https://example.com/jane",
    "https://example.com/call-me",
    "DK10000000",
    "pin-4711",
    "0101700123",
    "bo@example.com",
    "Ann Archer",
    "ann@example.com",
    "Call me at home",
    "Bring the keys of Ms Doe",
    "Please, Ms Doe,\n\nsign it soon",
    "Please, Ms Doe, sign it soon",
)


@pytest.mark.promise("D1")
@pytest.mark.parametrize("value", PERSONAL)
def test_no_value_of_a_person_stays(value: str) -> None:
    """Not in the message, not in the problems, not in `raw`, however it is written."""
    error = Refused(
        f'400, "{value}" and {value.upper()} will not do',
        problems=[Problem("signers[0].email", f"{value} is unknown"), Problem(value, "odd")],
        raw={"said": [f"no {value}", {value: 1}], "code": 7},
    )
    told = discreet(error, DRAFT)
    assert isinstance(told, Refused)
    for text in (str(told), repr(told), repr(told.problems), repr(told.raw), repr(told.args)):
        assert value.casefold() not in text.casefold()
    assert told.problems[0].field == "signers[0].email"
    assert told.problems[1].field == "[...]"
    assert told.raw["code"] == 7


def test_problems_of_every_error_are_told_without_people() -> None:
    """Not of refusals alone: any error may carry problems."""
    error = Misconfigured("no", problems=[Problem("webhook_url", "not for Jane Doe")])
    assert discreet(error, DRAFT).problems == (Problem("webhook_url", "not for [...]"),)


def test_what_was_refused_can_still_be_told() -> None:
    """Titles, roles and words that only look like a short name stay as they are."""
    error = NotFound('404, "Lease 14" has no role "tenant"; about nobody', raw="about nobody")
    told = discreet(error, DRAFT)
    assert str(told) == '404, "Lease 14" has no role "tenant"; about nobody'
    assert told.raw == "about nobody"


class _Quoting(FakeProvider):
    """A vendor that quotes what it was sent."""

    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot | Job]:
        del draft
        yield from ()
        raise Refused('400, signer "Jane Doe" <jane@example.com> is blocked.', raw="Jane Doe")


@pytest.mark.promise("D1")
def test_refusal_is_discreet_in_error_and_journal(world: World) -> None:
    """Neither the caller's error nor the envelope's failure names the signer."""
    world.with_provider(_Quoting)
    error = world.failed()
    (envelope,) = world.all()
    for text in (str(error), repr(error.raw), envelope.failure or ""):
        assert "jane" not in text.casefold()
    assert "is blocked" in str(error)
    assert "is blocked" in (envelope.failure or "")


class _QuotingLater(FakeProvider):
    """A vendor that quotes it in its second answer."""

    def dispatch(self, remote_id: str) -> Flow[Snapshot]:
        del remote_id
        yield from ()
        raise Refused('400, signer "Jane Doe" <jane@example.com> is blocked.', raw="Jane Doe")

    def poll(self, job: Job) -> Flow[Snapshot | Job]:
        del job
        yield from ()
        raise Refused('signer "Jane Doe" <jane@example.com> is blocked.', raw="Jane Doe")


@pytest.mark.promise("D1")
@pytest.mark.parametrize("style", ["draft", "job"])
def test_later_refusal_is_discreet_in_error_and_journal(
    make_world: Callable[[str], World], style: str
) -> None:
    """Sending what is stored and asking for what is being made are told as `send` is."""
    world = make_world(style)
    world.with_provider(_QuotingLater)
    error = world.failed(wait_seconds=60)
    (envelope,) = world.all()
    for text in (str(error), repr(error.raw), envelope.failure or ""):
        assert "jane" not in text.casefold()
    assert "is blocked" in str(error)
    assert "is blocked" in (envelope.failure or "")


@pytest.mark.promise("D1")
@pytest.mark.parametrize("style", ["draft", "job"])
def test_later_refusal_is_discreet_without_a_journal(
    make_world: Callable[[str], World], style: str
) -> None:
    """An account alone tells no more."""
    world = make_world(style)
    world.with_provider(_QuotingLater)
    with pytest.raises(Refused) as caught:
        world.run(operations.send(world.workspace.session("acme"), world.draft(), wait=True))
    assert "jane" not in f"{caught.value} {caught.value.raw}".casefold()
    assert "is blocked" in str(caught.value)
