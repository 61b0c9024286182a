"""A request that is not answered with a result: its status and one sentence for the client."""

from __future__ import annotations

from collections.abc import Mapping

CLIENT_LEFT = 499  # not a status of HTTP: what log files and metrics show for a client that did not wait


class Refusal(Exception):  # noqa: N818  an answer, not a fault of the program
    """Ends a request.

    Args:
        status: of HTTP, 400 to 599.
        message: what came, what is expected, what to do; for the client.
        headers: of the answer.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers or {})

    def to_json(self) -> dict[str, object]:
        """The body of the answer."""
        return {"status": self.status, "message": self.message}


def busy(message: str, seconds: int) -> Refusal:
    """A refusal because the service has no room now; the client may try again after ``seconds``."""
    return Refusal(503, message, {"Retry-After": str(seconds)})
