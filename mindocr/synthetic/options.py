"""Options of generated scenes, and the three levels of difficulty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mindocr.errors import DataError

LabelStyle = Literal["mixed", "polygons", "quads"]
DifficultyName = Literal["easy", "normal", "hard"]

MIN_SIDE = 64
DESIGN_SIDE = 320.0  # lengths below are pixels at this shorter side and scale with the image


@dataclass(frozen=True)
class Difficulty:
    """Ranges of the random numbers of a scene; lengths in pixels at a shorter side of 320.

    Attributes:
        tilt: usual rotation of a sign, degrees either way.
        wild_tilt: largest rotation, degrees; allowed for one sign in five.
        slant: perspective and shear, as a fraction of the text height.
        min_contrast: smallest luminance difference between letters and the wall behind them, 0-255.
        texture: strength of the wall's texture, 0-1.
        clutter: largest number of shapes (bars, frames, ellipses, scratches) on the wall.
        blur: largest blur of the image, standard deviation.
        noise: largest sensor noise, standard deviation in grey levels.
        quality: JPEG quality, lowest and highest.
        heights: smallest and largest height of readable letters.
        signs: smallest and largest number of signs in a square image.
        unreadable: share of signs that are too small or too smeared to read.
    """

    tilt: float
    wild_tilt: float
    slant: float
    min_contrast: float
    texture: float
    clutter: int
    blur: float
    noise: float
    quality: tuple[int, int]
    heights: tuple[float, float]
    signs: tuple[int, int]
    unreadable: float


DIFFICULTIES: dict[str, Difficulty] = {
    "easy": Difficulty(5, 15, 0.10, 100, 0.3, 4, 0.4, 4, (75, 95), (16, 80), (2, 4), 0.04),
    "normal": Difficulty(10, 40, 0.25, 70, 0.6, 9, 0.8, 8, (55, 95), (12, 80), (2, 6), 0.10),
    "hard": Difficulty(20, 60, 0.45, 45, 1.0, 18, 1.4, 16, (30, 90), (10, 90), (3, 9), 0.15),
}


@dataclass(frozen=True)
class SceneOptions:
    """Options for every image of a set.

    Args:
        image_size: (height, width) in pixels, each at least 64.
        curved: share of signs whose text follows an arc, 0-1.
        labels: ``mixed``: quads for straight words and polygons of 8-14 points for curved ones; ``polygons``: polygons
            of at least 8 points for every word; ``quads``: a quad for every word, for curved words (bent only slightly
            in this case) the smallest rotated rectangle.
        difficulty: ``easy``, ``normal`` or ``hard``.

    Raises:
        DataError: a value is out of its range.
    """

    image_size: tuple[int, int] = (320, 320)
    curved: float = 0.2
    labels: LabelStyle = "mixed"
    difficulty: DifficultyName = "normal"

    def __post_init__(self) -> None:
        if len(self.image_size) != 2 or min(self.image_size) < MIN_SIDE:
            got = " x ".join(str(side) for side in self.image_size)
            raise DataError(f"image_size (height, width): expected two numbers of at least {MIN_SIDE}, got {got}")
        if not 0.0 <= self.curved <= 1.0:
            raise DataError(f"curved: expected a share between 0 and 1, got {self.curved}")
        if self.labels not in ("mixed", "polygons", "quads"):
            raise DataError(f"labels: expected mixed, polygons or quads, got {self.labels!r}")
        if self.difficulty not in DIFFICULTIES:
            raise DataError(f"difficulty: expected {', '.join(DIFFICULTIES)}, got {self.difficulty!r}")

    @property
    def ranges(self) -> Difficulty:
        """The ranges of the chosen difficulty."""
        return DIFFICULTIES[self.difficulty]

    @property
    def scale(self) -> float:
        """Scale factor of lengths, relative to a shorter side of 320."""
        return min(self.image_size) / DESIGN_SIDE
