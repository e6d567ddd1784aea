"""Reading objects from a customer's bucket: S3, Google, Azure, a folder, memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast
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

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from esign_core.provider import ObjectDownload

_SCHEMES = ("s3", "gs", "az", "file", "memory")


@dataclass
class Buckets:
    """The buckets that were read from, each opened once per process."""

    _stores: dict[str, ObjectStore] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def save(self, download: ObjectDownload, to: Path) -> SavedFile:
        """Stream an object into a file, in flat memory.

        Raises:
            DownloadFailed: The bucket cannot be reached or read.
            NotReady: There is no object under that key (yet).
            PermissionDenied: The bucket refuses the credentials.
            MissingExtra: obstore is not installed.
        """
        try:
            from obstore import exceptions  # noqa: PLC0415 - optional, and slow to import
        except ImportError:
            raise MissingExtra(
                'reading a bucket needs obstore: pip install "esign-core[s3]".'
            ) from None
        try:
            return write_whole(self._chunks(download), to)
        except FileNotFoundError:
            raise NotReady(
                f'the bucket has no object "{download.key}". It may not be written yet, or '
                "bucket_url names another bucket than the vendor writes to."
            ) from None
        except (PermissionError, exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
            raise PermissionDenied(
                f'the bucket refuses to give out "{download.key}". Look at storage_options.'
            ) from None
        except exceptions.BaseError as error:
            raise DownloadFailed(
                f'"{download.key}" could not be read from the bucket ({type(error).__name__}). '
                "Nothing is left of it; look at bucket_url and storage_options, and try again."
            ) from None

    def store(self, download: ObjectDownload) -> ObjectStore:
        """The bucket of a download; the same object for the same address and options."""
        key = repr((download.bucket_url, sorted(download.options.items())))
        with self._lock:
            if key not in self._stores:
                self._stores[key] = _open(download)
            return self._stores[key]

    def _chunks(self, download: ObjectDownload) -> Iterator[bytes]:
        import obstore  # noqa: PLC0415 - optional, and slow to import

        for chunk in obstore.get(self.store(download), download.key):
            yield bytes(chunk)


def _open(download: ObjectDownload) -> ObjectStore:
    from obstore.store import LocalStore, from_url  # noqa: PLC0415 - optional

    url = urlsplit(download.bucket_url)
    if url.scheme not in _SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
        raise Misconfigured(f"bucket_url must begin with one of {known}")
    if url.scheme == "file":
        return LocalStore(unquote(url.path))
    if url.scheme == "memory":
        return from_url("memory:///")
    opened = cast("Callable[..., ObjectStore]", from_url)  # its overloads know each option by name
    return opened(download.bucket_url, **dict(download.options))
