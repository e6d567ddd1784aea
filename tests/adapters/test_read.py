"""Looking around: lists, the mark, templates, and everything else by `request`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from esign_core import EnvelopeDraft, EnvelopeStatus, NotFound, NotSupported
from esign_core.testing.account import Account
from esign_core.testing.stage import Stage

MakeLease = Callable[..., EnvelopeDraft]


def listed(account: Account, status: EnvelopeStatus | None = None) -> tuple[list[str], int]:
    """The ids of all pages, each once, and how many pages there were."""
    found: dict[str, None] = {}
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        snapshots, cursor = account.connection.list(status=status, cursor=cursor)
        found |= dict.fromkeys(snapshot.remote_id for snapshot in snapshots)
        pages += 1
        assert pages < 50, "the list does not end"
    return list(found), pages


def test_every_envelope_is_on_a_page(
    own_stage: Stage, lease: MakeLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pages together have every envelope, also where the vendor's pages overlap."""
    module, _, name = own_stage.particulars.page_size.partition(":")
    monkeypatch.setattr(f"{module}.{name}", 3)
    for account in own_stage.each_way():
        assert listed(account) == ([], 1)
        sent = [account.send(lease(alone=True, title=f"No. {i}")).remote_id for i in range(7)]
        found, pages = listed(account)
        assert sorted(found) == sorted(sent)
        assert pages > 2


def test_list_is_narrowed_by_status(own_stage: Stage, lease: MakeLease) -> None:
    """One status lists what is in it, whether or not the vendor can filter for it."""
    for account in own_stage.each_way():
        open_, ended, signed = (account.send(lease(alone=True)).remote_id for _ in range(3))
        account.connection.cancel(ended)
        account.sign(signed)
        assert listed(account, EnvelopeStatus.SENT)[0] == [open_]
        assert listed(account, EnvelopeStatus.COMPLETED)[0] == [signed]
        assert ended in listed(account)[0]
        assert listed(account, EnvelopeStatus.EXPIRED)[0] == []


def test_foreign_cursor_is_refused(stage: Stage) -> None:
    """A cursor that is none of the vendor's is an error, not the first page again."""
    for account in stage.each_way():
        for cursor in ("0", "-1", "1 OR 1", "../2", "page=2", "9" * 40):
            with pytest.raises(NotFound):
                account.connection.list(cursor=cursor)


@pytest.mark.parametrize("others", [0, 5])
def test_envelope_is_found_by_its_mark(
    own_stage: Stage, lease: MakeLease, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """What was sent with a mark is found by it, with or without metadata, on any page."""
    module, _, name = own_stage.particulars.page_size.partition(":")
    monkeypatch.setattr(f"{module}.{name}", 2)
    for account in own_stage.each_way():
        began_at = datetime.now(UTC) - timedelta(minutes=1)
        bare = account.send(lease(alone=True).marked("esign:env_bare"))
        worded = account.send(lease(metadata={"deal": "Łódź"}).marked("esign:env_worded"))
        for i in range(others):
            account.send(lease(alone=True, metadata={"deal": "esign:env_bare"}, title=f"{i}"))
        for mark, sent in (("esign:env_bare", bare), ("esign:env_worded", worded)):
            found = account.ask(account.provider.find(mark, began_at))
            assert found is not None
            assert (found.remote_id, found.mark) == (sent.remote_id, mark)
        assert account.ask(account.provider.find("esign:env_", began_at)) is None
        assert account.ask(account.provider.find("esign:env_other", began_at)) is None


def test_templates_are_those_of_the_settings(stage: Stage) -> None:
    """The vendor's templates can be looked at, the mapped one among them; or it has none."""
    for account in stage.each_way():
        if account.provider.templates is None:
            with pytest.raises(NotSupported):
                account.connection.templates()
            continue
        found = {template.id: template for template in account.connection.templates()}
        mapped = account.provider.settings.templates["lease"].id
        assert mapped in found
        again = account.ask(account.provider.templates.get(mapped))
        assert again == found[mapped]
        with pytest.raises(NotFound):
            account.ask(account.provider.templates.get("tmpl_missing"))


def test_anything_else_can_be_asked(stage: Stage) -> None:
    """`request` is authenticated and raw; its errors are explained like any other's."""
    for account in stage.each_way():
        answer = account.connection.request("get", stage.particulars.harmless_path)
        assert answer.status == 200
        assert answer.json()
        with pytest.raises(NotFound) as caught:
            account.connection.request("GET", "/nowhere/at/all")
        assert caught.value.status_code == 404
        assert caught.value.operation == "request"
