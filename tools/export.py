"""Export a detector to MindIR and prove the file: python tools/export.py --model_name_or_config NAME|FILE.yaml ..."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import run_tool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_name_or_config", required=True, help="named model, or YAML file with a model section")
    parser.add_argument(
        "--data_shape", nargs=2, type=int, default=[736, 1280], metavar=("H", "W"), help="multiples of 32"
    )
    parser.add_argument("--local_ckpt_path", help="weights; default: released ones, or eval.ckpt_load_path of the file")
    parser.add_argument("--is_dynamic_shape", nargs="?", const="True", default="False", choices=["True", "False"],
                        help="accept any batch and image size")  # fmt: skip
    parser.add_argument("--model_type", choices=["det"], default="det", help="task of the model")
    parser.add_argument("--save_dir", default=".", help="folder for the file")
    args = parser.parse_args()

    from mindocr.engine.export import exporter

    exporter.run(args.model_name_or_config, tuple(args.data_shape), args.save_dir, ckpt=args.local_ckpt_path,
                 dynamic=args.is_dynamic_shape == "True")  # fmt: skip


if __name__ == "__main__":
    run_tool(main)
