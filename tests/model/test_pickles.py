"""Pickles: what holds a secret has none, and says what to do instead."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pydantic import SecretStr

from esign_core.engine import WireRequest
from esign_core.engine.objects import Buckets
from esign_core.model import (
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    Job,
    Signer,
    SigningLink,
    Subscription,
    TemplateRef,
)
from esign_core.provider import (
    JsonWithDocuments,
    ObjectDownload,
    Part,
    ProviderSettings,
    Request,
    Response,
    Token,
)
from esign_core.service.config import Config

IDENTITY = Identity(
    method=IdentityMethod.NATIONAL_ID, country="DK", number=SecretStr("canary-number")
)


def drafted(**changes: Any) -> EnvelopeDraft:
    """A draft without secrets, but for what is changed."""
    signer = Signer(name="Jane Doe", email="jane@example.com", **changes)
    return EnvelopeDraft(title="Lease 14", template=TemplateRef("lease"), signers=[signer])


SECRETS = [
    drafted(identity=IDENTITY),
    IDENTITY,
    ProviderSettings(webhook_secrets=(SecretStr("canary-webhook"),)),
    Token("canary"),
    Job({"job": "canary"}),
    SigningLink("s1", "Jane Doe", "https://example.com/canary"),
    Subscription("1", "https://example.com", secret="canary"),
    Request("POST", "/things", headers={"x-key": "canary"}),
    WireRequest("POST", "https://example.com", {"x-key": "canary"}),
    ObjectDownload("s3://bucket", "a.pdf", {"key": "canary"}),
    Response(200, {"set-cookie": "canary"}, b"canary"),
    Part("data", b"canary", "application/json"),
    JsonWithDocuments({"ssn": "canary"}),
    Buckets(),
    Config({"acme": {"provider": "acme", "api_key": "canary"}}),
]


@pytest.mark.promise("D1")
@pytest.mark.parametrize("secret", SECRETS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_holds_a_secret_is_not_pickled(secret: object, protocol: int) -> None:
    """Nor is what it is in; the error says so, and not what the secret is."""
    for each in (secret, [secret], {"deep": (secret,)}):
        with pytest.raises(TypeError, match=r"is not pickled: .*anew where it is needed") as caught:
            pickle.dumps(each, protocol)
        assert "canary" not in str(caught.value)


def test_the_error_names_the_field() -> None:
    """So that somebody with a draft knows which number it is."""
    with pytest.raises(TypeError, match="Identity is not pickled: number would be readable"):
        pickle.dumps(drafted(identity=IDENTITY))


@pytest.mark.parametrize("secret", SECRETS, ids=lambda each: type(each).__name__)
def test_what_holds_a_secret_can_be_copied(secret: object) -> None:
    """A copy stays in the process."""
    assert copy.copy(secret) == copy.deepcopy(secret) == secret


def test_a_draft_without_secrets_is_pickled_whole() -> None:
    """It can wait in a queue; it is the same wish when it comes out."""
    without_number = Identity(method=IdentityMethod.NATIONAL_ID, country="DK")
    for draft in (drafted(), drafted(identity=without_number), drafted(message="Hi")):
        again = pickle.loads(pickle.dumps(draft))  # noqa: S301 - our own
        assert again == draft
        assert again.fingerprint() == draft.fingerprint()
