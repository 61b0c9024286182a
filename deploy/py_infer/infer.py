"""Find text with an exported MindIR file: python deploy/py_infer/infer.py --input_images_dir D ..."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mindocr.config.cli import run_tool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input_images_dir", required=True, help="image, folder of images, or glob")
    parser.add_argument("--det_model_path", required=True, help="MindIR file made by tools/export.py")
    parser.add_argument(
        "--det_model_name_or_config", required=True,
        help="YAML file whose resizing to use, and post-processing where the MindIR file holds none",
    )  # fmt: skip
    parser.add_argument("--res_save_dir", default="./inference_results", help="folder for pictures and results")
    args = parser.parse_args()

    from mindocr.inference import predict

    finder = predict.from_mindir(args.det_model_path, args.det_model_name_or_config)
    predict.run(finder, args.input_images_dir, args.res_save_dir)


if __name__ == "__main__":
    run_tool(main)
