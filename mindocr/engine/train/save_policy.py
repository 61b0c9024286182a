"""What a run does when it cannot save: it continues and logs each failure, or it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mindocr.errors import StorageError

logger = logging.getLogger(__name__)


class SavePolicy:
    """Decides whether a run continues after a failed save.

    Args:
        on_error: ``continue`` or ``stop``.

    Attributes:
        unsaved: what could not be saved in its latest version -> why.
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
            logger.error("NOT SAVED: %s. Training continues, and the last good file is not changed", reason)
        else:
            if self.unsaved.pop(what, None):
                logger.warning("%s: saved again", what)

    def conclude(self) -> None:
        """Check at the end of a run that everything is saved.

        Raises:
            StorageError: something is still not saved.
        """
        if self.unsaved:
            raise StorageError("training has ended, but not everything is saved: " + "; ".join(self.unsaved.values()))
