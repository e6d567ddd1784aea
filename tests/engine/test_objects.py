"""Files on their way from a customer's bucket."""

from __future__ import annotations

import builtins
import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from obstore import exceptions

from esign_core.engine import bring
from esign_core.engine.objects import Buckets
from esign_core.errors import (
    DownloadFailed,
    EsignError,
    Misconfigured,
    MissingExtra,
    NotReady,
    PermissionDenied,
)
from esign_core.provider import ObjectDownload

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Heard, Vendor, Way

FILE = b"%PDF-1.7" + bytes(range(256)) * 12_000


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A bucket that is a folder, with a file in it."""
    folder = tmp_path / "a bucket"
    (folder / "org").mkdir(parents=True)
    (folder / "org" / "signed.pdf").write_bytes(FILE)
    (tmp_path / "canary").write_bytes(b"canary")
    return folder


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Where downloads go."""
    return tmp_path / "archive" / "signed.pdf"


def s3(vendor: Vendor, key: str = "signed.pdf", **options: str) -> ObjectDownload:
    """An object in a bucket of S3's kind, on loopback."""
    secrets = {"access_key_id": "canary", "secret_access_key": "canary", "region": "here"}
    return ObjectDownload(
        "s3://bucket", key, {**secrets, "endpoint": vendor.url, "allow_http": "true", **options}
    )


def failure(download: ObjectDownload, to: Path) -> EsignError:
    """What a download that fails raises; nothing of it is left, and nothing private told."""
    with pytest.raises(EsignError) as caught:
        Buckets().save(download, to)
    assert not to.parent.exists() or list(to.parent.iterdir()) == []
    assert "canary" not in f"{caught.value} {caught.value!r} {download!r}"
    return caught.value


@pytest.mark.promise("D7")
def test_a_file_comes_from_a_folder(way: Way, vendor: Vendor, bucket: Path, to: Path) -> None:
    """Streamed, hashed, whole; by both drivers."""
    download = ObjectDownload(bucket.as_uri(), "org/signed.pdf")
    saved = way.run(bring(way.session(vendor), download, to))
    assert to.read_bytes() == FILE
    assert (saved.size, saved.sha256) == (len(FILE), hashlib.sha256(FILE).hexdigest())


def test_a_file_comes_from_memory(to: Path) -> None:
    """The bucket of tests: the same one for the same address."""
    import obstore

    buckets = Buckets()
    download = ObjectDownload("memory://", "signed.pdf")
    obstore.put(buckets.store(download), "signed.pdf", FILE)
    assert buckets.save(download, to).size == len(FILE)
    assert "memory" not in repr(buckets)


def test_a_file_comes_from_s3(vendor: Vendor, to: Path) -> None:
    """Over loopback, signed; options of the HTTP client among those of the store."""
    vendor.answers(vendor.reply(200, FILE, Last_Modified="Sat, 21 Nov 2026 00:00:00 GMT", ETag="x"))
    Buckets().save(s3(vendor, "a/signed.pdf", timeout="5s"), to)
    assert to.read_bytes() == FILE
    assert vendor.heard[0].target == "/bucket/a/signed.pdf"
    assert "AWS4-HMAC-SHA256" in vendor.heard[0].headers["authorization"]


@pytest.mark.parametrize("url", ["{bucket}", "memory://"])
def test_a_missing_object_is_not_ready(bucket: Path, to: Path, url: str) -> None:
    """Vendors announce a file before it is written; it may come yet."""
    error = failure(ObjectDownload(url.format(bucket=bucket.as_uri()), "org/other.pdf"), to)
    assert isinstance(error, NotReady)
    assert 'no object "org/other.pdf"' in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotReady), (403, PermissionDenied), (401, PermissionDenied), (400, DownloadFailed)],
)
def test_what_a_bucket_refuses_is_named(
    vendor: Vendor, to: Path, status: int, kind: type[EsignError]
) -> None:
    """By what it means, without the bucket's answer, which may have anything in it."""
    vendor.answers(vendor.reply(status, b"<Error><Code>canary</Code></Error>"))
    assert type(failure(s3(vendor), to)) is kind


