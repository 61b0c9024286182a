"""Learning-rate schedules, computed beforehand in NumPy."""

from mindocr.scheduler.schedules import SCHEDULES, build_schedule
from mindocr.scheduler.shorten import shorten

__all__ = ["SCHEDULES", "build_schedule", "shorten"]
