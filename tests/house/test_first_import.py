"""What `import` alone brings along."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "anyio",
    "asyncio",
    "cryptography",
    "cyclopts",
    "httpx",
    "obstore",
    "opentelemetry",
    "pluggy",
    "rich",
    "sqlalchemy",
    "stamina",
}
"""What is loaded when it is first used, and not before."""


def _loaded_by(line: str) -> set[str]:
    """The heavy packages that a fresh interpreter has after one line."""
    code = f"{line}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return HEAVY & set(done.stdout.split())


@pytest.mark.parametrize(
    "line",
    [
        "import esign_core",
        "from esign_core import EnvelopeDraft",
        "from esign_core import Esign, EnvelopeDraft",
        "from esign_core import AsyncConnection, AsyncEsign, Connection",
    ],
)
def test_an_import_loads_no_more_than_the_models_need(line: str) -> None:
    """A product starts quickly; in `service`, what is heavy is imported through `later`."""
    assert _loaded_by(line) == set()


def test_the_first_account_loads_what_sends() -> None:
    """The rule above finds what it is there to find."""
    lines = 'from esign_core import Esign\nEsign({}, journal="sqlite://").close()'
    assert {"httpx", "pluggy", "sqlalchemy"} <= _loaded_by(lines)
    assert "cryptography" not in _loaded_by(lines)
    with_key = f'Esign({{}}, journal="sqlite://", encryption_keys=["{"Q" * 43}="]).close()'
    assert "cryptography" in _loaded_by(f"from esign_core import Esign\n{with_key}")


def test_importing_the_package_alone_loads_nothing_of_it() -> None:
    """Not even the models: each name is loaded when it is first asked for."""
    code = "import sys, esign_core\nprint(*(m for m in sys.modules if m.startswith('esign_')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "esign_core.model" not in done.stdout.split()
