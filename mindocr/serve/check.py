"""Starts the service, lets it read a generated image through its own address, and stops it."""

from __future__ import annotations

import http.client
import json
import logging
import threading
from urllib.parse import urlsplit

from mindocr.errors import UserError
from mindocr.serve.answers import encode
from mindocr.serve.sample import sign
from mindocr.serve.server import Running
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)


class Check:
    """Checks a service from a thread beside it.

    Attributes:
        problem: what was wrong; None once the service has answered as it should.

    Args:
        patience_s: seconds to wait for the answer.
    """

    def __init__(self, patience_s: float) -> None:
        self.problem: str | None = "the service has ended before it was ready"
        self._patience_s = patience_s

    def __call__(self, running: Running) -> None:
        """Begin; the service is stopped after its answer."""
        threading.Thread(target=self._run, args=(running,), name="check", daemon=True).start()

    def result(self) -> None:
        """Raises:
        UserError: the service has not answered as it should.
        """
        if self.problem is not None:
            raise UserError(f"--check: {self.problem}")

    def _run(self, running: Running) -> None:
        try:
            running.worker.wait()
            status, body = _post(running.url, encode(sign(), ".png"), self._patience_s)
            if status == 200:
                found = json.loads(body)["texts"]
                words = [text["transcription"] for text in found if "transcription" in text]
                logger.info("check: %s%s", count(len(found), "text"), f": {' '.join(words)}" if words else "")
                self.problem = None
            else:
                self.problem = f"the service answered {status}: {body[:200]}"
        except Exception as error:  # of the model, which whoever runs the service reports, or of the connection
            self.problem = f"{type(error).__name__}: {error}"
        finally:
            running.stop()


def _post(url: str, content: bytes, timeout: float) -> tuple[int, str]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=timeout)
    try:
        connection.request("POST", "/predict", content, {"Content-Type": "image/png"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
