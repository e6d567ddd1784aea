from __future__ import annotations

import base64
from pathlib import Path

import pytest

from esign_core.testing import Recording, find_secrets
from esign_core.testing.scrub import Scrubber
from esign_core.testing.secret_shapes import SHAPES
from tests.cassettes.record import FOLDER
from tests.cassettes.rules import ALLOWED
from tests.cassettes.scenes import pdf

FILES = sorted(FOLDER.rglob("*.yaml"))

# Put together here, so that this file holds nothing that looks like what it looks for.
PLANTED = {
    "a credential in a header": [
        "Bearer " + "abcdef123456",
        "authorization: Basic " + "dXNlcjpwYXNz",
    ],
    "a JSON web token": ["eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.c2ln"],
    "an API key": ["pk" + "_live_abc", "sk" + "_test_0", "whsec" + "_1234567890abcdef1"],
    "a cookie": ["Set-Cookie: session=1", "cookie: a=b"],
    "an e-mail address": ["jane.doe@" + "acme.dk", "x@" + "example.com.evil.net"],
    "a signing link": [
        "https://app.acme.dk/" + "signing/0f3a",
        "http://127.0.0.1:8000/" + "sign/a",
    ],
    "long hexadecimal": ["0123456789abcdef" * 2],
    "long base64": [base64.b64encode(bytes(range(60))).decode()],
    "a document": ["%PDF" + "-1.7", base64.b64encode(pdf("x")).decode()[:12]],
    "a private key": ["-----BEGIN EC " + "PRIVATE KEY-----"],
    "an identity number": [
        "0101" + "801234",
        "010180-" + "1234",
        "131052-" + "308T",
        "19800101-" + "1234",
        "0101" + "8012345",
    ],
    "a telephone number": ["+45" + "12345678"],
}
HARMLESS = [
    "Bearer <token>",
    "jane@example.com bo@mail.example.org a@b.invalid",
    "https://sandbox.acme.com/signing/<unique>",
    "a1b2c3d4e5f6... 550e8400-e29b-41d4-a716-4...",
    "91b002ee-1102-49f5-bd32-da7cf063a104",
    "esign/envelopes/org_abc/env_34124ee0e435/signed.pdf",
    "https://api.invalid/send/api/v1/casefiles/json/20251022/create-sandbox-base64",
    "<28195 bytes, sha256 1d1ea455ca57bcc7>",
    "1768559062 2026-01-16T10:24:20.000Z 2025-02-19 13:01:55.517791 1234567",
]


@pytest.mark.promise("D1")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(FOLDER).as_posix())
def test_no_cassette_holds_a_secret(file: Path) -> None:
    """No token, key, link, document, address or number of a person is in any of them."""
    text = file.read_text("utf-8")
    times = Scrubber(ALLOWED[file.parent.name]).numbers(text)
    assert find_secrets(text, apart_from=[*signatures(file), *times]) == ()


def signatures(file: Path) -> list[str]:
    """Signatures of deliveries, whose secrets were made up: they only look like one."""
    if not file.stem.startswith("delivery"):
        return []
    headers = Recording.read(file).delivery.headers
    return [value for name, value in headers.items() if name.endswith("-signature")]


def test_only_deliveries_have_signatures() -> None:
    """What is passed over above are a few headers, and nothing else."""
    passed = {file.stem: signatures(file) for file in FILES}
    assert all(len(each) <= 1 for each in passed.values())
    assert {name for name, found in passed.items() if found} == {
        "delivery_completed",
        "delivery_completed_other_shape",
        "delivery_completed_signed",
        "delivery_signer_signed",
    }


@pytest.mark.parametrize(
    ("what", "secret"), [(what, each) for what, planted in PLANTED.items() for each in planted]
)
def test_a_planted_secret_is_found(what: str, secret: str) -> None:
    """In the middle of a cassette, and told by its shape and line, without being shown."""
    text = (FOLDER / "penneo" / "poll.yaml").read_text("utf-8")
    lines = text.splitlines()
    lines.insert(20, f'          "note": "{secret}",')
    found = find_secrets("\n".join(lines))
    assert what in {each.what for each in found}
    assert {each.line for each in found} == {21}
    assert secret not in f"{found} {[str(each) for each in found]}"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_is_let_through(text: str) -> None:
    """Stand-ins, example addresses, ids, times and digests."""
    assert find_secrets(text) == ()


def test_every_shape_has_something_planted() -> None:
    """None is untested."""
    assert set(PLANTED) == set(SHAPES)
