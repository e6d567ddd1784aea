"""Every example in the documentation does what the page says."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from esign_core import Esign, Registry, Snapshot
from esign_core.provider import read_settings
from esign_core.sandbox import Control
from esign_core.service import read_config
from esign_penneo.sandbox import PenneoSandbox
from esign_penvio.sandbox import PenvioSandbox

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("providers/*/README.md")]
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page in a language."""
    return [text for name, text in _BLOCK.findall(page.read_text("utf-8")) if name == language]


@pytest.fixture
def everybody_signs(penneo: PenneoSandbox) -> Iterator[None]:
    """Somebody at the other end who signs whatever arrives, through the signing page."""
    done = threading.Event()

    def sign() -> None:
        signed: set[str] = set()
        with Control(penneo.control_url) as control:
            while not done.wait(0.05):
                for link in {str(row["link"]) for row in control.ledger() if row["link"]} - signed:
                    control.sign_page(link)
                    signed.add(link)

    thread = threading.Thread(target=sign)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.mark.usefixtures("everybody_signs")
def test_fifteen_lines_send_follow_and_download(desk: Path) -> None:
    """The README's first example runs as it stands, and ends with the signed file on disk."""
    first, *_ = blocks(ROOT / "README.md", "python")
    assert len([line for line in first.splitlines() if line]) <= 15
    names: dict[str, object] = {}
    exec(compile(first, "README.md", "exec"), names)  # noqa: S102 - our own page
    esign = names["esign"]
    assert isinstance(esign, Esign)
    esign.close()
    archived = list((desk / "archive").rglob("*.pdf"))
    assert len(archived) == 1
    assert archived[0].read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("provider", ["penneo", "penvio"])
def test_provider_example_sends(
    provider: str, desk: Path, penneo: PenneoSandbox, penvio: PenvioSandbox
) -> None:
    """Each provider's example runs as it stands, but for the placeholders of the account."""
    assert (desk / "lease.pdf").exists()
    (text,) = blocks(ROOT / "providers" / provider / "README.md", "python")
    text, swapped = re.subn(r"^settings = .*$", "", text, flags=re.MULTILINE)
    assert swapped == 1
    settings = {"penneo": penneo, "penvio": penvio}[provider].connect()
    names: dict[str, object] = {"settings": settings}
    exec(compile(text, provider, "exec"), names)  # noqa: S102 - our own page
    sent = names["sent"]
    assert isinstance(sent, Snapshot)
    assert sent.remote_id


def test_receiver_example_answers_http(desk: Path) -> None:
    """The README's second example is an ASGI app, made from the configuration."""
    assert desk.is_dir()
    _, second, *rest = blocks(ROOT / "README.md", "python")
    assert not rest, "a new example needs a test"
    names: dict[str, object] = {}
    exec(compile(second, "README.md", "exec"), names)  # noqa: S102 - our own page
    assert callable(names["app"])


def test_configuration_example_is_one(tmp_path: Path) -> None:
    """The README's esign.toml is read, and every setting in it is known to its provider."""
    (text,) = blocks(ROOT / "README.md", "toml")
    path = tmp_path / "esign.toml"
    _ = path.write_text(text, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "a-secret-of-at-least-16")
    config = read_config(path, variables)
    registry = Registry.installed()
    for settings in config.connections.values():
        own = dict(settings)
        provider = registry.provider(str(own.pop("provider")))
        assert set(read_settings(provider, own).templates) == {"lease"}
    assert len(config.connections) == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of every page leads to a file that is there."""
    for target in _LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / unquote(target)).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_data_blocks_are_what_they_say(page: Path) -> None:
    """Every TOML block is TOML."""
    for text in blocks(page, "toml"):
        assert tomllib.loads(text)


def test_architecture_page_names_files_that_exist() -> None:
    """The walk through the files stays true: each file and folder that it names is there."""
    page = (ROOT / "docs/explanation/architecture.md").read_text("utf-8")
    named = re.findall(
        r"`((?:model|provider|engine|journal|service|integrations)/\w+(?:\.py)?)`", page
    )
    assert len(named) > 15
    for name in named:
        path = ROOT / "esign_core" / name
        assert path.exists() or path.with_suffix(".py").exists(), name
