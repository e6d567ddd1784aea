"""A stage for tests that every provider must pass: each scene is played twice, and compared.

A provider that ships a simulator needs one row, its `Particulars`. All else the tests find out by
themselves: what the provider supports, which request creates an envelope, where people sign.
"""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pprint import pformat
from types import TracebackType
from typing import Any, Self

from esign_core.model import ArtifactKind, Authenticity, EnvelopeDraft
from esign_core.provider import Provider, Registry
from esign_core.sandbox import Control, Simulator
from esign_core.testing.account import SLOW, Account, Way
from esign_core.testing.receiver import Receiver

Changes = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Refusable:
    """A draft that passes `check`, and that the vendor refuses."""

    draft: Callable[[EnvelopeDraft], EnvelopeDraft] = lambda draft: draft
    """What is changed in a good draft with two signers."""
    settings: Changes = field(default_factory=dict)
    """What is changed in the settings."""
    field: str | None
    """Where the error must point, a path in the caller's draft; None where the vendor is vague."""


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What tests cannot find out about a provider by themselves."""

    provider: str
    """Its name."""
    credentials: tuple[str, ...]
    """The settings each of which, spoilt, makes the vendor refuse the caller."""
    harmless_path: str
    """Something to GET with `request`, below the base URL."""
    page_size: str
    """The adapter's constant for the size of a page, as `package.module:NAME`."""
    forms: tuple[Changes, ...] = ({},)
    """Settings under which the adapter sends the same wish in different forms."""
    token_seconds: int | None = None
    """How long a token lives, by the vendor's documents; None where there are no tokens."""
    tells_decline_reason: bool = True
    """Whether the vendor hands out why somebody declined."""
    refusable: tuple[Refusable, ...]
    """Drafts that only the vendor finds fault with, when asked or later."""
    held: Callable[[Simulator, str, ArtifactKind], bytes]
    """The bytes of an envelope's file, as the simulator holds them."""
    root_certificate: Callable[[Simulator], bytes]
    """The test authority behind signed files, as PEM."""
    authenticity: Authenticity
    """How far the vendor's signature proves a delivery."""
    dialects: Mapping[str, Changes] = field(default_factory=lambda: {"documented": {}})
    """Options of the simulator for each reading of documents that contradict each other."""
    unsigned_settings: Changes = field(default_factory=dict)
    """What differs in the settings of a caller who gets deliveries without a signature."""
    ask_for_unsigned: Callable[[Account, Receiver], None] | None = None
    """How such a caller gets them; None: by the settings alone."""

    def __str__(self) -> str:
        return self.provider

    @property
    def kind(self) -> type[Provider[Any]]:
        """The provider's class."""
        return Registry.installed().provider(self.provider)

    def simulator(self, **options: Any) -> Simulator:
        """A new simulator of the vendor, as the provider ships it."""
        made = pkgutil.resolve_name(self.kind.sandbox or "")(**options)
        if not isinstance(made, Simulator):
            raise TypeError(f"{self.kind.sandbox} is no Simulator")
        return made


class Stage:
    """Two simulators of one vendor, one for each way of calling.

    ```python
    def test_envelope_is_found(stage: Stage) -> None:
        for account in stage.each_way():
            sent = account.send(draft)
            assert account.connection.fetch(sent.remote_id).title == "Lease"
    ```
    """

    def __init__(self, particulars: Particulars, *, scale: float = SLOW, **options: Any) -> None:
        """`scale` and other options are the simulator's."""
        self.particulars = particulars
        self._sandboxes = {way: particulars.simulator(scale=scale, **options) for way in Way}
        self._controls: dict[Way, Control] = {}

    def each_way(
        self,
        settings: Changes | None = None,
        *,
        webhook_url: str | None = None,
        timeout_seconds: float = 30,
    ) -> Iterator[Account]:
        """An account for each way of calling; compared when the loop has ended.

        Args:
            settings: What differs from the settings that the simulator hands out.
            webhook_url: Where the vendor is to send deliveries.
            timeout_seconds: How long the vendor may be silent.

        Raises:
            AssertionError: What was exchanged, answered, or done to people differs. The message
                is the difference.
        """
        records: list[dict[str, Any]] = []
        for way in Way:
            with self.account(
                way, settings, webhook_url=webhook_url, timeout_seconds=timeout_seconds
            ) as account:
                yield account
                records.append(account.record())
        expect_same(*records)

    def account(
        self,
        way: Way = Way.SYNC,
        settings: Changes | None = None,
        *,
        webhook_url: str | None = None,
        timeout_seconds: float = 30,
    ) -> Account:
        """One account, in one way of calling."""
        sandbox = self._sandboxes[way]
        given = {**sandbox.connect(webhook_url), **(settings or {})}
        control = self._controls[way]
        return Account(sandbox, control, way, given, timeout_seconds=timeout_seconds)

    def __enter__(self) -> Self:
        for way, sandbox in self._sandboxes.items():
            self._controls[way] = Control(sandbox.start().control_url)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for control in self._controls.values():
            control.close()
        with ThreadPoolExecutor() as pool:  # a server takes a moment to stop
            _ = list(pool.map(Simulator.stop, self._sandboxes.values()))


def expect_same(one: Any, other: Any) -> None:
    """Do nothing if both are the same.

    Raises:
        AssertionError: They differ; with the lines that do.
    """
    if one == other:
        return
    lines = [pformat(each, width=100, sort_dicts=True).splitlines() for each in (one, other)]
    told = "\n".join(difflib.unified_diff(lines[0], lines[1], "sync", "async", lineterm="", n=4))
    raise AssertionError(f"sync and async differ:\n{told}")
