"""How much a score falls when one layer after the other loses channels."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.errors import UserError
from mindocr.models.pruning.layout import Layer
from mindocr.models.pruning.prune import RATIOS, Arrays, kept_masks, silenced
from mindocr.utils import files
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)

TABLE, PICTURE = "sensitivity.json", "sensitivity.png"
Score = Callable[[Mapping[str, Any]], float]


@dataclass(frozen=True)
class Sensitivity:
    """Scores of the network in which one layer alone has lost channels.

    Attributes:
        name: of the score.
        images: number of images.
        unpruned: score of the network as it is.
        scores: layer -> share of its channels -> score without them.
        channels: layer -> number of its channels.
        max_loss: the loss of score that one layer may cause.
    """

    name: str
    images: int
    unpruned: float
    scores: Mapping[str, Mapping[float, float]]
    channels: Mapping[str, int]
    max_loss: float

    def ratios(self) -> dict[str, float]:
        """Layer -> the largest share whose loss is at most ``max_loss``; 0 if there is none."""
        allowed = self.unpruned - self.max_loss - 1e-9
        return {
            layer: max((ratio for ratio, score in row.items() if score >= allowed), default=0.0)
            for layer, row in self.scores.items()
        }

    def write(self, folder: Path) -> None:
        """Write the table and the picture."""
        chosen = self.ratios()
        table = {
            "score": self.name,
            "images": self.images,
            "unpruned": self.unpruned,
            "max_loss": self.max_loss,
            "layers": {
                layer: {
                    "channels": self.channels[layer],
                    "chosen": chosen[layer],
                    "scores": {f"{ratio:g}": score for ratio, score in row.items()},
                }
                for layer, row in self.scores.items()
            },
        }
        files.write_text(folder / TABLE, json.dumps(table, indent=2))
        self._draw(folder / PICTURE)

    def _draw(self, path: Path) -> None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 6), layout="constrained")
        axes = figure.subplots()
        for number, (layer, row) in enumerate(self.scores.items()):
            label = f"{layer} ({self.channels[layer]})"
            # Ten colours, then the same ones dashed and dotted
            style = ("-", "--", ":")[number // 10 % 3]
            axes.plot([0, *row], [self.unpruned, *row.values()], style, marker="o", markersize=3, label=label)
        axes.axhline(self.unpruned - self.max_loss, color="black", lw=0.8, label="largest loss")
        axes.set(xlabel="share of the channels removed", ylabel=f"{self.name} on {self.images} images")
        axes.legend(fontsize=6, ncols=2)
        with files.replacing(path, ".png") as partial:
            figure.savefig(partial, dpi=120)


def analyse(
    arrays: Arrays, layers: Sequence[Layer], score: Score, name: str, images: int, max_loss: float, multiple: int = 1
) -> Sensitivity:
    """Score the network with each layer alone at every share of ``RATIOS``.

    Args:
        arrays: of the network by name.
        score: the score of the network with some arrays replaced, by name; the others are as in ``arrays``.
        name, images, max_loss: see :class:`Sensitivity`.
        multiple: numbers of channels are rounded up to its multiples.

    Raises:
        UserError: the network finds nothing as it is.
    """
    unpruned = score({})
    if not unpruned > 0:
        raise UserError(
            f"--max_loss: {name} of the network as it is on these {images} images: {unpruned:g}; without a score no "
            "loss can be measured. Check the data set with 'mindocr eval', or use --ratio"
        )
    logger.info("%s of the network as it is: %.4f; %d evaluations follow", name, unpruned, len(layers) * len(RATIOS))
    scores: dict[str, dict[float, float]] = {}
    for layer in progress(layers, "sensitivity", "layer", len(layers)):
        row = scores.setdefault(layer.name, {})
        counted: dict[bytes, float] = {}  # small layers lose the same channels at several shares
        for ratio in RATIOS:
            masks = kept_masks(arrays, [layer], {layer.name: ratio}, multiple)
            key = b"".join(mask.tobytes() for mask in masks.values())
            if key not in counted:
                counted[key] = score(silenced(arrays, [layer], masks)) if masks else unpruned
            row[ratio] = counted[key]
    return Sensitivity(name, images, unpruned, scores, {each.name: each.channels for each in layers}, max_loss)
