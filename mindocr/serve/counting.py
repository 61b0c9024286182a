"""Counts and times every request, and logs those of images."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mindocr.serve.numbers import Numbers

logger = logging.getLogger(__name__)


class Counting:
    """Middleware.

    Args:
        app: the application.
        numbers: that grow.
        paths: that are counted under their own names; all others are ``other``.
        timed: the path whose requests are timed and logged.
    """

    def __init__(self, app: ASGIApp, numbers: Numbers, paths: Collection[str], timed: str) -> None:
        self._app, self._numbers, self._paths, self._timed = app, numbers, frozenset(paths), timed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.monotonic(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            path = scope["path"] if scope["path"] in self._paths else "other"
            self._numbers.requests.add(path, status)
            if path == self._timed:
                seconds = time.monotonic() - start
                self._numbers.seconds.observe(seconds)
                logger.info("%s %s: %d, %.3f s", scope["method"], path, status, seconds)
