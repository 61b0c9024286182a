"""Jobs on ModelArts, with a stand-in for its library that copies between folders."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mindocr.cli.commands import train
from mindocr.engine.runtime import modelarts
from mindocr.errors import ConfigError, UserError

RECIPE = "configs/det/dbnet/db_r50_icdar15.yaml"
MOXING = """
    import os, shutil, time
    from pathlib import Path

    BUCKET = Path(os.environ["BUCKET"])

    def local(url):
        return BUCKET / url.removeprefix("obs://") if url.startswith("obs://") else Path(url)

    class file:
        def copy(source, target):
            with (BUCKET / "copies.txt").open("a") as log:
                log.write(source + "\\n")
            time.sleep(float(os.environ.get("SLOW", 0)))
            shutil.copy(local(source), local(target))

        def copy_parallel(source, target):
            with (BUCKET / "copies.txt").open("a") as log:
                log.write(source + "\\n")
            shutil.copytree(local(source), local(target), dirs_exist_ok=True)
"""


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """Object storage with two data sets and a checkpoint; the library that reads it can be imported."""
    root = tmp_path / "bucket"
    for name in ("ic15/train.txt", "td500/train.txt", "weights/db.ckpt"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(name, encoding="utf-8")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/moxing.py").write_text(textwrap.dedent(MOXING), encoding="utf-8")
    monkeypatch.setenv("BUCKET", str(root))
    monkeypatch.setenv("MINDOCR_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path / "lib")
    monkeypatch.delitem(sys.modules, "moxing", raising=False)
    yield root
    sys.modules.pop("moxing", None)


def parsed(*words):
    """Arguments of a training command."""
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser.parse_args([*map(str, words)])


@pytest.fixture
def job(tmp_path, repo_root):
    """Runs a job with these flags; returns the configuration that reached the run, which writes one result."""

    def start(*words, fail=None, weights_key="model.pretrained", config=RECIPE):
        keep = f"train.ckpt_save_dir={tmp_path / 'out'}"
        args = parsed("-c", repo_root / config, *words, "-o", keep)
        seen = []

        def run(config):
            (tmp_path / "out").mkdir(exist_ok=True)
            (tmp_path / "out/best.ckpt").write_text("result", encoding="utf-8")
            seen.append(config)
            if fail:
                raise fail

        modelarts.run_job(args, run, weights_key)
        return seen[0]

    return start


def copies(bucket):
    log = bucket / "copies.txt"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], False),
        (["--enable_modelarts"], True),
        (["--enable_modelarts", "True"], True),
        (["--enable_modelarts=true"], True),
        (["--enable_modelarts=1"], True),
        (["--enable_modelarts", "False"], False),
        (["--enable_modelarts=0"], False),
    ],
)
def test_truth_values_as_words(words, expected):
    parser = argparse.ArgumentParser()
    modelarts.add_flags(parser)
    assert parser.parse_args(words).enable_modelarts is expected


def test_a_word_that_is_no_truth_value(capsys):
    parser = argparse.ArgumentParser()
    modelarts.add_flags(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--enable_modelarts=maybe"])
    assert "--enable_modelarts: expected True or False, got 'maybe'" in capsys.readouterr().err


def test_several_data_sets_and_weights_in_results_out(bucket, job, tmp_path):
    config = job(
        "--enable_modelarts=True",
        "--multi_data_url=[{'dataset_url': 'obs://ic15', 'dataset_name': 'ic15'}, {\"dataset_url\": \"obs://td500\"}]",
        "--data_url=obs://not_this_one",
        "--pretrain_url=[{'model_url': 'obs://weights/db.ckpt', 'model_name': 'db'}]",
        "--ckpt_url=obs://nor_this_one",
        "--train_url=obs://results",
        "--device_target=CPU",
    )
    data, weights = tmp_path / "cache/data", tmp_path / "cache/ckpt/db.ckpt"
    assert config.train.dataset["dataset_root"] == config.eval.dataset["dataset_root"] == str(data)
    assert (config.model.pretrained, config.system.device_target) == (str(weights), "CPU")
    assert (data / "train.txt").read_text(encoding="utf-8") == "td500/train.txt"
    assert weights.read_text(encoding="utf-8") == "weights/db.ckpt"
    assert (bucket / "results/best.ckpt").read_text(encoding="utf-8") == "result"
    assert copies(bucket) == ["obs://ic15", "obs://td500", "obs://weights/db.ckpt", str(tmp_path / "out")]


def test_one_data_set_and_one_checkpoint_for_an_evaluation(bucket, job, tmp_path):
    config = job("--enable_modelarts", "True", "--data_url", "obs://ic15", "--ckpt_url", "obs://weights/db.ckpt",
                 weights_key="eval.ckpt_load_path")  # fmt: skip
    assert config.eval.ckpt_load_path == str(tmp_path / "cache/ckpt/db.ckpt")
    assert config.eval.dataset["dataset_root"] == str(tmp_path / "cache/data")
    assert config.model.pretrained is None


def test_a_recipe_without_evaluation(bucket, job, tmp_path):
    config = job("--enable_modelarts", "--data_url=obs://ic15", config="configs/det/dbnet/db_r18_synthtext.yaml")
    assert config.eval is None
    assert config.train.dataset["dataset_root"] == str(tmp_path / "cache/data")


def test_without_the_switch_nothing_is_copied(bucket, job, caplog):
    config = job("--data_url=obs://ic15", "--train_url", "obs://results", "--device_target=Ascend")
    assert config.train.dataset["dataset_root"] == "/data/ocr_datasets"
    assert config.system.device_target == "Ascend"
    assert copies(bucket) == []
    assert caplog.messages == ["--data_url, --train_url: no effect without --enable_modelarts True"]


def test_results_of_a_failed_run_are_kept_and_its_error_too(bucket, job, caplog):
    with pytest.raises(UserError, match="the loss is not finite"):
        job("--enable_modelarts", "--train_url=obs://results", fail=UserError("the loss is not finite"))
    assert (bucket / "results/best.ckpt").exists()
    (bucket / "taken").write_text("", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        job("--enable_modelarts", "--train_url=obs://taken", fail=KeyboardInterrupt())
    assert "--train_url: cannot copy" in caplog.messages[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data_url=obs://nothing"], "--data_url: cannot copy obs://nothing to .*cache/data .*check the address"),
        (["--train_url=obs://weights/db.ckpt"], "--train_url: cannot copy .*out to obs://weights/db.ckpt"),
        (
            ["--multi_data_url=[{'url': 'x'}]"],
            "--multi_data_url: expected a URL or a list such as .*'dataset_url': URL",
        ),
        (["--pretrain_url=[1]"], r"--pretrain_url: expected a URL or .*'model_url': URL}\], got \[1\]"),
        (["--multi_data_url=[{"], "--multi_data_url:1: "),
        (["--device_target=GPU"], "system.device_target: expected 'auto', 'CPU' or 'Ascend', got 'GPU'"),
    ],
)
def test_mistakes(bucket, job, words, message):
    with pytest.raises(UserError, match=message):
        job("--enable_modelarts", *words)


def test_mistakes_of_the_configuration_are_told_before_anything_is_copied(bucket, job):
    with pytest.raises(ConfigError, match="system.mode: expected 0 or 1"):
        job("--enable_modelarts", "--data_url=obs://ic15", "-o", "system.mode=3")
    assert copies(bucket) == []


@pytest.mark.parametrize(("rank", "expected"), [("0", True), ("1", False)])
def test_only_rank_0_copies_results_out(bucket, job, monkeypatch, rank, expected):
    monkeypatch.setenv("RANK_ID", rank)
    job("--enable_modelarts", "--train_url=obs://results", "-o", "system.distribute=True")
    assert (bucket / "results").exists() == expected


def test_a_path_relative_to_the_project(bucket, monkeypatch, tmp_path, repo_root):
    monkeypatch.chdir(tmp_path)
    page = "docs/index.md"  # not a configuration, so the error names the file that was read
    with pytest.raises(ConfigError, match=rf"^{re.escape(str(repo_root / page))}:\d"):
        modelarts.run_job(parsed("-c", page, "--enable_modelarts"), print, "model.pretrained")
    with pytest.raises(ConfigError, match=rf"^{page}: no such file"):
        modelarts.run_job(parsed("-c", page), print, "model.pretrained")


@pytest.mark.slow
def test_of_the_ranks_on_a_host_one_copies(bucket, repo_root):
    """Each process waits until all have begun, so that a late one cannot find the copier gone."""
    program = """
        import argparse, sys, time
        from pathlib import Path
        from mindocr.cli.commands import train
        from mindocr.engine.runtime import modelarts

        def run(config):
            weights = Path(config.model.pretrained).read_text()
            Path(sys.argv[1], f"done{time.monotonic_ns()}").write_text(weights)
            while len(list(Path(sys.argv[1]).glob("done*"))) < 2:
                time.sleep(0.01)

        parser = argparse.ArgumentParser()
        train.add_arguments(parser)
        modelarts.run_job(parser.parse_args(sys.argv[2:]), run, "model.pretrained")
    """
    words = ["-c", RECIPE, "--enable_modelarts", "--ckpt_url", "obs://weights/db.ckpt"]
    environment = {**os.environ, "SLOW": "0.5", "PYTHONPATH": f"{repo_root}:{bucket.parent / 'lib'}"}
    command = [sys.executable, "-c", textwrap.dedent(program), str(bucket.parent), *words]
    ranks = [subprocess.Popen(command, cwd=repo_root, env=environment) for _ in range(2)]
    assert [rank.wait(60) for rank in ranks] == [0, 0]
    assert copies(bucket) == ["obs://weights/db.ckpt"]
    assert {path.read_text() for path in Path(bucket.parent).glob("done*")} == {"weights/db.ckpt"}
    subprocess.run(command, cwd=repo_root, env=environment, check=True)
    assert copies(bucket) == ["obs://weights/db.ckpt"] * 2  # those who copied first have ended


@pytest.mark.parametrize("tool", ["tools/train.py", "tools/eval.py"])
def test_without_the_library_the_tools_say_so(repo_root, tool):
    command = [sys.executable, tool, "-c", RECIPE, "--enable_modelarts", "True", "--data_url=obs://x"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        "error: --enable_modelarts: the library 'moxing' cannot be imported (No module named 'moxing'); ModelArts' "
        "images have it. Elsewhere, leave the flag out and set local paths with -o\n"
    )
