"""A complete detection in a process in which MindSpore cannot be imported."""

import subprocess
import sys
from pathlib import Path

import pytest
from bright_is_text import write

HERE = Path(__file__).resolve().parent
BLOCK = f"import sys; sys.modules['mindspore'] = None; sys.path.insert(0, {str(HERE)!r})\n"


def python(code, folder):
    done = subprocess.run([sys.executable, "-c", BLOCK + code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_detection_with_a_stand_in_for_the_network(tmp_path):
    write(tmp_path / "in" / "a.png")
    code = (
        "from bright_is_text import BrightIsText, white_box\n"
        "from mindocr.inference import predict\n"
        "from mindocr.inference.metadata import of_algorithm\n"
        "from mindocr.inference.configured import configured\n"
        "from mindocr.inference.predictor import Predictor\n"
        "from mindocr.models.algorithms import get_algorithm\n"
        "runner = BrightIsText(metadata=of_algorithm(get_algorithm('DB')))\n"
        "finder = Predictor(runner, *configured(runner))\n"
        "print(len(finder(white_box())), len(finder('in/a.png')), predict.run(finder, 'in', 'out').images)\n"
    )
    assert python(code, tmp_path) == "1 1 1\n"
    assert (tmp_path / "out/det_results.json").is_file()


def test_a_detection_with_an_onnx_file(tmp_path):
    pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from onnx_files import write_bright_is_text

    write(tmp_path / "a.png")
    write_bright_is_text(tmp_path / "a.onnx", metadata={"model": "dbnet_resnet50"})
    code = (
        "from mindocr.inference.detector import TextDetector\n"
        "result = TextDetector('a.onnx')('a.png')\n"
        "print(len(result.polygons), result.image_size, result.draw().shape)\n"
    )
    assert python(code, tmp_path) == "1 (240, 640) (240, 640, 3)\n"


def test_a_configuration_in_mindocrs_spelling_is_read(tmp_path, repo_root):
    recipe = repo_root / "configs/det/dbnet/db_r50_icdar15.yaml"
    text = f"base: {recipe}\ntrain: {{dataset: {{label_column_index: [1, 2, 3, 4]}}}}\n"
    (tmp_path / "old.yaml").write_text(text, encoding="utf-8")
    code = (
        "from mindocr.inference.metadata import completed\n"
        "found = completed({}, (-1, -1), 'old.yaml')\n"
        "print(found['postprocess']['name'], len(found['pipeline']))\n"
    )
    assert python(code, tmp_path) == "DBPostprocess 4\n"


@pytest.mark.parametrize("model", ["a.mindir", "a.ckpt", "DB"])
def test_only_a_mindspore_model_asks_for_mindspore(model, tmp_path):
    for name in ("a.mindir", "a.ckpt"):
        (tmp_path / name).write_bytes(b"something")
    code = (
        "from mindocr.errors import UserError\n"
        "from mindocr.inference.detector import TextDetector\n"
        "try:\n"
        f"    TextDetector({model!r})\n"
        "except UserError as error:\n"
        "    print(error)\n"
    )
    told = f"'{model}' runs in MindSpore, which is not installed here; install it with: pip install mindspore\n"
    assert python(code, tmp_path) == told
