"""Decoupled knowledge distillation (CVPR 2022, arXiv 2203.08679): a classifier learns from the logits of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mindspore as ms
from mindspore import Tensor, ops

from mindocr.errors import ConfigError
from mindocr.losses.full_precision import FullPrecision
from mindocr.registry import LOSSES

_FLOOR = 1e-12
_EXCLUDED = -1e4  # logit of the target among the other classes


@LOSSES.register
class DKDLoss(FullPrecision):
    """alpha * TCKD + beta * NCKD of a student against its teacher, mean over images and time steps (equation 7).

    TCKD is the divergence KL(teacher || student) of target class against all others, NCKD that of the other classes
    among themselves. With alpha = 1, and beta = 1 - the teacher's probability of the target, their sum is the classical
    distillation loss; a constant beta keeps what a confident teacher knows about the other classes. Both are multiplied
    by the square of the temperature. No gradient reaches the teacher.

    Args:
        output: name of the logits. A frozen network gives them only if its ``outputs`` names them.
        target: ``teacher`` takes the teacher's most probable class as the target, which needs no label for each time
            step; otherwise the label column of target classes, such as ``class_number``.
        alpha: weight of TCKD, at least 0.
        beta: weight of NCKD, at least 0.
        temperature: logits are divided by it, above 0.

    Raises:
        ConfigError: an argument is out of its range.
    """

    network_count: tuple[int, int | None] = (2, 2)
    term_names = ("tckd", "nckd")

    def __init__(
        self,
        output: str = "logits",
        target: str = "teacher",
        alpha: float = 1.0,
        beta: float = 2.0,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value < 0:
                raise ConfigError(f"loss.{name}: DKDLoss needs a number of at least 0, got {value}")
        if temperature <= 0:
            raise ConfigError(f"loss.temperature: DKDLoss needs a number above 0, got {temperature}")
        names = self.declare({"output": output, "target": target})
        self.reads, self.labels = names["reads"], names["labels"]
        self.alpha, self.beta, self.temperature = float(alpha), float(beta), float(temperature)

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Output and label column depend on the arguments."""
        target = arguments.get("target", "teacher")
        return {"reads": (arguments.get("output", "logits"),), "labels": () if target == "teacher" else (target,)}

    def construct(self, student: Tensor, teacher: Tensor, target: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss of one batch.

        Args:
            student, teacher: logits (N, C) or (N, T, C), of any float type.
            target: class of each image (N,) or time step (N, T), from 0; any integer type. None = the teacher's.

        Returns:
            The total, a float32 scalar, and its weighted terms, (2,) float32 in the order of ``term_names``.
        """
        classes = student.shape[-1]
        ours = ops.cast(student, ms.float32).reshape((-1, classes)) / self.temperature
        theirs = ops.stop_gradient(ops.cast(teacher, ms.float32).reshape((-1, classes)) / self.temperature)
        chosen = ops.argmax(theirs, -1) if target is None else ops.cast(target, ms.int32).reshape((-1,))
        one_hot = ops.one_hot(
            ops.cast(chosen, ms.int32), classes, ms.Tensor(1.0, ms.float32), ms.Tensor(0.0, ms.float32)
        )

        tckd = _divergence(_target_and_rest(theirs, one_hot), _target_and_rest(ours, one_hot))
        nckd = _divergence(ops.softmax(_others(theirs, one_hot), -1), ops.softmax(_others(ours, one_hot), -1))
        square = self.temperature * self.temperature
        tckd, nckd = tckd * (self.alpha * square), nckd * (self.beta * square)
        return tckd + nckd, ops.stack((tckd, nckd))


def _target_and_rest(logits: Tensor, one_hot: Tensor) -> Tensor:
    """(M, C) -> probabilities of the target and of all other classes together, (M, 2)."""
    probs = ops.softmax(logits, -1)
    return ops.stack(((probs * one_hot).sum(-1), (probs * (1.0 - one_hot)).sum(-1)), -1)


def _others(logits: Tensor, one_hot: Tensor) -> Tensor:
    return logits * (1.0 - one_hot) + one_hot * _EXCLUDED


def _divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """Mean over the rows of KL(teacher || student)."""
    each = teacher * (ops.log(teacher + _FLOOR) - ops.log(student + _FLOOR))
    return each.sum(-1).mean()
