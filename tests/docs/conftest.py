"""A desk like the one a reader has: a configuration, a PDF, vendors that answer."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from esign_core.cli.sandbox import to_toml
from esign_core.sandbox import Simulator
from esign_penneo.sandbox import PenneoSandbox
from esign_penvio.sandbox import PenvioSandbox
from tests.docs.ready import loaded
from tests.docs.session import Session

CONNECTIONS = {"penneo-dk": "penneo", "penvio-eu": "penvio"}


@pytest.fixture(autouse=True)
def ctrl_c() -> None:
    """Let Ctrl-C end programs, also where the tests run in the background, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        _ = signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def vendors() -> Iterator[dict[str, Simulator]]:
    """Both vendors, simulated, by the provider's name."""
    with PenneoSandbox(scale=0.1) as penneo, PenvioSandbox(scale=0.1) as penvio:
        yield {"penneo": penneo, "penvio": penvio}


@pytest.fixture
def desk(tmp_path: Path, vendors: Mapping[str, Simulator]) -> Path:
    """A folder with `esign.toml`, which leads to the vendors, and `lease.pdf`."""
    settings = {name: vendors[each].connect() for name, each in CONNECTIONS.items()}
    text = "\n".join(to_toml(settings))
    for name, provider in CONNECTIONS.items():
        text = text.replace(f'provider = "{name}"', f'provider = "{provider}"')
    text = f"refresh_after_seconds = 1\n{text}\n"
    _ = (tmp_path / "esign.toml").write_text(text, encoding="utf-8")
    document = settings["penneo-dk"]["templates"]["lease"]["document"]
    _ = shutil.copy(document, tmp_path / "lease.pdf")
    return tmp_path


@pytest.fixture
def session(desk: Path, vendors: Mapping[str, Simulator]) -> Iterator[Session]:
    """A reader at the desk."""
    with Session(desk, vendors) as reader:
        yield reader


@pytest.fixture(scope="session")
def ready() -> Iterator[Path]:
    """Where an `esign` is that answers at once."""
    with loaded() as folder:
        yield folder


@pytest.fixture
def quick_session(desk: Path, vendors: Mapping[str, Simulator], ready: Path) -> Iterator[Session]:
    """A reader at the desk whose commands take less long to start."""
    with Session(desk, vendors, ready=ready) as reader:
        yield reader
