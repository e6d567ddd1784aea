"""Cassettes: a vendor's answers in files that anybody may read, replayed without a network.

A cassette is a file of vcrpy's with a head that tells where its answers come from. It is written
by rules that allow (`Allowed`), never by rules that forbid: what nobody thought of is left out.

```python
# conftest.py of a plugin, with pytest-recording
from esign_core.testing import Allowed, configure_cassettes

ALLOWED = Allowed(fields={"id", "status"}, secrets={"authorization": "<token>"})


def pytest_recording_configure(vcr):
    configure_cassettes(vcr, ALLOWED)
```

While a cassette plays, whole bodies are in memory, and large ones sent through a thread are seen
as well. What does not go through the HTTP client, such as objects of a bucket, is not on it.

Needs the extra `testing`.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from esign_core.errors import MissingExtra
from esign_core.model import WebhookRequest
from esign_core.provider import BadJson, read_json
from esign_core.testing.provenance import Provenance
from esign_core.testing.scrub import DELIVERIES, Allowed, Scrubber, is_signature
from esign_core.testing.secret_shapes import find_secrets

_MATCHED = ("method", "scheme", "host", "port", "path", "query", "headers", "content")
_VERSION = 1
_WIDEST = 100_000  # no line is broken: a URL or a signature stays in one piece


@dataclass(frozen=True)
class Recording:
    """What is in a cassette."""

    provenance: Provenance
    """Where its answers come from."""
    interactions: Sequence[Mapping[str, Any]] = field(repr=False)
    """As they stand in the file: `request` and `response`."""

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """A cassette from its file.

        Raises:
            ValueError: It is none, or does not say where its answers come from.
            MissingExtra: The extra `testing` is not installed.
        """
        data = _loaded(Path(path).read_text(encoding="utf-8"), str(path))
        return cls(Provenance.of(data.get("provenance"), str(path)), data["interactions"])

    @property
    def delivery(self) -> WebhookRequest:
        """The one delivery that it holds, as it arrived.

        Raises:
            ValueError: It holds something else.
        """
        requests = [each["request"] for each in self.interactions]
        if len(requests) != 1 or not _is_delivery(requests[0]["uri"]):
            raise ValueError("the cassette does not hold one delivery")
        headers = {name: ", ".join(values) for name, values in requests[0]["headers"].items()}
        return WebhookRequest.of(headers, requests[0]["body"].encode())


def new_vcr(
    allowed: Allowed,
    *,
    record_mode: str = "none",
    provenance: Provenance | None = None,
    never: Collection[str] = (),
) -> Any:
    """A `vcr.VCR` by our rules, whose `use_cassette(path)` plays a file and records nothing.

    Args:
        allowed: What may be in a cassette.
        record_mode: As vcrpy knows them, such as `all` for recording anew.
        provenance: Where answers come from that are recorded now; without it nothing is written.
        never: Secrets in use, searched for once more before a file is written.

    Raises:
        MissingExtra: The extra `testing` is not installed.
    """
    try:
        from vcr import VCR  # type: ignore[import-untyped]  # optional
        from vcr.record_mode import RecordMode  # type: ignore[import-untyped]
    except ImportError:
        raise _missing() from None
    vcr = VCR(record_mode=RecordMode(record_mode))
    configure_cassettes(vcr, allowed, provenance=provenance, never=never)
    return vcr


def configure_cassettes(
    vcr: Any,
    allowed: Allowed,
    *,
    provenance: Provenance | None = None,
    never: Collection[str] = (),
) -> None:
    """Have somebody else's `vcr.VCR`, such as pytest-recording's, read and write by our rules.

    Requests match by method, host, path, query, the headers that are kept, and body, all after
    scrubbing. A request that differs is an error of vcrpy's, with the difference. Arguments as
    for `new_vcr`.
    """
    logging.getLogger("vcr").setLevel(logging.WARNING)  # it logs whole answers before scrubbing
    scrubber = Scrubber(allowed)
    vcr.register_matcher("content", _same_content)
    vcr.match_on = _MATCHED
    vcr.before_record_request = _Requests(scrubber)
    vcr.before_record_response = _Responses(scrubber)
    vcr.register_persister(_Files(scrubber, provenance, tuple(never)))


@dataclass(frozen=True)
class _Requests:
    scrubber: Scrubber

    def __call__(self, request: Any) -> Any:
        uri = self.scrubber.uri(request.uri)
        kind = request.headers.get("content-type", "")
        content = request.body or b""
        if _is_delivery(uri):
            is_signed = any(map(is_signature, request.headers))
            request.body = self.scrubber.delivery(content, is_signed=is_signed)
        else:
            request.body = self.scrubber.body(content, kind)
        request.uri, request.headers = uri, self.scrubber.headers(request.headers)
        return request


@dataclass(frozen=True)
class _Responses:
    scrubber: Scrubber

    def __call__(self, response: dict[str, Any]) -> dict[str, Any]:
        headers = {name.lower(): ", ".join(v) for name, v in response["headers"].items()}
        kind = headers.get("content-type", "")
        content = self.scrubber.body(response["body"]["string"] or b"", kind)
        kept = self.scrubber.headers(headers)
        if content:  # a download without a known end is refused
            kept["content-length"] = str(len(content))
        return {
            "status": dict(response["status"]),
            "headers": {name: [value] for name, value in kept.items()},
            "body": {"string": content},
        }


@dataclass(frozen=True)
class _Files:
    """Reads and writes the files, in the place of vcrpy's persister."""

    scrubber: Scrubber
    provenance: Provenance | None
    never: tuple[str, ...] = field(repr=False)

    def load_cassette(self, cassette_path: str | Path, serializer: Any) -> tuple[list[Any], ...]:
        """What is in a file, as vcrpy wants it."""
        del serializer  # it is always YAML
        from vcr.persisters.filesystem import (  # type: ignore[import-untyped]
            CassetteNotFoundError,
        )
        from vcr.request import Request  # type: ignore[import-untyped]

        if not Path(cassette_path).is_file():
            raise CassetteNotFoundError
        found = Recording.read(cassette_path).interactions
        responses = [dict(each["response"]) for each in found]
        for each in responses:
            each["body"] = {"string": each["body"]["string"].encode()}
        return [Request(**each["request"]) for each in found], responses

    def save_cassette(
        self, cassette_path: str | Path, cassette_dict: Mapping[str, Any], serializer: Any
    ) -> None:
        """Write a file, unless there is something in it that looks like a secret.

        Raises:
            ValueError: There is, or nobody has said where the answers come from.
        """
        del serializer
        if self.provenance is None:
            raise ValueError(f"{cassette_path} was not written: say what its provenance is.")
        pairs = zip(cassette_dict["requests"], cassette_dict["responses"], strict=True)
        interactions = [_written(request, response) for request, response in pairs]
        head = {"provenance": self.provenance.to_data(), "version": _VERSION}
        text = _dumped({**head, "interactions": interactions})
        known = [*_signatures(interactions), *self.scrubber.numbers(text)]
        found = find_secrets(text, apart_from=known)
        told = [*map(str, found), *("a secret in use" for each in self.never if each in text)]
        if told:
            raise ValueError(f"{cassette_path} was not written: {'; '.join(told)}.")
        Path(cassette_path).parent.mkdir(parents=True, exist_ok=True)
        _ = Path(cassette_path).write_text(text, encoding="utf-8")


