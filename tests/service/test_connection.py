from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import (
    EnvelopeClosed,
    EsignError,
    NotReady,
    NotSupported,
    Outcome,
    UnknownConnection,
)
from esign_core.model import EnvelopeStatus, Job, Snapshot
from esign_core.provider import Registry
from esign_core.service import AsyncConnection, Connection
from esign_core.testing import FakeVendor, Fault

if TYPE_CHECKING:
    from tests.service.conftest import World


def _failed(call: Callable[[], object], kind: type[EsignError]) -> EsignError:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


@pytest.fixture
def connection(vendor: FakeVendor, registry: Registry) -> Iterator[Callable[..., Connection]]:
    """Accounts at the vendor in memory, by their settings."""
    made: list[Connection] = []

    def make(**settings: Any) -> Connection:
        made.append(Connection("fake", registry=registry, line=vendor, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def quick_jobs(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor is done before it is asked, and asks for no patience."""
    vendor.job_seconds = 0
    poll_after = "esign_core.testing.fake_provider.POLL_AFTER_SECONDS"
    monkeypatch.setattr(poll_after, 0.0)


def test_connection_calls_every_verb(
    connection: Callable[..., Connection], vendor: FakeVendor, world: World, tmp_path: Path
) -> None:
    """The verbs of one account, with the vendor's own ids."""
    with connection(style="draft") as account:
        assert account.check(world.draft()).ok
        sent = account.send(world.draft())
        assert (sent.remote_id, sent.status) == ("1", EnvelopeStatus.SENT)
        assert len(account.signing_links("1")) == 2
        account.remind("1", signer="1-2")
        assert vendor.reminded == ["1-2"]
        account.send(world.draft())
        assert account.cancel("2").status is EnvelopeStatus.CANCELLED
        _failed(lambda: account.download("1", to=tmp_path), NotReady)
        vendor.complete("1")
        assert account.fetch("1").status is EnvelopeStatus.COMPLETED
        assert account.download("1", to=tmp_path)[0].path == tmp_path / "signed.pdf"
        assert account.request("GET", "/envelopes/1").status == 200
        assert repr(account) == "<Connection fake>"
        for unsupported in (account.list, account.templates, lambda: account.log("1")):
            _failed(unsupported, NotSupported)
        _failed(lambda: account.subscribe("https://example.com"), NotSupported)
        _failed(lambda: account.unsubscribe("1"), NotSupported)


@pytest.mark.usefixtures("quick_jobs")
def test_connection_waits_for_a_job_or_hands_it_out(
    connection: Callable[..., Connection], world: World
) -> None:
    """Patience is the caller's choice."""
    account = connection(style="job")
    assert account.send(world.draft()).remote_id == "1"
    job = account.send(world.draft(), wait=False)
    assert isinstance(job, Job)
    made = account.poll(job)
    assert isinstance(made, Snapshot)
    assert made.remote_id == "2"


def test_connection_without_patience_does_not_say_that_nothing_was_sent(
    connection: Callable[..., Connection], world: World
) -> None:
    """The vendor has accepted it, and goes on."""
    account = connection(style="job")
    error = _failed(lambda: account.send(world.draft(), patience_seconds=0.5), NotReady)
    assert error.outcome is Outcome.DONE


@pytest.mark.promise("D1")
def test_connection_without_patience_hands_the_job_back(
    connection: Callable[..., Connection], vendor: FakeVendor, world: World
) -> None:
    """Whoever catches the error asks again; its handle is in no text and no pickle of it."""
    vendor.job_seconds = 0
    account = connection(style="job")
    error = _failed(lambda: account.send(world.draft(), patience_seconds=0.5), NotReady)
    assert isinstance(error, NotReady)
    handle = error.job.handle["job"]
    assert handle not in f"{error!r} {error} {vars(error)} {traceback.format_exception(error)}"
    assert handle.encode() not in pickle.dumps(error)
    assert pickle.loads(pickle.dumps(error)).job is None  # noqa: S301 - our own
    assert isinstance(account.poll(error.job), Snapshot)


def test_connection_tells_of_the_draft_that_it_could_not_send(
    connection: Callable[..., Connection], vendor: FakeVendor, world: World
) -> None:
    """What was stored can be found and sent by hand."""
    vendor.fail(Fault.ANSWER_LOST, on="POST /envelopes/1/send")
    with pytest.raises(EsignError) as caught:
        connection(style="draft").send(world.draft())
    assert 'stored at the vendor as "1"' in "".join(caught.value.__notes__)
    assert caught.value.outcome is Outcome.UNCERTAIN


async def test_awaited_connection_does_the_same(
    vendor: FakeVendor, registry: Registry, world: World, tmp_path: Path
) -> None:
    """The verbs of one account, awaited."""
    async with AsyncConnection("fake", registry=registry, line=vendor, style="draft") as account:
        assert (await account.check(world.draft())).ok
        sent = await account.send(world.draft())
        assert len(await account.signing_links(sent.remote_id)) == 2
        await account.remind("1")
        vendor.complete("1")
        assert (await account.fetch("1")).status is EnvelopeStatus.COMPLETED
        assert (await account.download("1", to=tmp_path))[0].path == tmp_path / "signed.pdf"
        assert (await account.request("GET", "/envelopes/1")).status == 200
        with pytest.raises(EnvelopeClosed):
            await account.cancel("1")
        for unsupported in (account.list, account.templates):
            with pytest.raises(NotSupported):
                await unsupported()
        with pytest.raises(NotSupported):
            await account.log("1")
        with pytest.raises(NotSupported):
            await account.subscribe("https://example.com")
        with pytest.raises(NotSupported):
            await account.unsubscribe("1")
        assert repr(account) == "<AsyncConnection fake>"


def test_connection_of_a_file_is_opened_by_its_name(tmp_path: Path) -> None:
    """The same file serves scripts and products; an unknown name is told with those there are."""
    file = tmp_path / "esign.toml"
    _ = file.write_text(
        '[connections.penvio-eu]\nprovider = "penvio"\napi_key = "canary-key"\nendpoint = "abc"\n'
    )
    with Connection.from_config(file, "penvio-eu") as account:
        assert repr(account) == "<Connection penvio-eu>"
    with pytest.raises(UnknownConnection, match='Did you mean "penvio-eu"') as caught:
        Connection.from_config(file, "penvio-ue")
    assert "canary" not in str(caught.value)
