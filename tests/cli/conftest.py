from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from esign_core import Registry
from esign_core.cli import main
from esign_core.cli.sandbox import to_toml
from esign_core.sandbox import Control, Simulator

PATIENCE_SECONDS = 30
LOST = "The output could not be written: No space left on device. What the command did is done."
"""What is told where nothing can be printed."""


@dataclass(frozen=True)
class Result:
    """What the shell gets back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]

    @property
    def told(self) -> str:
        """The error's words, as JSON or not."""
        told: str = self.error["message"] if self.err.startswith("{") else self.err.strip()
        return told

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def onto_a_full_disk(*words: str) -> Result:
    """What becomes of a command that can print nothing; its error is one line, or JSON."""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "esign_core.cli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    return Result(ran.returncode, "", ran.stderr)


class Running:
    """A command in a process of its own."""

    def __init__(self, *words: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "esign_core.cli", *words],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line of its output."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it has ended: {self.process.communicate()[1]}"
        return line.rstrip("\n")

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> Result:
        """What it answers to a signal; or, without one, by itself."""
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return Result(self.process.returncode, out, err)


Esign = Callable[..., Result]
Start = Callable[..., Running]


@pytest.fixture
def esign(capsys: pytest.CaptureFixture[str]) -> Esign:
    """The command line, in this process."""

    def run(*words: str | Path) -> Result:
        _ = capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """The command line, in a process of its own; ended with the test."""
    started: list[Running] = []

    def run(*words: str | Path) -> Running:
        started.append(Running(*map(str, words), folder=tmp_path))
        return started[-1]

    yield run
    for running in started:
        if running.process.returncode is None:
            _ = running.end()


@pytest.fixture(scope="module")
def simulators() -> Iterator[dict[str, Simulator]]:
    """Both vendors, twenty times quicker."""
    with ExitStack() as stack:
        started: dict[str, Simulator] = {}
        for name, provider in Registry.installed().providers.items():
            module, _, attribute = (provider.sandbox or "").partition(":")
            kind: type[Simulator] = getattr(import_module(module), attribute)
            started[name] = stack.enter_context(kind(scale=0.05))
        yield started


@pytest.fixture
def config(simulators: dict[str, Simulator], tmp_path: Path) -> Path:
    """An `esign.toml` for both of them, with an empty journal."""
    file = tmp_path / "esign.toml"
    connections = {name: simulator.connect() for name, simulator in simulators.items()}
    lines = ["refresh_after_seconds = 1", *to_toml(connections)]
    _ = file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.fixture
def install(tmp_path: Path) -> Callable[[str], Path]:
    """A package with a plugin of this text, as an installer leaves it; where to import it from."""

    def run(module: str) -> Path:
        site = tmp_path / "site"
        info = site / "esign_acme-1.0.dist-info"
        info.mkdir(parents=True)
        about = "Metadata-Version: 2.1\nName: esign-acme\nVersion: 1.0\n"
        _ = (info / "METADATA").write_text(about, encoding="utf-8")
        _ = (info / "entry_points.txt").write_text("[esign]\nacme = acme_plugin\n", "utf-8")
        _ = (site / "acme_plugin.py").write_text(module, encoding="utf-8")
        return site

    return run


@pytest.fixture
def control(simulators: dict[str, Simulator]) -> Iterator[Callable[[str], Control]]:
    """What people do at a vendor, by the provider's name."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(Control(simulators[name].control_url))


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    """A draft of a template, for two people in order, as YAML."""
    file = tmp_path / "lease.yaml"
    _ = file.write_text(
        """\
        title: Lease 14
        template: lease
        signers:
          - {name: Tess Holm, email: tess@example.com, role: tenant, order: 1}
          - {name: Lars Berg, email: lars@example.com, role: landlord, order: 2}
        """,
        encoding="utf-8",
    )
    return file


@pytest.fixture
def pdf(simulators: dict[str, Simulator], tmp_path: Path) -> Path:
    """A real PDF."""
    file = tmp_path / "lease.pdf"
    document = simulators["penneo"].connect()["templates"]["lease"]["document"]
    _ = file.write_bytes(Path(document).read_bytes())
    return file


@pytest.fixture
def sent(esign: Esign, config: Path, lease: Path) -> str:
    """An envelope that went out through Penvio."""
    words = ("send", lease, "--via", "penvio", "--key", "lease-14", "--config", config, "--json")
    answer = esign(*words)
    assert answer.code == 0, answer.err
    return str(answer.json["id"])
