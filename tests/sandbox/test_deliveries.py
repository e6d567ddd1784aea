from __future__ import annotations

import socket
from typing import Any

import httpx

from esign_core.sandbox import Control, Simulator

Receiver = Any


def test_webhooks_arrive_in_order_and_are_on_record(
    http: httpx.Client, control: Control, receiver: Receiver
) -> None:
    """What happened is told once, in the order in which it happened."""
    http.post("/things")
    control.sign_page(control.links()[0])
    (first, *_) = control.settle()
    assert receiver.bodies == ["thing.asked", "thing.opened", "thing.signed"]
    assert first["event"] == "thing.asked"
    assert first["subject"] == "0"
    assert (first["attempts"], first["statuses"], first["state"]) == (1, [204], "delivered")


def test_refused_webhook_is_repeated_and_keeps_its_place(
    http: httpx.Client, control: Control, receiver: Receiver
) -> None:
    """A later webhook to the same receiver waits until the earlier one has arrived."""
    receiver.answers.extend([500, 302])
    http.post("/things")
    http.post("/things")
    deliveries = control.settle()
    assert [one["statuses"] for one in deliveries] == [[500, 302, 204], [204]]
    assert receiver.bodies == ["thing.asked"] * 4


def test_webhook_is_given_up_after_six_attempts(
    http: httpx.Client, control: Control, receiver: Receiver
) -> None:
    """Then the next one has its turn."""
    receiver.answers.extend([503] * 6)
    http.post("/things")
    http.post("/things")
    first, second = control.settle()
    assert (first["attempts"], first["state"]) == (6, "failed")
    assert (second["attempts"], second["state"]) == (1, "delivered")


def test_unreachable_receiver_is_on_record_by_the_name_of_the_failure(
    http: httpx.Client, control: Control, simulator: Simulator
) -> None:
    """No answer is told apart from a bad answer, and a URL that is none harms nothing."""
    simulator.connect("http://127.0.0.1:1/hook")
    http.post("/things")
    simulator.connect("nonsense")
    http.post("/things")
    first, second = control.settle()
    assert first["statuses"] == ["ConnectError"] * 6
    assert second["statuses"] == ["UnsupportedProtocol"] * 6
    assert (first["state"], second["state"]) == ("failed", "failed")


def test_faults_spoil_deliveries_on_their_way(
    http: httpx.Client, control: Control, receiver: Receiver
) -> None:
    """Dropped, sent twice, overtaken: the receiver sees it, the ledger does not change."""
    control.fault("drop", match="thing.asked 0")
    control.fault("duplicate", match="thing.asked 1")
    control.fault("reorder", match="thing.opened")
    for _ in range(2):
        http.post("/things")
    control.sign_page(control.links()[1])
    states = {(one["event"], one["state"], one["fault"]) for one in control.settle()}
    assert receiver.bodies == ["thing.asked", "thing.asked", "thing.signed", "thing.opened"]
    assert ("thing.asked", "dropped", "drop") in states
    assert [e["what"] for e in control.ledger()] == ["asked", "asked", "opened", "signed"]


def test_time_that_passes_by_itself_sends_webhooks(
    http: httpx.Client, control: Control, receiver: Receiver
) -> None:
    """What comes due between requests is told without anybody asking."""
    http.post("/things")
    control.advance(3600)
    control.settle()
    assert receiver.bodies == ["thing.asked", "thing.expired"]


def test_stopping_does_not_wait_for_a_receiver_that_hangs(
    http: httpx.Client, control: Control, simulator: Simulator
) -> None:
    """A delivery under way is let go: it is not answered, and its connection ends."""
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        receiver.settimeout(10)
        simulator.connect(f"http://127.0.0.1:{receiver.getsockname()[1]}/hook")
        http.post("/things")
        line, _ = receiver.accept()
        line.settimeout(10)
        (waiting,) = control.deliveries()
        simulator.stop()
        with line:
            heard = b"".join(iter(lambda: line.recv(4096), b""))
    assert heard.endswith(b"thing.asked")
    assert (waiting["state"], waiting["statuses"]) == ("pending", [])
