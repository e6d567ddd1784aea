"""A person's decisions from the shell, against vendors whose answers are lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esign_core import Esign, Registry
from esign_core.sandbox import Control
from esign_core.service.delays import SENDING_SECONDS

Run = Callable[..., Any]
AtVendor = Callable[[str], Control]
InDoubt = Callable[[str, str], tuple[str, str]]
CREATE = {"penneo": "POST /send/", "penvio": "POST /api/v1/esign/envelopes"}


@pytest.fixture
def in_doubt(esign: Run, config: Path, lease: Path, control: AtVendor) -> InDoubt:
    """Sends with a fault at a vendor; our id and key of the envelope of which nobody knows."""

    def send(vendor: str, fault: str) -> tuple[str, str]:
        key = f"{vendor}-{fault}"
        control(vendor).fault(fault, match=CREATE[vendor], retry_after_seconds=0)
        words = ("send", lease, "--via", vendor, "--key", key, "--config", config, "--json")
        answer = esign(*words)
        assert answer.code == 1
        assert answer.error["outcome"] == "uncertain"
        return answer.error["envelope_id"], key

    return send


@pytest.fixture
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can turn up any more as soon as something was sent."""
    for provider in Registry.installed().providers.values():
        monkeypatch.setattr(provider, "longest_delay_seconds", -1.0 - SENDING_SECONDS)


def test_lost_answer_is_shown_and_adopted(
    esign: Run, config: Path, control: AtVendor, in_doubt: InDoubt
) -> None:
    """`show` says who looks and what a person can do; the id from the vendor's app is enough."""
    before = len(control("penneo").ledger())
    envelope, _ = in_doubt("penneo", "lost_answer")
    shown = esign("show", envelope, "--config", config)
    assert "`esign worker` looks for it" in shown.lines[-1]
    assert f"`esign resolve {envelope}` with --adopt REMOTE" in shown.lines[-1]
    control("penneo").advance(100)
    remote_id = str(control("penneo").ledger()[before]["envelope"])
    adopted = esign("resolve", envelope, "--adopt", remote_id, "--config", config)
    assert adopted.code == 0, adopted.err
    assert adopted.lines[-1] == "It is followed at penneo from now on."
    again = esign("resolve", envelope, "--adopt", remote_id, "--config", config, "--json").json
    assert (again["outcome"], again["remote_id"], again["failure"]) == ("done", remote_id, None)
    assert "esign resolve" not in esign("show", envelope, "--config", config).out


def test_sending_again_in_doubt_is_no_success(
    esign: Run, config: Path, lease: Path, control: AtVendor, in_doubt: InDoubt
) -> None:
    """A script does not go on as if it were sent: exit code 1, and what happens next."""
    envelope, key = in_doubt("penneo", "lost_answer")
    words = ("send", lease, "--via", "penneo", "--key", key, "--config", config)
    again = esign(*words)
    assert again.code == 1
    assert "outcome\tuncertain" in again.lines
    assert again.err.startswith(f"Uncertain: it is not known whether {envelope} was sent. ")
    assert "`esign worker` looks for it" in again.err
    assert f"`esign resolve {envelope}` with --adopt REMOTE" in again.err
    data = esign(*words, "--json")
    assert (data.code, data.json["is_in_doubt"]) == (1, True)
    assert (data.error["outcome"], data.error["envelope_id"]) == ("uncertain", envelope)
    tried = esign(*words, "--dry-run")
    assert f"It is not known whether {envelope} was" in tried.lines[-1]
    control("penneo").advance(100)
    mine = [entry for entry in control("penneo").ledger() if envelope in str(entry["mark"])]
    assert len(mine) == 1


