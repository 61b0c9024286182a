"""What a run does when it cannot save: it goes on and says so each time, or it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mindocr.errors import StorageError

logger = logging.getLogger(__name__)


class SavePolicy:
    """Tolerates failed saves, or not.

    Args:
        on_error: ``continue`` or ``stop``.

    Attributes:
        unsaved: what is not on the disk in its latest form -> why.
    """

    def __init__(self, on_error: str) -> None:
        self.on_error = on_error
        self.unsaved: dict[str, str] = {}

    @contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """Try to save ``what``.

        Raises:
            StorageError: it failed, and ``on_error`` is ``stop``.
        """
        try:
            yield
        except (StorageError, OSError) as error:
            reason = str(error) if isinstance(error, StorageError) else f"cannot write {what}: {error.strerror}"
            if self.on_error == "stop":
                raise StorageError(reason) from None
            self.unsaved[what] = reason
            logger.error("NOT SAVED: %s. Training goes on, and the last good file stays as it is", reason)
        else:
            if self.unsaved.pop(what, None):
                logger.warning("%s: saved again", what)

    def conclude(self) -> None:
        """At the end of a run.

        Raises:
            StorageError: something is still not saved.
        """
        if self.unsaved:
            raise StorageError("training is over, and not all of it is saved: " + "; ".join(self.unsaved.values()))
