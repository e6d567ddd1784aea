"""Records cassettes anew: `make record PROVIDER=penneo`, with `LIVE=1` from the vendor itself.

Against the simulator every scene has a new one, whose ids follow from a seed and whose time stands
still; so the same code records the same files. What is published keeps its answers to the letter,
and gets the requests that the adapter makes today.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from esign_core import EsignError, Registry, WebhookRequest
from esign_core.engine import Session, SyncDriver
from esign_core.provider import Token
from esign_core.service.opening import open_session
from esign_core.testing import Allowed, Provenance, Recording, new_vcr
from esign_core.testing.scrub import DELIVERIES, Scrubber
from tests.cassettes import penneo_scenes, penvio_scenes
from tests.cassettes.live import Live, expect_credentials, lease_templates
from tests.cassettes.publisher import published_answers
from tests.cassettes.rules import ALLOWED, SETTINGS
from tests.cassettes.scenes import Call, Given, NeedsSimulator, Scene
from tests.cassettes.studio import Simulated
from tests.cassettes.tables import readme

FOLDER = Path(__file__).resolve().parents[2] / "cassettes"
SCENES: Mapping[str, Sequence[Scene]] = {
    "penneo": penneo_scenes.SCENES,
    "penvio": penvio_scenes.SCENES,
}
_FILE = re.compile(r"string: <\d+ bytes, sha256 [0-9a-f]{16}>")
"""An answer that is a file: one that is signed never has the same bytes twice."""


def main(arguments: Sequence[str]) -> None:
    """Record what was asked for; exits with 2, and the reason, if it cannot be."""
    parser = argparse.ArgumentParser(prog="record", description=__doc__)
    parser.add_argument("provider", choices=sorted(SCENES))
    parser.add_argument("--live", action="store_true", help="from the vendor, not its simulator")
    parser.add_argument("--only", action="append", metavar="NAME", help="this cassette; repeatable")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where cassettes are kept")
    asked = parser.parse_args(arguments)
    try:
        record(asked.provider, asked.folder, is_live=asked.live, only=asked.only or ())
    except LookupError as error:
        parser.error(str(error))


def record(
    provider: str,
    folder: Path = FOLDER,
    *,
    is_live: bool = False,
    only: Collection[str] = (),
    tell: Callable[[str], object] = print,
) -> None:
    """Record a provider's cassettes into a folder below `folder`, and the table of its README.

    Raises:
        LookupError: A live recording lacks credentials.
    """
    if is_live:
        expect_credentials(provider)
    for scene in SCENES[provider]:
        if only and scene.name not in only:
            continue
        path = folder / provider / f"{scene.name}.yaml"
        try:
            with tempfile.TemporaryDirectory() as scratch:
                new = Path(scratch) / path.name
                _record(provider, scene, path, new, is_live=is_live)
                tell(f"{provider}/{path.name}: {_kept(path, new)}")
        except NeedsSimulator:
            tell(f"{provider}/{path.name}: left as it is; only a simulator can do that")
        except (EsignError, AssertionError) as error:
            if not is_live:
                raise
            tell(f"{provider}/{path.name}: left as it is; the vendor did otherwise: {error}")
    page = folder / provider / "README.md"
    if page.is_file():
        page.write_text(readme(page.read_text("utf-8"), SCENES[provider], page.parent), "utf-8")


def replay_session(provider: str, scene: Scene, provenance: Provenance, **changes: Any) -> Session:
    """An account whose clock stands where the recording's stood, with a stand-in for a token."""
    settings = {**SETTINGS[provider], **scene.settings, **changes}
    if "template_id" in provenance.given:  # of a live recording
        settings["templates"] = lease_templates(provenance.given)
    session = open_session(Registry.installed(), provider, settings, clock=lambda: provenance.clock)
    if session.provider.supports("grant"):
        session.tokens.put(session.name, Token("<token>"))
    return session


