"""Detection in several views of an image: tiles, scales, mirrored. One probability map is made of them.

The usual way resizes an image and runs the network once. Here the decoded image is kept, every view cuts its own input
out of it, and the post-processing sees one map of the whole image, so that a text that lies on a seam comes out whole.
"""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from mindocr.data.transforms.checks import Spec
from mindocr.data.transforms.pipeline import Pipeline
from mindocr.data.transforms.resize import DetResize
from mindocr.errors import ConfigError, DataError
from mindocr.images.read import LARGE_PIXELS
from mindocr.inference.large_texts import with_large_texts
from mindocr.inference.pipeline import decoding, named
from mindocr.inference.runner import Runner
from mindocr.inference.tiling import Plan, Tile, is_cut, plan_tiles, tile_side
from mindocr.inference.view_maps import as_bytes, cut, merge_into, resize_map
from mindocr.inference.view_options import ViewOptions
from mindocr.predictions.detection import Detection
from mindocr.registry import TRANSFORMS

logger = logging.getLogger(__name__)

MAX_MAP = 600_000_000  # pixels of a scaled image
LARGE_TEXT = 0.5  # short side of a text from which the whole image decides, in sides of a tile
_FLAGS = "--tile, --scales and --flip"
_AREA_BELOW = 0.5  # factor below which every pixel of the image counts for the reduced view of it


@dataclass(frozen=True)
class Seen:
    """What was seen in an image.

    Attributes:
        prob: (h, w) probabilities: float32 in [0, 1], or for an image in tiles uint8, where 255 stands for 1.
        shape: (4,) float32: image height, image width, and map pixels per image pixel in height and width.
        found: the texts.
    """

    prob: np.ndarray
    shape: np.ndarray
    found: Detection


