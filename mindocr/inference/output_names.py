"""Names of the files that prediction writes for an image: no two images of a run share one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mindocr.images.pages import page_of

_LONGEST = 220  # bytes of a name before the endings are added; file systems allow 255


class OutputNames:
    """Chooses names for the images of a run, one after the other.

    Args:
        roots: folders that are searched with their subfolders; the names of their images keep the subfolders.
    """

    def __init__(self, roots: Sequence[str | Path] = ()) -> None:
        self._roots = [Path(root) for root in roots]
        self._used: dict[str, int] = {}

    def name_of(self, path: str) -> str:
        """A name without an ending for the files of an image, such as ``photo``, ``photo_2`` or ``trip/photo``.

        The second page of ``file.pdf`` is ``file_p2``.
        Images whose names differ only in the folder or in the ending get numbers, in their order.

        Args:
            path: the image.
        """
        page = page_of(path)
        file = Path(path if page is None else page.file)
        below = (file.parent.relative_to(root) for root in self._roots if file.is_relative_to(root))
        above = next((place for place in below if ".." not in place.parts), Path())
        stem = file.stem
        while len(os.fsencode(stem)) > _LONGEST:
            stem = stem[:-1]
        wanted = (above / (stem if page is None else f"{stem}_p{page.number}")).as_posix()
        name, number = wanted, self._used.get(wanted, 1)
        while name in self._used:
            number += 1
            name = f"{wanted}_{number}"
        self._used[wanted] = number
        self._used[name] = 1 if name != wanted else number
        return name
