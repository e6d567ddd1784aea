"""What is stored of a wish, to recognise it by: without a way to look for the numbers in it.

All of a draft but its secrets is in the journal, so a plain digest of the whole would tell each
national identity number to whoever tries them all: there are not many. The slow one makes every
try cost what it costs here, and for one envelope only.
"""

from __future__ import annotations

import hashlib
import hmac

from esign_core.model.draft import EnvelopeDraft

SLOW = "scrypt:"
"""What stored fingerprints begin with that are slow to make."""

_COST = 2**14  # about 50 ms and 16 MiB
_BLOCKS = 8


def fingerprint_to_keep(draft: EnvelopeDraft, envelope_id: str) -> str:
    """The fingerprint of a pinned draft as it is stored: slow to make if it has secrets in it."""
    bare = draft.fingerprint()
    return slow(bare, envelope_id) if draft.has_secrets else bare


def is_fingerprint_of(kept: str, draft: EnvelopeDraft, envelope_id: str) -> bool:
    """Whether a stored fingerprint is that of a pinned draft, in whichever form it is stored."""
    bare = draft.fingerprint()
    return hmac.compare_digest(kept, slow(bare, envelope_id) if is_slow(kept) else bare)


def is_slow(kept: str) -> bool:
    """Whether trying numbers against a stored fingerprint takes long."""
    return kept.startswith(SLOW)


def slow(bare: str, envelope_id: str) -> str:
    """A plain fingerprint in the form that is slow to make, which needs no draft."""
    salt = envelope_id.encode()
    made = hashlib.scrypt(bare.encode(), salt=salt, n=_COST, r=_BLOCKS, p=1, dklen=32)
    return f"{SLOW}{made.hex()}"
