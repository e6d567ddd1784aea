"""Reading objects from a customer's bucket: S3, Google, Azure, a folder, memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from esign_core.engine.effects import SavedFile
from esign_core.engine.files import write_whole
from esign_core.errors import (
    DownloadFailed,
    Misconfigured,
    MissingExtra,
    NotReady,
    PermissionDenied,
)
from esign_core.model.secrecy import NeverPickled

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from esign_core.provider import ObjectDownload

_SCHEMES = ("s3", "gs", "az", "file", "memory")
_CLIENT_OPTIONS = {"allow_http", "connect_timeout", "proxy_url", "timeout"}
"""Options of the HTTP client; all others are the store's own."""
_CHUNK_BYTES = 1024**2


@dataclass
class Buckets(NeverPickled):
    """The buckets that were read from, each opened once."""

    _stores: dict[tuple[str, frozenset[tuple[str, str]]], ObjectStore] = field(
        default_factory=dict, init=False, repr=False
    )
    _process: int = field(default=0, init=False, repr=False)

    def save(self, download: ObjectDownload, to: Path) -> SavedFile:
        """Stream an object into a file, in flat memory.

        Raises:
            DownloadFailed: The bucket cannot be reached or read, or there was less than it said.
            NotReady: There is no object under that key (yet).
            PermissionDenied: The bucket refuses the credentials.
            Misconfigured: `bucket_url` or the options name no bucket.
            MissingExtra: obstore is not installed.
        """
        return write_whole(self._chunks(download), to)

    def store(self, download: ObjectDownload) -> ObjectStore:
        """The bucket of a download; the same object for the same address and options.

        Raises:
            Misconfigured: There can be no such bucket.
            DownloadFailed: This process was forked from one that has read buckets.
        """
        self._expect_same_process()
        key = (download.bucket_url, frozenset(download.options.items()))
        if key not in self._stores:
            _ = self._stores.setdefault(key, _opened(download))
        return self._stores[key]

    def _expect_same_process(self) -> None:
        self._process = self._process or os.getpid()
        if self._process != os.getpid():  # obstore's threads are gone, and it would wait for ever
            raise DownloadFailed(
                "buckets cannot be read in a process that was forked from one that has read some. "
                "Fork before the first download, or start processes anew (spawn)."
            )

    def _chunks(self, download: ObjectDownload) -> Iterator[bytes]:
        try:
            import obstore  # optional, and slow to import
        except ImportError:
            raise MissingExtra(
                'reading a bucket needs obstore: install the extra "s3" of esign-core.'
            ) from None
        store = self.store(download)
        with _named(download.key):
            found = obstore.get(store, download.key)
            left = found.meta["size"]
            for chunk in found.stream(_CHUNK_BYTES):
                left -= len(chunk)
                yield bytes(chunk)
        if left:
            raise _unread(download.key, "it is not as long as it was said to be")


@contextmanager
def _named(key: str) -> Generator[None]:
    """obstore's errors by our names. Theirs quote addresses and answers, so they are not shown."""
    from obstore import exceptions

    try:
        yield
    except FileNotFoundError:
        raise NotReady(
            f'the bucket has no object "{key}". Nothing was downloaded: it may not be written yet, '
            "or bucket_url names another bucket than the vendor writes to."
        ) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise PermissionDenied(
            f'the bucket refuses to give out "{key}". Look at storage_options.'
        ) from None
    except (exceptions.BaseError, OSError, ValueError) as error:
        raise _unread(key, type(error).__name__) from None


def _unread(key: str, why: str) -> DownloadFailed:
    return DownloadFailed(
        f'"{key}" could not be read from the bucket ({why}). Nothing is left of it; look at '
        "bucket_url and storage_options, and try again."
    )


def _opened(download: ObjectDownload) -> ObjectStore:
    url = urlsplit(download.bucket_url)
    if url.scheme not in _SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
        raise Misconfigured(f"bucket_url must begin with one of {known}")
    if url.scheme == "file" and (url.netloc or not url.path.strip("/")):
        raise Misconfigured("bucket_url must name a folder from the root: file:///folder")
    try:
        return _open(download, url.scheme, url.path)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - what Rust panics with is no Exception
        raise Misconfigured(
            f"the bucket cannot be opened ({type(error).__name__}). Look at bucket_url and "
            "storage_options."
        ) from None


def _open(download: ObjectDownload, scheme: str, path: str) -> ObjectStore:
    from obstore.store import LocalStore, MemoryStore, from_url

    if scheme == "file":
        return LocalStore(unquote(path))
    if scheme == "memory":
        return MemoryStore()
    client = {name: value for name, value in download.options.items() if name in _CLIENT_OPTIONS}
    own: dict[str, Any] = {
        name: value for name, value in download.options.items() if name not in _CLIENT_OPTIONS
    }
    opened = cast("Callable[..., ObjectStore]", from_url)  # its overloads know each option by name
    return opened(download.bucket_url, client_options=client, **own)
