"""Names of classes, as configurations list them."""

from __future__ import annotations

from collections.abc import Sequence


def class_names(label_list: Sequence[str | int] | int) -> list[str]:
    """The names as texts; a number N stands for the names ``0`` to ``N - 1``, as ImageNet's classes have."""
    return [str(label) for label in (range(label_list) if isinstance(label_list, int) else label_list)]
