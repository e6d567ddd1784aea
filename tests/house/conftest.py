"""The tree under test, and the wheels that come out of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def providers(root: Path) -> list[Path]:
    """The packages of the providers that live in this repository."""
    return sorted(root.glob("providers/*/esign_*"))


@pytest.fixture(scope="session")
def sources(root: Path, providers: list[Path]) -> list[Path]:
    """Every Python file that ends up in a wheel."""
    packages = [root / "esign_core", *providers]
    return sorted(file for package in packages for file in package.rglob("*.py"))


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Every file that is in the repository, or would be with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout: nobody can say which files belong to it")
    files = [root / name for name in sorted(set(listed.stdout.split("\0"))) if name]
    return [file for file in files if file.is_file()]


@pytest.fixture(scope="session")
def wheels(
    root: Path, providers: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The wheel of each distribution, by the name of its package; built without the network."""
    built = {}
    for package in [root / "esign_core", *providers]:
        folder = tmp_path_factory.mktemp(package.name)
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
        built_here = subprocess.run(
            [*command, "--outdir", str(folder), str(package.parent)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert built_here.returncode == 0, built_here.stdout + built_here.stderr
        (built[package.name],) = folder.glob("*.whl")
    return built
