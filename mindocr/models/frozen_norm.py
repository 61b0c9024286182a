"""BatchNorms that keep their statistics while the network around them is trained."""

from __future__ import annotations

from collections.abc import Sequence

from mindspore import nn

from mindocr.errors import ConfigError

EVERY = "all"


def freeze_batch_norms(network: nn.Cell, words: Sequence[str], affine: bool = True) -> int:
    """Let BatchNorms normalise by their stored mean and variance in training, too; returns their number.

    A trained network sees in evaluation what these statistics make of its input. With the statistics of small batches
    of other images in their place its outputs change at once, before a weight has learned anything: the CTC loss of
    PP-OCRv3's recogniser rises from 1.2 to 22. So a network that starts from good weights and trains briefly is better
    off with the statistics of its long training.

    Args:
        network: its BatchNorms are changed in place; call it before the network first runs.
        words: a BatchNorm is frozen if its name contains one of these words; ``all`` means every one.
        affine: factor and offset (gamma and beta) of frozen BatchNorms are trained.

    Raises:
        ConfigError: a word other than ``all`` that no BatchNorm's name contains.
    """
    norms = {name: cell for name, cell in network.cells_and_names() if isinstance(cell, nn.BatchNorm2d)}
    chosen: dict[str, nn.BatchNorm2d] = {}
    for word in words:
        found = {name: cell for name, cell in norms.items() if word == EVERY or word in name}
        if not found and word != EVERY:
            known = ", ".join(dict.fromkeys(name.split(".")[0] for name in norms))
            has = f"it has {len(norms)} of them, in {known}" if norms else "it has none: its layers are fused"
            raise ConfigError(f"train.norm_layers.frozen: no BatchNorm of this network has '{word}' in its name; {has}")
        chosen |= found
    for cell in chosen.values():
        cell.use_batch_statistics = False
        if not affine:
            cell.gamma.requires_grad = cell.beta.requires_grad = False
    return len(chosen)
