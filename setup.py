"""What pyproject.toml cannot say: a wheel holds the recipes of ``configs/`` as ``mindocr/configs``."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["mindocr", "mindocr.*"]), "mindocr.configs"],
      package_dir={"mindocr.configs": "configs"})  # fmt: skip
