"""Find text in images: python tools/infer/text/predict_det.py --image_dir PATH [-c FILE] [--det_model_dir X.ckpt]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from mindocr.config.cli import config_parser, run_tool


def main() -> None:
    parser = config_parser(__doc__, required=False)
    parser.add_argument("--image_dir", required=True, help="image, folder of images, or glob")
    parser.add_argument("--det_algorithm", default="DB", help="DB, DB++, DB_R18, DB_MV3 or DB_PPOCRv3; not with -c")
    parser.add_argument("--det_model_dir", help="checkpoint, or folder that holds one")
    parser.add_argument("--draw_img_save_dir", default="./inference_results", help="folder for pictures and results")
    parser.add_argument("--det_limit_side_len", type=int, help="side length that det_limit_type limits, pixels")
    parser.add_argument("--det_limit_type", choices=["min", "max"], default="max", help="which side is limited")
    parser.add_argument("--batch_size", type=int, default=1, help="images in a batch")
    args = parser.parse_args()

    from mindocr.inference import predict

    finder = predict.choose(args.config, args.opt, args.det_algorithm, args.det_model_dir,
                              args.det_limit_side_len, args.det_limit_type)  # fmt: skip
    predict.run(finder, args.image_dir, args.draw_img_save_dir, batch_size=args.batch_size)


if __name__ == "__main__":
    run_tool(main)
