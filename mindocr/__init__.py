"""mindocr: trains, evaluates and ships scene-text detectors on MindSpore."""

from mindocr.environment import cap_onednn

__version__ = "0.1.0"

cap_onednn()
