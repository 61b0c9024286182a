"""The main job from end to end on generated pictures, with the commands a user would type: `make demo`."""

import argparse
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECIPE = "configs/det/dbnet/db_r18_synthetic.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output_dir", default="demo", help="folder for everything the demo makes")
    parser.add_argument("--train", type=int, default=700, help="generated training images")
    parser.add_argument("--test", type=int, default=100, help="generated test images, other than those of training")
    parser.add_argument("-o", "--opt", nargs="+", default=[], metavar="KEY=VALUE", help="overrides of the recipe")
    args = parser.parse_args()
    out = Path(args.output_dir)
    data, train = out / "data", out / "train"
    best = train / "best.ckpt"
    shared = ["-c", RECIPE, "-o", f"train.dataset.dataset_root={data}", f"eval.dataset.dataset_root={data}",
              f"train.ckpt_save_dir={train}", f"eval.ckpt_load_path={best}", *args.opt]  # fmt: skip
    began = time.perf_counter()
    steps = [
        ("make data", ["tools/make_synthetic.py", "--output_dir", data, "--train", args.train, "--test", args.test,
                       "--workers", 2, "--overwrite"]),
        ("train", ["tools/train.py", *shared]),
        ("evaluate", ["tools/eval.py", *shared]),
        ("export", ["tools/export.py", "--model_name_or_config", train / "config.yaml", "--data_shape", 320, 320,
                    "--local_ckpt_path", best, "--is_dynamic_shape", "True", "--save_dir", out]),
        ("predict", ["tools/infer/text/predict_det.py", *shared, "--det_model_dir", best,
                     "--image_dir", data / "test", "--draw_img_save_dir", out / "predict"]),
    ]  # fmt: skip
    seconds = {name: run([str(word) for word in command]) for name, command in steps}
    table(out, seconds, time.perf_counter() - began)


def run(command: list[str]) -> float:
    """Show a command, run it, return its seconds; end the demo with its exit code when it fails."""
    print(f"\n$ python {shlex.join(command)}", flush=True)
    start = time.perf_counter()
    code = subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)
    return time.perf_counter() - start


def table(out: Path, seconds: dict[str, float], total: float) -> None:
    """What came out, and where to look at it."""
    scores = json.loads((ROOT / out / "train/eval/scores.json").read_text(encoding="utf-8"))
    rows = [(f"{name}, seconds", f"{value:.0f}") for name, value in {**seconds, "all": total}.items()]
    rows += [(f"{name} on unseen images", f"{scores[name]:.4f}") for name in ("recall", "precision", "f-score")]
    rows += [("training curves", out / "train/curves.png"), ("generated images, labels", out / "data/preview.jpg"),
             ("detections drawn", out / "predict"), ("exported model", out / "config.mindir")]  # fmt: skip
    print("\n" + "\n".join(f"| {name:<31} | {value!s:<30} |" for name, value in rows))


if __name__ == "__main__":
    main()
