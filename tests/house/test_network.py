from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com", "2001:db8::1"])
def test_a_test_cannot_leave_the_machine(host: str) -> None:
    """A test that would need the network fails at once, wherever it runs."""
    with pytest.raises(RuntimeError, match="loopback only"):
        socket.create_connection((host, 80), timeout=0.1)


def test_a_test_can_talk_to_its_own_server() -> None:
    """Loopback is open: that is where the simulators are."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
