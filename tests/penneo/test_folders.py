"""What only the account knows against a draft: a folder that is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import UnreadableAnswer
from esign_core.model import EnvelopeDraft
from esign_core.provider import Request
from esign_core.testing import replay, reply
from esign_penneo import PenneoOptions, PenneoProvider

if TYPE_CHECKING:
    from tests.penneo.conftest import World

MakeDraft = Callable[..., EnvelopeDraft]


def test_folder_of_the_account_is_no_gap(world: World, make_draft: MakeDraft) -> None:
    """It is looked for among those that the vendor lists, with one request that only reads."""
    draft = make_draft(options=[PenneoOptions(folder_id=2)])
    assert world.ask(world.session.provider.inspect_online(draft)) == ()
    assert world.requests == ["POST /oauth/token", "GET /api/v1/folders"]


def test_missing_folder_is_a_gap_that_names_the_others(world: World, make_draft: MakeDraft) -> None:
    """The vendor would take the draft, and fail at making the case file later."""
    draft = make_draft(options=[PenneoOptions(folder_id=99)])
    (gap,) = world.ask(world.session.provider.inspect_online(draft))
    assert gap.field == "options.penneo.folder_id"
    assert gap.message == "the account has no folder 99"
    assert gap.remedy == "use one of: 1 (Inbox), 2 (Leases); or leave it out"


def test_folder_without_a_title_is_named_by_its_number(
    provider: PenneoProvider, make_draft: MakeDraft
) -> None:
    """Titles are not documented to be there always."""
    draft = make_draft(options=[PenneoOptions(folder_id=99)])
    (gap,) = replay(provider.inspect_online(draft), [reply([{"id": 1}])]).answer
    assert gap.remedy == "use one of: 1 (without a title); or leave it out"


def test_nobody_is_asked_where_no_folder_is_wished_for(
    provider: PenneoProvider, make_draft: MakeDraft
) -> None:
    """There is nothing to find out."""
    assert replay(provider.inspect_online(make_draft()), []).answer == ()


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "use one of: none; or"), (5, "5 (Box); or"), (6, "5 (Box), ...; or")],
)
def test_many_folders_are_not_all_named(
    provider: PenneoProvider, make_draft: MakeDraft, count: int, told: str
) -> None:
    """Enough to see which ones are meant."""
    draft = make_draft(options=[PenneoOptions(folder_id=99)])
    folders = [{"id": number + 1, "title": "Box"} for number in range(count)]
    done = replay(provider.inspect_online(draft), [reply(folders)])
    assert done.requests == (Request("GET", "/api/v1/folders"),)
    assert told in done.answer[0].remedy


def test_list_that_cannot_be_read_proves_nothing(
    provider: PenneoProvider, make_draft: MakeDraft
) -> None:
    """No gap is made up of an answer that nobody knows."""
    draft = make_draft(options=[PenneoOptions(folder_id=99)])
    with pytest.raises(UnreadableAnswer):
        replay(provider.inspect_online(draft), [reply({"folders": 3})])


@pytest.mark.promise("D8")
def test_title_of_a_folder_forges_no_line(provider: PenneoProvider, make_draft: MakeDraft) -> None:
    """Whoever may name folders does not write our logs."""
    draft = make_draft(options=[PenneoOptions(folder_id=99)])
    title = "A\n\x1b[2J\u202eINFO " + "long " * 100
    (gap,) = replay(provider.inspect_online(draft), [reply([{"id": 1, "title": title}])]).answer
    assert gap.remedy.startswith("use one of: 1 (A  [2J INFO long")
    assert gap.remedy.isprintable()
    assert len(gap.remedy) < 130
