"""A vendor that lists its envelopes, two on a page, and the adapter for it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from esign_core.model import Page, Query
from esign_core.provider import Flow, Response
from esign_core.testing import FakeVendor
from esign_core.testing.fake_provider import FakeProvider, snapshot

PER_PAGE = 2


class ListingVendor(FakeVendor):
    """The vendor in memory, which can list what it has; newest first."""

    def _act(self, what: str, query: dict[str, str], body: dict[str, Any]) -> Response:
        if not what.startswith("GET /lists/"):
            return super()._act(what, query, body)
        since = datetime.fromisoformat(query["since"])
        found = [each for each in self.envelopes.values() if each.created_at >= since]
        page = int(what.rpartition("/")[2])
        rows = found[::-1][page * PER_PAGE : (page + 1) * PER_PAGE]
        following = page + 1 if len(found) > (page + 1) * PER_PAGE else None
        answer = {"rows": [each.shown() for each in rows], "next": following}
        return Response(200, {"content-type": "application/json"}, json.dumps(answer).encode())

    def lists(self) -> int:
        """How many pages were asked for."""
        return sum(each.startswith("GET /lists/") for each in self.requests)


class Listing(FakeProvider):
    """The adapter for it."""

    def list_envelopes(self, query: Query) -> Flow[Page]:
        """One page; the cursor is its number."""
        assert query.since is not None
        since = query.since.isoformat()
        reply = yield self.get(f"/lists/{query.cursor or 0}", params={"since": since})
        data = reply.json()
        following = str(data["next"]) if data["next"] else None
        return Page(tuple(snapshot(row) for row in data["rows"]), following)
