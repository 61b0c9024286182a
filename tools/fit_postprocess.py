"""Fit thresholds on validation images: python tools/fit_postprocess.py -c FILE --ckpt X --split val|train-holdout."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import config_parser, run_tool


def main() -> None:
    parser = config_parser(__doc__)
    add = parser.add_argument
    add("--ckpt", required=True, help="checkpoint whose probability maps are decoded")
    add("--split", choices=["val", "train-holdout", "test"], default="val", help="images to fit on; test is refused")
    add("--val_data_dir", help="folder of the images of --split val, from eval.dataset.dataset_root")
    add("--val_label_file", help="their label file, likewise")
    add("--holdout", type=float, default=0.1, help="share of the training images for --split train-holdout")
    add("--seed", type=int, default=0, help="draws that share")
    add("--grid", nargs="+", default=[], metavar="KEY=VALUES", help="values to try: box_thresh=0.4:0.8:0.05")
    add("--constant_ratio", action="store_true", help="try no ratios that depend on the height of a text")
    add("--workers", type=int, metavar="N", help="processes; default: one for each CPU")
    add("--folder", type=Path, help="for maps and results; default: fit in train.ckpt_save_dir")
    add("--output", type=Path, help="YAML overlay to write; default: fitted.yaml in that folder")
    args = parser.parse_args()

    from mindocr.config import load_config
    from mindocr.engine.fit.run import Options, run
    from mindocr.engine.fit.splits import Split

    split = Split(args.split, args.val_data_dir, args.val_label_file, args.holdout, args.seed)
    options = Options(split, args.grid, not args.constant_ratio, args.workers, args.folder, args.output)
    print(run(load_config(args.config, args.opt), args.ckpt, options))


if __name__ == "__main__":
    run_tool(main)
