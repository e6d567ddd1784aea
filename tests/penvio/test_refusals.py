"""What Penvio's simulator really refuses, as the caller reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from esign_core import Connection
from esign_core.errors import (
    NotFound,
    Outcome,
    PermissionDenied,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    Refused,
)
from esign_core.model import EnvelopeDraft, Signer
from esign_core.provider import Response
from esign_core.testing import replay, reply
from esign_penvio import PenvioProvider
from esign_penvio.sandbox import PenvioSandbox

GUEST = '"guest"; look at templates.lease.roles, and at the template in Penvio'
MakeDraft = Callable[..., EnvelopeDraft]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[PenvioSandbox]:
    """A running simulator; nothing is ever made in it."""
    with PenvioSandbox() as running:
        yield running


@pytest.fixture
def settings(sandbox: PenvioSandbox) -> dict[str, Any]:
    """Of a connection to it."""
    return sandbox.connect("http://127.0.0.1:9/webhooks/penvio")


def altered(value: Any, **fields: Any) -> Any:
    """The value with fields that it would never let in: what a stricter vendor would refuse."""
    return value.model_copy(update=fields)


def refused(settings: dict[str, Any], draft: EnvelopeDraft, **changed: Any) -> ProviderError:
    """The error of sending the draft with settings that are changed behind their own checks."""
    with Connection("penvio", **settings) as connection:
        provider = connection._session.provider
        provider.settings = altered(provider.settings, **changed)
        with pytest.raises(ProviderError) as caught:
            connection.send(draft)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert str(caught.value).startswith(f'penvio did not send "{draft.title}": ')
    assert str(caught.value).endswith("Nothing was sent.")
    return caught.value


@pytest.mark.parametrize(
    ("field", "value", "told", "message"),
    [
        ("title", 7, "title", "Expected string"),
        ("subject", 7, "subject", "Expected string"),
        ("expires_in_days", 0, "expires_in_days", "Expected positive integer"),
        ("expires_in_days", 200_000, "expires_in_days", "Expected positive integer"),
    ],
)
def test_a_refused_field_is_the_drafts_own(
    *,
    settings: dict[str, Any],
    make_draft: MakeDraft,
    field: str,
    value: object,
    told: str,
    message: str,
) -> None:
    """The title is refused by its own name where it went out as the subject."""
    error = refused(settings, altered(make_draft(), **{field: value}))
    assert isinstance(error, Refused)
    assert [(each.field, each.message) for each in error.problems] == [(told, message)]
    assert f"400, Invalid request body: {told}: {message}." in str(error)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "canary", "Invalid email"),
        ("name", " ", "Must not be empty"),
        ("order", 0, "Expected integer, at least 1"),
        ("role", "guest", f"Role must match template (it went out as {GUEST})"),
    ],
)
def test_a_refused_signer_is_told_by_place(
    *,
    settings: dict[str, Any],
    make_draft: MakeDraft,
    field: str,
    value: object,
    message: str,
) -> None:
    """As the caller wrote it, without what it says of a person."""
    settings["templates"]["lease"]["roles"] = {}
    jane = Signer(name="Jane Doe", email="jane@example.com", role="Tenant", order=1)
    lars = Signer(name="Lars", email="lars@example.com", role="Landlord", order=2)
    draft = altered(make_draft(), signers=(jane, altered(lars, **{field: value})))
    error = refused(settings, draft)
    assert isinstance(error, Refused)
    (problem,) = error.problems
    assert (problem.field, problem.message) == (f"signers[1].{field}", message)
    assert "canary" not in str(error)


def test_a_role_that_the_settings_spell_wrongly_is_told_in_both_words(
    settings: dict[str, Any], make_draft: MakeDraft
) -> None:
    """The draft says tenant, the connection makes it Renter, and the template knows no Renter."""
    settings["templates"]["lease"]["roles"] = {"tenant": "Renter"}
    error = refused(settings, make_draft())
    assert isinstance(error, Refused)
    assert error.problems[0].field == "signers[0].role"
    assert 'it went out as "Renter"; look at templates.lease.roles' in error.problems[0].message


@pytest.mark.parametrize(
    ("changed", "told", "message"),
    [
        ({"webhook_url": "ftp://example.com"}, "webhook_url", "Invalid URL"),
        (
            {"webhook_secrets": (SecretStr("canary"),)},
            "webhook_secrets[0]",
            "Expected at least 16 characters",
        ),
    ],
)
def test_a_refused_setting_is_told_as_one(
    *,
    settings: dict[str, Any],
    make_draft: MakeDraft,
    changed: dict[str, Any],
    told: str,
    message: str,
) -> None:
    """Nothing in the draft is wrong, so nothing in the draft is pointed at."""
    error = refused(settings, make_draft(), **changed)
    assert isinstance(error, Refused)
    (problem,) = error.problems
    assert (problem.field, problem.message) == (told, f"{message} (a setting of the connection)")
    assert "canary" not in f"{error} {error.raw}"


def test_a_template_that_is_not_there_is_told_with_where_it_is_named(
    settings: dict[str, Any], make_draft: MakeDraft
) -> None:
    """The settings name it; a call lists those that there are."""
    settings["templates"]["lease"]["id"] = "tmpl_gone"
    error = refused(settings, make_draft())
    assert isinstance(error, NotFound)
    assert error.message == (
        '404, Template not found. The connection says that templates.lease is "tmpl_gone"; '
        "`connection.templates()` lists those that are there."
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"The gateway knows no lease", "400, The gateway knows no lease."),
        (b'{"error": "no lease"}', "400, no lease."),
    ],
)
def test_a_refusal_that_names_no_field_keeps_its_words(
    provider: PenvioProvider, make_draft: MakeDraft, body: bytes, told: str
) -> None:
    """Whatever it is written in."""
    with pytest.raises(Refused) as caught:
        replay(provider.send(make_draft()), [provider.explain(Response(400, {}, body))])
    assert caught.value.message == told


def test_a_key_that_only_reads_cannot_send(
    sandbox: PenvioSandbox, settings: dict[str, Any], make_draft: MakeDraft
) -> None:
    """Which scope it lacks is Penvio's word; what else it can be is ours."""
    error = refused({**settings, "api_key": sandbox.read_only_key}, make_draft())
    assert isinstance(error, PermissionDenied)
    assert error.message.startswith("403, Insufficient permissions: esign:write is required. The ")


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"quota": 0}, QuotaExceeded, "403, Monthly envelope limit reached. The month's"),
        ({"limit": 0}, RateLimited, "429, Rate limit exceeded. A key has 10,000 requests"),
    ],
)
def test_what_is_used_up_is_told_with_what_to_do(
    make_draft: MakeDraft, options: dict[str, int], kind: type[ProviderError], told: str
) -> None:
    """By the account's own limits."""
    with PenvioSandbox(**options) as sandbox:  # type: ignore[arg-type]
        error = refused(sandbox.connect(), make_draft(expires_in_days=3))
    assert isinstance(error, kind)
    assert error.message.startswith(told)


