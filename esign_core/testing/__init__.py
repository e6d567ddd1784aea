"""What plugin authors test with."""

from esign_core.testing.cassettes import Recording, configure_cassettes, new_vcr
from esign_core.testing.fake import FakeVendor, Fault
from esign_core.testing.fake_provider import fake_registry
from esign_core.testing.neutral import Neutral, shape
from esign_core.testing.provenance import Origin, Provenance
from esign_core.testing.recording import Exchanged, RecordingLine
from esign_core.testing.replay import Replayed, replay, reply
from esign_core.testing.scrub import Allowed
from esign_core.testing.secret_shapes import find_secrets

__all__ = [
    "Allowed",
    "Exchanged",
    "FakeVendor",
    "Fault",
    "Neutral",
    "Origin",
    "Provenance",
    "Recording",
    "RecordingLine",
    "Replayed",
    "configure_cassettes",
    "fake_registry",
    "find_secrets",
    "new_vcr",
    "replay",
    "reply",
    "shape",
]
