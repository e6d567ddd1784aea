"""What holds where a caller says nothing."""

from __future__ import annotations

from esign_core.model import ArtifactKind

JOB_PATIENCE_SECONDS = 300.0
"""How long `send` waits for a vendor that is making an envelope."""
SIGNED = (ArtifactKind.SIGNED,)
"""Which files are downloaded."""