class Views:
    """Runs a network on the views of an image.

    Args:
        runner: runs the network.
        postprocess: a post-processing whose ``reads_one_map`` is True, such as ``DBPostprocess``.
        pipeline: ops from an image file to the network's input; its DetResize says what the network's useful size is.
        options: which views.
        batch_size: tiles that the network takes at once.

    Attributes:
        specs: ops that replace ``pipeline``: they decode the image as RGB and leave it as it is.
        images, cut_images: how many images there were so far, and how many of them were cut into tiles.
        usual_pixels: pixels that the network would have seen without options.
        pixels: those that it has seen.
        seconds: that all views took.

    Raises:
        ConfigError: the model gives no probability map, its pipeline does not consist of decoding, resizing and
            normalising, or it takes images of one size and scales are asked for.
    """

    def __init__(
        self, runner: Runner, postprocess: Any, pipeline: Sequence[Spec], options: ViewOptions, batch_size: int = 1
    ) -> None:
        if not getattr(postprocess, "reads_one_map", False):
            raise ConfigError(
                f"{_FLAGS} need a detector that gives a map of probabilities (DBPostprocess), but this model has "
                f"{type(postprocess).__name__}"
            )
        self.options = options
        self._runner, self._postprocess, self._batch = runner, postprocess, batch_size
        self._output = postprocess.reads[0]
        self._fixed = runner.input_size
        if -1 not in self._fixed and tuple(options.scales) != (1.0,):
            h, w = self._fixed
            raise ConfigError(f"--scales: this model takes only images of {h} x {w} pixels (h x w); leave it out")
        self.specs, self._resize, self._tail = _split(pipeline, options.tile != "off")
        self._blue_first = decoding(pipeline).get("img_mode", "BGR") != "RGB"
        self._side = tile_side(options.tile, self._limit(), self._fixed, self._resize.divisor)
        self.begin_counts()

    def __call__(self, image: np.ndarray, path: str = "image") -> Seen:
        """Find the texts of an image.

        Args:
            image: (H, W, 3) uint8 RGB.
            path: for messages.

        Raises:
            DataError: the scaled image would be too large.
        """
        start = time.perf_counter()
        height, width = image.shape[:2]
        whole = self._resize.new_size(height, width)
        size = self._scaled(height, width)
        self.images += 1
        self.usual_pixels += whole[0] * whole[1]
        tiled = is_cut(size, self._side, self.options.tile)
        grid = size if tiled else whole
        prob: np.ndarray | None = None
        for count, scale in enumerate(self.options.scales):
            view = self._at_scale(image, grid, scale, tiled, path)
            if prob is None:
                prob = view if view.dtype == np.uint8 else np.nan_to_num(view)
            else:
                merge_into(prob, view, count, self.options.merge)
        assert prob is not None
        shape = np.array([height, width, grid[0] / height, grid[1] / width], dtype=np.float32)
        found = self._detect(prob, shape, math.ceil(prob.size / (self._side[0] * self._side[1])) if tiled else 1)
        if tiled:
            self.cut_images += 1
            found = self._with_large(found, image, size)
        self.seconds += time.perf_counter() - start
        return Seen(prob, shape, found)

    def begin_counts(self) -> None:
        """Set all counts to 0, such as after a warm-up."""
        self.usual_pixels = self.pixels = 0
        self.images = self.cut_images = 0
        self.seconds = 0.0

    def summary(self) -> str:
        """What the options cost, as a sentence for the log."""
        ratio = self.pixels / max(self.usual_pixels, 1)
        each = self.seconds / max(self.images, 1)
        cut_up = f", {self.cut_images} of {self.images} images in tiles" if self.options.tile != "off" else ""
        return f"{self.options}: {ratio:.1f} times the pixels of one view, {each:.2f} s per image{cut_up}"

    def _limit(self) -> int | None:
        """Longest side that the settings leave as it is."""
        if self._resize.target_size is not None:
            return max(self._resize.target_size)
        return self._resize.limit_side_len if self._resize.limit_type == "max" else None

    def _scaled(self, height: int, width: int) -> tuple[int, int]:
        """(h, w) of the image for tiles: that of the settings, but never reduced."""
        scale = 1.0
        if self._resize.target_size is None and self._resize.limit_type == "min":
            scale = max(self._resize.limit_side_len / min(height, width), 1.0)
        return self._rounded(height * scale, 0), self._rounded(width * scale, 1)

    def _rounded(self, length: float, axis: int) -> int:
        """A length in whole pixels; one that fits into a tile becomes a multiple of the network's stride."""
        whole, divisor = max(math.ceil(length - 1e-6), 1), self._resize.divisor
        return whole if whole > self._side[axis] else min(math.ceil(whole / divisor) * divisor, self._side[axis])

    def _at_scale(self, image: np.ndarray, grid: tuple[int, int], scale: float, tiled: bool, path: str) -> np.ndarray:
        """The map of one scale, (h, w) as ``grid``."""
        if tiled:
            size = grid if scale == 1 else (self._rounded(grid[0] * scale, 0), self._rounded(grid[1] * scale, 1))
            if size[0] * size[1] > MAX_MAP:
                raise DataError(
                    f"{path}: {image.shape[1]} x {image.shape[0]} pixels (w x h) would become {size[1]} x {size[0]} in "
                    f"tiles, above the limit of {MAX_MAP}; choose another limit_type or a smaller scale"
                )
            return resize_map(self._in_tiles(image, plan_tiles(size, self._side), size), grid)
        if scale == 1:
            (prob,) = self._run([self._prepare(self._resized(image, path))])
            return np.ascontiguousarray(prob[: grid[0], : grid[1]])  # without the padding
        divisor = self._resize.divisor
        h, w = (max(math.ceil(length * scale / divisor - 1e-6), 1) * divisor for length in grid)
        (prob,) = self._run([self._prepare(cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR))])
        return resize_map(prob, grid)

    def _resized(self, image: np.ndarray, path: str) -> np.ndarray:
        """The image as the settings resize it, with their padding."""
        resized: np.ndarray = self._resize(cast(Any, {"image": image, "img_path": path}))["image"]
        return resized

    def _in_tiles(self, image: np.ndarray, plan: Plan, size: tuple[int, int]) -> np.ndarray:
        """The blended map of all tiles, (h, w) uint8; only one row of tiles is in memory as float32."""
        rows, columns = plan.rows, plan.columns
        row_weights, column_weights = rows.weights(), columns.weights()
        blended = np.empty(size, dtype=np.uint8)
        band = np.zeros((rows.side, size[1]), dtype=np.float32)
        shape = self._shape(size)
        for i, top in enumerate(rows.starts):
            for first in range(0, len(columns.starts), self._batch):
                lefts = columns.starts[first : first + self._batch]
                tiles = [Tile(top, left, rows.side, columns.side) for left in lefts]
                maps = self._run([self._prepare(_padded(cut(image, tile, size), shape)) for tile in tiles])
                for tile, prob, weight in zip(tiles, maps, column_weights[first:]):
                    part = np.nan_to_num(prob[: tile.height, : tile.width]) * row_weights[i][:, None] * weight
                    band[:, tile.left : tile.left + tile.width] += part
            end = rows.starts[i + 1] if i + 1 < len(rows.starts) else size[0]
            blended[top:end] = as_bytes(band[: end - top])
            rest = band[end - top :].copy()  # where the next row of tiles has a share
            band[: len(rest)] = rest
            band[len(rest) :] = 0
        return blended

    def _shape(self, size: tuple[int, int]) -> tuple[int, int]:
        """(h, w) of all inputs of an image in tiles: one shape, as devices compile a graph for each."""
        if -1 not in self._fixed:
            return self._fixed
        return min(self._side[0], size[0]), min(self._side[1], size[1])

    def _prepare(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (h, w, 3) uint8 RGB as the network's input (3, h, w) float32."""
        pixels = pixels[..., ::-1] if self._blue_first else pixels
        sample = {"image": np.ascontiguousarray(pixels), "shape_list": np.ones(4, np.float32), "img_path": ""}
        prepared: np.ndarray = self._tail(cast(Any, sample), np.random.default_rng(0))["image"]
        return prepared

    def _run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The map (h, w) of each input, merged with that of the mirrored input."""
        maps = self._maps(inputs)
        if self.options.flip:
            mirrored = self._maps([np.ascontiguousarray(each[..., ::-1]) for each in inputs])
            for prob, other in zip(maps, mirrored):
                merge_into(prob, other[:, ::-1], 1, self.options.merge)
        return maps

    def _maps(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        self.pixels += sum(each.shape[1] * each.shape[2] for each in inputs)
        maps = [np.array(each, dtype=np.float32) for each in self._runner(inputs)[self._output]]
        maps = [each.reshape(each.shape[-2:]) for each in maps]
        for each, given in zip(maps, inputs):
            if each.shape != given.shape[1:]:
                raise DataError(
                    f"{_FLAGS} need a map of the size of the network's input {given.shape[1:]}, but it gave "
                    f"{each.shape}"
                )
        return maps

    def _detect(self, prob: np.ndarray, shape: np.ndarray, tiles: int) -> Detection:
        postprocess = self._postprocess
        if tiles > 1:  # each tile may have as many texts as an image
            postprocess = copy.copy(postprocess)
            postprocess.max_candidates *= tiles
        found: Detection = postprocess(prob[None], shape[None])[0]
        return found

    def _with_large(self, found: Detection, image: np.ndarray, size: tuple[int, int]) -> Detection:
        """Add the texts that are too large for a tile, from the whole image at the size of one tile."""
        height, width = image.shape[:2]
        factor = min(self._side[0] / height, self._side[1] / width)
        h, w = (self._rounded(length * factor, axis) for axis, length in enumerate((height, width)))
        how = cv2.INTER_AREA if factor < _AREA_BELOW else cv2.INTER_LINEAR
        reduced = cv2.resize(image, (w, h), interpolation=how)
        (prob,) = self._run([self._prepare(_padded(reduced, self._shape(size)))])
        prob = np.ascontiguousarray(prob[:h, :w])
        whole = self._detect(prob, np.array([height, width, h / height, w / width], dtype=np.float32), 1)
        side = min(self._side[0] * height / size[0], self._side[1] * width / size[1])  # in pixels of the image
        return with_large_texts(found, whole, LARGE_TEXT * side)


def _padded(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Pixels (h, w, 3) with black below and on the right, up to ``shape`` (h, w)."""
    if pixels.shape[:2] == shape:
        return pixels
    canvas = np.zeros((*shape, 3), dtype=np.uint8)
    canvas[: pixels.shape[0], : pixels.shape[1]] = pixels
    return canvas


def _split(pipeline: Sequence[Spec], large: bool) -> tuple[list[dict[str, Any]], DetResize, Pipeline]:
    """Ops that decode, with those that only concern labels; the resizing; and the ops after it."""
    specs = named(pipeline)
    places = [i for i, (name, _) in enumerate(specs) if name == "DetResize"]
    if len(places) != 1 or specs[0][0] != "DecodeImage":
        raise ConfigError(
            f"{_FLAGS} need a transform_pipeline that begins with DecodeImage and has one DetResize, got "
            f"{', '.join(name for name, _ in specs)}"
        )
    reading: list[dict[str, Any]] = [{"DecodeImage": _decoding(specs[0][1], large)}]
    tail: list[dict[str, Any]] = []
    for i, (name, arguments) in enumerate(specs[1:], 1):
        op: Any = TRANSFORMS.get(name)
        if "image" not in op.writes:
            reading.append({name: arguments})
        elif i > places[0]:
            tail.append({name: arguments})
        elif i < places[0]:
            raise ConfigError(f"{_FLAGS} do not support {name} before DetResize in the transform_pipeline")
    resize = Pipeline([{"DetResize": specs[places[0]][1]}], None, ("image", "img_path"), is_train=False).ops[0]
    assert isinstance(resize, DetResize)
    return reading, resize, Pipeline(tail, ["image"], ("image", "shape_list", "img_path"), is_train=False)


def _decoding(arguments: Mapping[str, Any], large: bool) -> dict[str, Any]:
    kept = {key: value for key, value in arguments.items() if key not in ("channel_first", "to_float32")}
    limit = {"max_pixels": max(int(arguments.get("max_pixels", 0)), LARGE_PIXELS)} if large else {}
    return {**kept, **limit, "img_mode": "RGB", "keep_ori": True}
