"""The table of deliveries that are not what they should be, and why each is refused."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.promises.hostile.senders import OTHER_SECRET, Sender, Sent, plain_sha256

CAP = 1024 * 1024
"""The most that the receiver reads."""

Make = Callable[[Sender], Sent]


@dataclass(frozen=True)
class Case:
    """A delivery, and why it is refused."""

    what: str
    make: Make
    reason: str
    """The code, for whoever calls `receive`."""
    over_http: tuple[int, str] | None = None
    """Status and code of the receiver, if they are others than 401 and the reason."""

    def __str__(self) -> str:
        return self.what


def cases(sender: Sender) -> list[Case]:
    """All of them, for one vendor."""
    own = {"penneo": _of_penneo, "penvio": _of_penvio}[sender.provider]
    return [*_signatures(), *_digests(), *_bodies(), *own()]


def _with(value: Callable[[str], bytes | list[bytes] | None]) -> Make:
    """An authentic delivery whose signature is replaced by what becomes of it."""

    def make(sender: Sender) -> Sent:
        good = sender.good()
        signature = good.headers[sender.signature]
        assert isinstance(signature, bytes)
        return good.having(sender.signature, value(signature.decode()))

    return make


def _signatures() -> Iterator[Case]:
    """Headers that no signature is written like."""
    yield Case("no signature", _with(lambda _: None), "unsigned")
    table: dict[str, Callable[[str], bytes | list[bytes]]] = {
        "empty": lambda _: b"",
        "blank": lambda _: b" ",
        "NUL": lambda _: b"\x00",
        "NULs for letters": lambda s: b"\x00" * len(s),
        "a comma": lambda _: b",",
        "an equals sign": lambda _: b"=",
        "null": lambda _: b"null",
        "JSON": lambda _: b'{"v1":"' + b"0" * 64 + b'"}',
        "bytes that are no text": lambda _: b"\xff\xfe" * 32,
        "a letter that is not ASCII": lambda s: s[:-1].encode() + b"\xe9",
        "digits of another script": lambda s: s.replace("1", "\u0661").encode(),
        "a letter that looks like a": lambda s: f"{s[:-1]}\u0430".encode(),
        "wide digits": lambda s: f"{s[:-1]}\uff10".encode(),
        "UTF-16": lambda s: s.encode("utf-16"),
        "100 KB": lambda _: b"a" * 100_000,
        "cut at its end": lambda s: s[:-1].encode(),
        "cut at its start": lambda s: s[1:].encode(),
        "a digit too many": lambda s: f"{s}0".encode(),
        "a space after it": lambda s: f"{s} ".encode(),
        "a line break after it": lambda s: f"{s}\n".encode(),
        "a second line": lambda s: f"{s}\r\n x".encode(),
        "upper case": lambda s: s.upper().encode(),
        "written twice": lambda s: (s * 2).encode(),
        "the header twice": lambda s: [s.encode(), s.encode()],
        "the header twice, a bad one first": lambda s: [b"0" * 64, s.encode()],
        "the header twice, a bad one last": lambda s: [s.encode(), b"0" * 64],
    }
    for what, value in table.items():
        yield Case(f"signature: {what}", _with(value), "malformed_signature")


def _digests() -> Iterator[Case]:
    """Signatures in the right form that are not of this delivery, or of no secret of ours."""
    wrong: dict[str, Callable[[Sender, bytes], str]] = {
        "zeros": lambda _, __: "0" * 64,
        "itself, backwards": lambda s, body: s.digest(body).hex()[::-1],
        "no secret": lambda s, body: s.digest(body, "").hex(),
        "another account's secret": lambda s, body: s.digest(body, OTHER_SECRET).hex(),
        "a hash without a secret": lambda _, body: plain_sha256(body),
        "another hash, as long": lambda s, body: s.digest(body, name="sha3_256").hex(),
        "a longer hash, cut": lambda s, body: s.digest(body, name="sha512").hex()[:64],
        "the body with a line break": lambda s, body: s.digest(body + b"\n").hex(),
        "the body written anew": lambda s, body: s.digest(_written_anew(body)).hex(),
        "no body": lambda s, _: s.digest(b"").hex(),
    }
    for what, digest in wrong.items():
        yield Case(f"digest of {what}", _resigned(digest), "wrong_signature")
    malformed: dict[str, Callable[[Sender, bytes], str]] = {
        "SHA-1": lambda s, body: s.digest(body, name="sha1").hex(),
        "MD5": lambda s, body: s.digest(body, name="md5").hex(),
        "SHA-512": lambda s, body: s.digest(body, name="sha512").hex(),
        "base64": lambda s, body: base64.b64encode(s.digest(body)).decode(),
        "0x before it": lambda s, body: f"0x{s.digest(body).hex()}"[:64],
        "spaces in it": lambda s, body: f"{s.digest(body).hex()[:63]} ",
        "a wildcard": lambda _, __: "*" * 64,
    }
    for what, digest in malformed.items():
        yield Case(f"digest in {what}", _resigned(digest), "malformed_signature")


def _resigned(digest: Callable[[Sender, bytes], str]) -> Make:
    def make(sender: Sender) -> Sent:
        sender = sender.now()
        value = sender.written(digest(sender, sender.body())).encode()
        return sender.good().having(sender.signature, value)

    return make


def _written_anew(body: bytes) -> bytes:
    return json.dumps(json.loads(body), indent=1).encode()


BODIES: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda _: b"",
    "blank": lambda _: b" ",
    "half of it": lambda body: body[: len(body) // 2],
    "all but the first byte": lambda body: body[1:],
    "all but the last byte": lambda body: body[:-1],
    "a space after it": lambda body: body + b" ",
    "a line break after it": lambda body: body + b"\r\n",
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "UTF-32": lambda body: body.decode().encode("utf-32"),
    "no UTF-8": lambda body: body.replace(b"completed", b"comp\xff\xfeted"),
    "UTF-8 that is too long": lambda body: body.replace(b"{", b"{\xc0\xaf", 1),
    "half a character": lambda body: body.replace(b"completed", b"\\ud800"),
    "compressed": lambda body: gzip.compress(body, mtime=0),
    "base64": base64.b64encode,
    "written anew": _written_anew,
    "upper case": lambda body: body.upper(),
    "twice": lambda body: body * 2,
    "NULs": lambda body: b"\x00" * len(body),
    "a list": lambda body: b"[" + body + b"]",
    "a text": lambda _: b'"completed"',
    "a number": lambda _: b"531",
    "null": lambda _: b"null",
    "too deep": lambda body: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"," + body[1:],
    "a number of 5000 digits": lambda body: b'{"n":' + b"9" * 5000 + b"," + body[1:],
    "a number beyond all bounds": lambda body: b'{"n":1e999,' + body[1:],
    "NaN": lambda body: b'{"n":NaN,' + body[1:],
    "a name twice": lambda body: body[:-1] + b"," + body[1:],
    "lists for texts": lambda body: re.sub(rb':("[^"]*")', rb":[\1]", body),
    "objects for ids": lambda body: body.replace(b"531", b'{"id":531}'),
    "a form": lambda _: b"event=envelope.completed&id=531",
    "XML": lambda _: b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "YAML": lambda _: b"!!python/object/apply:os.system [id]",
    "a pickle": lambda _: b"cos\nsystem\n(S'id'\ntR.",
}
"""What may stand where a body should: with a good signature it is kept and means nothing."""


def _bodies() -> Iterator[Case]:
    """Bodies that the signature does not fit."""
    for what, body in BODIES.items():
        yield Case(f"body: {what}", _rewritten(body), "wrong_signature")
    much = _rewritten(lambda body: body + b" " * CAP)
    yield Case("body: too large", much, "wrong_signature", (413, "too_large"))


def _rewritten(body: Callable[[bytes], bytes]) -> Make:
    return lambda sender: sender.good().saying(body(sender.body()))


def _part(name: str, value: str | None) -> Make:
    """Penneo's header with one of its parts replaced; None leaves it out."""

    def change(signature: str) -> bytes:
        parts = [part.partition("=") for part in signature.split(",")]
        written = [(key, value if key == name else old) for key, _, old in parts]
        return ",".join(f"{key}={each}" for key, each in written if each is not None).encode()

    return _with(change)


