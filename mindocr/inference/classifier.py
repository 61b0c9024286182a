"""Direction of text lines: which crops are upside down."""

from __future__ import annotations

from pathlib import Path

from mindocr.errors import ConfigError, UserError
from mindocr.inference.configured import configured
from mindocr.inference.predictor import Crops, Predictor
from mindocr.inference.runner import given, open_runner
from mindocr.predictions.classification import Classification

UPSIDE_DOWN = "180"
THRESHOLD = 0.9  # as in PP-OCR


class TextClassifier(Predictor):
    """Finds out which crops, each of one line of text, are upside down.

    It is called like a :class:`~mindocr.inference.predictor.Predictor`; the prediction of a result is a
    :class:`~mindocr.predictions.classification.Classification`.

    Args:
        model: a checkpoint or another model file, or a folder with a checkpoint.
        config: YAML file whose model, pipelines and post-processing replace those stored in the model file.
        runtime, threads: what runs the network, and on how many CPU threads, see
            :func:`~mindocr.inference.runner.open_runner`.

    Raises:
        CheckpointError: the file is missing or damaged, or does not state how to use it.
        ConfigError: a setting cannot be used, or the model does not know the class ``180``.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        config: str | Path | None = None,
        runtime: str = "auto",
        threads: int | None = None,
    ) -> None:
        runner = open_runner(model, config=config, **given(runtime, threads))
        postprocess, pipeline = configured(runner)
        if not issubclass(postprocess.gives, Classification):
            raise ConfigError(f"'{model}' returns {postprocess.gives.kind}, not the class of a line; use a classifier")
        if UPSIDE_DOWN not in postprocess.labels:
            raise ConfigError(
                f"'{model}' knows the classes {', '.join(postprocess.labels)}; a direction classifier needs the class "
                f"{UPSIDE_DOWN}"
            )
        super().__init__(runner, postprocess, pipeline)

    def upside_down(self, crops: Crops, threshold: float = THRESHOLD, batch_size: int = 6) -> list[bool]:
        """Which crops are upside down with a confidence above ``threshold``.

        Args:
            crops: (h, w, 3) uint8 RGB each; asked for one batch at a time and not kept, so they may be cut out then.
            threshold: in [0, 1].
            batch_size: crops that the network takes at once.

        Raises:
            UserError: the threshold is outside [0, 1].
        """
        if not 0 <= threshold <= 1:
            raise UserError(f"threshold of the direction: expected a number from 0 to 1, got {threshold}")
        turned: list[bool] = []
        for start in range(0, len(crops), batch_size):
            batch = [crops[i] for i in range(start, min(start + batch_size, len(crops)))]
            turned += [_is_turned(result.prediction, threshold) for result in self._predict(batch, batch_size)]
        return turned


def _is_turned(found: object, threshold: float) -> bool:
    return isinstance(found, Classification) and found.label == UPSIDE_DOWN and found.confidence > threshold
