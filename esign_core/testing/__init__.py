"""What plugin authors test with."""

from esign_core.testing.fake import FakeVendor, Fault
from esign_core.testing.fake_provider import fake_registry
from esign_core.testing.neutral import Neutral, shape
from esign_core.testing.recording import Exchanged, RecordingLine
from esign_core.testing.replay import Replayed, replay, reply

__all__ = [
    "Exchanged",
    "FakeVendor",
    "Fault",
    "Neutral",
    "RecordingLine",
    "Replayed",
    "fake_registry",
    "replay",
    "reply",
    "shape",
]
