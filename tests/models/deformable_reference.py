"""Deformable convolution by its formula, pixel by pixel, with the order of channels of torchvision."""

import numpy as np


def deform_conv2d(x, weight, shifts, masks, stride=1, groups=1):
    """A 3x3 convolution with padding 1 whose tap k at (i, j) reads x at (i, j) + its place + its shift.

    x: (N, C, H, W); weight: (O, C, 3, 3); shifts: (N, groups * 18, h, w), for each group and tap y, then x;
    masks: (N, groups * 9, h, w). Returns (N, O, h, w) float64.
    """
    n, channels = x.shape[:2]
    height, width = shifts.shape[2:]
    share = channels // groups
    result = np.zeros((n, len(weight), height, width))
    for sample, group, tap, i, j in np.ndindex(n, groups, 9, height, width):
        part = slice(group * share, (group + 1) * share)
        number = group * 9 + tap
        y = i * stride - 1 + tap // 3 + shifts[sample, 2 * number, i, j]
        along = j * stride - 1 + tap % 3 + shifts[sample, 2 * number + 1, i, j]
        value = between(x[sample, part], y, along) * masks[sample, number, i, j]
        result[sample, :, i, j] += weight[:, part, tap // 3, tap % 3] @ value
    return result


def between(planes, y, x):
    """The planes (C, H, W) at a place between four pixels; pixels outside are 0."""
    top, left = int(np.floor(y)), int(np.floor(x))
    total = np.zeros(len(planes))
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        if 0 <= row < planes.shape[1] and 0 <= column < planes.shape[2]:
            total += (1 - abs(y - row)) * (1 - abs(x - column)) * planes[:, row, column]
    return total
