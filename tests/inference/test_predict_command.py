"""The command ``mindocr predict`` from its words to its files, with a network that is NumPy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bright_is_text import BrightIsText, write

from mindocr.cli.main import run_command
from mindocr.errors import ConfigError, DataError
from mindocr.inference import checkpoint, metadata


@pytest.fixture
def opened(monkeypatch):
    """What was opened: (weights, configuration) for each call."""
    calls = []

    def from_algorithm(algorithm, ckpt=None, config=None):
        calls.append((ckpt, config))
        settings = {**metadata.of_algorithm(algorithm), **metadata.of_sections(config.model_dump())}
        return BrightIsText(metadata=settings)

    monkeypatch.setattr(checkpoint, "from_algorithm", from_algorithm)
    monkeypatch.setattr("mindocr.utils.logs.start_logging", lambda: None)  # caplog listens instead
    return calls


def predict(*words):
    return run_command("predict", [str(word) for word in words])


def entries(folder):
    return json.loads((Path(folder) / "det_results.json").read_text(encoding="utf-8"))


def test_mindocrs_command_line(opened, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "photos/a.png")
    write(tmp_path / "photos/b/a.png")
    code = predict(
        "--image_dir", "photos", "--det_algorithm", "DB++", "--det_model_dir", "mine.ckpt", "--rec_algorithm", "CRNN",
        "--det_limit_side_len", 320, "--det_db_thresh", "0.25", "--det_db_box_thresh", "0.5", "--use_dilation", "True",
        "--det_db_unclip_ratio", "0.1", "--det_box_type", "poly", "--mode", "1", "--det_amp_level", "O2",
        "--max_batch_size", 4, "--save_crop_res", "True", "--warmup", "True", "--visualize_output", "False",
        "--result_format", "mindocr", "--recursive",
    )  # fmt: skip
    assert code == 0
    ((ckpt, config),) = opened
    assert (ckpt, config.system.mode, config.system.amp_level_infer) == ("mine.ckpt", 1, "O2")
    post = config.postprocess
    assert (post["binary_thresh"], post["box_thresh"], post["expand_ratio"]) == (0.25, 0.5, 0.1)
    assert (post["box_type"], post["dilation"]) == ("poly", True)
    assert [entry["image"] for entry in entries("inference_results")] == ["photos/a.png", "photos/b/a.png"]
    assert {p.name for p in Path("inference_results").iterdir()} == {"det_results.json", "det_results.txt"}
    assert Path("inference_results/det_results.txt").read_text().startswith("a.png\t[[[")
    assert {p.as_posix() for p in Path("output").rglob("*.jpg")} == {"output/a_crop_0.jpg", "output/b/a_crop_0.jpg"}
    ignored = [m for m in caplog.messages if "ignored" in m]
    assert ignored == ["mindocr predict finds text and does not read it (mindocr read does); ignored: --rec_algorithm"]


def test_a_checkpoint_that_holds_its_settings_needs_no_configuration(recipe, photo, tmp_path, capfd):
    words = ["--image_dir", photo, "--det_model_dir", recipe.ckpt, "--draw_img_save_dir", tmp_path / "out"]
    assert predict(*words) == 0
    whole = entries(tmp_path / "out")[0]["detections"]
    assert whole and f"{recipe.ckpt} holds its settings; they are used" in capfd.readouterr().err
    assert predict(*words, "-o", "postprocess.box_thresh=1.0") == 0
    assert entries(tmp_path / "out")[0]["detections"] == []
    with pytest.raises(ConfigError, match=r"the settings stored in .*best\.ckpt.*\n.*box_tresh.*did you mean"):
        predict(*words, "-o", "postprocess.box_tresh=1.0")


def test_exit_codes_with_broken_files(opened, tmp_path):
    write(tmp_path / "in/a.png")
    (tmp_path / "in/b.gif").write_bytes(b"GIF89a")
    words = ["--image_dir", tmp_path / "in", "--draw_img_save_dir", tmp_path / "out"]
    assert predict(*words) == 1
    assert [entry["image"] for entry in entries(tmp_path / "out")] == [str(tmp_path / "in/a.png")]
    for stop in (["--on_error", "stop"], ["-o", "predict.dataset.on_error=stop"]):
        with pytest.raises(DataError, match=r"b\.gif"):
            predict(*words, *stop)
    (tmp_path / "in/a.png").unlink()
    with pytest.raises(DataError, match=r"b\.gif"):
        predict(*words)


def test_the_limit_of_the_side_length(opened, tmp_path, monkeypatch):
    write(tmp_path / "a.png", size=(64, 128))
    runners = []
    real = checkpoint.from_algorithm
    monkeypatch.setattr(checkpoint, "from_algorithm", lambda *args: runners.append(real(*args)) or runners[-1])
    for words in (["--det_limit_type", "min"], ["--det_limit_side_len", "64"], []):
        predict("--image_dir", tmp_path / "a.png", "--draw_img_save_dir", tmp_path / "out", *words)
    assert [runner.seen[0].shape for runner in runners] == [(3, 960, 1920), (3, 32, 64), (3, 64, 128)]


def test_batch_sizes_that_contradict(opened):
    with pytest.raises(ConfigError, match="--batch_size 2 and --max_batch_size 4 mean the same; give one"):
        predict("--image_dir", "x", "--batch_size", 2, "--max_batch_size", 4)


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from bright_is_text import BrightIsText
from mindocr.inference import predict
from mindocr.inference.pipeline import default_pipeline
from mindocr.inference.predictor import Predictor
from mindocr.postprocess.db import DBPostprocess

class Killed(BrightIsText):
    def __call__(self, images):
        if len(self.seen) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(images)

predict.run(Predictor(Killed(), DBPostprocess(box_thresh=0.5), default_pipeline(320)), "in", "out")
"""


@pytest.mark.slow
def test_a_killed_run_leaves_the_results_so_far(repo_root, tmp_path):
    for name in "abc":
        write(tmp_path / "in" / f"{name}.png")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(Path(__file__).parent)], cwd=tmp_path, timeout=120,
        env={**os.environ, "PYTHONPATH": str(repo_root)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    found = [entry["image"] for entry in entries(tmp_path / "out")]
    assert found in (["in/a.png"], ["in/a.png", "in/b.png"])  # the second may still be in post-processing
    assert len((tmp_path / "out/det_results.txt").read_text(encoding="utf-8").splitlines()) == len(found)


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_names_of_any_bytes_where_the_terminal_is_ascii(repo_root, tmp_path, variables):
    write(tmp_path / "in/x.png")
    name = os.fsencode(tmp_path / "in") + b"/\xff \xe4\n.png"
    Path(os.fsdecode(name)).write_bytes((tmp_path / "in/x.png").read_bytes())
    Path(os.fsdecode(name.replace(b" ", b"broken"))).write_bytes(b"")
    script = KILLED.replace("== 2", "== 99")
    done = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent)], cwd=tmp_path, timeout=120, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(repo_root), **variables},
    )  # fmt: skip
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr
    assert {os.fsencode(entry["image"]) for entry in entries(tmp_path / "out")} == {b"in/x.png", b"in/\xff \xe4\n.png"}
    assert os.path.exists(os.fsencode(tmp_path / "out") + b"/\xff \xe4\n_det_res.png")  # noqa: PTH110  bytes
