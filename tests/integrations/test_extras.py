from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import esign_core.integrations

EXTRAS = {"django", "flask", "prometheus_client", "starlette", "uvicorn", "werkzeug"}
FOLDER = Path(esign_core.integrations.__file__).parent


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_receiver_for_asgi_loads_no_framework() -> None:
    """Whoever uses one framework needs none of the others."""
    loaded = _run("import sys, esign_core.integrations\nprint(*sys.modules)").split()
    assert EXTRAS & set(loaded) == set()


@pytest.mark.parametrize("framework", ["django", "flask"])
def test_framework_that_is_not_installed_is_told_by_its_extra(framework: str) -> None:
    """The error says what to install."""
    code = (
        f"import sys\nsys.modules[{framework!r}] = None\n"
        "from esign_core import MissingExtra\n"
        f"try:\n    import esign_core.integrations.{framework}\n"
        "except MissingExtra as error:\n    print(error)"
    )
    assert f'its extra "{framework}"' in _run(code)


@pytest.mark.parametrize("name", ["asgi", "django", "flask"])
def test_integration_is_small_enough_to_be_copied(name: str) -> None:
    """Another framework needs as little: under 80 lines."""
    assert len((FOLDER / f"{name}.py").read_text("utf-8").splitlines()) < 80
