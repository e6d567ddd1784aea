"""What holds where a caller says nothing, and the most that can be said."""

from __future__ import annotations

from esign_core.model import ArtifactKind

JOB_PATIENCE_SECONDS = 300.0
"""How long `send` waits for a vendor that is making an envelope."""
SIGNED = (ArtifactKind.SIGNED,)
"""Which files are downloaded."""
MOST_DAYS = 36_500
"""For how long deliveries can be kept as they came, if not for ever."""
