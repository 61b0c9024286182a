"""Imports that work in MindOCR but not here: each raises an error whose message states what to write instead.

Python calls the finder below only for modules and names of this package that it has not found by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

_TRAIN = (
    "training is one call: from mindocr import load_config; from mindocr.engine.train import trainer; "
    "trainer.run(load_config(FILE))"
)
_EVALUATE = (
    "evaluation is one call: from mindocr import load_config; from mindocr.engine.evaluate import evaluator; "
    "evaluator.run(load_config(FILE))"
)
_SCHEDULE = (
    "write: from mindocr.scheduler import build_schedule; build_schedule(load_config(FILE).scheduler, steps_per_epoch) "
    "returns one learning rate for each step"
)
_OPTIMIZER = (
    "write: from mindocr.optim import build_optimizer; build_optimizer(network, load_config(FILE).optimizer, rates), "
    "with the rates of mindocr.scheduler.build_schedule"
)
_PIPELINE = (
    "write: from mindocr.data.transforms.pipeline import Pipeline; Pipeline(ops) takes the list of a YAML file, "
    "and calling it with a sample runs the ops"
)
_OPS = "write: from mindocr.registry import TRANSFORMS; TRANSFORMS.get(NAME) is the class of an op"
_SEED = "write: from mindocr.engine.runtime.process import seed_everything"
_DRAW = "write: from mindocr.utils.visualize import draw_polygons; it takes an RGB image and a list of polygons"
_SHOW = (
    "write: from mindocr.utils.visualize import grid; grid(images) is one RGB image that matplotlib.pyplot.imshow shows"
)

INSTEAD = {
    "mindocr.version": "write: from mindocr import __version__",
    "mindocr.data.base_dataset": "write: from mindocr.data.datasets.detection import ImageDataset",
    "mindocr.data.constants": "write the numbers: mean 123.675, 116.28, 103.53 and std 58.395, 57.12, 57.375 (RGB)",
    "mindocr.data.det_dataset": "write: from mindocr.data.datasets.detection import DetDataset",
    "mindocr.data.predict_dataset": "write: from mindocr.data.datasets.detection import PredictDataset",
    "mindocr.data.transforms.create_transforms": _PIPELINE,
    "mindocr.data.transforms.run_transforms": _PIPELINE,
    "mindocr.data.transforms.transforms_factory": _PIPELINE,
    "mindocr.data.transforms.det_transforms": _OPS,
    "mindocr.data.transforms.general_transforms": _OPS,
    "mindocr.losses.det_loss": "write: from mindocr.losses.db_loss import DBLoss",
    "mindocr.metrics.det_metrics": "write: from mindocr.metrics.det_metric import DetMetric",
    "mindocr.optim.create_group_params": "write: from mindocr.optim import group_parameters",
    "mindocr.optim.create_optimizer": _OPTIMIZER,
    "mindocr.optim.optim_factory": _OPTIMIZER,
    "mindocr.optim.param_grouping": "write: from mindocr.optim import group_parameters",
    "mindocr.postprocess.det_db_postprocess": "write: from mindocr.postprocess.db import DBPostprocess",
    "mindocr.scheduler.create_scheduler": _SCHEDULE,
    "mindocr.scheduler.dynamic_lr": _SCHEDULE,
    "mindocr.scheduler.scheduler_factory": _SCHEDULE,
    "mindocr.utils.amp": "write system.amp_level into the configuration; training and evaluation read it",
    "mindocr.utils.callbacks": _TRAIN,
    "mindocr.utils.checkpoint": (
        "set train.resume: auto in the configuration to resume training; "
        "for weights alone write: from mindocr.models import load_weights"
    ),
    "mindocr.utils.ema": "write: from mindocr.optim import EMA",
    "mindocr.utils.evaluator": _EVALUATE,
    "mindocr.utils.logger": "write: from mindocr.engine.runtime.process import start_logging",
    "mindocr.utils.loss_scaler": "write loss_scaler into the configuration; training reads it",
    "mindocr.utils.misc": "these helpers have no counterpart; write the few lines in your own code",
    "mindocr.utils.model_wrapper": _TRAIN,
    "mindocr.utils.random": _SEED,
    "mindocr.utils.recorder": "training writes performance.csv and curves.png to train.ckpt_save_dir",
    "mindocr.utils.seed": _SEED,
    "mindocr.utils.train_step_wrapper": _TRAIN,
    "mindocr.utils.visualize.draw_bboxes": _DRAW,
    "mindocr.utils.visualize.draw_boxes": _DRAW,
    "mindocr.utils.visualize.recover_image": "multiply by std and add mean; a sample's own image comes from read_image "
    "(write: from mindocr.images.read import read_image)",
    "mindocr.utils.visualize.show_img": _SHOW,
    "mindocr.utils.visualize.show_imgs": _SHOW,
    "mindocr.utils.visualize.visualize": _DRAW,
}


def absent(name: str) -> ImportError | AttributeError:
    """Return the error to raise for a dotted name that this package does not have."""
    if name in INSTEAD:
        return ImportError(f"{name} belongs to MindOCR and is not in this package; {INSTEAD[name]}", name=name)
    module, _, attribute = name.rpartition(".")
    return AttributeError(f"module '{module}' has no attribute '{attribute}'")


class _Finder:
    """Finds no module; raises an error for the names in ``INSTEAD``."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname in INSTEAD:
            raise absent(fullname)


def answer_imports() -> None:
    """Install the finder: from now on, importing an absent name raises an error that states what to write instead."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
