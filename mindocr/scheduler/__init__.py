"""Learning-rate schedules, computed beforehand in NumPy."""

from mindocr.scheduler.schedules import SCHEDULES, build_schedule

__all__ = ["SCHEDULES", "build_schedule"]
