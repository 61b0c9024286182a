"""Train a detector: python tools/train.py -c FILE [-o key=value ...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import config_parser, run_tool


def main() -> None:
    args = config_parser(__doc__).parse_args()

    from mindocr.config import load_config
    from mindocr.engine import trainer

    trainer.run(load_config(args.config, args.opt))


if __name__ == "__main__":
    run_tool(main)
