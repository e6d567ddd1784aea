"""What a product calls: one account, or all of them over one journal."""

from esign_core.service.async_connection import AsyncConnection
from esign_core.service.async_esign import AsyncEsign
from esign_core.service.batches import AsyncBatch, Batch
from esign_core.service.condition import Condition
from esign_core.service.connection import Connection
from esign_core.service.esign import Esign
from esign_core.service.next_step import NextStep
from esign_core.service.preview import Preview
from esign_core.service.receipt import Receipt

__all__ = [
    "AsyncBatch",
    "AsyncConnection",
    "AsyncEsign",
    "Batch",
    "Condition",
    "Connection",
    "Esign",
    "NextStep",
    "Preview",
    "Receipt",
]
