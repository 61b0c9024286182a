"""Random changes of a text line: deformation, crop, blur, brightness, jitter, noise, inversion (PP-OCR)."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms import text_warp
from mindocr.data.transforms.geometric import check_probability
from mindocr.data.transforms.protocol import image_size
from mindocr.data.transforms.text_warp import Controls
from mindocr.errors import ConfigError
from mindocr.geometry.moving_least_squares import pixel_map
from mindocr.registry import TRANSFORMS

_SMALLEST = 20  # pixels of a side below which a line is neither cut into segments nor cropped
_SEGMENTS = (3, 6)
_MOST_CROPPED = 8  # pixels
_JITTER = 0.01  # of the shorter side


@dataclass(frozen=True)
class LineChange:
    """Drawn parameters of :class:`RecAug`; the defaults change nothing.

    Attributes:
        warps: deformations, the first one first.
        crop: pixels cut off at the top, or if negative at the bottom.
        blur: whether to blur.
        brightness: factor of all values.
        jitter: pixels by which the image is shifted to the lower right.
        noise_seed: of the noise; None = no noise.
        invert: whether to replace each value by 255 minus it.
    """

    warps: tuple[Controls, ...] = field(default=(), compare=False)
    crop: int = 0
    blur: bool = False
    brightness: float = 1.0
    jitter: int = 0
    noise_seed: int | None = None
    invert: bool = False


@TRANSFORMS.register
class RecAug:
    """Change a text line at random, as PP-OCR does for its recognisers ("PP-OCR", Section 2.3).

    Each change has its own probability, in this order: the line is deformed by three deformations in one resampling
    (``text_warp.py``; sides below 20 pixels only by the last one); 1 to 8 rows are cut off at the top or at the bottom;
    it is blurred (5 x 5 pixels, sigma 1); made brighter or darker; shifted to the lower right by up to one per cent of
    its shorter side; noise is added; it is inverted. Reads an image (H, W, 3) uint8 of any size; only the crop changes
    the size. Put it before ``ResizeTextLine``. The keys are those of MindOCR.

    Args:
        tia_prob: of the deformation.
        crop_prob: of the crop, for images of 20 x 20 pixels or more.
        reverse_prob: of the inversion.
        noise_prob: of the noise.
        jitter_prob: of the shift.
        blur_prob: of the blur.
        hsv_aug_prob: of the change of brightness.
        brightness: the factor of the brightness is drawn from [1 - brightness, 1 + brightness]. PP-OCR's 0.001 changes
            few values by 1; 0.2 can be seen.
        noise_std: standard deviation of the noise, grey levels. PP-OCR's 0.158 changes one value in 600; 5 can be seen.
    """

    reads = ("image",)
    writes = ("image",)

    def __init__(
        self,
        tia_prob: float = 0.4,
        crop_prob: float = 0.4,
        reverse_prob: float = 0.4,
        noise_prob: float = 0.4,
        jitter_prob: float = 0.4,
        blur_prob: float = 0.4,
        hsv_aug_prob: float = 0.4,
        brightness: float = 0.001,
        noise_std: float = 0.158,
    ) -> None:
        given = {"tia_prob": tia_prob, "crop_prob": crop_prob, "reverse_prob": reverse_prob, "noise_prob": noise_prob,
                 "jitter_prob": jitter_prob, "blur_prob": blur_prob, "hsv_aug_prob": hsv_aug_prob}  # fmt: skip
        for key, p in given.items():
            check_probability(f"RecAug: {key}", p)
        if not 0 <= brightness < 1 or not noise_std >= 0:
            raise ConfigError(
                f"RecAug: brightness must be in [0, 1) and noise_std 0 or more, got {brightness} and {noise_std}"
            )
        self._chances = tuple(given.values())
        self.brightness, self.noise_std = brightness, noise_std

    def draw(self, rng: np.random.Generator, sample: DetSample) -> LineChange:
        """Draw all numbers, also those that are not needed, so that one outcome does not change the others."""
        h, w = image_size(sample)
        tia, crop, reverse, noise, jitter, blur, bright = (rng.random(7) < self._chances).tolist()
        rows, at_top, shift, factor = rng.random(4).tolist()
        seed = int(rng.integers(2**31))
        large = min(h, w) >= _SMALLEST
        cropped = min(1 + int(rows * _MOST_CROPPED), h - 1) if crop and large else 0
        return LineChange(
            warps=_draw_warps(rng, h, w, large) if tia else (),
            crop=cropped if at_top < 0.5 else -cropped,
            blur=blur,
            brightness=1 + self.brightness * (2 * factor - 1) if bright else 1.0,
            jitter=int(shift * min(h, w) * _JITTER) if jitter else 0,
            noise_seed=seed if noise else None,
            invert=reverse,
        )

    def apply(self, sample: DetSample, params: LineChange) -> DetSample:
        """Apply them; the array of the input does not change."""
        image = sample["image"]
        if params.warps:
            at = pixel_map(image_size(sample), params.warps)
            image = cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if params.crop:
            image = image[params.crop :] if params.crop > 0 else image[: params.crop]
        if params.blur:
            image = cv2.GaussianBlur(image, (5, 5), 1.0, borderType=cv2.BORDER_REFLECT_101)
        if params.brightness != 1.0:
            image = cv2.convertScaleAbs(image, alpha=params.brightness)
        if params.jitter:
            image = shift_diagonally(image, params.jitter)
        if params.noise_seed is not None:
            image = _add_noise(image, self.noise_std, params.noise_seed)
        if params.invert:
            image = cv2.bitwise_not(image)
        return {**sample, "image": image}


def shift_diagonally(image: np.ndarray, pixels: int) -> np.ndarray:
    """The image moved right and down by a number of pixels; its upper left border is smeared along the diagonal."""
    h, w = image.shape[:2]
    shifted = image.copy()
    for i in range(1, pixels + 1):
        shifted[i:, i:] = image[: h - i, : w - i]
    return shifted


def _draw_warps(rng: np.random.Generator, h: int, w: int, large: bool) -> tuple[Controls, ...]:
    warps = []
    if large:
        first, second = rng.integers(_SEGMENTS[0], _SEGMENTS[1] + 1, 2).tolist()
        warps = [text_warp.distort(rng, h, w, first), text_warp.stretch(rng, h, w, second)]
    return (*warps, text_warp.perspective(rng, h, w))


def _add_noise(image: np.ndarray, std: float, seed: int) -> np.ndarray:
    # OpenCV's generator takes a fifth of NumPy's time; it belongs to this thread, and only this function uses it.
    cv2.setRNGSeed(seed)
    noise = np.empty((image.shape[0], image.size // image.shape[0]), np.float32)  # of three channels it fills the first
    cv2.randn(noise, 0.0, std)
    return cv2.add(image, noise.reshape(image.shape), dtype=cv2.CV_8U)
