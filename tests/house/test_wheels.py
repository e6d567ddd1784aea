from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections import Counter
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

ENDS = Counter({"completed": 2, "declined": 1, "cancelled": 1})
FIELDS = {
    "seq",
    "id",
    "type",
    "envelope_id",
    "connection",
    "provider",
    "occurred_at",
    "received_at",
    "source",
    "authenticity",
    "inferred",
}
UNREACHABLE = ("connection broken", "Could not fetch URL", "Temporary failure in name resolution")


def _entry_points(wheel: Path) -> dict[str, dict[str, str]]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/entry_points.txt"))
        parser = ConfigParser()
        parser.read_string(archive.read(name).decode())
    return {section: dict(parser[section]) for section in parser.sections()}


def test_each_wheel_holds_one_typed_package_and_the_licence(wheels: dict[str, Path]) -> None:
    """A wheel brings one package, under its own name, with its types and its licence."""
    for package, wheel in wheels.items():
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        top_level = {name.split("/")[0] for name in names if ".dist-info/" not in name}
        assert top_level == {package}
        assert f"{package}/py.typed" in names
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_each_module_of_the_tree_is_in_its_wheel(
    wheels: dict[str, Path], root: Path, providers: list[Path]
) -> None:
    """What is tested here is what is installed there: no file is left behind."""
    for package in [root / "esign_core", *providers]:
        here = {f.relative_to(package.parent).as_posix() for f in package.rglob("*.py")}
        with zipfile.ZipFile(wheels[package.name]) as archive:
            assert here <= set(archive.namelist())


def test_the_core_brings_the_command(wheels: dict[str, Path]) -> None:
    """Installing the core gives the command `esign`."""
    assert "esign" in _entry_points(wheels["esign_core"])["console_scripts"]


def test_each_provider_is_found_by_its_entry_point(wheels: dict[str, Path]) -> None:
    """Installing a provider is enough for it to be found."""
    for package in wheels.keys() - {"esign_core"}:
        ((name, target),) = _entry_points(wheels[package])["esign"].items()
        assert name == package.removeprefix("esign_")
        assert target.split(".")[0] == package
        assert importlib.util.find_spec(target) is not None


def _install(wheels: dict[str, Path], folder: Path) -> Path:
    """An environment with nothing but the three wheels and what they require."""
    venv.create(folder)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    install = ["install", "--retries", "1", "--no-compile"]  # little of it is ever imported
    core = f"{wheels['esign_core']}[demo]"
    others = [str(wheel) for package, wheel in wheels.items() if package != "esign_core"]
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", scripts / "python", *install, core, *others],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    said = installed.stdout + installed.stderr
    if installed.returncode and "CI" not in os.environ and any(s in said for s in UNREACHABLE):
        pytest.skip("the package index cannot be reached, so the wheels cannot be installed")
    assert installed.returncode == 0, said
    return scripts


@pytest.mark.slow
def test_the_wheels_alone_run_the_demo(wheels: dict[str, Path], tmp_path: Path) -> None:
    """`pip install` of the wheels into an empty environment is all that `esign demo` needs."""
    scripts = _install(wheels, tmp_path / "venv")
    empty = tmp_path / "empty"
    empty.mkdir()
    esign = shutil.which("esign", path=str(scripts))
    assert esign is not None
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "ESIGN", "COV"))}

    demo = subprocess.run(
        [esign, "demo", "--json"],
        cwd=empty,
        env=environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert demo.returncode == 0, demo.stderr
    events: list[dict[str, Any]] = [json.loads(line) for line in demo.stdout.splitlines()]
    assert len(events) >= 20
    assert all(event.keys() >= FIELDS for event in events)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["provider"] for event in events} == {
        package.removeprefix("esign_") for package in wheels.keys() - {"esign_core"}
    }
    assert {"webhook", "poll"} <= {event["source"] for event in events}
    ends = (event["type"].removeprefix("envelope.") for event in events)
    assert Counter(end for end in ends if end in ENDS) == ENDS
