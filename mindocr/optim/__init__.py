"""Optimizers, weight-decay groups, gradient clipping and the moving average of weights."""

from mindocr.optim.builder import build_optimizer
from mindocr.optim.clip import clip_by_global_norm, global_norm
from mindocr.optim.ema import EMA
from mindocr.optim.groups import group_parameters

__all__ = ["EMA", "build_optimizer", "clip_by_global_norm", "global_norm", "group_parameters"]
