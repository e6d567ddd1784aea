"""Requests and flows that are there to go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import call
from esign_core.errors import EsignError
from esign_core.model import EnvelopeStatus, Snapshot
from esign_core.provider import Request

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor, Way

GET = Request("GET", "/things")
POST = Request("POST", "/things")
SNAPSHOT = Snapshot("17", EnvelopeStatus.SENT)


def failure(way: Way, vendor: Vendor, flow: Any, operation: str = "request") -> EsignError:
    """What a flow that goes wrong raises."""
    with pytest.raises(EsignError) as caught:
        way.run(call(way.session(vendor), flow, operation=operation))
    return caught.value
