from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer

STATUS = "/send/api/v1/queue/public/status"
STRANGER = "550e8400-e29b-41d4-a716-446655440000"


def test_job_takes_its_time(customer: Customer) -> None:
    """Pending, processing, completed; people are asked only by the last step."""
    handle = customer.post()
    seen = [customer.poll(handle)["jobStatus"]]
    for _ in range(2):
        customer.wait(seconds=1)
        seen.append(customer.poll(handle)["jobStatus"])
        if seen[-1] != "completed":
            assert customer.ledger() == []
    assert seen == ["pending", "processing", "completed"]
    assert customer.ledger() == [("asked", "Jane Doe")]


def test_completed_job_reads_as_in_the_vendors_example(customer: Customer) -> None:
    """Name by name the example on the page about signing links."""
    handle = customer.post({"name": "Mads 1"}, {"name": "Mads 2", "role": "Guarantor"})
    customer.wait(seconds=3)
    job = customer.poll(handle)
    links = job["result"]["data"].pop("signingLinks")
    case_file_id = job["result"]["data"]["caseFile"]["id"]
    assert job == {
        **handle,
        "type": "etl-queue",
        "jobStatus": "completed",
        "errorMessage": None,
        "retries": 0,
        "maxRetries": 0,
        "createdAt": "2026-11-20T12:00:00.000Z",
        "updatedAt": "2026-11-20T12:00:02.000Z",
        "result": {"data": {"caseFile": {"id": case_file_id}}, "errors": None, "success": True},
    }
    assert isinstance(case_file_id, int)
    assert [(each["name"], each["role"]) for each in links] == [
        ("Mads 1", "Signer"),
        ("Mads 2", "Guarantor"),
    ]
    for each in links:
        assert set(each) == {"name", "role", "signerId", "signingLink"}
        assert isinstance(each["signerId"], int)
        assert each["signingLink"].startswith("http://vendor.invalid/signing/")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 200),
        ({"uuid": STRANGER}, 404),
        ({"payloadHash": "0" * 64}, 404),
        ({"uuid": "17"}, 400),
        ({"uuid": None}, 400),
        ({"payloadHash": ""}, 400),
        ({"payloadHash": 1}, 400),
    ],
)
def test_only_the_whole_handle_opens_a_job(
    customer: Customer, changed: dict[str, object], status: int
) -> None:
    """Half a handle is nobody's: 404 in the documented words."""
    answer = customer.call("POST", STATUS, {**customer.post(), **changed})
    assert answer.status == status
    if status == 404:
        assert answer.body == b'{"message":"Job not found","statusCode":404}'


@pytest.mark.parametrize("body", [b"{", b"[]", b""])
def test_unreadable_status_requests_are_refused(customer: Customer, body: bytes) -> None:
    """A refusal, never a crash."""
    assert customer.call("POST", STATUS, body).status == 400


def test_job_is_forgotten_after_a_while(customer: Customer) -> None:
    """An expired job is as unknown as any other."""
    handle = customer.post()
    customer.wait(days=7)
    assert customer.call("POST", STATUS, handle).status == 404


def test_twentyfirst_request_in_any_minute_is_refused(customer: Customer) -> None:
    """The window slides: it has no edge at which the limit could be had twice."""
    handle = customer.post()
    answers = []
    for _ in range(60):  # one every two seconds: 30 a minute
        answers.append((customer.now, customer.call("POST", STATUS, handle).status))
        customer.wait(seconds=2)
    granted = [at for at, status in answers if status == 200]
    assert {status for _, status in answers} == {200, 429}
    for start in granted:
        assert sum(0 <= (at - start).total_seconds() < 60 for at in granted) <= 20
    assert len(granted) == 40  # and no fewer than it promises


def test_limit_counts_each_handle_for_itself(customer: Customer) -> None:
    """One impatient job does not slow down another."""
    one, other = customer.post(), customer.post()
    for _ in range(20):
        assert customer.call("POST", STATUS, one).status == 200
    assert customer.call("POST", STATUS, one).status == 429
    assert customer.call("POST", STATUS, other).status == 200


def test_stuck_jobs_stay_pending_until_released(customer: Customer) -> None:
    """A fault holds up the next jobs; when it ends they are done after all."""
    customer.vendor.fault("stuck_job", 1)
    stuck, free = customer.post(), customer.post()
    customer.wait(days=1)
    assert customer.poll(stuck)["jobStatus"] == "pending"
    assert customer.poll(free)["jobStatus"] == "completed"
    customer.vendor.fault("stuck_job", 0)
    customer.wait(seconds=0)
    customer.wait(seconds=2)
    assert customer.poll(stuck)["jobStatus"] == "completed"


def test_stuck_for_good_means_every_job(customer: Customer) -> None:
    """Without a number the queue stands still."""
    customer.vendor.fault("stuck_job", None)
    handles = [customer.post() for _ in range(3)]
    customer.wait(days=1)
    assert {customer.poll(handle)["jobStatus"] for handle in handles} == {"pending"}


def test_unknown_fault_is_refused(customer: Customer) -> None:
    """A fault that nothing here could have is an error in the test that wants it."""
    with pytest.raises(ValueError, match="penneo has nothing"):
        customer.vendor.fault("flood", 1)


def test_job_of_an_unknown_folder_fails(customer: Customer) -> None:
    """A failed job says why, and asks nobody."""
    handle = customer.post(folderId=99)
    customer.wait(seconds=2)
    job = customer.poll(handle)
    assert (job["jobStatus"], job["errorMessage"]) == ("failed", "Folder 99 was not found")
    assert job["result"] is None
    assert customer.ledger() == []


@pytest.mark.parametrize(
    ("behaviour", "second", "asked"),
    [({}, "completed", 2), ({"abort_duplicates": True}, "aborted_duplicated", 1)],
)
def test_same_request_twice_asks_twice_unless_told_otherwise(
    open_account: Callable[..., Customer], behaviour: dict[str, bool], second: str, asked: int
) -> None:
    """By default the vendor is as dangerous as its documents allow."""
    customer = open_account(**behaviour)
    handles = [customer.post(), customer.post()]
    customer.wait(seconds=2)
    assert [customer.poll(each)["jobStatus"] for each in handles] == ["completed", second]
    assert customer.ledger() == [("asked", "Jane Doe")] * asked
