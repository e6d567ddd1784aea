"""The command: what is played, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from esign_core.cli.failures import Misused
from esign_core.cli.interrupts import until_interrupted
from esign_core.cli.parameters import AsJson

if TYPE_CHECKING:
    from esign_core.cli.demo.stage import Stage
    from esign_core.cli.demo.telling import Teller


def demo(
    *,
    to: Annotated[
        Path | None, Parameter(help="Keep the signed files here; else they are gone at the end.")
    ] = None,
    stay: Annotated[
        bool, Parameter(name="--serve", help="Then stay, with links to click, until interrupted.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """One deal through every vendor, simulated.

    No account, no configuration, no network: simulators of all installed providers and a receiver
    on this machine. A lease goes through each vendor and is signed on the signing pages by two
    people, one after the other; another one is declined, a third one cancelled. Webhooks are
    duplicated, swapped and lost on the way. The stream is shown as it grows; with --json, one line
    for each event and nothing else. The exit code is 1 if anything is not as it should be.

    ```sh
    esign demo --to archive
    ```
    """
    import anyio

    from esign_core.cli.demo.stage import set_stage
    from esign_core.cli.demo.telling import Teller

    if to is not None and to.exists() and not to.is_dir():
        raise Misused(f'--to "{to}" is a file; name a folder')
    teller = Teller(as_json=as_json)
    with (
        until_interrupted(),
        TemporaryDirectory(prefix="esign-demo-") as folder,
        set_stage(Path(folder), scale=0.1) as stage,
    ):
        anyio.run(_perform, stage, teller, to or Path(folder), to is not None, stay)
    return 0 if teller.is_well else 1


async def _perform(stage: Stage, teller: Teller, to: Path, is_kept: bool, stay: bool) -> None:  # noqa: FBT001
    from esign_core.cli.demo.play import fresh_envelopes, play
    from esign_core.cli.demo.story import Story, Stuck
    from esign_core.cli.demo.verdict import findings

    begun = time.monotonic()
    async with stage.esign, stage.esign.worker(), Story(stage.esign, teller) as story:
        teller.begin([vendor.title for vendor in stage.vendors])
        wrong: Sequence[str]
        try:
            played = await play(stage, story, to)
            wrong = findings(played)
            teller.envelopes(played.envelopes)
            teller.files(played.files, is_kept=is_kept)
        except Stuck as stuck:
            wrong = [str(stuck)]
        teller.verdict(wrong, story.events, time.monotonic() - begun)
        if stay and not wrong:
            teller.links(await fresh_envelopes(stage, story))
            await story.follow()