@pytest.mark.promise("D7")
@pytest.mark.parametrize("cut", [0, 1, 4096, len(FILE) // 2, len(FILE) - 1])
def test_an_object_that_is_cut_is_not_there(vendor: Vendor, to: Path, cut: int) -> None:
    """However far it came."""
    whole = vendor.reply(200, FILE, Last_Modified="Sat, 21 Nov 2026 00:00:00 GMT", ETag="x")
    head = len(whole) - len(FILE)
    first = True

    def answer(_heard: Heard) -> Any:
        nonlocal first
        was_first, first = first, False
        return vendor.sends(whole[: head + cut]) if was_first else vendor.reply(400)

    vendor.answer = answer
    assert type(failure(s3(vendor), to)) is DownloadFailed


def test_an_object_that_is_shorter_than_it_was_said_to_be_is_not_there(
    bucket: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the store says of an object's length is held against what comes."""

    class Found:
        meta = {"size": 10}  # noqa: RUF012 - a stand-in

        def stream(self, _size: int) -> list[bytes]:
            return [b"123456789"]

    monkeypatch.setattr("obstore.get", lambda _store, _key: Found())
    error = failure(ObjectDownload(bucket.as_uri(), "org/signed.pdf"), to)
    assert "not as long" in str(error)


@pytest.mark.promise("D6")
@pytest.mark.parametrize(
    "key",
    ["../canary", "org/../../canary", "..", ".", "", "/../canary", "%2e%2e/canary", "org//x",
     "..%2fcanary", "..\\canary", "org", "org/signed.pdf/x", "a\x00b", "a\nb", "x" * 5000],
)  # fmt: skip
def test_a_key_does_not_leave_the_bucket(bucket: Path, to: Path, key: str) -> None:
    """Whatever it is: not ready, or not readable, and never what lies beside the bucket."""
    with pytest.raises((NotReady, DownloadFailed)):
        Buckets().save(ObjectDownload(bucket.as_uri(), key), to)
    assert not to.exists()


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("", {}), ("bucket", {}), ("https://bucket.invalid", {}), ("ftp://x", {}), ("s3://", {}),
        ("file://folder/x", {}), ("file://", {}), ("file:///", {}), ("file:///not/there", {}),
        ("s3://bucket", {"colour": "canary"}), ("s3://bucket", {"user_agent": "canary"}),
        ("s3://bucket", {"timeout": "canary"}), ("az://bucket", {}),
    ],
)  # fmt: skip
def test_a_bucket_that_cannot_be_is_a_wrong_setting(
    to: Path, url: str, options: dict[str, str]
) -> None:
    """Also where the storage library panics, which is no Exception and would end a thread."""
    assert isinstance(failure(ObjectDownload(url, "k", options), to), Misconfigured)


def test_ctrl_c_while_a_bucket_is_opened_goes_on(to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops the process stops it."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("obstore.store.MemoryStore", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Buckets().save(ObjectDownload("memory://", "k"), to)


def test_a_bucket_is_opened_once(bucket: Path) -> None:
    """For the same address and options; another account gets another one."""
    buckets = Buckets()
    one, again, other = (
        buckets.store(ObjectDownload("s3://bucket", key, {"region": region}))
        for key, region in (("a", "x"), ("b", "x"), ("a", "y"))
    )
    assert one is again
    assert one is not other
    assert buckets.store(ObjectDownload(bucket.as_uri(), "a")) is not one


def test_without_the_extra_its_name_is_told(to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what to install."""
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("obstore"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    for name in [name for name in sys.modules if name.startswith("obstore")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match='extra "s3" of esign-core'):
        Buckets().save(ObjectDownload("memory://", "k"), to)


def test_a_forked_process_is_told_and_does_not_hang(
    bucket: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storage library's threads do not survive a fork; it would wait for them for ever."""
    buckets = Buckets()
    download = ObjectDownload(bucket.as_uri(), "org/signed.pdf")
    buckets.save(download, to)
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    with pytest.raises(DownloadFailed, match="forked"):
        buckets.save(download, to)


def test_the_names_of_its_errors_are_still_there() -> None:
    """What the storage library raises is told apart by these."""
    assert issubclass(exceptions.PermissionDeniedError, exceptions.BaseError)
    assert issubclass(exceptions.UnauthenticatedError, exceptions.BaseError)
