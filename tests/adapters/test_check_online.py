"""Asking the vendor before anybody is asked to sign."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from esign_core import AuthenticationFailed, EnvelopeDraft, Feature, Outcome
from esign_core.testing.stage import Stage

MakeLease = Callable[..., EnvelopeDraft]
Needs = Callable[..., None]


def test_draft_that_the_vendor_would_take_has_no_gap(stage: Stage, lease: MakeLease) -> None:
    """The vendor is asked, only reads, and writes to nobody."""
    for account in stage.each_way():
        assert account.connection.check(lease(), online=True).ok
        asked = [each for each in account.exchanges if "/oauth/" not in each.path]
        assert asked, "offline it would have been the same"
        assert {each.method for each in asked} == {"GET"}
        assert account.control.ledger() == []


def test_offline_nobody_is_asked(stage: Stage, lease: MakeLease) -> None:
    """Not even for a token."""
    for account in stage.each_way():
        assert account.connection.check(lease()).ok
        assert account.exchanges == []


def test_template_that_the_vendor_does_not_have_is_a_gap(
    stage: Stage, lease: MakeLease, needs: Needs
) -> None:
    """Known before it is sent, with the templates that are there."""
    needs(Feature.TEMPLATES)
    for account in stage.each_way({"templates": {"lease": {"id": "tmpl_gone"}}}):
        assert account.connection.check(lease()).ok, "nobody knows it offline"
        (gap,) = account.connection.check(lease(), online=True).gaps
        assert gap.field == "template"
        assert 'has no template "tmpl_gone"' in gap.message
        there = account.connection.templates()[0]
        assert f"{there.id} ({there.name})" in gap.remedy


def test_wrong_credentials_are_told_before_anything_is_sent(stage: Stage, lease: MakeLease) -> None:
    """Also for a draft of documents, which needs nothing read."""
    wrong = dict.fromkeys(stage.particulars.credentials, "wrong-but-long-enough")
    for account in stage.each_way(wrong):
        with pytest.raises(AuthenticationFailed) as caught:
            account.connection.check(lease(), online=True)
        assert caught.value.operation == "check"
        assert caught.value.outcome is Outcome.NOT_DONE


def test_gaps_of_both_kinds_come_together(stage: Stage, lease: MakeLease, needs: Needs) -> None:
    """What is known offline is told with what the vendor says."""
    needs(Feature.TEMPLATES)
    for account in stage.each_way({"templates": {"lease": {"id": "tmpl_gone"}}}):
        fields = {
            gap.field for gap in account.connection.check(lease(language="da"), online=True).gaps
        }
        assert fields == {"language", "template"}
