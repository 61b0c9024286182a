"""Released PP-OCR networks as ONNX files: the layers of the graph, in its order, become those of our network."""

from __future__ import annotations

from collections.abc import Sequence

from mindocr.errors import CheckpointError
from mindocr.models.converters import onnx_v1, onnx_v2, onnx_v3, onnx_v4, onnx_v6
from mindocr.models.converters.fold_norms import fold_to
from mindocr.models.converters.onnx_family import Family, fits
from mindocr.models.converters.onnx_file import OnnxFile, read_onnx
from mindocr.models.converters.onnx_layers import Layer, check_use, count_kinds, layers_of, without_tiny
from mindocr.models.converters.rename import Conversion

read = read_onnx

_VERSIONS = (onnx_v1, onnx_v2, onnx_v3, onnx_v4, onnx_v6)
FAMILIES: tuple[Family, ...] = tuple(family for version in _VERSIONS for family in version.FAMILIES)


def convert(file: OnnxFile) -> Conversion:
    """Weights of a released network.

    Raises:
        CheckpointError: the file holds another network; the message names those that are known.
    """
    layers = layers_of(file)
    found = next(filter(None, (_fitted(family, layers) for family in FAMILIES)), None)
    if found is None:
        known = "; ".join(each.title for each in FAMILIES)
        raise CheckpointError(
            f"the network of this file is unknown to the converter: {count_kinds(layers)}, input "
            f"{', '.join(file.inputs)}; known: {known}"
        )
    check_use(file, layers)
    family, layers = found
    weights, mapped, tiny = {}, {}, 0
    for layer, (_, target) in zip(layers, family.layers()):
        for role, array in layer.arrays.items():
            weights[f"{target}.{role}"], count = without_tiny(array)
            mapped[layer.names[role]] = f"{target}.{role}"
            tiny += count
    spec, pipeline, postprocess = family.settings(file, layers)
    notes = [family.title]
    if tiny:
        notes.append(f"{tiny} weights closer to 0 than 1e-30 are 0 now: the outputs stay the same, and CPUs are faster")
    return Conversion(
        weights,
        mapped,
        {},
        spec,
        tuple(notes),
        dict(family.absent),
        {"pipeline": pipeline, "postprocess": postprocess},
        family.recipe,
    )


def _fitted(family: Family, layers: Sequence[Layer]) -> tuple[Family, list[Layer]] | None:
    """A family with the layers of a file that are its own, BatchNorms folded where it has none; None for another."""
    own = fold_to(layers, [kind for kind, _ in family.layers()])
    return (family, own) if own is not None and fits(family, own) else None
