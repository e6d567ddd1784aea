"""What plugin authors test with."""

from esign_core.testing.replay import Replayed, replay, reply

__all__ = ["Replayed", "replay", "reply"]
