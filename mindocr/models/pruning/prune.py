"""Removes channels from the arrays of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mindocr.errors import CheckpointError, UserError
from mindocr.models.pruning.filters import kept_filters, kept_number
from mindocr.models.pruning.layout import Layer

Arrays = Mapping[str, np.ndarray]
Masks = dict[tuple[str, int], np.ndarray]
RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # of the sensitivity analysis


def check_ratio(ratio: float, option: str = "--ratio") -> None:
    """Check a share of channels.

    Raises:
        UserError: it is not above 0 and below 1.
    """
    if not 0 < ratio < 1:
        raise UserError(f"{option}: expected a share of the channels above 0 and below 1, such as 0.3; got {ratio:g}")


def check_trained(arrays: Arrays, origin: str) -> None:
    """Check that the weights have been trained: the filters of a new network say nothing about redundancy.

    Raises:
        CheckpointError: all BatchNorms of the backbone are as a new network has them.
    """
    means, offsets = (
        [value for key, value in arrays.items() if key.startswith("backbone.") and key.endswith(end)]
        for end in (".moving_mean", ".beta")
    )
    if not any(np.any(value) for value in [*means, *offsets]):
        raise CheckpointError(
            f"{origin}: the weights are those of a new network: no BatchNorm of the backbone has seen an image; train "
            "it first, there is nothing to prune"
        )


def kept_masks(arrays: Arrays, layers: Sequence[Layer], ratios: Mapping[str, float], multiple: int = 1) -> Masks:
    """Which indices stay on each axis that loses channels.

    Args:
        arrays: of the network by name.
        layers: as :func:`~mindocr.models.pruning.layout.find_layers` returns them.
        ratios: name of a layer -> share of its channels that is removed; layers that are absent keep all.
        multiple: numbers of channels are rounded up to its multiples.

    Returns:
        (name, axis) -> (size of the axis,) bool.
    """
    masks: Masks = {}
    for layer in layers:
        number = kept_number(layer.channels, ratios.get(layer.name, 0.0), multiple)
        if number == layer.channels:
            continue
        for source in layer.sources:
            kept = kept_filters(arrays[source.weight], number)
            for place in source.places:
                size = arrays[place.key].shape[place.axis]
                mask = masks.setdefault((place.key, place.axis), np.ones(size, bool))
                mask[place.offset : place.offset + len(kept)] &= kept
    return masks


def removed(arrays: Arrays, masks: Masks) -> dict[str, np.ndarray]:
    """The arrays without the channels that do not stay."""
    found = dict(arrays)
    for (key, axis), mask in masks.items():
        found[key] = np.compress(mask, found[key], axis=axis)
    return found


def silenced(arrays: Arrays, layers: Sequence[Layer], masks: Masks) -> dict[str, np.ndarray]:
    """Those arrays that read removed channels, with zeros there.

    The network with them computes what the pruned one does, and needs no new graph.
    """
    places = {(place.key, place.axis) for layer in layers for s in layer.sources for place in s.places if place.reads}
    found: dict[str, np.ndarray] = {}
    for key, axis in sorted(places & set(masks)):
        value = found.get(key, arrays[key]).copy()
        np.moveaxis(value, axis, 0)[~masks[key, axis]] = 0
        found[key] = value
    return found
