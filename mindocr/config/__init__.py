"""Configuration: turns YAML files into a checked description of a run. ``load_config`` is the only entry point."""

from mindocr.config.load import load_config, save_config
from mindocr.config.schema import Config

__all__ = ["Config", "load_config", "save_config"]
