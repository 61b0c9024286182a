"""A checkpoint in the other form: with branches, as networks are trained, or fused, as they are used afterwards."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import mindspore as ms
import numpy as np

from mindocr.config import load_config
from mindocr.config.schema import System
from mindocr.engine.export import checkpoint_file
from mindocr.engine.runtime import process
from mindocr.errors import CheckpointError, DataError, UserError
from mindocr.inference import dictionary, metadata
from mindocr.inference.checkpoint import find_weights, stored_sections
from mindocr.models.builder import build_model
from mindocr.models.ckpt_entries import MODEL_KEY, SETTINGS_ENTRY
from mindocr.models.fusion import fuse, has_other_form, in_form
from mindocr.models.network import Network, as_tuple
from mindocr.models.unfusion import unfuse
from mindocr.registry import DATASETS

logger = logging.getLogger(__name__)

TOLERANCE = 1e-4  # outputs are in [0, 1]
_PARTS = ("backbone", "neck", "head")


@dataclass(frozen=True)
class Reformed:
    """A written checkpoint.

    Attributes:
        path: the file.
        model: its ``model`` section.
        parameters: numbers of values before and after.
        max_difference: largest difference between the outputs of the two forms on one image.
        images: number of images on which statistics were measured; 0 = none were needed.
    """

    path: Path
    model: Mapping[str, Any]
    parameters: tuple[int, int]
    max_difference: float
    images: int = 0

    def summary(self) -> str:
        """The result in a few lines."""
        before, after = (f"{count / 1e6:.2f}" for count in self.parameters)
        measured = [f"  statistics of BatchNorm measured on {self.images} images"] if self.images else []
        forms = " ".join(
            f"model.{part}.fused={self.model[part]['fused']}" for part in _PARTS if "fused" in (self.model[part] or {})
        )
        return "\n".join(
            [
                f"{self.path}: {before} million values became {after}; largest difference of the outputs "
                f"{self.max_difference:.3g}",
                *measured,
                f"  the checkpoint holds its settings; a recipe needs: -o {forms}",
            ]
        )


def fused_network(section: Mapping[str, Any], network: Network) -> Network | None:
    """The fused form of a network; None if no part of it has another one.

    Args:
        section: its ``model`` section.
    """
    section = used_section(section)
    if not has_other_form(section, fused=True):
        return None
    fused = build_model(in_form(section, fused=True), pretrained=False)
    fuse(network, fused)
    return fused


def fuse_file(
    ckpt: str | Path, output: str | Path, *, config: str | Path | None = None, image: str | Path | None = None
) -> Reformed:
    """Write the fused form of a checkpoint, and check on an image that it computes the same.

    Args:
        ckpt: a checkpoint, or a folder with one; it holds its settings unless ``config`` is given.
        output: checkpoint to write.
        config: YAML file that describes the network.
        image: image to compare on; None draws one.

    Raises:
        UserError: a file cannot be used, the network has no other form, or the outputs differ.
    """
    output, ckpt = checkpoint_file.checked_output(output), find_weights(ckpt)
    process.start(System(mode=1))
    settings = _settings(ckpt, config)
    network = build_model(settings[MODEL_KEY], ckpt=ckpt)
    section = in_form(settings[MODEL_KEY], fused=True)
    fused = build_model(section, pretrained=False)
    fuse(network, fused)
    with _drawn(image) as path:
        sample = next(_arrays(_images(path, settings), 1))
    return _write(ckpt, output, {**settings, MODEL_KEY: section}, (network, fused), sample)


def unfuse_file(
    ckpt: str | Path, images: str | Path, output: str | Path, *, config: str | Path | None = None, number: int = 200
) -> Reformed:
    """Write the form with branches of a fused checkpoint, with BatchNorm statistics that images show.

    Args:
        ckpt: a checkpoint, or a folder with one; it holds its settings unless ``config`` is given.
        images: folder, file or pattern; text lines for a recogniser.
        output: checkpoint to write.
        config: YAML file that describes the network.
        number: most images to use, evenly spaced over all of them.

    Raises:
        UserError: a file cannot be used, the network has no other form, or the outputs differ.
    """
    output, ckpt = checkpoint_file.checked_output(output), find_weights(ckpt)
    process.start(System(mode=1))
    settings = _settings(ckpt, config)
    section = in_form(settings[MODEL_KEY], fused=False)
    fused, network = build_model(settings[MODEL_KEY], ckpt=ckpt), build_model(section, pretrained=False)
    dataset = _images(images, settings)
    count = unfuse(fused, network, _arrays(dataset, number))
    sample = next(_arrays(dataset, 1))
    return _write(ckpt, output, {**settings, MODEL_KEY: section}, (fused, network), sample, count)


def _write(
    ckpt: Path,
    output: Path,
    settings: Mapping[str, Any],
    networks: tuple[Network, Network],
    sample: np.ndarray,
    images: int = 0,
) -> Reformed:
    """Compare the two networks, and write the second."""
    outputs = [as_tuple(each.set_train(False)(ms.Tensor(sample))) for each in networks]
    difference = max(float(np.abs(a.asnumpy() - b.asnumpy()).max()) for a, b in zip(*outputs, strict=True))
    if not difference <= TOLERANCE:
        raise UserError(
            f"{ckpt}: the other form does not compute the same: largest difference {difference:.3g}, allowed "
            f"{TOLERANCE:g}; nothing was written to '{output}'"
        )
    checkpoint_file.write(networks[1], output, {SETTINGS_ENTRY: {**settings, "converted_from": ckpt.name}})
    before, after = (sum(parameter.size for parameter in each.get_parameters()) for each in networks)
    return Reformed(output, settings[MODEL_KEY], (before, after), difference, images)


def _settings(ckpt: Path, config: str | Path | None) -> dict[str, Any]:
    """Model section, pipeline and post-processing of a checkpoint."""
    if config is not None:
        loaded = dictionary.complete(load_config(config, command="predict"), ckpt, "--checkpoint").model_dump()
        return {**metadata.of_sections(loaded), MODEL_KEY: used_section(loaded["model"])}
    sections = stored_sections(ckpt)
    if sections is None:
        raise CheckpointError(
            f"{ckpt}: this checkpoint holds no settings; give the YAML file that it was trained with as --config"
        )
    return {**metadata.of_sections(sections), MODEL_KEY: used_section(sections["model"])}


def used_section(section: Mapping[str, Any]) -> dict[str, Any]:
    """The section of the network that is used for evaluation, without the weights that training starts from."""
    chosen = section["networks"][section["use"]] if section.get("networks") else section
    used = {"type": section.get("type", "det"), "transform": None, **{part: chosen.get(part) for part in _PARTS}}
    quantization = section.get("quantization")
    return used if quantization is None else {**used, "quantization": quantization}


def _images(source: str | Path, settings: Mapping[str, Any]) -> Any:
    """The data set of images with the preparation that the settings describe."""
    chosen = {
        "type": "PredictDataset", "data_dir": str(source), "transform_pipeline": settings[metadata.PIPELINE],
        "output_columns": ["image", "img_path"],
    }  # fmt: skip
    return DATASETS.build(chosen, key="type", is_train=False, seed=0)


def _arrays(dataset: Any, number: int) -> Iterator[np.ndarray]:
    """At most ``number`` images as batches of one, evenly spaced; those that cannot be read are named in the log.

    Raises:
        DataError: none can be read.
    """
    last: DataError | None = None
    found = False
    for index in np.unique(np.linspace(0, len(dataset) - 1, min(number, len(dataset))).astype(int)):
        try:
            image = dataset[int(index)]["image"]
        except DataError as error:
            last = error
            logger.warning("left out: %s", error)
            continue
        found = True
        yield np.asarray(image, np.float32)[None]
    if not found:
        raise last or DataError("no image can be read")


@contextmanager
def _drawn(image: str | Path | None) -> Iterator[Path]:
    """The path of the given image, or of a temporary one with a word on it."""
    if image is not None:
        yield Path(image)
        return
    with tempfile.TemporaryDirectory(prefix="mindocr-") as folder:
        path = Path(folder) / "word.png"
        canvas = np.full((256, 256, 3), 255, np.uint8)
        cv2.putText(canvas, "WORD", (30, 150), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (40, 30, 120), 5)
        cv2.imwrite(str(path), canvas)
        yield path
