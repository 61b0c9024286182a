"""Train a detector: python tools/train.py -c FILE [-o key=value ...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import config_parser, run_tool
from mindocr.engine import modelarts


def main() -> None:
    parser = config_parser(__doc__)
    modelarts.add_flags(parser)
    args = parser.parse_args()

    from mindocr.engine import trainer

    modelarts.run_job(args, trainer.run, "model.pretrained")


if __name__ == "__main__":
    run_tool(main)
