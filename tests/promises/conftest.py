"""Simulated vendors for products that are built as their users build them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from esign_core.sandbox import Simulator
from esign_penneo.sandbox import PenneoSandbox
from esign_penvio.sandbox import PenvioSandbox
from tests.databases import DATABASES, fresh
from tests.promises.product import Product

KINDS = {kind.name: kind for kind in (PenneoSandbox, PenvioSandbox)}


@pytest.fixture(scope="session")
def simulators() -> Iterator[dict[str, Simulator]]:
    """Both vendors, a hundred times quicker than they are."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(kind(scale=0.01)) for name, kind in KINDS.items()}


@pytest.fixture
def quick_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor that makes envelopes as jobs is asked at once: it is quick here."""
    monkeypatch.setattr("esign_penneo.jobs._PAUSES", (0.02,) * 5)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Where journals are."""
    name: str = request.param
    return name


MakeProduct = Callable[..., Product]


@pytest.fixture
def open_product(tmp_path: Path, quick_jobs: None) -> Iterator[MakeProduct]:
    """Products, each at a vendor of its own, with a journal in a file or in another database."""
    with ExitStack() as stack:

        def opened(name: str, *, database: str = "sqlite", **settings: Any) -> Product:
            folder = tmp_path / f"product-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            journal = stack.enter_context(fresh(database, folder))
            simulator = stack.enter_context(KINDS[name](scale=0.01))
            return stack.enter_context(Product(simulator, folder, journal=journal, **settings))

        yield opened
