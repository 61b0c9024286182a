"""Turn weights of another project into a checkpoint: python tools/convert_weights.py --from S --input X --output Y."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import run_tool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", required=True, choices=["torch-db", "torchvision", "mmocr", "paddle"],
                        help="project that the weights come from; see docs/weights.md")  # fmt: skip
    parser.add_argument("--to", choices=["mindspore"], default="mindspore", help="framework to convert to")
    parser.add_argument("--input", required=True, help="its file: .pth, .pt, .pdparams or .safetensors")
    parser.add_argument("--output", required=True, help="checkpoint to write: .ckpt or .safetensors")
    parser.add_argument("--model", metavar="NAME_OR_CONFIG",
                        help="named model or YAML file that the weights must fit; default: by the weights")  # fmt: skip
    args = parser.parse_args()

    from mindocr.engine.export.weights_converter import convert_file

    print(convert_file(args.source, args.input, args.output, args.model).summary())


if __name__ == "__main__":
    run_tool(main)
