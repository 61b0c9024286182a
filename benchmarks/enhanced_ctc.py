"""What the terms of Enhanced CTC and a guide gain: networks trained with equal steps, for several seeds.

    python benchmarks/enhanced_ctc.py [--train LABELS --test LABELS --dictionary FILE] [--first 600] [--steps 200]
        [--seeds 0 1 2] [--variants ctc focal ace nrtr center] [--batch 32] [--width 0.25] [--folder DIR] [--json]

LABELS lists images of lines, image<TAB>text, with paths relative to its folder. Without them, numbers and words are
drawn with OpenCV's fonts on noise, slightly turned, blurred and of low contrast: 2000 lines to train on, 500 to test.
The network is a small CRNN: the convolutions of its paper, ``--width`` of their channels, in the recipe of
ppocrv2_rec_mobile. Each seed trains one network with CTC alone for ``--first`` steps, because nothing is read before a
few hundred. All variants of the seed start from its weights, see the same batches, and train for ``--steps`` more, each
with its own optimizer; ``ctc`` goes on with CTC alone. The centers of ``center`` come from the first network.

Prints a table with the accuracy (share of lines read exactly) for each seed and the mean difference from ``ctc``, and
one JSON line, with ``--json`` only the latter.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.cli.run import run_tool
from mindocr.config import load_config
from mindocr.engine.evaluate import class_centers
from mindocr.engine.train import trainer
from mindocr.formats.dictionary import read_dictionary
from mindocr.utils.logs import start_logging

RECIPE = Path(__file__).resolve().parents[1] / "configs/rec/ppocr/ppocrv2_rec_mobile.yaml"
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)
CENTERS = "centers.npz"
WIDTH = 160  # pixels of the lines, which are 32 high
CTC = "{loss: {name: CTCLoss}}"
GUIDE = "{name: NRTRDecoder, dim: 64, layers: 2, heads: 4, ff_dim: 128}"
# Variant -> terms of the loss, and further overrides
VARIANTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ctc": (CTC, ()),
    "focal": ("{loss: {name: CTCLoss, focal_gamma: 2.0}}", ()),
    "ace": (f"{CTC}, {{loss: {{name: ACELoss}}, weight: 0.1}}", ()),
    "nrtr": (f"{CTC}, {{loss: {{name: GuideLoss}}}}", (f"model.head.guide={GUIDE}",)),
    "center": (f"{CTC}, {{loss: {{name: CenterLoss, centers_path: CENTERS}}, weight: 0.05}}",
               ("model.head.features=True",)),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, metavar="LABELS")
    parser.add_argument("--test", type=Path, metavar="LABELS")
    parser.add_argument("--dictionary", type=Path, metavar="FILE", help="its characters, one a line")
    parser.add_argument("--first", type=int, default=600, help="updates with CTC alone, once for each seed (600)")
    parser.add_argument("--steps", type=int, default=200, help="further updates with each variant (200)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--lines", type=int, nargs=2, default=[2000, 500], help="drawn lines: train, test (2000 500)")
    parser.add_argument("--batch", type=int, default=32, help="lines in a batch (32)")
    parser.add_argument("--width", type=float, default=0.25, help="share of the channels of the backbone (0.25)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep all files here")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    args = parser.parse_args()
    if len({args.train is None, args.test is None, args.dictionary is None}) > 1:
        parser.error("--train, --test and --dictionary belong together")
    start_logging()
    with tempfile.TemporaryDirectory() as name:
        folder = args.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if args.train is None:
            args.train, args.test = (draw(folder, part, n) for part, n in zip(("train", "test"), args.lines))
            args.dictionary = folder / "keys.txt"
            args.dictionary.write_text("\n".join(ALPHABET), encoding="utf-8")
        scores: dict[str, list[float]] = {variant: [] for variant in args.variants}
        for seed in args.seeds:
            start = first(args, folder / f"first_{seed}", seed)
            for variant in args.variants:
                made = config(args, folder / f"{variant}_{seed}", variant, seed, args.steps, start)
                scores[variant].append(float(trainer.run(made).scores["exact"]))
    result = {"first": args.first, "steps": args.steps, "seeds": args.seeds, "accuracy": scores, "gain": gains(scores)}
    if not args.json:
        print(f"{'variant':10}  {'accuracy, a column for each seed':{9 * len(args.seeds)}}  mean gain")
        for variant, values in scores.items():
            gain = result["gain"].get(variant)
            print(f"{variant:10}  {'  '.join(f'{v:7.4f}' for v in values)}  {'' if gain is None else f'{gain:+.4f}'}")
    print(json.dumps(result))


def gains(scores: dict[str, list[float]]) -> dict[str, float]:
    """Mean difference of each variant from CTC alone, over the seeds."""
    return {
        variant: round(float(np.mean(np.subtract(values, scores["ctc"]))), 4)
        for variant, values in scores.items()
        if "ctc" in scores and variant != "ctc"
    }


def first(args: argparse.Namespace, folder: Path, seed: int) -> Path:
    """Weights of a network trained with CTC alone, with the centers of its characters beside them."""
    trainer.run(config(args, folder, "ctc", seed, args.first))
    (weights,) = folder.glob("epoch_*.ckpt")
    if "center" in args.variants:
        source = config(args, folder, "ctc", seed, args.first)
        source = source.model_copy(update={"eval": source.eval.model_copy(update={"ckpt_load_path": str(weights)})})
        print(class_centers.run(source, folder / CENTERS).summary(), file=sys.stderr)
    return weights


def config(
    args: argparse.Namespace, folder: Path, variant: str, seed: int, steps: int, start: Path | None = None
) -> Any:
    """The configuration of a network: the recipe with a narrow network, and the loss of the variant.

    Args:
        start: weights to start from; None = a new network, which keeps its learning rate to the end.
    """
    terms, overrides = VARIANTS[variant]
    count = len(args.train.read_text(encoding="utf-8").splitlines())
    epochs = -(-steps // (count // args.batch))
    classes = len(read_dictionary(args.dictionary)) + 1
    curve = "warmup_cosine_decay, lr: 0.001" if start else "constant, lr: 0.002"
    return load_config(
        RECIPE,
        [
            *(
                f"{part}.dataset={{type: RecDataset, dataset_root: {path.resolve().parent}, data_dir: ., "
                f"label_file: {path.name}}}"
                for part, path in (("train", args.train), ("eval", args.test))
            ),
            *(f"{part}.dataset.transform_pipeline.PadTextLine.min_width={WIDTH}" for part in ("train", "eval")),
            *(f"{part}.dataset.transform_pipeline.ResizeTextLine.max_width={WIDTH}" for part in ("train", "eval")),
            "train.dataset.transform_pipeline.RecAug=drop",
            f"model.backbone={{name: rec_vgg7, width: {args.width}}}",
            "model.neck={name: RNNEncoder, hidden_size: 48, num_layers: 1}",
            f"model.head={{name: CTCHead, out_channels: {classes}, mid_channels: 48}}",
            f"postprocess={{name: CTCDecode, character_dict_path: {args.dictionary}, use_space_char: False}}",
            f"loss={{name: WeightedSum, terms: [{terms.replace('CENTERS', str((start or folder).parent / CENTERS))}]}}",
            f"scheduler={{scheduler: {curve}, num_epochs: {epochs}, warmup_epochs: 0.5}}",
            f"train.max_steps={steps}",
            f"train.loader={{batch_size: {args.batch}, num_workers: 0}}",
            "eval.loader={batch_size: 16, num_workers: 0}",
            f"system.val_start_epoch={epochs}",
            f"system.seed={seed}",
            f"train.ckpt_save_dir={folder}",
            *overrides,
            *([f"model.pretrained={start}"] if start else []),
        ],
    )


def draw(folder: Path, part: str, number: int) -> Path:
    """Write ``number`` drawn lines, always the same; returns the list of labels."""
    rng = np.random.default_rng(0 if part == "train" else 1)
    (folder / part).mkdir(exist_ok=True)
    lines = []
    for i in range(number):
        text = "".join(rng.choice(list(ALPHABET), rng.integers(2, 11)))
        font, size = FONTS[rng.integers(len(FONTS))], rng.uniform(0.7, 1.0)
        (width, height), base = cv2.getTextSize(text, font, size, 2)
        image = rng.normal(rng.uniform(120, 200), 18, (height + base + 14, width + 24, 3))
        ink = image.mean() - rng.uniform(40, 110)
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.putText(mask, text, (12, height + 7), font, size, 255, int(rng.integers(1, 3)), cv2.LINE_AA)
        turn = cv2.getRotationMatrix2D((width / 2 + 12, height / 2 + 7), rng.uniform(-2, 2), 1.0)
        mask = cv2.GaussianBlur(cv2.warpAffine(mask, turn, mask.shape[::-1]), (0, 0), rng.uniform(0.4, 1.2))
        share = mask[..., None] / 255.0
        cv2.imwrite(
            str(folder / part / f"{i}.png"), np.clip(image * (1 - share) + ink * share, 0, 255).astype(np.uint8)
        )
        lines.append(f"{i}.png\t{text}\n")
    (folder / part / "labels.txt").write_text("".join(lines), encoding="utf-8")
    return folder / part / "labels.txt"


if __name__ == "__main__":
    run_tool(main)
