"""What some vendors have and others do not; each facet is there as a whole, or None."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from esign_core.errors import NotSupported
from esign_core.model import Notice, Subscription, Verified, WebhookRequest
from esign_core.provider.flow import Flow


class Webhooks(ABC):
    """Deliveries from the vendor: checked first, read after that."""

    @abstractmethod
    def verify(self, request: WebhookRequest, secrets: Sequence[bytes], now: datetime) -> Verified:
        """How far a delivery is proven. Digests are compared in constant time, as bytes.

        A delivery without any signature is answered with `Authenticity.NONE`; whether such are
        taken is for the core to decide. Nothing of the body is parsed here.

        Raises:
            WebhookRejected: It is signed, and the signature is malformed or wrong.
        """

    @abstractmethod
    def parse(self, request: WebhookRequest) -> Sequence[Notice]:
        """What a verified delivery says; lenient with what it does not know.

        An unknown event is a `Notice` with `needs_fetch`, not an error.

        Raises:
            BadJson: The body cannot be read at all. It is kept and answered 2xx if it is authentic.
        """

    def subscribe(self, url: str) -> Flow[Subscription]:
        """Have the vendor send deliveries to `url`."""
        del url
        raise NotSupported(f"subscriptions cannot be made through the API; {self.how_to_set_up}")

    def unsubscribe(self, subscription_id: str) -> Flow[None]:
        """Have the vendor stop."""
        del subscription_id
        raise NotSupported(f"subscriptions cannot be ended through the API; {self.how_to_set_up}")

    def subscriptions(self) -> Flow[tuple[Subscription, ...]]:
        """The places that the vendor sends deliveries to; secrets are not shown again."""
        raise NotSupported(f"subscriptions cannot be listed; {self.how_to_set_up}")

    def confirm(self, subscription_id: str, token: str) -> Flow[None]:
        """Prove to the vendor that the address is ours, with the token that it sent there."""
        del subscription_id, token
        raise NotSupported("subscriptions need no confirmation here")

    def confirmation_token(self, request: WebhookRequest) -> str | None:
        """The token in a delivery that asks for confirmation; None for every other delivery."""
        del request
        return None

    def test(self, subscription_id: str) -> Flow[None]:
        """Have the vendor send a delivery that means nothing."""
        del subscription_id
        raise NotSupported("the vendor has no test delivery")

    @property
    def how_to_set_up(self) -> str:
        """How deliveries are set up where the API cannot do it, as the end of a sentence."""
        return "set them up with the vendor"


@dataclass(frozen=True, slots=True)
class Template:
    """A prepared document at the vendor."""

    id: str
    """The vendor's id."""
    name: str
    """What it is called there."""
    description: str | None = None
    """What is said of it there."""
    roles: tuple[str, ...] = ()
    """The seats it has; empty where the vendor does not tell."""
    page_count: int | None = None
    """How many pages it has."""
    raw: Any = field(default=None, repr=False)
    """The vendor's words."""


class Templates(ABC):
    """Prepared documents at the vendor."""

    @abstractmethod
    def list(self) -> Flow[tuple[Template, ...]]:
        """All of them."""

    @abstractmethod
    def get(self, template_id: str) -> Flow[Template]:
        """One of them.

        Raises:
            NotFound: The vendor has none under that id.
        """
