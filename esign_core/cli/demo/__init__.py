"""`esign demo`: one deal through every installed vendor, with people, webhooks and mishaps."""

from esign_core.cli.demo.command import demo

__all__ = ["demo"]
