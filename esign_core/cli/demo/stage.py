"""The stage: simulated vendors, a receiver for their webhooks, one journal; all on loopback."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from esign_core import AsyncEsign, Channel, EnvelopeDraft, Feature, Registry
from esign_core.cli.simulators import running, simulators_of
from esign_core.integrations import receiver
from esign_core.model.address import rooted
from esign_core.sandbox import Control, Server


@dataclass(frozen=True)
class Vendor:
    """One simulated vendor, as the play sees it."""

    name: str
    """The provider's name, and the connection's."""
    title: str
    control: Control
    has_link_delivery: bool
    hands_out_links: bool
    """Whether a call answers with signing links; else they are in people's mail only."""
    can_cancel: bool

    def addressed(self, draft: EnvelopeDraft) -> EnvelopeDraft:
        """The same draft, its signers reached by link if the vendor can do without e-mail."""
        return draft.delivered_by(Channel.LINK if self.has_link_delivery else Channel.EMAIL)


@dataclass(frozen=True)
class Stage:
    """All that is running."""

    esign: AsyncEsign
    vendors: tuple[Vendor, ...]


@contextmanager
def set_stage(folder: Path, *, scale: float) -> Generator[Stage]:
    """A stage with every installed provider that ships a simulator, until the block ends.

    Raises:
        Misconfigured: No installed provider ships one.
    """
    registry = Registry.installed()
    with ExitStack() as stack:
        simulators = stack.enter_context(running(simulators_of(registry), scale=scale))
        app = Starlette()
        server = Server(app)  # listens already: its address goes into the connections
        connections = {
            name: {"provider": name, **simulator.connect(f"{server.url}/webhooks/{name}")}
            for name, simulator in simulators.items()
        }
        esign = AsyncEsign(
            connections,
            journal=rooted("sqlite:///journal.db", folder),
            refresh_after_seconds=1,
            registry=registry,
        )
        app.mount("/webhooks", receiver(esign))
        server.start()
        _ = stack.callback(server.stop)
        vendors: list[Vendor] = []
        for name, simulator in simulators.items():
            provider = registry.providers[name]
            vendors.append(
                Vendor(
                    name=name,
                    title=provider.title,
                    control=stack.enter_context(Control(simulator.control_url)),
                    has_link_delivery=provider.capabilities.supports(Feature.LINK_DELIVERY),
                    hands_out_links=provider.supports("signing_links"),
                    can_cancel=provider.supports("cancel"),
                )
            )
        yield Stage(esign, tuple(vendors))
