"""Look through a data set before training: python tools/check_dataset.py --label_file FILE --data_dir DIR."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import config_parser, run_tool
from mindocr.inspection import command


def main() -> int:
    parser = config_parser(__doc__, required=False)
    command.add_arguments(parser)
    args = parser.parse_args()
    recipe = None
    if args.config:
        from mindocr.config import load_config

        config = load_config(args.config, args.opt)
        recipe = config.train.dataset, config.eval.dataset if config.eval else None
    return command.run(args, recipe)


if __name__ == "__main__":
    run_tool(main)
