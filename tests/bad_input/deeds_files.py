"""Files that are not there, buckets that refuse, and disks that are full."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from esign_core.journal import Transaction
from esign_core.sandbox import Delivery, Server, VendorRequest, VendorResponse
from esign_penvio.sandbox import PenvioSandbox
from esign_penvio.sandbox.vendor import PenvioVendor
from tests.bad_input import little_room
from tests.bad_input.scene import Scene, Way


def too_early(scene: Scene) -> None:
    """Nobody has signed."""
    scene.download(scene.send())


def cancelled(scene: Scene) -> None:
    """Nobody ever will."""
    envelope = scene.send()
    scene.cancel(envelope)
    scene.download(envelope)


def no_bucket(scene: Scene) -> None:
    """The settings name none."""
    del scene.settings["bucket_url"]
    _completed_and_downloaded(scene)


def empty_bucket(scene: Scene) -> None:
    """The settings name another one."""
    other = scene.folder / "other"
    other.mkdir()
    scene.settings["bucket_url"] = other.as_uri()
    _completed_and_downloaded(scene)


def bucket_that_refuses(scene: Scene) -> None:
    """403, in S3's words."""

    async def refuse(_: Request) -> Response:
        text = "<Error><Code>AccessDenied</Code><Message>jane@example.com</Message></Error>"
        return Response(text, 403, media_type="application/xml")

    server = Server(Starlette(routes=[Route("/{path:path}", refuse, methods=["GET", "HEAD"])]))
    server.start()
    try:
        scene.settings["bucket_url"] = "s3://signed-leases"
        scene.settings["storage_options"] = {
            "endpoint": server.url,
            "allow_http": "true",
            "region": "eu-west-1",
            "access_key_id": "AKIA-made-up",
            "secret_access_key": "a-made-up-secret-access-key",
        }
        _completed_and_downloaded(scene)
    finally:
        server.stop()


def climbing_key(scene: Scene) -> None:
    """The vendor names a file outside of the bucket."""
    scene.play_at_own(_ClimbingSandbox())
    _completed_and_downloaded(scene)


class _ClimbingVendor(PenvioVendor):
    """Penvio, whose storage keys lead out of the bucket."""

    def handle(
        self, request: VendorRequest, now: datetime
    ) -> tuple[VendorResponse, list[Delivery]]:
        answer, deliveries = super().handle(request, now)
        body = answer.body.replace(b'"esign/envelopes/', b'"../../envelopes/')
        return replace(answer, body=body), deliveries


class _ClimbingSandbox(PenvioSandbox):
    def open_vendor(self, folder: Path) -> PenvioVendor:
        vendor = super().open_vendor(folder)
        vendor.__class__ = _ClimbingVendor
        return vendor


def no_room_for_a_download(scene: Scene) -> None:
    """The disk takes half of the file."""
    envelope = scene.send()
    scene.complete(envelope)
    journal = scene.journal if scene.way is Way.ESIGN else None
    account = little_room.Account(scene.vendor, scene.via, scene.settings, journal)
    _elsewhere(little_room.download, account, envelope, scene.saved_to)


def no_room_for_the_intent(scene: Scene) -> None:
    """The journal's disk is full before anything is asked for."""
    database = scene.esign._workspace.journal._database

    def fill(tx: Transaction) -> None:
        connection = tx.stream._rows.connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        _ = connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    database.write(fill)
    scene.send(scene.draft(metadata={"note": "more than the pages that there are " * 500}))


def no_room_for_the_answer(scene: Scene) -> None:
    """It is full when the vendor has answered."""
    account = little_room.Account(scene.vendor, scene.via, scene.settings, scene.journal)
    people = [{"name": "Jane Doe", "email": "jane@example.com", "role": "tenant"}]
    draft = {"title": "Lease 14", "template": "lease", "signers": people}
    _elsewhere(little_room.send, account, draft)


def no_folder_for_the_journal(scene: Scene) -> None:
    """Its address names one that is not there."""
    scene.journal = f"sqlite:///{scene.folder / 'nowhere' / 'esign.db'}"
    try:
        scene.send()
    finally:
        scene.forget()


def _completed_and_downloaded(scene: Scene) -> None:
    envelope = scene.send()
    scene.complete(envelope)
    scene.download(envelope)


def _elsewhere(work: Callable[..., None], *arguments: object) -> None:
    """Do it in a process of its own; what it raises is raised here."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(work, *arguments).result()
