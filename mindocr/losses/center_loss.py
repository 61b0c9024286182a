"""Center loss on the features of time steps: features of one class stay near their mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, ops

from mindocr.errors import ConfigError, DataError
from mindocr.formats.class_centers import hash_of, read_centers
from mindocr.formats.dictionary import TextClasses
from mindocr.losses.ctc_alignment import text_fits
from mindocr.losses.full_precision import FullPrecision
from mindocr.registry import LOSSES

_LOW, _HIGH = 1e-12, 1e12


@LOSSES.register
class CenterLoss(FullPrecision):
    """Mean over all time steps of ||f - c||^2, f the features of the step and c the center of its class.

    After "A Discriminative Feature Learning Approach for Deep Face Recognition" (Wen et al., ECCV 2016), as PP-OCRv2
    uses it beside CTC with the weight 0.05 ("C-CTC"): the class of a step is the one with the largest logit, the blank
    included; a distance is clipped to [1e-12, 1e12]; the centers do not change. They come from a trained recogniser,
    see ``mindocr export-centers``: with random centers the loss does not help.

    Steps of a class without a center add 0 to the mean but count in it. Those of texts that need more time steps than
    there are do not count. Deliberate difference from PaddleOCR: it also adds the lower limit of the clipping, 1e-12,
    for each of the other classes, which is a constant.

    Args:
        centers_path: file of the centers.
        characters: the characters of classes 1, 2, ..., as a text or a list, to compare with those of the file. With
            neither this nor ``character_dict_path``, the dictionary is that of the post-processing.
        character_dict_path: dictionary file, one character a line, UTF-8.
        use_space_char: a class for the space follows those of the dictionary.

    Attributes:
        channels: sizes that the outputs of the network must have.

    Raises:
        ConfigError: the file cannot be read, or belongs to another dictionary.
    """

    reads = ("features", "logits")
    labels = ("text_seq", "text_length")
    term_names = ("center",)

    def __init__(
        self,
        centers_path: str,
        characters: str | Sequence[str] | None = None,
        character_dict_path: str | None = None,
        use_space_char: bool = True,
    ) -> None:
        super().__init__()
        try:
            found = read_centers(centers_path)
            if characters is not None or character_dict_path is not None:
                classes = TextClasses(characters, character_dict_path, use_space_char).classes
                if len(classes) != len(found.centers) or hash_of(classes) != found.dictionary:
                    raise DataError(
                        f"{centers_path}: these centers belong to a dictionary of {len(found.centers)} classes, the "
                        f"dictionary of this run has {len(classes)} and is another; export centers with the dictionary "
                        "of this run"
                    )
        except DataError as error:
            raise ConfigError(f"loss.centers_path: {error}") from None
        self.channels: dict[str, int] = {"features": found.centers.shape[1], "logits": len(found.centers)}
        self.centers = Parameter(Tensor(found.centers), name="centers", requires_grad=False)
        self.known = Parameter(Tensor((found.counts > 0).astype("float32")), name="known", requires_grad=False)

    def construct(self, features: Tensor, logits: Tensor, text_seq: Tensor, text_length: Tensor) -> Any:
        """Loss of one batch.

        Args:
            features: (N, T, F) of any float type.
            logits: (N, T, C).
            text_seq, text_length: see ``CTCLoss``.

        Returns:
            The total, a float32 scalar, and (1,) float32 with the same number.
        """
        classes = ops.stop_gradient(ops.cast(logits, ms.float32)).argmax(-1)
        apart = ops.square(ops.cast(features, ms.float32) - ops.gather(self.centers, classes, 0)).sum(axis=-1)
        counted = ops.expand_dims(text_fits(logits.shape[1], text_seq, text_length), 1)
        distances = ops.clamp(apart, _LOW, _HIGH) * ops.gather(self.known, classes, 0) * counted
        steps = counted.sum() * logits.shape[1]
        loss = distances.sum() / ops.maximum(steps, ops.ones_like(steps))
        return loss, loss.reshape((1,))
