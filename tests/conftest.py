"""What holds for every test: nothing leaves this machine."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import DATABASES, fresh
from tests.logged import Heard
from tests.logged import heard as everything_heard
from tests.spans import Spans, recorded


class NetworkReached(RuntimeError):
    """A test tried to reach beyond loopback."""


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: it sees every socket of this process, whoever opens it."""
    if event == "socket.connect":
        address = arguments[1]
        if not isinstance(address, tuple):  # a Unix socket
            return
        host: object = address[0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_loopback(host):
        message = f"tests reach loopback only, this one wanted {host!r}"
        raise NetworkReached(message)


def pytest_configure() -> None:
    """Close the network before any test module is imported."""
    sys.addaudithook(_refuse_network)


@pytest.fixture(params=DATABASES)
def journal_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a journal that is not there yet, on each database in turn."""
    with fresh(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def spans() -> Iterator[Spans]:
    """What is traced, for a product that traces."""
    with recorded() as spans:
        yield spans


@pytest.fixture
def heard() -> Iterator[Heard]:
    """What is logged, for a product that logs at DEBUG."""
    with everything_heard() as heard:
        yield heard
