"""What `Esign` and `AsyncEsign` share: how they are opened, and what asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr

from esign_core.service import arguments
from esign_core.service.later import (
    Config,
    Journal,
    Registry,
    Vault,
    Workspace,
    as_keys,
    read_config,
)


class Opened:
    """Connections and a journal, open until they are closed."""

    def __init__(
        self,
        connections: Mapping[str, Mapping[str, Any]],
        *,
        journal: str = "sqlite:///esign.db",
        refresh_after_seconds: float = 60.0,
        encryption_keys: Sequence[str | SecretStr] = (),
        archive: str | Path | None = None,
        keep_raw_days: float | None = None,
        registry: Registry | None = None,
    ) -> None:
        keys = as_keys(encryption_keys)
        arguments.expect_a(Mapping, connections=connections)
        if archive is not None:
            arguments.expect_path(archive=archive)
        folder = str(archive) if archive is not None else None
        config = Config(
            dict(connections), journal, refresh_after_seconds, folder, keys, keep_raw_days
        )
        opened = Journal(journal, Vault(keys))
        self._workspace = Workspace(config, opened, registry or Registry.installed())
        self._begin()

    def _begin(self) -> None:
        """What is different for those who wait and those who await."""

    @classmethod
    def from_config(cls, path: str | Path) -> Self:
        """As a TOML file says; `${NAME}` in it stands for an environment variable.

        Raises:
            Misconfigured: The file cannot be read, or a setting is wrong.
        """
        registry = Registry.installed()
        config = read_config(path, registry=registry)
        return cls(
            config.connections,
            journal=config.journal,
            refresh_after_seconds=config.refresh_after_seconds,
            encryption_keys=config.encryption_keys,
            archive=config.archive,
            keep_raw_days=config.keep_raw_days,
            registry=registry,
        )

    @property
    def connections(self) -> tuple[str, ...]:
        """The names of the connections that can be used."""
        return tuple(self._workspace.connections)

    @property
    def rejected(self) -> Mapping[tuple[str, str], int]:
        """How many deliveries this process has turned away, by endpoint and reason."""
        return dict(self._workspace.rejected)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self.connections) or 'without connections'}>"


class Closing(Opened):
    """What is closed by a blocking call, or at the end of a `with` block."""

    def close(self) -> None:
        """Close the connections to vendors and the journal."""
        self._workspace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClosing(Opened):
    """What is closed by an awaited call, or at the end of an `async with` block."""

    async def aclose(self) -> None:
        """Close the connections to vendors and the journal."""
        await self._workspace.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
