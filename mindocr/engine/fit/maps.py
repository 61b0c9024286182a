"""Probability maps of a data set, computed once for a checkpoint and kept on disk."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.config import Config
from mindocr.engine.runtime import build
from mindocr.models.network_runner import NetworkRunner
from mindocr.postprocess.db import DBPostprocess
from mindocr.postprocess.fitting.judged_images import save_judged_image
from mindocr.postprocess.fitting.search import JudgedImage
from mindocr.utils import files
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)

INDEX = "index.json"


def weights_key(config: Config, ckpt: str | Path) -> str:
    """Hash of all that determines a map besides its image: weights, network, precision, transform pipeline."""
    assert config.eval is not None
    pipeline = config.eval.dataset.get("transform_pipeline")
    parts = [config.model.model_dump(), config.system.amp_level_infer, pipeline]
    return _hash([files.hash_file(ckpt), parts])


def cached_maps(
    config: Config,
    records: Sequence[Any],
    hashes: Mapping[str, str],
    key: str,
    folder: Path,
    postprocess: DBPostprocess,
    runner: Callable[[], NetworkRunner],
) -> list[str]:
    """Files with the maps of ``eval.dataset``, for :func:`mindocr.postprocess.fitting.judged_images.load_judged_image`.

    Args:
        config: its ``eval`` section names the images.
        records: of that data set.
        hashes: SHA-256 of the images, by path.
        key: see :func:`weights_key`.
        folder: where the maps of all data sets are kept.
        postprocess: selects the probability map among the network's outputs.
        runner: builds the network; called only when a map is missing.
    """
    content = [(hashes[record.img_path], record.content) for record in records]
    target = folder / _hash([key, postprocess.reads, content])[:16]
    index = target / INDEX
    if index.is_file():
        names = json.loads(index.read_text(encoding="utf-8"))
        logger.info("maps of %d images are re-used from %s", len(names), target)
        return [str(target / name) for name in names]
    target.mkdir(parents=True, exist_ok=True)
    names = _compute(config, target, postprocess, runner())
    files.write_text(index, json.dumps(names) + "\n")  # written last: a folder without it is not complete
    return [str(target / name) for name in names]


def _compute(config: Config, target: Path, postprocess: DBPostprocess, runner: NetworkRunner) -> list[str]:
    names: list[str] = []
    with build.eval_loader(config) as loader:
        for batch in progress(loader.epoch(), "probability maps", "batch", len(loader)):
            maps = postprocess.select(runner(batch["image"])[postprocess.reads[0]])
            for prob, shape, polys, ignore in zip(maps, *(batch[k] for k in ("shape_list", "polys", "ignore_tags"))):
                names.append(f"{len(names):06d}.npz")
                save_judged_image(
                    target / names[-1], JudgedImage(prob, np.asarray(shape), list(polys), np.asarray(ignore))
                )
    return names


def _hash(value: Any) -> str:
    return files.hash_bytes(json.dumps(value, sort_keys=True, default=str).encode())
