"""Package definition; everything else stands in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def requirements(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("-r", "#"))]


setup(
    name="mindocr",
    version=re.search(r'__version__ = "(.+?)"', (ROOT / "mindocr/__init__.py").read_text(encoding="utf-8"))[1],
    description="Trains, evaluates and ships scene-text detectors on MindSpore",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["mindocr", "mindocr.*"]),
    package_data={"mindocr": ["inspection/templates/*", "report/templates/*"]},
    python_requires=">=3.10,<3.13",
    install_requires=requirements("requirements.txt"),
    extras_require={
        "dev": requirements("requirements-dev.txt"),
        "tensorboard": ["tensorboardX>=2.6"],
        "wandb": ["wandb>=0.17"],
    },
)