def test_stored_draft_is_adopted_and_sent_by_the_worker(
    esign: Run,
    config: Path,
    control: AtVendor,
    in_doubt: InDoubt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At a vendor of two steps nobody was asked yet: the command says who goes on."""
    monkeypatch.setattr("esign_core.service.record.DISPATCH_AGAIN_SECONDS", 0)
    before = len(control("penvio").ledger())
    envelope, _ = in_doubt("penvio", "lost_answer")
    drafts = {"status": "DRAFT"}
    with Esign.from_config(config) as product:
        found = product.request("penvio", "GET", "/esign/envelopes", params=drafts).json()["data"]
    (remote_id,) = [each["id"] for each in found if envelope in str(each)]  # by our mark
    adopted = esign("resolve", envelope, "--adopt", remote_id, "--config", config)
    assert adopted.code == 0, adopted.err
    assert adopted.lines[-1].startswith("It is a draft at penvio, and `esign worker` goes on")
    assert control("penvio").ledger()[before:] == []
    with Esign.from_config(config) as product, product.worker():
        event = next(iter(product.events.follow("test")))
    assert (event.type, event.envelope_id) == ("envelope.sent", envelope)
    assert {entry["envelope"] for entry in control("penvio").ledger()[before:]} == {remote_id}


@pytest.mark.usefixtures("no_delay")
def test_last_look_finds_what_went_out(
    esign: Run, config: Path, control: AtVendor, in_doubt: InDoubt
) -> None:
    """A person who is mistaken sends nothing twice."""
    before = len(control("penneo").ledger())
    envelope, _ = in_doubt("penneo", "lost_answer")
    control("penneo").advance(100)
    answer = esign("resolve", envelope, "--resend", "--config", config)
    assert answer.code == 0, answer.err
    assert answer.lines[-1] == "penneo has it: it was adopted, and its key stays taken."
    remote_id = control("penneo").ledger()[before]["envelope"]
    assert f"remote id\t{remote_id}" in answer.lines


@pytest.mark.usefixtures("no_delay")
@pytest.mark.parametrize("vendor", CREATE)
def test_freed_key_is_sent_once_more(
    esign: Run, config: Path, lease: Path, in_doubt: InDoubt, vendor: str
) -> None:
    """Where nothing went out, the same command goes out; the first envelope stays in the list."""
    envelope, key = in_doubt(vendor, "error_before")
    answer = esign("resolve", envelope, "--resend", "--config", config)
    assert answer.code == 0, answer.err
    assert answer.lines[-1].startswith("Its key is free: `esign send` with the same key")
    assert "outcome\tnot_done" in answer.lines
    words = ("send", lease, "--via", vendor, "--key", key, "--wait", "20", "--config", config)
    second = esign(*words, "--json").json
    assert (second["outcome"], second["id"] != envelope) == ("done", True)
    listed = {each["id"] for each in esign("list", "--config", config, "--json").json}
    assert listed == {envelope, second["id"]}


def test_key_is_not_freed_while_it_may_turn_up(esign: Run, config: Path, in_doubt: InDoubt) -> None:
    """Exit code 1, until when, and nothing changed."""
    envelope, _ = in_doubt("penvio", "error_before")
    before = esign("show", envelope, "--config", config, "--json").json
    assert before["is_in_doubt"]
    answer = esign("resolve", envelope, "--resend", "--config", config, "--json")
    assert answer.code == 1
    assert answer.error["type"] == "NotReady"
    assert 0 < answer.error["retry_after_seconds"] <= 1800
    assert esign("show", envelope, "--config", config, "--json").json == before


def test_given_up_envelope_is_told_in_the_stream(
    esign: Run, config: Path, lease: Path, in_doubt: InDoubt
) -> None:
    """Once, as a decision; and its key stays taken."""
    envelope, key = in_doubt("penvio", "error_before")
    for _ in range(2):
        answer = esign("resolve", envelope, "--abandon", "--config", config)
        assert answer.code == 0, answer.err
        assert answer.lines[-1].startswith("It was given up, and keeps its key")
        assert "status\tfailed" in answer.lines
    (event,) = esign("events", "--config", config, "--json").lines
    assert '"source": "decision"' in event
    words = ("send", lease, "--via", "penvio", "--key", key, "--config", config, "--json")
    assert esign(*words).json["id"] == envelope


def test_sent_envelope_has_nothing_to_decide(esign: Run, config: Path, sent: str) -> None:
    """Exit code 1, how it stands, and what could be meant."""
    answer = esign("resolve", sent, "--resend", "--config", config)
    assert answer.code == 1
    assert answer.err.startswith("EnvelopeClosed: ")
    assert "its outcome is done" in answer.err
    assert f"esign cancel {sent}" in answer.err


@pytest.mark.parametrize(
    "decision",
    [[], ["--resend", "--abandon"], ["--adopt", "1", "--resend"], ["--adopt"], ["--resend=maybe"]],
)
def test_it_is_exactly_one_decision(esign: Run, decision: list[str]) -> None:
    """Exit code 2: nothing was tried, not even the configuration."""
    answer = esign("resolve", "env_0", *decision)
    assert answer.code == 2
    assert answer.err.startswith("Usage: ")
    assert not answer.out
