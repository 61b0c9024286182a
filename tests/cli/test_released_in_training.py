"""Released weights by name in ``pretrained`` of a configuration that is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindocr.cli.released_weights import with_released_weights
from mindocr.config import load_config
from mindocr.errors import CheckpointError
from mindocr.reading import weights

CML = "configs/det/ppocr/ppocrv3_det_cml.yaml"


def test_names_become_paths_and_other_sources_stay(repo_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def find(name: str, task: str, runtime: str) -> Path:
        asked.append((name, task, runtime))
        return Path(f"/cache/{name}/{task}.ckpt")

    monkeypatch.setattr(weights, "find_weights", find)
    several = load_config(repo_root / CML, ["model.networks.Teacher.pretrained=ppocr-v3"])
    found = with_released_weights(several)
    assert found.model.networks is not None and several.model.networks is not None
    assert found.model.networks["Teacher"].pretrained == "/cache/ppocr-v3/det.ckpt"
    assert found.model.networks["Student"] == several.model.networks["Student"]
    assert asked == [("ppocr-v3", "det", "mindspore")]

    single = load_config(repo_root / "configs/rec/ppocr/ppocrv3_rec_mobile.yaml", ["model.pretrained=ppocr-v3"])
    assert with_released_weights(single).model.pretrained == "/cache/ppocr-v3/rec.ckpt"
    for source in ("ppocr-v3.ckpt", "weights/ppocr-v3/det.ckpt", "https://example.org/a.ckpt"):
        other = load_config(repo_root / CML, [f"model.networks.Teacher.pretrained={source}"])
        assert with_released_weights(other) == other


def test_an_unknown_name(repo_root: Path) -> None:
    config = load_config(repo_root / CML, ["model.networks.Teacher.pretrained=ppocr-v33"])
    with pytest.raises(CheckpointError, match=r"unknown weights 'ppocr-v33' \(did you mean 'ppocr-v3'\?\)"):
        with_released_weights(config)
