"""Losses. Each lists the label columns it takes (``labels``) and the names of its terms (``term_names``)."""

from mindocr.losses.builder import build_loss
from mindocr.losses.db_loss import DBLoss

__all__ = ["DBLoss", "build_loss"]
