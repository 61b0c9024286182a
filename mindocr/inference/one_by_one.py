"""Images of a data set, each decoded after the one before it is finished, so that only one is in memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from mindocr.data.datasets.base import ImageDataset
from mindocr.errors import DataError
from mindocr.predictions.base import Prediction
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)


def one_by_one(
    dataset: ImageDataset,
    predict: Callable[[Mapping[str, Any]], list[Prediction]],
    on_skip: Callable[[str], None] | None,
    show_progress: bool,
) -> Iterator[list[tuple[str, np.ndarray, Prediction]]]:
    """Yield batches of one (path, decoded image, prediction).

    Args:
        dataset: its samples have ``image_ori`` and ``img_path``.
        predict: the predictions of a batch.
        on_skip: called with the description of each image that is left out; None = a warning in the log.

    Raises:
        DataError: an image cannot be used, and the data set does not leave it out.
    """
    numbers = range(len(dataset))
    for index in progress(numbers, "predict", "image") if show_progress else numbers:
        try:
            sample = dataset[index]
            (found,) = predict({key: [value] for key, value in sample.items()})
        except DataError as error:
            if dataset.on_error != "skip":
                raise
            (on_skip or (lambda text: logger.warning("skipped: %s", text)))(str(error))
            continue
        yield [(sample["img_path"], sample.pop("image_ori"), found)]
        del sample
