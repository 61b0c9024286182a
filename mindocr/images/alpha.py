"""Transparency: images with an opacity channel become colour images as a viewer shows them on a background."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mindocr.errors import ConfigError

Alpha = str | Sequence[int]  # see background()
Background = tuple[int, int, int] | None  # (red, green, blue), 0-255; None = the opacity is ignored

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
_NAMED: dict[str, Background] = {"white": WHITE, "black": BLACK, "drop": None}


def background(alpha: Alpha) -> Background:
    """The background that an option ``alpha`` means.

    Args:
        alpha: ``white``, ``black``, a colour [red, green, blue] with values from 0 to 255, or ``drop`` to ignore the
            opacity.

    Raises:
        ConfigError: the option is none of these.
    """
    if isinstance(alpha, str):
        if alpha in _NAMED:
            return _NAMED[alpha]
    elif len(alpha) == 3 and all(isinstance(value, int) and 0 <= value <= 255 for value in alpha):
        return alpha[0], alpha[1], alpha[2]
    raise ConfigError(
        f"alpha: expected white, black, drop or a colour [red, green, blue] with values from 0 to 255, got {alpha!r}"
    )


def composite(
    colours: np.ndarray, opacity: np.ndarray, behind: Sequence[int], *, premultiplied: bool = False
) -> np.ndarray:
    """Lay an image over a background of one colour.

    Args:
        colours: (H, W, 3) uint8.
        opacity: (H, W) uint8, 0 = transparent, 255 = opaque.
        behind: the colour, in the channel order of the image.
        premultiplied: the colours are already multiplied by the opacity.

    Returns:
        (H, W, 3) uint8, rounded.
    """
    if (opacity == 255).all():
        return np.ascontiguousarray(colours)
    cover = opacity[..., None].astype(np.uint16)
    # Products and their sums are at most 255 * 255, so 16 bits hold them.
    own = np.minimum(colours, cover) * np.uint16(255) if premultiplied else colours * cover
    total = own + (255 - cover) * np.array(behind, np.uint16) + np.uint16(128)
    return ((total + (total >> 8)) >> 8).astype(np.uint8)  # rounded division by 255
