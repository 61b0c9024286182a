"""Repeat a failed training step from its capsule and say what overflowed: python tools/replay.py CAPSULE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import config_parser, run_tool


def main() -> None:
    parser = config_parser(__doc__, required=False)
    parser.add_argument("capsule", metavar="CAPSULE", help="folder that a failed run wrote, CKPT_SAVE_DIR/capsules/...")
    args = parser.parse_args()

    from mindocr.engine.diagnose.failed_step import replay

    replay.run(args.capsule, args.config, args.opt)


if __name__ == "__main__":
    run_tool(main)