@pytest.mark.parametrize(
    ("penvios", "told"),
    [
        ("templateId", "template"),
        ("signers", "signers"),
        ("signers.20.role", "signers[20].role"),
        ("signingOrder", "signers"),
        ("message", "message"),
        ("metadata", "metadata"),
        ("metadata.orderId", "metadata.orderId"),
        ("metadata.esign_title", "title"),
        ("sendImmediately", "sendImmediately"),
    ],
)
def test_what_the_simulator_would_never_refuse_is_pointed_at_too(
    provider: PenvioProvider, make_draft: MakeDraft, penvios: str, told: str
) -> None:
    """A draft cannot have it wrong, by the documents; Penvio may know more than they tell."""
    details = {penvios: ["Too much"]}
    body = {"error": {"code": "VALIDATION_ERROR", "message": "No", "details": details}}
    answer = provider.explain(reply(body, status=400))
    with pytest.raises(Refused) as caught:
        replay(provider.send(make_draft()), [answer])
    assert caught.value is answer
    (problem,) = caught.value.problems
    assert problem.field == told
    assert str(caught.value) == f"400, No: {problem}."


def test_a_not_found_that_is_not_penvios_says_nothing_of_templates(
    provider: PenvioProvider, make_draft: MakeDraft
) -> None:
    """A wrong base_url is not the template's fault."""
    answer = provider.explain(reply("<h1>Not Found</h1>", status=404))
    with pytest.raises(NotFound) as caught:
        replay(provider.send(make_draft()), [answer])
    assert "templates" not in str(caught.value)


@pytest.mark.parametrize("role", ["tenant", None])
def test_a_refused_role_says_how_it_went_out(
    provider: PenvioProvider, make_draft: MakeDraft, role: str | None
) -> None:
    """Or that none did."""
    details = {"signers.0.role": ["Required"]}
    body = {"error": {"code": "VALIDATION_ERROR", "message": "No", "details": details}}
    jane = Signer(name="Jane Doe", email="jane@example.com", role=role)
    with pytest.raises(Refused) as caught:
        replay(
            provider.send(make_draft(signers=(jane,))), [provider.explain(reply(body, status=400))]
        )
    sent = 'as "Buyer"' if role else "without one"
    assert f"Required (it went out {sent}; " in str(caught.value)
