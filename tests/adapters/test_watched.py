"""What logs and traces tell of each vendor: which request it was, and nothing that is secret."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind

from esign_core import ArtifactKind, EnvelopeDraft, EsignError, Job, NotSupported
from esign_core.engine import records
from esign_core.testing.account import Account
from esign_core.testing.stage import Stage
from esign_core.testing.told import play, webhooks_of
from tests.logged import Heard
from tests.spans import Spans


def _ask_for_everything(account: Account, draft: EnvelopeDraft, folder: Path) -> list[str]:
    """Use all that the account can do; answers with the secrets that came up."""
    connection, webhooks = account.connection, webhooks_of(account)
    deals = play(account, draft)
    signed, secrets = deals["signed"].remote_id, list[str]()
    sent = connection.send(draft, wait=False)
    if isinstance(sent, Job):
        secrets += [str(each) for each in sent.handle.values() if len(str(each)) > 8]
        account.let_pass()
        sent = connection.poll(sent)
    assert not isinstance(sent, Job)
    open_ = sent.remote_id
    for ask in (
        lambda: connection.check(draft, online=True),
        connection.list,
        lambda: connection.log(signed),
        lambda: connection.remind(open_),
        connection.templates,
        lambda: connection.signing_links(open_),
        lambda: connection.download(signed, to=folder, kinds=set(ArtifactKind)),
        lambda: account.ask(account.provider.find("esign:env_none", datetime.now(UTC))),
        lambda: connection.fetch("0"),
    ):
        with suppress(EsignError):
            ask()
    with suppress(NotSupported):
        made = connection.subscribe("http://127.0.0.1:1/canary")
        secrets.append(made.secret or "canary")
        account.ask(webhooks.subscriptions())
        account.ask(webhooks.test(made.id))
        connection.unsubscribe(made.id)
    token = account._open._session.tokens.get(account.provider.name)
    return [*secrets, *([token.value] if token is not None else [])]


@pytest.mark.promise("D1")
def test_requests_are_told_by_their_declared_paths(
    own_stage: Stage, ordered_lease: EnvelopeDraft, heard: Heard, spans: Spans, tmp_path: Path
) -> None:
    """Every one of them; and no credential, token, job, link, webhook secret or address."""
    own = own_stage.particulars
    for number, account in enumerate(own_stage.each_way()):
        secrets = _ask_for_everything(account, ordered_lease, tmp_path / str(number))
        secrets += [str(account.settings[name]) for name in own.credentials]
        secrets += [link.rpartition("/")[2] for link in account.control.links()]
        ours = [each for each in heard.records if each.name.startswith(("esign", "stamina"))]
        told = "\n".join([*map(str, map(vars, ours)), spans.text])
        assert not [secret for secret in [*secrets, "canary", "lukasz", "Żółć"] if secret in told]
    paths = {str(each.get("esign_path")) for each in heard.told(records.REQUEST_ANSWERED)}
    assert paths <= set(own.kind.paths)
    assert len(paths) > 4
    clients = [span for span in spans.all if span.kind is SpanKind.CLIENT]
    assert {str((span.attributes or {}).get("url.template")) for span in clients} == paths
