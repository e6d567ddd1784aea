"""Receiving deliveries inside of web frameworks."""

from esign_core.integrations.asgi import receiver

__all__ = ["receiver"]
