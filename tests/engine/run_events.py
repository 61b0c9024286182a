"""Events of a run of two epochs with five steps each, made by hand."""

import numpy as np

from mindocr.engine.evaluate.evaluator import Evaluation
from mindocr.engine.train.observers import EndEvent, EpochEvent, FailureEvent, StartEvent, StepEvent
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.result import TrainingResult
from mindocr.engine.train.step_inputs import StepOutcome
from mindocr.predictions.base import Prediction

TERMS = ("bce", "l1")
SPEED = {"images_per_s": 8.0, "wait_share": 0.5, "seconds": 1.0}
BATCH = {"image": np.zeros((2, 3, 4, 4)), "img_path": ["a.jpg", "b.jpg"]}


def start(resumed=False, at=None):
    return StartEvent(at or Progress(), 2, 5, TERMS, "hmean", resumed)


def step(number=1, loss=1.0, seconds=0.5, waited=0.1):
    at = Progress(epoch=(number - 1) // 5 + 1, batch=(number - 1) % 5 + 1, steps=number, updates=number)
    terms = {"bce": 0.75 * loss, "l1": 0.25 * loss}
    means = {"loss": loss, **terms, **SPEED}
    outcome = StepOutcome(loss, np.array(list(terms.values())), True, 2.0)
    return StepEvent(at, outcome, terms, 0.1, 2, BATCH, means, at.batch == 5, seconds, waited)


def failure(steps=3, dropped=False, number=1):
    outcome = StepOutcome(float("nan"), np.array([np.nan, 0.5]), False, float("inf"))
    return FailureEvent(Progress(batch=steps, steps=steps), outcome, BATCH, dropped, number)


def epoch(number=1, scores=None, best=None, top=(None, 0), **numbers):
    """Scores such as ``{"hmean": 0.5}`` stand for an evaluation; ``top`` is the best score so far and its epoch."""
    at = Progress(epoch=number, batch=5, steps=5 * number, updates=5 * number)
    losses = {"loss": 1.0 / number, "bce": 0.75 / number, "l1": 0.25 / number}
    row = {"epoch": number, "step": 5 * number, "lr": 0.1, **losses, **SPEED, "updates_dropped": 0}
    evaluation = None if scores is None else Evaluation(scores, [("a.jpg", None)] * 5, Prediction, "hmean")
    score = None if scores is None else next(iter(scores.values()))
    return EpochEvent(at, row | numbers, evaluation, score, best, number == 2, *top)


def end(folder, error=None, **result):
    return EndEvent(Progress(epoch=2, batch=5, steps=10, updates=10), TrainingResult(folder, **result), 3.0, error)
