"""The stage itself: it sees a difference where there is one, and keeps no secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from esign_core import EnvelopeDraft
from esign_core.engine import WireRequest
from esign_core.errors import Unavailable
from esign_core.model import Snapshot
from esign_core.provider import Response
from esign_core.testing import Neutral, RecordingLine, shape
from esign_core.testing.account import Way
from esign_core.testing.stage import Stage, expect_same

MakeLease = Callable[..., EnvelopeDraft]


@pytest.mark.parametrize(
    "deed",
    [
        lambda account, sent: account.connection.fetch(sent.remote_id),
        lambda account, sent: account.connection.remind(sent.remote_id),
        lambda account, sent: account.sign(sent.remote_id),
    ],
    ids=["request", "reminder", "signature"],
)
def test_difference_between_the_ways_is_found(
    stage: Stage, lease: MakeLease, deed: Callable[..., object]
) -> None:
    """Negative control: whatever is done in one way only is told as a difference."""
    with pytest.raises(AssertionError, match="sync and async differ"):  # noqa: PT012 - the loop's end
        for account in stage.each_way():
            sent = account.send(lease())
            if account.way is Way.ASYNC:
                deed(account, sent)


def test_difference_in_a_word_is_found(stage: Stage, lease: MakeLease) -> None:
    """Negative control: one other letter in what is sent is told, with the line it stands in."""
    with pytest.raises(AssertionError, match=r"(?s)Lease 1.*Lease 2"):  # noqa: PT012 - as above
        for i, account in enumerate(stage.each_way(), start=1):
            account.send(lease(title=f"Lease {i}"))


def test_no_secret_is_on_record(stage: Stage, lease: MakeLease) -> None:
    """Credentials, tokens and webhook secrets are in no record."""
    for account in stage.each_way(webhook_url="http://127.0.0.1:9/hook"):
        account.send(lease())
        record = repr(account.record()) + repr(account.exchanges)
        assert len(record) > 1000
        spare = {"base_url", "oauth_url", "environment", "bucket_url", "webhook_url", "client_id"}
        for name, value in account.settings.items():
            secrets = value if isinstance(value, list) else [value]
            for secret in secrets:
                if isinstance(secret, str) and name not in spare:
                    assert secret not in record, name


def test_what_varies_is_masked_and_numbered() -> None:
    """Ids keep who is who, times only that there is one, and plain words and numbers stay."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    uuids = ["550e8400-e29b-41d4-a716-446655440000", "650e8400-e29b-41d4-a716-446655440000"]
    value = {
        "id": 1234567,
        "again": "case 1234567, not 7654321",
        "uuids": [*uuids, uuids[0]],
        "token": "env_c0952b7cf41a",
        "at": [at, "2026-01-01T00:00:00Z", 1767225600],
        "url": "http://127.0.0.1:4711/x",
        "plain": ["Lease 14", 600, None, True, "2026", b"%PDF-"],
    }
    assert Neutral().of(value) == {
        "id": "<id 1>",
        "again": "case <id 1>, not <id 2>",
        "uuids": ["<uuid 1>", "<uuid 2>", "<uuid 1>"],
        "token": "env_<hex 1>",
        "at": ["<time>", "<time>", "<time>"],
        "url": "<origin 1>/x",
        "plain": ["Lease 14", 600, None, True, "2026", Neutral().of(b"%PDF-")],
    }
    assert Neutral().of(Snapshot("17", "sent"))["kind"] == "Snapshot"  # type: ignore[arg-type]


def test_swapped_ids_are_a_difference() -> None:
    """Negative control: the same ids in each other's places are not the same."""
    one, other = ({"a": 1111111, "b": 2222222, "c": c} for c in (1111111, 2222222))
    with pytest.raises(AssertionError):
        expect_same(Neutral().of(one), Neutral().of(other))


def test_shape_keeps_names_and_types() -> None:
    """Of an answer only its shape is kept; rows of one shape count once."""
    data = {"items": [{"id": 1, "secret": "s"}, {"id": 2, "secret": "t"}, {"id": None}], "n": 2}
    rows = [{"id": "int", "secret": "str"}, {"id": "NoneType"}]
    assert shape(data) == {"items": rows, "n": "int"}


class _Broken:
    """A line that answers once and then breaks."""

    def __init__(self) -> None:
        self.answers = [Response(200, {"content-type": "text/html"}, b"<html>")]

    def exchange(self, request: WireRequest, **_: bool) -> Response:
        if not self.answers:
            raise Unavailable("the connection broke")
        return self.answers.pop()


def test_broken_exchange_is_on_record_too() -> None:
    """Where no answer came, the record says what came instead."""
    line = RecordingLine(_Broken())  # type: ignore[arg-type]
    request = WireRequest("POST", "https://acme.example/things?a=1", {"x-key": "k"}, b"\x00\x01")
    line.exchange(request, is_reading=False, is_repeatable=False)
    with pytest.raises(Unavailable):
        line.exchange(request, is_reading=False, is_repeatable=False)
    first, second = line.exchanges
    assert (first.path, first.status, first.answer) == ("POST /things", 200, "<text/html>")
    assert (second.status, second.answer) == (None, "Unavailable")
    assert first.headers == {"x-key": "***"}
    assert str(first.body).startswith("<2 bytes, sha256 ")