def _record(provider: str, scene: Scene, path: Path, new: Path, *, is_live: bool) -> None:
    if scene.published:
        _renew(provider, scene, Recording.read(path), new)
        return
    if is_live and scene.needs_simulator:
        raise NeedsSimulator
    with Live(provider) if is_live else Simulated(provider, scene) as studio:
        if scene.deliver is not None:
            _write_delivery(provider, scene.deliver(studio), studio.provenance({}), new)
            return
        given = scene.prepare(studio)
        session = studio.opened(scene.settings, has_token=scene.has_token)
        allowed = replace(ALLOWED[provider], hosts=studio.hosts)
        head = studio.provenance(_without_secrets(given, allowed))
        with _recording(new, allowed, head, never=studio.secrets(session)):
            answer = _played(scene, Call(session, given, new.parent))
        studio.note(answer)


def _renew(provider: str, scene: Scene, old: Recording, new: Path) -> None:
    """The published answers once more, with the requests that are made today."""
    if scene.play is None:
        _write_delivery(provider, old.delivery, old.provenance, new)
        return
    with published_answers(old) as url:
        session = replay_session(provider, scene, old.provenance, base_url=url)
        allowed = replace(ALLOWED[provider], hosts={url: "api"})
        with closing(session.line), _recording(new, allowed, old.provenance):
            _played(scene, Call(session, old.provenance.given, new.parent))
    answers = [_said(recording) for recording in (old, Recording.read(new))]
    if answers[0] != answers[1]:
        raise ValueError(f"the rules leave out a part of what is published: {scene.name}")


def _played(scene: Scene, about: Call) -> Any:
    assert scene.play is not None
    try:
        answer = SyncDriver().run(scene.play(about))
    except EsignError as error:
        if scene.fails is None or type(error) is not scene.fails:
            raise
        return error
    if scene.fails is not None:
        raise AssertionError(f"{scene.name} should have been {scene.fails.__name__}")
    return answer


@contextmanager
def _recording(
    path: Path, allowed: Allowed, head: Provenance, never: Collection[str] = ()
) -> Generator[None]:
    """What goes to the vendor's hosts meanwhile is recorded, and nothing else."""
    scrubber = Scrubber(allowed)

    def only_the_vendors(request: Any) -> Any:
        try:
            scrubber.uri(request.uri)
        except ValueError:
            return None  # a delivery of the simulator's, on its way
        return request

    vcr = new_vcr(allowed, record_mode="all", provenance=head, never=never)
    vcr.before_record_request = [only_the_vendors, vcr.before_record_request]
    with vcr.use_cassette(str(path)):
        yield


def _write_delivery(provider: str, delivery: WebhookRequest, head: Provenance, path: Path) -> None:
    """A delivery as a request to nobody; it was taken with 204."""
    from vcr.request import Request  # type: ignore[import-untyped]

    uri = f"https://{DELIVERIES}.invalid/{provider}"
    vcr = new_vcr(ALLOWED[provider], provenance=head)
    request = vcr.before_record_request(Request("POST", uri, delivery.body, delivery.headers))
    status = {"code": 204, "message": "No Content"}
    taken = {"status": status, "headers": {}, "body": {"string": b""}}
    vcr.persister.save_cassette(path, {"requests": [request], "responses": [taken]}, None)


def _without_secrets(given: Given, allowed: Allowed) -> Given:
    return {name: allowed.secrets.get(name, value) for name, value in given.items()}


def _kept(path: Path, new: Path) -> str:
    """What became of the file: it stays, if nothing differs but the bytes of a signed one."""
    text = new.read_text("utf-8")
    old = path.read_text("utf-8") if path.is_file() else ""
    if _FILE.sub("", text) == _FILE.sub("", old):
        return "unchanged"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return "recorded"


def _said(recording: Recording) -> list[Any]:
    bodies = [each["response"]["body"]["string"] for each in recording.interactions]
    return [json.loads(body) for body in bodies]


if __name__ == "__main__":
    main(sys.argv[1:])
