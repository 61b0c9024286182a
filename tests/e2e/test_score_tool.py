"""The scoring tool as a user runs it."""

import json
import subprocess
import sys
import zipfile

import pytest

TEXTS = [{"transcription": "a", "points": [[0, 0], [100, 0], [100, 40], [0, 40]]},
         {"transcription": "###", "points": [[0, 90], [100, 90], [100, 130], [0, 130]]}]  # fmt: skip


@pytest.fixture
def sides(tmp_path):
    truth, found = tmp_path / "gt.txt", tmp_path / "res.zip"
    truth.write_text(f"img_1.jpg\t{json.dumps(TEXTS)}\nimg_2.jpg\t{json.dumps(TEXTS)}\n", encoding="utf-8")
    with zipfile.ZipFile(found, "w") as archive:
        archive.writestr("res_img_1.txt", "0,0,99,0,99,40,0,40\n0,91,99,91,99,130,0,130\n200,0,250,0,250,9,200,9\n")
    return truth, found


def test_scores_are_printed_and_written(tool, sides, tmp_path):
    truth, found = sides
    outcome = tool("tools/score.py", "--protocol", "icdar2015", "--gt", truth, "--det", found, "--json", tmp_path / "s")
    assert (outcome.code, outcome.err) == (0, "")
    assert "recall     0.500000" in outcome.out and "precision  0.500000" in outcome.out
    assert "note: 1 images without results, counted as images without detections: img_2" in outcome.out
    content = json.loads((tmp_path / "s").read_text())
    assert content["counts"] == {"images": 2, "matched": 1, "gt_care": 2, "det_care": 2}
    assert {"precision", "recall", "hmean", "counts", "interval"} <= set(content)


def test_several_processes_give_the_same_scores(tool, sides, tmp_path):
    truth, found = sides
    words = "--protocol", "icdar2015", "--gt", truth, "--det", found
    alone = tool("tools/score.py", *words)
    assert tool("tools/score.py", *words, "--workers", "2").out == alone.out != ""
    refused = tool("tools/score.py", *words, "--workers", "0")
    assert (refused.code, refused.out) == (2, "")
    assert "--workers: expected 1 or more processes, got 0" in refused.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--protocol", "icdar2015", "--det_format", "icdar2013"], "res.zip/res_img_1.txt:1: expected xmin,ymin,xmax"),
        (["--protocol", "icdar"], "metric.protocol: unknown protocol 'icdar'"),
        (["--protocol", "td500", "--protocol_args", "rule=polygon"], "metric.protocol_args.rule: Input should be"),
    ],
)
def test_mistakes(tool, sides, words, message):
    outcome = tool("tools/score.py", *words, "--gt", sides[0], "--det", sides[1])
    assert outcome.code == 2 and outcome.err.startswith("error: ") and message in outcome.err
    assert "Traceback" not in outcome.err and outcome.out == ""


@pytest.mark.parametrize(("method", "shown"), [("east", "0.820293"), ("pixellink", "0.860896")])
def test_published_methods(tool, shared_dir, method, shown):
    folder = shared_dir / "data/metric_fixtures/icdar2015_iou"
    outcome = tool("tools/score.py", "--protocol", "icdar2015", "--gt", folder / "gt.jsonl",
                   "--det", folder / f"det_{method}.jsonl")  # fmt: skip
    assert f"f-score    {shown}" in outcome.out


def test_texts_that_were_read(tool, sides, tmp_path):
    truth, found = sides
    words = "--protocol", "icdar2015_e2e", "--gt", truth
    outcome = tool("tools/score.py", *words, "--det", found)
    assert outcome.code == 2 and "no text after the coordinates; expected x1,y1,...,x4,y4,text" in outcome.err
    read = tmp_path / "system_results.txt"
    read.write_text(f"img_1.jpg\t{json.dumps(TEXTS)}\n".replace('"a"', '"A"'), encoding="utf-8")
    outcome = tool("tools/score.py", *words, "--det", read)
    assert outcome.code == 0 and "icdar2015_e2e: 2 images, 1 matched, 2 gt_care, 1 det_care" in outcome.out
    outcome = tool("tools/score.py", *words, "--det", read, "--report", tmp_path / "page")
    assert outcome.code == 2 and "--report: the page explains polygons, not texts" in outcome.err
    assert not (tmp_path / "page").exists()


def test_the_benchmark_runs(repo_root):
    command = [sys.executable, "benchmarks/metric.py", "--json", "--images", "3", "--boxes", "4", "--repeats", "1"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, env={"PYTHONPATH": str(repo_root)})
    line = json.loads(done.stdout)
    assert (line["benchmark"], line["images"], line["boxes"]) == ("metric", 3, 4), done.stderr
    assert set(line["results"]) == {"icdar2015", "mindocr_compat"}
    assert all(row["median_ms"] > 0 and 0 < row["f-score"] <= 1 for row in line["results"].values())


def test_the_benchmark_of_post_processing_runs(repo_root):
    command = [sys.executable, "benchmarks/postprocess.py", "--json", "--rounds", "1"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True)
    line = json.loads(done.stdout)
    assert line["benchmark"] == "postprocess", done.stderr
    rows = {(row["kind"], row["boxes"], row["variant"]): row for row in line["results"]}
    assert len(rows) == 4 * 2 * 3
    assert all(row["ours_ms"] > 0 and row["ours_found"] == row["boxes"] for row in rows.values())
