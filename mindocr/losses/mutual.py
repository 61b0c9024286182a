"""Losses between networks that learn from each other: their outputs should agree.

Both take part in the term of ``CombinedLoss`` that names the networks. Of three networks or more every pair counts. The
gradient reaches every network that is not frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.errors import ConfigError
from mindocr.losses.full_precision import FullPrecision
from mindocr.registry import LOSSES

_MAP_FLOOR = 1e-5
_CLASS_FLOOR = 1e-10
_TINY = 1e-12


class _OfOneOutput(FullPrecision):
    """Reads one output, which the argument ``output`` names, of two networks or more."""

    network_count: tuple[int, int | None] = (2, None)
    labels: tuple[str, ...] = ()

    def __init__(self, output: str) -> None:
        super().__init__()
        self.reads: tuple[str, ...] = (output,)

    @classmethod
    def _named(cls, output: str) -> dict[str, tuple[str, ...]]:
        return {"reads": (output,), "labels": ()}


@LOSSES.register
class DMLLoss(_OfOneOutput):
    """Deep mutual learning: the symmetric divergence of the distributions of two networks (CVPR 2018).

    Without ``softmax`` the output is a map of probabilities, such as P of a text detector, and the loss is the mean
    over all pixels of the term for text alone, as in PP-OCRv2's detector:

    - ``kl``: (q ln(q / p) + p ln(p / q)) / 2;
    - ``js``: (q ln(2 q / (p + q)) + p ln(2 p / (p + q))) / 2;

    with 1e-5 added to p, q and each ratio of ``kl``, and to each ratio of ``js``.

    With ``softmax`` the output is logits (N, ..., C), such as those of a text recogniser, and the loss is the same sum
    over classes and positions, divided by N, with 1e-10 added to the probabilities (PP-OCRv2, "U-DML"). With a frozen
    teacher and ``js`` it is the loss of SSLD, which needs no labels (arXiv 2103.05959, section 3).

    Args:
        output: name of the output that is compared.
        mode: ``kl``, the Kullback-Leibler divergence in both directions, or ``js``, that of Jensen and Shannon.
        softmax: the output is logits over its last axis.
        temperature: logits are divided by it, above 0, and the loss is multiplied by its square; above 1 it softens
            the distributions, so that unlikely classes count more.

    Raises:
        ConfigError: an unknown mode; the output ``logits`` without ``softmax``, or ``prob`` with it; a temperature that
            is not positive, or without ``softmax``.
    """

    term_names = ("dml",)

    def __init__(
        self,
        output: str = "prob",
        mode: Literal["kl", "js"] = "kl",
        softmax: bool = False,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(output)
        if mode not in ("kl", "js"):
            raise ConfigError(f"loss.mode: DMLLoss expects 'kl' or 'js', got {mode!r}")
        for key, text in self.check_arguments({"output": output, "softmax": softmax, "temperature": temperature}):
            raise ConfigError(f"loss.{key}: {text}")
        self.mode = mode
        self.softmax = softmax
        self.temperature = float(temperature)

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """The output that it reads depends on the arguments."""
        return cls._named(arguments.get("output", "prob"))

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Logits are no probabilities, and probabilities no logits."""
        output, softmax = arguments.get("output", "prob"), arguments.get("softmax", False)
        temperature = arguments.get("temperature", 1.0)
        if not temperature > 0:
            return [("temperature", f"DMLLoss needs a number above 0, got {temperature}")]
        if temperature != 1 and not softmax:
            return [("temperature", "DMLLoss divides logits by it; set softmax: True, or leave it out")]
        if output == "logits" and not softmax:
            return [("softmax", "DMLLoss compares probabilities, and 'logits' are none; set softmax: True")]
        if output in ("prob", "probs") and softmax:
            return [("softmax", f"'{output}' is a probability already; leave softmax out")]
        return []

    def construct(self, *outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            outputs: of each network, (N, 1, H, W) in [0, 1], or logits (N, ..., C); of any float type.

        Returns:
            The total, a float32 scalar, and (1,) float32 with the same number.
        """
        total = ops.zeros((), ms.float32)
        for i in range(len(outputs)):
            for j in range(i + 1, len(outputs)):
                first, second = ops.cast(outputs[i], ms.float32), ops.cast(outputs[j], ms.float32)
                if self.softmax:
                    total = total + self._of_classes(first, second)
                else:
                    total = total + self._of_maps(first, second)
        return total, total.reshape((1,))

    def _of_maps(self, p: Tensor, q: Tensor) -> Tensor:
        if self.mode == "js":
            return _js(p, q, _MAP_FLOOR).mean()
        eps = _MAP_FLOOR
        each = q * ops.log((q + eps) / (p + eps) + eps) + p * ops.log((p + eps) / (q + eps) + eps)
        return 0.5 * each.mean()

    def _of_classes(self, first: Tensor, second: Tensor) -> Tensor:
        p = ops.softmax(first / self.temperature, -1) + _CLASS_FLOOR
        q = ops.softmax(second / self.temperature, -1) + _CLASS_FLOOR
        scale = self.temperature * self.temperature / first.shape[0]
        if self.mode == "js":
            return _js(p, q, 0.0).sum() * scale
        return 0.5 * ((q - p) * (ops.log(q) - ops.log(p))).sum() * scale


@LOSSES.register
class DistanceLoss(_OfOneOutput):
    """Mean distance of one output of two networks, such as their features in PP-OCRv2's "U-DML".

    Args:
        output: name of the output that is compared, such as ``backbone_out`` (see ``outputs`` of a network).
        mode: ``l2``, the squared difference; ``l1``, the absolute difference; ``smooth_l1``, half the squared
            difference below 1, and the absolute difference - 0.5 above.

    Raises:
        ConfigError: an unknown mode.
    """

    def __init__(self, output: str = "backbone_out", mode: Literal["l1", "l2", "smooth_l1"] = "l2") -> None:
        super().__init__(output)
        if mode not in ("l1", "l2", "smooth_l1"):
            raise ConfigError(f"loss.mode: DistanceLoss expects 'l1', 'l2' or 'smooth_l1', got {mode!r}")
        self.mode = mode
        self.term_names: tuple[str, ...] = (mode,)

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """The output that it reads depends on the arguments."""
        return cls._named(arguments.get("output", "backbone_out"))

    def construct(self, *outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            outputs: of each network, all of one shape and any float type.

        Returns:
            The total, a float32 scalar, and (1,) float32 with the same number.
        """
        total = ops.zeros((), ms.float32)
        for i in range(len(outputs)):
            for j in range(i + 1, len(outputs)):
                total = total + self._distance(ops.cast(outputs[i], ms.float32) - ops.cast(outputs[j], ms.float32))
        return total, total.reshape((1,))

    def _distance(self, difference: Tensor) -> Tensor:
        if self.mode == "l2":
            return ops.square(difference).mean()
        size = ops.abs(difference)
        if self.mode == "l1":
            return size.mean()
        return ops.select(size < 1, 0.5 * ops.square(size), size - 0.5).mean()


def _js(p: Tensor, q: Tensor, eps: float) -> Tensor:
    """Jensen-Shannon divergence, element by element; 0 where both are 0."""
    both = ops.maximum(p + q, ops.full_like(p, _TINY))
    floor = max(eps, _TINY)
    return 0.5 * (q * ops.log(2 * q / both + floor) + p * ops.log(2 * p / both + floor))
