"""Train a detector: python tools/train.py -c FILE [-o key=value ...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import config_parser, positive, run_tool
from mindocr.engine.runtime import modelarts


def main() -> None:
    parser = config_parser(__doc__)
    modelarts.add_flags(parser)
    parser.add_argument(
        "--profile-data", type=positive, nargs="?", const=200, metavar="IMAGES",
        help="do not train: time the ops of the input pipeline on so many images (200), and say what to change",
    )  # fmt: skip
    args = parser.parse_args()

    from mindocr.engine.train import data_profile, trainer

    if args.profile_data:
        modelarts.run_job(args, lambda config: data_profile.run(config, args.profile_data), "model.pretrained")
    else:
        modelarts.run_job(args, trainer.run, "model.pretrained")


if __name__ == "__main__":
    run_tool(main)