_PARTS: dict[str, dict[str, list[str | None]]] = {
    "malformed_signature": {
        "t": [None, "", "-1", "1.5", "1e9", "nan", "0x10", "9" * 13, "\u0661", " 1"],
        "h": ["a.b", "a;b", "a  b", "a/b", "x-event-id\tx-event-type", "\xe9", ":"],
        "v1": [None, ""],
    },
    "wrong_signature": {
        "t": ["0", "1", "9" * 12],
        "h": [None, "", "x-event-id", "x-event-type x-event-id", "content-type"],
    },
    "missing_header": {
        "h": ["x-nobody", "x-event-id x-event-type x-nobody", "none"],
    },
}
"""Values of the parts of Penneo's header, by what they are refused as; None: it is left out."""


def _of_penneo() -> Iterator[Case]:
    for reason, parts in _PARTS.items():
        for name, values in parts.items():
            for value in values:
                yield Case(f"{name} is {value!r}", _part(name, value), reason)
    malformed: dict[str, Callable[[str], bytes]] = {
        "only the old v0": lambda s: s.replace("v1=", "v0=").encode(),
        "t twice": lambda s: f"{s},t=1".encode(),
        "v1 twice": lambda s: f"{s},v1={'0' * 64}".encode(),
        "a part without a value": lambda s: f"{s},x y".encode(),
    }
    for what, change in malformed.items():
        yield Case(what, _with(change), "malformed_signature")
    covered: dict[str, tuple[str, bytes | list[bytes] | None]] = {
        "is missing": ("missing_header", None),
        "is another": ("wrong_signature", b"sign.casefile.rejected"),
        "comes twice": ("wrong_signature", [b"sign.casefile.completed"] * 2),
        "has a space more": ("wrong_signature", b"sign.casefile.completed "),
    }
    for what, (reason, given) in covered.items():
        yield Case(f"a header that it covers {what}", _covered(given), reason)


def _covered(value: bytes | list[bytes] | None) -> Make:
    return lambda sender: sender.good().having("x-event-type", value)


def _of_penvio() -> Iterator[Case]:
    prefixes = ("sha256=sha256=", "sha1=", "SHA256=", "sha256", "=", "v1=", "sha256:", "sha256= ")
    for prefix in prefixes:
        yield Case(f"prefix {prefix!r}", _prefixed(prefix), "malformed_signature")


def _prefixed(prefix: str) -> Make:
    return _with(lambda signature: f"{prefix}{signature}".encode())
