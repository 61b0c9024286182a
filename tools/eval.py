"""Evaluate a checkpoint: python tools/eval.py -c FILE [-o eval.ckpt_load_path=X.ckpt ...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.config.cli import config_parser, run_tool
from mindocr.engine.runtime import modelarts


def main() -> None:
    parser = config_parser(__doc__)
    modelarts.add_flags(parser)
    parser.add_argument("--report", type=Path, metavar="DIR", help="folder for report.html: what is missed, and why")
    parser.add_argument("--report_images", type=int, metavar="N", help="pictures of so many images there, the worst")
    args = parser.parse_args()

    from mindocr.engine.evaluate import evaluator

    modelarts.run_job(
        args, lambda config: evaluator.run(config, args.report, args.report_images), "eval.ckpt_load_path"
    )


if __name__ == "__main__":
    run_tool(main)
