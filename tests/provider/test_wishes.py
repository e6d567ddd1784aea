"""Vendor-only wishes as a file has them."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from esign_core.errors import InvalidDraft
from esign_core.model import EnvelopeDraft, ProviderOptions, SignerOptions
from esign_core.provider import Provider, Registry, with_options


class AcmeOptions(ProviderOptions):
    """Of an envelope."""

    provider: ClassVar[str] = "acme"
    color: str = "black"
    copies: int = 1


class AcmeSignerOptions(SignerOptions):
    """Of a signer."""

    provider: ClassVar[str] = "acme"
    is_chair: bool = False


@pytest.fixture
def registry(acme_class: type[Provider[Any]], monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The small provider, with wishes of its own for envelopes and signers."""
    monkeypatch.setattr(acme_class, "options", (AcmeOptions, AcmeSignerOptions))
    return Registry({"acme": acme_class})


def data(**changes: Any) -> dict[str, Any]:
    """A draft's plain data."""
    ann = {"name": "Ann", "email": "ann@example.com"}
    return {"title": "Lease 14", "signers": [ann], "template": "lease", **changes}


def test_wishes_are_written_under_the_providers_name(registry: Registry) -> None:
    """Text from a file is read as what the wish is: numbers and yes or no."""
    ann = {"name": "Ann", "email": "a@example.com", "options": {"acme": {"is_chair": "true"}}}
    told = data(signers=[ann], options={"acme": {"color": "red", "copies": "2"}})
    draft = EnvelopeDraft.model_validate(with_options(told, registry))
    assert draft.options == (AcmeOptions(color="red", copies=2),)
    assert draft.signers[0].options == (AcmeSignerOptions(is_chair=True),)


def test_what_has_no_wishes_stays_as_it_is(registry: Registry) -> None:
    """Also what cannot be right: the draft itself says so then."""
    for told in (data(), data(signers="Ann"), data(signers=["Ann"]), data(options=[1])):
        assert with_options(told, registry) == told


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"acme": {"colour": "red"}}}, r'options.acme.colour: .* Did you mean "color"'),
        ({"options": {"acme": {1: "red"}}}, r"options.acme.1: is not known here"),
        ({"options": {"acme": {"copies": "canary"}}}, "options.acme.copies: "),
        ({"options": {"acme": "red"}}, "options.acme: must be a mapping"),
        ({"options": {"amce": {}}}, r'options.amce: no provider .* Did you mean "acme"'),
        (
            {"signers": [{"name": "Ann", "options": {"acme": {"is_chair": "canary"}}}]},
            r"signers\[0\].options.acme.is_chair: ",
        ),
        (
            {"documents": [{"path": "a.pdf", "options": {"acme": {}}}]},
            r"documents\[0\].options.acme: this provider has no wishes of its own here",
        ),
    ],
)
def test_wrong_wishes_are_told_with_their_place(
    registry: Registry, changes: dict[str, Any], message: str
) -> None:
    """The path is that of the file; what was written there is not repeated."""
    with pytest.raises(InvalidDraft, match=message) as caught:
        with_options(data(**changes), registry)
    assert "canary" not in str(caught.value)
