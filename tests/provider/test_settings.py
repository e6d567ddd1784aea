from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from esign_core.errors import InvalidDraft, Misconfigured
from esign_core.provider import Provider, ProviderSettings, TemplateTarget, read_settings


def test_a_template_is_one_of_the_vendors_or_a_pdf() -> None:
    """An id with roles, or a path."""
    theirs = TemplateTarget(id="tmpl_1", roles={"tenant": "Buyer"})
    assert (theirs.id, theirs.document, theirs.roles) == ("tmpl_1", None, {"tenant": "Buyer"})
    pdf = TemplateTarget(document=Path("lease.pdf"))
    assert (pdf.id, pdf.document) == (None, Path("lease.pdf"))


@pytest.mark.parametrize("given", [{}, {"id": "tmpl_1", "document": "lease.pdf"}])
def test_a_template_is_not_both_and_not_neither(given: dict[str, Any]) -> None:
    """The message says what to give."""
    with pytest.raises(InvalidDraft, match=r"give id .* or document .* and not both"):
        TemplateTarget.model_validate(given)


def test_settings_are_read_from_plain_data(acme_class: type[Provider[Any]]) -> None:
    """As a file or the environment has them."""
    settings = read_settings(
        acme_class,
        {"templates": {"lease": {"document": "lease.pdf"}}, "webhook_secrets": ["canary-1"]},
    )
    assert settings.templates["lease"].document == Path("lease.pdf")
    assert settings.webhook_secrets[0].get_secret_value() == "canary-1"
    assert settings.accept_unsigned is False
    assert "canary" not in repr(settings.webhook_secrets)


def test_every_wrong_setting_is_named_at_once(acme_class: type[Provider[Any]]) -> None:
    """With a close name for one that does not exist, and no value of any."""
    given = {
        "api_kee": "canary",
        "xyz": 1,
        "accept_unsigned": "canary",
        "templates": {"lease": {"colour": 1}, "sale": {}},
    }
    with pytest.raises(Misconfigured) as caught:
        read_settings(acme_class, given)
    assert str(caught.value) == (
        "acme: templates.lease.colour: is not known here; there are id, document, roles; "
        "templates.sale: give id (a template at the vendor) or document (a PDF), and not both; "
        "accept_unsigned: must be true or false; "
        'api_kee: is not known here. Did you mean "api_key"?; '
        "xyz: is not known here; there are "
        "templates, webhook_secrets, accept_unsigned, api_key, base_url. Nothing was opened."
    )
    assert caught.value.provider == "acme"


@pytest.mark.promise("A1")
@pytest.mark.parametrize("secret", ["canary", "canary".center(40)])
def test_a_short_webhook_secret_is_refused(acme_class: type[Provider[Any]], secret: str) -> None:
    """It could be guessed; the setting is named, and no value is."""
    with pytest.raises(Misconfigured) as caught:
        read_settings(acme_class, {"webhook_secrets": ["long enough", secret]})
    told = "acme: webhook_secrets: has a secret of less than 8 characters; take longer ones. "
    assert str(caught.value) == f"{told}Nothing was opened."


def test_a_missing_setting_is_missing(acme_class: type[Provider[Any]]) -> None:
    """In plain words."""

    class Needy(ProviderSettings):
        api_key: str

    needy = type("Needy", (acme_class,), {"Settings": Needy})
    with pytest.raises(Misconfigured, match=r"^acme: api_key: is missing\. Nothing was"):
        read_settings(needy, {})


@pytest.mark.promise("A1")
@pytest.mark.parametrize("secret", ["", "  "])
def test_empty_webhook_secret_is_refused(secret: str) -> None:
    """Anybody could sign deliveries with it."""
    with pytest.raises(InvalidDraft, match="webhook_secrets: has an empty secret"):
        ProviderSettings.model_validate({"webhook_secrets": ["good", secret]})
