"""95 % intervals of shares and means."""

from __future__ import annotations

import math

QUANTILE = 1.959963984540054  # of the normal distribution, at 0.975


def wilson(right: int, count: int) -> tuple[float, float]:
    """Wilson's interval of a share (JASA 1927): ``right`` of ``count``; (0, 1) if nothing was counted."""
    if not count:
        return 0.0, 1.0
    share, z = right / count, QUANTILE
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def of_mean(total: float, squares: float, count: int) -> tuple[float, float]:
    """Normal interval of the mean of ``count`` values in [0, 1], from their sum and the sum of their squares."""
    if count < 2:
        return 0.0, 1.0
    mean = total / count
    variance = max(squares - count * mean * mean, 0.0) / (count - 1)
    half = QUANTILE * math.sqrt(variance / count)
    return max(mean - half, 0.0), min(mean + half, 1.0)
