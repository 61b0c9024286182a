"""HTTP/1.1 of uvicorn, which also ends connections whose request line and headers do not arrive in time."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)
_BODY = b'{"status": 408, "message": "the headers of the request did not arrive in time"}'


class PatientProtocol(H11Protocol):
    """A connection that waits only ``headers_s`` seconds for the headers of a request that has begun."""

    headers_s = 10.0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected; its first request has begun."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """A part of a request has arrived."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._stop_watching()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._late is None:
            self._late = self.loop.call_later(self.headers_s, self._end)

    def _stop_watching(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end(self) -> None:
        self._late = None
        transport = cast(asyncio.Transport, self.transport)
        if not transport.is_closing() and self.conn.their_state is h11.IDLE:
            if self.conn.trailing_data[0]:  # a request has begun; a client that sent nothing gets nothing
                transport.write(_LATE % (len(_BODY), _BODY))
            transport.close()
