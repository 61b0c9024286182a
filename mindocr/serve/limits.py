"""What the service accepts, and how long it takes for it."""

from __future__ import annotations

from dataclasses import dataclass

from mindocr.errors import UserError

MEGA = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Limits of the service.

    Attributes:
        max_megabytes: size of an uploaded file, in millions of bytes.
        max_megapixels: pixels of an image as its headers state them, in millions; checked before it is decoded.
        max_network_megapixels: pixels that a detector's network takes, in millions; a larger image is reduced for it.
        queue: requests that are received, waiting or answered at the same time; more are refused.
        receive_s: seconds in which a request must have arrived.
        answer_s: seconds in which an image must be decoded, predicted and returned after its request has arrived.
        max_batch: images that the network takes at once, if it can and their sizes agree.
        max_wait_ms: milliseconds that an image waits for others of a batch.
        workers: images that are predicted side by side at most; None = as many as the runtime of the model recommends.

    Raises:
        UserError: a value that is too small; the message names the option.
    """

    max_megabytes: float = 32
    max_megapixels: float = 50
    max_network_megapixels: float = 4
    queue: int = 32
    receive_s: float = 30
    answer_s: float = 60
    max_batch: int = 1
    max_wait_ms: float = 5
    workers: int | None = None

    def __post_init__(self) -> None:
        for name, lowest in (("queue", 1), ("max_batch", 1), ("max_wait_ms", 0), ("workers", 1)):
            if getattr(self, name) is not None and not getattr(self, name) >= lowest:
                raise UserError(f"--{name}: expected a number from {lowest}, got {getattr(self, name):g}")
        for name in ("max_megabytes", "max_megapixels", "max_network_megapixels", "receive_s", "answer_s"):
            if not getattr(self, name) > 0:  # also NaN
                raise UserError(f"--{name}: expected a number above 0, got {getattr(self, name):g}")

    @property
    def max_bytes(self) -> int:
        """Size of an uploaded file in bytes."""
        return int(self.max_megabytes * MEGA)

    @property
    def max_pixels(self) -> int:
        """Pixels of an image."""
        return int(self.max_megapixels * MEGA)

    @property
    def max_network_pixels(self) -> int:
        """Pixels that a detector's network takes."""
        return int(self.max_network_megapixels * MEGA)

    @property
    def stop_s(self) -> float:
        """Seconds in which every request that has begun is answered."""
        return self.receive_s + self.answer_s + 5
