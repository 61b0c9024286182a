"""Tiles on a sheet of real photographs: nearly the f-score of the photographs alone."""

import sys

import pytest
from released import released

from mindocr.inference.detector import TextDetector


@pytest.fixture(scope="module")
def script(repo_root):
    sys.path.insert(0, str(repo_root / "benchmarks"))
    import large_images

    yield large_images
    sys.path.remove(str(repo_root / "benchmarks"))


@pytest.mark.slow
def test_a_sheet_of_photographs_in_tiles(script, repo_root, shared_dir):
    model, config = released("ch_PP-OCRv3_det_infer.onnx"), repo_root / "configs/det/ppocr/ppocrv3_det_mobile.yaml"
    data = shared_dir / "data/icdar2015/test"
    placed = script.place(sorted((data / "images").glob("*.jpg"), key=script.number_of), data / "gts", 20)
    # at a size at which the photographs alone are not reduced, either
    usual, tiled = (TextDetector(model, config=config, limit_side_len=1280, tile=tile) for tile in ("off", "auto"))
    rows = script.score_sheets(usual, tiled, [placed])
    assert len(placed) == 20
    assert rows["sheets in tiles"]["f-score"] >= 0.98 * rows["alone"]["f-score"] > 0.3
    assert rows["sheets as a whole"]["f-score"] < 0.8 * rows["sheets in tiles"]["f-score"]