def _written(request: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name: [value] for name, value in request.headers.items()}
    told = {"method": request.method, "uri": request.uri, "headers": headers}
    answer = {**response, "body": {"string": response["body"]["string"].decode()}}
    answer["headers"] = {k: v for k, v in response["headers"].items() if k != "content-length"}
    return {"request": {**told, "body": (request.body or b"").decode()}, "response": answer}


def _signatures(interactions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Signatures of deliveries: made with secrets, and none themselves."""
    return [
        value
        for each in interactions
        if _is_delivery(each["request"]["uri"])
        for name, values in each["request"]["headers"].items()
        if is_signature(name)
        for value in values
    ]


def _is_delivery(uri: str) -> bool:
    return uri.startswith(f"https://{DELIVERIES}.invalid")


def _same_content(one: Any, other: Any) -> None:
    """Do nothing for the same body; JSON is compared by what it says."""
    asked, recorded = one.body or b"", other.body or b""
    try:
        is_same = asked == recorded or read_json(asked) == read_json(recorded)
    except BadJson:
        is_same = False
    if not is_same:
        lines = (body.decode().splitlines() for body in (recorded, asked))
        told = difflib.unified_diff(next(lines), next(lines), "recorded", "asked", lineterm="")
        raise AssertionError("\n".join(told))


def _loaded(text: str, where: str) -> Mapping[str, Any]:
    data = _yaml().safe_load(text)
    if not isinstance(data, Mapping) or not isinstance(data.get("interactions"), list):
        raise ValueError(f"{where} is no cassette: it has no list of interactions.")  # noqa: TRY004
    return data


def _dumped(data: Any) -> str:
    yaml = _yaml()

    class Readable(yaml.SafeDumper):  # type: ignore[name-defined,misc]
        """Texts of several lines stand as they are."""

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Readable.add_representer(str, text)
    dumped: str = yaml.dump(
        data, Dumper=Readable, sort_keys=False, allow_unicode=True, width=_WIDEST
    )
    return dumped


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise _missing() from None
    return yaml


def _missing() -> MissingExtra:
    return MissingExtra('cassettes need vcrpy: install the extra "testing" of esign-core.')
