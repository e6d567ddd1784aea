from __future__ import annotations

from collections.abc import Callable

import pytest

from esign_core.errors import Misconfigured, NotReady, UnreadableAnswer
from esign_core.model import Artifact, ArtifactKind, EnvelopeStatus, Snapshot
from esign_core.provider import ObjectDownload
from esign_core.testing import replay
from esign_penvio import PenvioProvider

MakeProvider = Callable[..., PenvioProvider]
KEY = "esign/envelopes/org_abc/env_def456/signed.pdf"
SNAPSHOT = Snapshot("env_def456", EnvelopeStatus.COMPLETED)


def signed(key: str) -> Artifact:
    """The signed file under a key."""
    return Artifact(ArtifactKind.SIGNED, "signed.pdf", key)


def test_the_file_is_an_object_in_the_customers_bucket(make_provider: MakeProvider) -> None:
    """The download names bucket, key and options, and asks Penvio nothing."""
    provider = make_provider(
        bucket_url="s3://signed", storage_options={"secret_access_key": "canary"}
    )
    done = replay(provider.download(SNAPSHOT, signed(KEY)), [])
    assert isinstance(done.answer, ObjectDownload)
    assert (done.answer.bucket_url, done.answer.key) == ("s3://signed", KEY)
    assert done.answer.options == {"secret_access_key": "canary"}
    assert "canary" not in f"{done.answer!r} {provider.settings!r}"


def test_without_a_bucket_the_setting_is_named(provider: PenvioProvider) -> None:
    """The message says what to write where."""
    with pytest.raises(Misconfigured, match=r'bucket_url is not set.*bucket_url = "s3://'):
        replay(provider.download(SNAPSHOT, signed(KEY)), [])


def test_a_file_without_a_key_is_not_ready(provider: PenvioProvider) -> None:
    """It will be there later; nothing is wrong with the settings."""
    with pytest.raises(NotReady, match="has not put the signed file"):
        replay(provider.download(SNAPSHOT, signed("")), [])


@pytest.mark.promise("D6")
@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("../secrets", "empty part, `.` or `..`"),
        ("a/../../b", "empty part, `.` or `..`"),
        ("a/./b", "empty part, `.` or `..`"),
        ("a//b", "empty part, `.` or `..`"),
        ("a/", "empty part, `.` or `..`"),
        ("..", "empty part, `.` or `..`"),
        ("a/%2e%2e/%2E%2E/b", "empty part, `.` or `..`"),
        ("/etc/passwd", "absolute"),
        ("%2fetc/passwd", "absolute"),
        ("C:/Windows", "absolute"),
        ("C:secrets", "absolute"),
        ("..\\secrets", "backslash"),
        ("%5c%5cserver", "backslash"),
        ("a\x00b", "cannot be seen"),
        ("a\nb", "cannot be seen"),
        ("a%00b", "cannot be seen"),
        ("a\u202eb", "cannot be seen"),
        ("a\ud800", "cannot be seen"),
        ("x" * 1025, "over 1024 bytes"),
        ("ø" * 513, "over 1024 bytes"),
    ],
)
def test_a_key_that_could_lead_elsewhere_is_refused(
    make_provider: MakeProvider, key: str, what: str
) -> None:
    """Keys come from outside and become paths: the message has the reason and not the key."""
    provider = make_provider(bucket_url="file:///signed")
    with pytest.raises(UnreadableAnswer, match=what) as caught:
        replay(provider.download(SNAPSHOT, signed(key)), [])
    assert caught.value.outcome == "not_done"
    assert key not in str(caught.value) or key == ".."


@pytest.mark.parametrize(
    "key", [KEY, "a", "a..b/c...pdf", "50% off.pdf", "Ærø/lease 14.pdf", "x" * 1024]
)
def test_a_plain_key_is_left_as_it_is(make_provider: MakeProvider, key: str) -> None:
    """Only what is dangerous is refused, and nothing is rewritten."""
    provider = make_provider(bucket_url="memory://")
    found = replay(provider.download(SNAPSHOT, signed(key)), []).answer
    assert isinstance(found, ObjectDownload)
    assert found.key == key
