"""A runner that gives its network only images of a few sizes, see :mod:`mindocr.inference.buckets`."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from mindocr.data.transforms.layout import NormalizeImage
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.errors import ConfigError
from mindocr.images.headers import Size
from mindocr.inference.buckets import bucket_of, padding_share, reduced_size
from mindocr.inference.runner import Runner
from mindocr.utils.progress import duration
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)


class Bucketed:
    """Puts images into buckets, and cuts the network's maps back to the images.

    An image lies in the top left corner of its bucket at its own scale, as training crops lie in theirs. Maps are cut
    to the image, so whoever computes results from them does not notice the buckets: coordinates are those of the
    image, and nothing is found in the padding. Layers that average over the whole image, such as squeeze-and-
    excitation, leave out the padding if the runner can tell them, as that of a checkpoint can; in exported files they
    see it, so that scores change slightly. An image that fits into no bucket is reduced to the bucket in which it stays
    largest, and its maps are enlarged again; the log states how many images that were.

    Args:
        runner: takes images of any size, and returns maps of the size of its input, or of a whole fraction of it.
        buckets: (h, w) each, in pixels.
        batch_size: images that the network takes at once. An incomplete batch is filled up with zeros, since the number
            of images belongs to the shape that a graph is compiled for.
        colour: (3,) of the padding, normalised as the images are; see :func:`black`.

    Attributes:
        runner: as given.
        input_size, output_names, metadata: those of ``runner``.
        shapes: the input shapes (N, 3, H, W) that the network has been given, in order, without repetition.
        padding: share of padding among the pixels that the network has been given so far.

    Raises:
        ConfigError: there is no bucket, or the network takes images of one size only.
    """

    def __init__(
        self, runner: Runner, buckets: Sequence[Size], batch_size: int = 1, colour: Sequence[float] = (0.0, 0.0, 0.0)
    ) -> None:
        if not buckets:
            raise ConfigError("buckets: expected at least one size")
        if runner.input_size != (-1, -1):
            h, w = runner.input_size
            raise ConfigError(f"buckets: this network takes only images of {h} x {w} pixels (h x w); leave them out")
        self.runner = runner
        self.buckets = list(buckets)
        self.batch_size = batch_size
        leave_out = getattr(runner, "leave_out_padding", None)
        self._tells_inside = bool(leave_out and leave_out(batch_size))
        self._colour = np.array(colour, np.float32).reshape(3, 1, 1)
        self.shapes: dict[tuple[int, ...], None] = {}
        self._own = self._given = self._reduced = 0

    @property
    def input_size(self) -> tuple[int, int]:
        """(-1, -1): images of any size."""
        return self.runner.input_size

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs, in order."""
        return self.runner.output_names

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Metadata of the model."""
        return self.runner.metadata

    @property
    def padding(self) -> float:
        """Share of padding among the pixels that the network has been given so far, in [0, 1)."""
        return 1 - self._own / self._given if self._given else 0.0

    def plan(self) -> tuple[Any, list[tuple[int, ...]]]:
        """The runner and its input shapes, for :func:`compile_graphs`."""
        return self.runner, [(self.batch_size, 3, h, w) for h, w in self.buckets]

    def __call__(self, images: np.ndarray | Sequence[np.ndarray]) -> dict[str, list[np.ndarray]]:
        """See :class:`~mindocr.inference.runner.Runner`."""
        groups: dict[Size, list[int]] = {}
        kept: list[Size] = []
        for i, image in enumerate(images):
            size = (image.shape[1], image.shape[2])
            bucket = bucket_of(size, self.buckets)
            if bucket is None:
                bucket, size = reduced_size(size, self.buckets)
                self._reduced += 1
                if self._reduced == 1:
                    logger.warning("an image of %d x %d pixels (h x w) fits into none of the buckets %s: it is reduced "
                                   "to %d x %d", *image.shape[1:], _listed(self.buckets), *size)  # fmt: skip
            groups.setdefault(bucket, []).append(i)
            kept.append(size)
        outputs = {name: [np.empty(0, np.float32)] * len(kept) for name in self.output_names}
        for (h, w), indices in groups.items():
            for start in range(0, len(indices), self.batch_size):
                part = indices[start : start + self.batch_size]
                batch = np.zeros((self.batch_size, 3, h, w), np.float32)
                inside = np.ones((self.batch_size, 2), np.float32)
                for row, shares, i in zip(batch, inside, part):
                    row[:] = self._colour
                    row[:, : kept[i][0], : kept[i][1]] = _resized(images[i], kept[i])
                    shares[:] = kept[i][0] / h, kept[i][1] / w
                    self._own += kept[i][0] * kept[i][1]
                self._given += len(batch) * h * w
                for name, maps in self._run(batch, inside).items():
                    for i, found in zip(part, maps):
                        outputs[name][i] = self._own_part(found, (h, w), kept[i], images[i].shape[1:], name)
        return outputs

    def _run(self, batch: np.ndarray, inside: np.ndarray) -> dict[str, list[np.ndarray]]:
        self.shapes.setdefault(batch.shape)
        runner: Any = self.runner
        return runner(batch, inside) if self._tells_inside else runner(batch)

    def _own_part(self, found: np.ndarray, bucket: Size, kept: Size, size: tuple[int, ...], name: str) -> np.ndarray:
        """The part of a map (C, H, W) of a bucket that shows the image, at the scale of the image."""
        steps = [side // max(cells, 1) for side, cells in zip(bucket, found.shape[-2:])]
        if found.ndim < 2 or any(side != step * cells for side, step, cells in zip(bucket, steps, found.shape[-2:])):
            raise ConfigError(
                f"buckets: the output '{name}' of shape {found.shape} is no map of the image of {bucket[0]} x "
                f"{bucket[1]} pixels; leave out --buckets for this network"
            )
        h, w = (-(-side // step) for side, step in zip(kept, steps))
        part = found[..., :h, :w]
        if kept == tuple(size):
            return np.ascontiguousarray(part)
        h, w = (-(-side // step) for side, step in zip(size, steps))
        planes = part.reshape(-1, *part.shape[-2:])
        enlarged = np.stack([cv2.resize(plane, (w, h), interpolation=cv2.INTER_LINEAR) for plane in planes])
        return enlarged.reshape(*part.shape[:-2], h, w)

    def tell(self) -> None:
        """Log how many shapes and how much padding the network has been given."""
        if self._given:
            reduced = f"; {count(self._reduced, 'image')} reduced" if self._reduced else ""
            logger.info("%s given to the network, %.1f %% of the pixels are padding%s",
                        count(len(self.shapes), "input shape"), 100 * self.padding, reduced)  # fmt: skip


def compile_graphs(plan: Sequence[tuple[Any, Sequence[tuple[int, ...]]]]) -> None:
    """Compile a graph for each input shape (N, 3, H, W), with a progress bar, so that no image waits for a compiler.

    Args:
        plan: runners with their shapes; runners that compile no graphs are left out.
    """
    able = [(runner, shapes) for runner, shapes in plan if hasattr(runner, "compile_together")]  # of MindSpore
    if able:
        start = time.monotonic()
        able[0][0].compile_together(able)
        graphs = count(sum(len(shapes) for _, shapes in able), "graph")
        logger.info("%s compiled: %s", graphs, duration(time.monotonic() - start))


def black(pipeline: Pipeline) -> tuple[float, float, float]:
    """What a pipeline makes of a black pixel, by channel: padding in training is black."""
    op: Any = next((op for op in pipeline.ops if isinstance(op, NormalizeImage)), None)
    if op is None:
        return 0.0, 0.0, 0.0
    first, second, third = (-np.asarray(op.mean, np.float64) / np.asarray(op.std, np.float64)).tolist()
    return first, second, third


def tell_choice(sizes: Sequence[Size], buckets: Sequence[Size]) -> None:
    """Log which buckets were chosen for images of these sizes."""
    logger.info("%s of %s: buckets %s (h x w), %.1f %% padding", count(len(sizes), "image"),
                count(len(set(sizes)), "size"), _listed(buckets), 100 * padding_share(sizes, buckets))  # fmt: skip


def _resized(image: np.ndarray, size: Size) -> np.ndarray:
    """(3, h, w) float32 at another size."""
    if image.shape[1:] == size:
        return image
    return np.stack([cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA) for plane in image])


def _listed(buckets: Sequence[Size]) -> str:
    return ", ".join(f"{h} x {w}" for h, w in buckets)
