"""Webhooks: real deliveries from each vendor's simulator, in each documented shape of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from esign_core import Authenticity, WebhookRejected, WebhookRequest
from esign_core.provider import BadJson
from esign_core.testing.told import Told


def test_every_delivery_is_authentic(told: Told) -> None:
    """All that the vendor sends is proven as far as its signature can, and none is late."""
    for delivery in told.deliveries:
        verified = told.account.verify(delivery)
        assert verified.authenticity is told.particulars.authenticity
        assert not verified.is_late


@pytest.mark.promise("A5")
@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 31])
def test_late_delivery_is_a_hint(told: Told, minutes: int) -> None:
    """A signed time out of bounds, past or future, is told; where none is signed, nothing is."""
    signs_time = told.particulars.authenticity is Authenticity.SIGNED_FRESH
    for delivery in told.deliveries:
        verified = told.account.verify(delivery, now=datetime.now(UTC) + timedelta(minutes=minutes))
        assert verified.is_late == signs_time


@pytest.mark.promise("A4")
def test_every_flipped_bit_is_refused(told: Told) -> None:
    """No bit of a body, of its signature, or of a header that it covers can be turned."""
    delivery = told.deliveries[0]
    assert told.is_good(delivery)
    for at in range(len(delivery.body)):
        for bit in range(8):
            spoilt = bytearray(delivery.body)
            spoilt[at] ^= 1 << bit
            assert not told.is_good(delivery, body=bytes(spoilt)), (at, bit)
    signature, covered = told.headers_that_matter(delivery)
    for name in (signature, *covered):
        value = delivery.headers[name]
        for at, letter in enumerate(value):
            for bit in range(8):
                turned = value[:at] + chr(ord(letter) ^ 1 << bit) + value[at + 1 :]
                headers = {**delivery.headers, name: turned}
                assert not told.is_good(delivery, headers=headers), (name, at, bit)


@pytest.mark.promise("A1")
def test_malformed_signature_is_refused(told: Told) -> None:
    """Whatever stands in the header, it is refused with a reason, and nothing crashes."""
    delivery = told.deliveries[0]
    name, _ = told.headers_that_matter(delivery)
    good = delivery.headers[name]
    table = [
        *(
            "",
            " ",
            ",",
            "=",
            ";",
            ".",
            "null",
            "{}",
            "[]",
            "0",
            "-1",
            "\x00",
            "\n",
            "é",
            "\uff10",
            "ß",
        ),
        *(good[:-1], good[1:], good + "0", good + " ", " " + good, good + "\n", good.upper()),
        *(good * 2, f"{good},{good}", f"{good}, {good}", good[::-1], good.replace("=", ":")),
        *("a" * 64, "g" * 64, "A" * 64, "0" * 64, "sha1=" + "0" * 40, "sha256=", "md5=0"),
        *("sha256=" + "0" * 63, "sha256=sha256=" + "0" * 64, "t=,h=,v1=", "t=1,h=a,v1=b"),
        *(f"t=1,h=,v1={'0' * 64}", f"t=1,h=none,v1={'0' * 64}", f"t={'9' * 40},h=,v1={'0' * 64}"),
        *(f"t=1,t=1,h=,v1={'0' * 64}", f"t=1,v0={'0' * 64}", f"v1={'0' * 64}", "x" * 100_000),
        *(f"t=-1,h=,v1={'0' * 64}", f"t=1.5,h=,v1={'0' * 64}", f"t=1e9,h=,v1={'0' * 64}"),
        *(
            good.replace("1", "\u0661"),
            good.replace("a", "\u0430"),
            good.encode("utf-16").decode("latin-1"),
        ),
    ]
    assert len(table) >= 50
    for value in table:
        if value != good:
            assert not told.is_good(delivery, headers={**delivery.headers, name: value}), value


def test_changed_body_is_refused(told: Told) -> None:
    """The same JSON in other bytes is another body."""
    delivery = told.deliveries[0]
    body = delivery.body
    text = body.decode()
    for changed in (
        *(b"", b"{}", body[:-1], body[1:], body + b" ", body + b"\n", b"\xef\xbb\xbf" + body),
        *(text.encode("utf-16"), text.replace(":", ": ").encode(), body * 2, body.upper()),
    ):
        assert not told.is_good(delivery, body=changed), changed


@pytest.mark.promise("A3")
def test_any_of_several_secrets_will_do(told: Told) -> None:
    """While secrets are changed, old and new ones verify; a stranger's does not."""
    delivery, now = told.deliveries[0], datetime.now(UTC)
    (mine,) = told.secrets
    other = b"whsec_somebody_else_0123456789"
    for secrets in ([mine], [other, mine], [mine, other]):
        assert told.webhooks.verify(delivery, secrets, now).authenticity is not Authenticity.NONE
    for secrets, reason in (([other], "wrong_signature"), ([], "no_secret")):
        with pytest.raises(WebhookRejected) as caught:
            told.webhooks.verify(delivery, secrets, now)
        assert caught.value.reason == reason
        assert "whsec" not in str(caught.value)


def test_strange_bodies_are_bad_json_or_nothing(told: Told) -> None:
    """A body that is none is told as such; one that says nothing known says nothing."""
    for body in (
        *(b"", b" ", b"{", b"null", b"[]", b"1", b'"a"', b"\xff\xfe", b"{}", b'{"a":NaN}'),
        *(b"[" * 5000, b'{"a":' * 5000, b'{"a":1,"a":2}', b'{"data":[]}', b'{"payload":7}'),
        *(b'{"event":1}', b'{"event":"envelope.signed","data":{"envelopeId":{}}}'),
        *(b'{"topic":[],"eventType":{}}', b'{"topic":"casefile","eventType":"completed"}'),
    ):
        try:
            notices = told.webhooks.parse(WebhookRequest({}, body))
        except BadJson:
            continue
        assert all(notice.remote_id is None for notice in notices), body
