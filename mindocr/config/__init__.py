"""Configuration: YAML in, checked description of a run out. ``load_config`` is the only door."""

from mindocr.config.load import load_config, save_config
from mindocr.config.schema import Config

__all__ = ["Config", "load_config", "save_config"]
