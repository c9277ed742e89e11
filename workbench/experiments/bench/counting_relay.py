"""A relay between a client and a scheduler on this machine that counts what passes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_BUFFER = 1 << 16


class CountingRelay:
    """Listens, and passes every connection on to a scheduler.

    Attributes:
        address: To connect to instead.
    """

    def __init__(self, address: str) -> None:
        """address: of the scheduler, as tcp://127.0.0.1:8786."""
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        self._target = (host, int(port))
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        self._counts = [0, 0]
        threading.Thread(target=self._accept, daemon=True).start()

    def counted(self) -> tuple[int, int]:
        """Bytes so far: to the scheduler, and from it."""
        return self._counts[0], self._counts[1]

    def close(self) -> None:
        """End all connections."""
        self._server.close()
        for each in self._sockets:
            with suppress(OSError):
                each.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for direction, pair in enumerate(((near, far), (far, near))):
                    arguments = (*pair, direction)
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, direction: int) -> None:
        with suppress(OSError):  # closed at either end
            while data := source.recv(_BUFFER):
                self._counts[direction] += len(data)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
