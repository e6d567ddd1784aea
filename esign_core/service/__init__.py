"""What a product calls: one account, or all of them over one journal."""

from esign_core.service.async_connection import AsyncConnection
from esign_core.service.async_esign import AsyncEsign
from esign_core.service.config import Config, read_config
from esign_core.service.connection import Connection
from esign_core.service.esign import Esign
from esign_core.service.receive import Receipt

__all__ = [
    "AsyncConnection",
    "AsyncEsign",
    "Config",
    "Connection",
    "Esign",
    "Receipt",
    "read_config",
]
