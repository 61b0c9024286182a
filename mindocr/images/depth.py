"""Values of more than 8 bits, and fractions, as 8-bit values."""

from __future__ import annotations

import numpy as np

_TWELVE_BITS = 4095


def to_eight_bits(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Reduce the values of an image to uint8.

    Some scanners and cameras write 8-bit or 12-bit values into files of 16 bits, where white should be 65535. Divided
    by 256, such an image would be black, so its largest value decides.

    Args:
        values: of any shape, of any integer or floating type; negative values and NaN count as 0.

    Returns:
        (values of the same shape, uint8; how they were interpreted, empty for the usual meaning of their type).
    """
    if values.dtype == np.uint8:
        return values, ""
    if values.dtype.kind == "f":
        return _fractions(np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=0.0))
    largest = int(values.max(initial=0))
    bits = 16 if values.dtype.itemsize == 2 else 32
    if values.dtype.kind == "i":
        values, bits = values.clip(0), bits - 1
    if values.dtype.itemsize == 1:  # int8
        return values.astype(np.uint8) << 1, ""
    if 0 < largest <= 255:
        return values.astype(np.uint8), f"its values are at most {largest}; they are read as 8-bit values"
    if 255 < largest <= _TWELVE_BITS:
        return (values >> 4).astype(np.uint8), f"its values are at most {largest}; they are read as 12-bit values"
    if bits > 16 and largest <= 65535:  # 16-bit values in 32 bits
        bits = 16
    return (values >> (bits - 8)).astype(np.uint8), ""


def _fractions(values: np.ndarray) -> tuple[np.ndarray, str]:
    largest = float(values.max(initial=0.0, where=np.isfinite(values)))
    if largest <= 2:  # some programs exceed 1 slightly
        scale, meaning = 255.0, "fractions of white, from 0 to 1"
    elif largest <= 255:
        scale, meaning = 1.0, "8-bit values"
    else:
        scale, meaning = 255.0 / 65535.0, "16-bit values"
    reduced = np.rint(values.astype(np.float64).clip(0, 1e9) * scale).clip(0, 255).astype(np.uint8)
    return reduced, f"it holds floating-point values up to {largest:g}; they are read as {meaning}"
