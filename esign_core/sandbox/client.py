"""What a test or a demo does with a running simulator, from outside, over HTTP."""

from __future__ import annotations

import re
import time
from types import TracebackType
from typing import Any, Self

import httpx


class Control:
    """Handle on a simulator: make trouble, skip time, look into its ledger, sign as its signers.

    ```python
    with Control(sandbox.control_url) as control:
        control.fault("drop", match="envelope.signed")
        for link in control.links():
            control.sign_page(link)
    ```

    Every method raises `ValueError` with the simulator's own words where it refuses.
    """

    def __init__(self, control_url: str) -> None:
        self._url = control_url.rstrip("/")
        self._client = httpx.Client(trust_env=False, timeout=30)

    def fault(self, kind: str, **fields: Any) -> None:
        """Let something go wrong: `match`, `times`, `seconds` ... as the control API says."""
        _ = self._ask("POST", "/faults", {"kind": kind, **fields})

    def faults(self) -> list[dict[str, Any]]:
        """What is still to go wrong."""
        return self._list("faults")

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        _ = self._ask("DELETE", "/faults")

    def advance(self, seconds: float) -> None:
        """Leap forward in the vendor's time."""
        _ = self._ask("POST", "/clock", {"advance_seconds": seconds})

    def ledger(self, envelope: str | None = None) -> list[dict[str, Any]]:
        """What happened to people; with `envelope` (the vendor's id), about that one only."""
        return [e for e in self._list("ledger") if envelope in (None, e["envelope"])]

    def links(self, envelope: str | None = None) -> list[str]:
        """The signing links people were sent, oldest first, each once."""
        return list(dict.fromkeys(e["link"] for e in self.ledger(envelope) if e["link"]))

    def mail(self) -> list[dict[str, Any]]:
        """The e-mails that people got, oldest first, each with `to subject text link` and more."""
        return self._list("mail")

    def deliveries(self) -> list[dict[str, Any]]:
        """Every webhook and what became of it."""
        return self._list("deliveries")

    def settle(self, *, seconds: float = 20) -> list[dict[str, Any]]:
        """Every webhook, once none is pending any more.

        Raises:
            TimeoutError: Some still are after `seconds`, such as one that waits to be overtaken.
        """
        deadline = time.monotonic() + seconds
        while True:
            deliveries = self.deliveries()
            if all(one["state"] != "pending" for one in deliveries):
                return deliveries
            if time.monotonic() > deadline:
                raise TimeoutError(f"webhooks are still pending after {seconds} s")
            time.sleep(0.02)

    def act(self, act: str, **fields: Any) -> dict[str, Any]:
        """Act for a signer without the page: by `link`, or by `envelope` and `signer`."""
        answer: dict[str, Any] = self._ask("POST", "/sign", {"act": act, **fields}).json()
        return answer

    def open_page(self, link: str) -> None:
        """Open a signing link and read every document behind it."""
        page = self._told(self._client.get(link)).text
        for index in re.findall(r'href="[^"]+/documents/(\d+)"', page):
            _ = self._told(self._client.get(f"{link}/documents/{index}"))

    def sign_page(self, link: str, *, read: bool = True) -> None:
        """Open a signing link, read every document behind it, and press Sign.

        Without `read` only the last of it, where `open_page` came before.
        """
        if read:
            self.open_page(link)
        _ = self._told(self._client.post(f"{link}/sign"))

    def decline_page(self, link: str, reason: str = "") -> None:
        """Open a signing link, read, and press Decline."""
        self.open_page(link)
        _ = self._told(self._client.post(f"{link}/decline", data={"reason": reason}))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _list(self, what: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._ask("GET", f"/{what}").json()[what]
        return items

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        return self._told(self._client.request(method, self._url + path, json=body))

    def _told(self, reply: httpx.Response) -> httpx.Response:
        if reply.is_success:
            return reply
        if reply.headers.get("content-type", "").startswith("application/json"):
            raise ValueError(f"{reply.status_code}: {reply.json().get('error', reply.text)}")
        raise ValueError(f"{reply.status_code}: the signing page did not take it")
