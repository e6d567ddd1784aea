"""Receiving deliveries inside of web frameworks.

`receiver` is the one for ASGI; those for Django and Flask are in the modules of these names, and
are loaded only there.
"""

from esign_core.integrations.answering import Answer
from esign_core.integrations.asgi import receiver
from esign_core.integrations.intake import Intake

__all__ = ["Answer", "Intake", "receiver"]
