from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from esign_core.journal import Journal, WorkItem, WorkKind
from esign_core.provider import utc_now

Run = Callable[..., Any]


@pytest.fixture
def journal(config: Path) -> Journal:
    """The journal of the configuration, opened beside the command."""
    return Journal(f"sqlite:///{config.with_name('esign.db')}")


@pytest.fixture
def dead(journal: Journal, sent: str) -> WorkItem:
    """The look at an envelope, which was given up."""
    now = utc_now()

    def give_up(tx: Any) -> WorkItem:
        tx.work.plan(WorkKind.REFRESH, sent, connection="penvio", due_at=now)
        item = tx.work.claim(now, timedelta(minutes=10))
        assert tx.work.give_up(item, now, "NotFound: nothing here\x1b[31m")
        (found,) = tx.work.list(dead=True)
        assert isinstance(found, WorkItem)
        return found

    return journal.write(give_up)


def test_what_is_left_to_do_is_shown(esign: Run, config: Path, sent: str) -> None:
    """What, about which envelope, when; as a line for each, or as JSON."""
    answer = esign("work", "list", "--config", config, "--json")
    (item,) = answer.json
    assert answer.code == 0
    assert (item["kind"], item["subject"], item["connection"]) == ("refresh", sent, "penvio")
    assert (item["failures"], item["error"], item["dead_at"]) == (0, None, None)
    assert item["due_at"] > utc_now().isoformat()
    (line,) = esign("work", "list", "--config", config).lines
    assert line.split("\t")[:4] == [str(item["id"]), "refresh", sent, "penvio"]


def test_nothing_to_do_is_no_error(esign: Run, config: Path) -> None:
    """An empty list."""
    answer = esign("work", "list", "--config", config, "--json")
    assert (answer.code, answer.json) == (0, [])


def test_what_was_given_up_is_shown_with_its_reason(
    esign: Run, config: Path, dead: WorkItem
) -> None:
    """Alone, if asked; without a character that moves the cursor."""
    (item,) = esign("work", "list", "--dead", "--config", config, "--json").json
    assert item["id"] == dead.id
    assert item["error"].startswith("NotFound")
    assert (item["due_at"], item["dead_at"][:4]) == (None, str(utc_now().year))
    (line,) = esign("work", "list", "--dead", "--config", config).lines
    assert "given up 20" in line
    assert "\x1b" not in line
    its = esign("work", "list", "--envelope", dead.subject, "--config", config, "--json")
    assert [each["id"] for each in its.json] == [dead.id]


def test_what_was_given_up_can_be_tried_again(
    esign: Run, config: Path, dead: WorkItem, journal: Journal
) -> None:
    """A worker does it now; people are told so."""
    answer = esign("work", "retry", str(dead.id), "--config", config)
    assert answer.lines == [
        f"{dead.id}: refresh of {dead.subject} is done now, by a running worker."
    ]
    (item,) = journal.read(lambda tx: tx.work.list())
    assert item.dead_at is None
    assert item.due_at <= utc_now()


def test_work_can_be_left(esign: Run, config: Path, dead: WorkItem, journal: Journal) -> None:
    """It is off the list."""
    answer = esign("work", "drop", str(dead.id), "--config", config, "--json")
    assert [item["id"] for item in answer.json] == [dead.id]
    assert journal.read(lambda tx: tx.work.list()) == []


@pytest.mark.parametrize("action", ["retry", "drop"])
def test_work_that_is_not_there_is_told(action: str, esign: Run, config: Path) -> None:
    """Exit code 1, and where to find those that are."""
    answer = esign("work", action, "4711", "--config", config, "--json")
    assert answer.code == 1
    assert answer.error["type"] == "NotInJournal"
    assert "esign work list" in answer.error["message"]


@pytest.mark.parametrize("words", [["retry"], ["drop"], ["list", "3"], ["burn"], []])
def test_what_cannot_be_meant_is_usage(words: list[str], esign: Run, config: Path) -> None:
    """Exit code 2."""
    assert esign("work", *words, "--config", config).code == 2


# elsewhere


def test_envelope_shows_what_happens_next(esign: Run, config: Path, sent: str) -> None:
    """When the vendor is asked, as a line and as JSON."""
    data = esign("show", sent, "--config", config, "--json").json
    assert data["next"]["what"] == "refresh"
    assert data["next"]["at"] > utc_now().isoformat()
    lines = esign("show", sent, "--config", config).lines
    (line,) = [each for each in lines if each.startswith("next\t")]
    assert line == f"next\t{data['next']['text']}"
    assert line.startswith("next\tpenvio is asked for news at ")


def test_envelope_shows_that_a_person_has_to_decide(
    esign: Run, config: Path, dead: WorkItem
) -> None:
    """With what to type; and no line at all where nothing has to happen."""
    data = esign("show", dead.subject, "--config", config, "--json").json
    assert data["next"]["what"] == "decide"
    assert f"`esign work retry {dead.id}`" in data["next"]["text"]
    assert json.dumps(data).count("nothing here") == 0


def test_doctor_tells_what_was_given_up(esign: Run, config: Path, dead: WorkItem) -> None:
    """As an error, with what to do."""
    answer = esign("doctor", "--config", config, "--json")
    assert answer.code == 1
    (found,) = [e for e in answer.json["findings"] if "was given up" in e["message"]]
    assert (found["severity"], found["check"], found["subject"]) == ("error", "work", dead.subject)
    assert f"esign work retry {dead.id}" in found["remedy"]


@pytest.mark.parametrize("option", ["--dead", "--envelope=env_1", "--limit=3"])
def test_an_option_of_list_is_usage_elsewhere(option: str, esign: Run, config: Path) -> None:
    """Whoever thinks that it narrows what is done is told before anything is."""
    answer = esign("work", "drop", "1", option, "--config", config)
    assert answer.code == 2
    assert f"drop takes no {option.partition('=')[0]}." in answer.err


def test_work_of_no_envelope_is_no_empty_list(esign: Run, config: Path) -> None:
    """A slip of the hand does not look as if nothing were left to do."""
    answer = esign("work", "list", "--envelope", "nope", "--config", config)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith('UnknownEnvelope: the journal has no envelope "nope"')
