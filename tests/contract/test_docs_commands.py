"""Every command in the documents is run as it stands, in a copy of the project, with a few words that make it small."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
from docs_pages import NAMES, PAGES, ROOT, blocks, copy_project, recipe_of, scripts, shell
from released import find_released

from mindocr.cli.main import make_parser
from mindocr.formats.label_file import parse_label_line
from mindocr.synthetic import SceneOptions, SetPlan, write_set

# What may stand in a block of commands beside those that are run.
NOT_RUN = re.compile(r"pip install (-r [\w-]+\.txt|-e \.|\"\.\[\w+\]\")|pre-commit install")
RUN = re.compile(r"(mindocr |python (tools|deploy)/|msrun |mpirun )")
SCRIPTS = scripts()

WEIGHTS = "dbnet_resnet18.ckpt"  # stands for the user's checkpoint of ResNet-50, which takes longer
SMALL = "train.max_steps=1 scheduler.num_epochs=1 scheduler.warmup_epochs=0 train.loader.num_workers=0"
LIGHT = "'model.backbone={name: det_resnet18, pretrained: False}' model.neck.out_channels=64"
CROP = "'train.dataset.transform_pipeline.RandomCropWithBBox.crop_size=[64, 64]'"
VIEW = "'eval.dataset.transform_pipeline.DetResize.target_size=[64, 64]' eval.loader.num_workers=0"
TINY = f"-o {SMALL} {LIGHT} {CROP} {VIEW} train.loader.batch_size=2"
SEVERAL = f"-o {SMALL} {CROP} {VIEW} train.loader.batch_size=2"
SAME = f"-o {LIGHT} {VIEW}"
LONGER = f"{TINY} train.max_steps=2 scheduler.num_epochs=2"
TUNED = (
    "--epochs 1 --val_share 0.4 -o train.max_steps=1 train.loader.num_workers=0 eval.loader.num_workers=0 "
    "train.loader.batch_size=2"
)
WINDOW = "'train.dataset.transform_pipeline.RandomWindow.size=[64, 64]'"
DET_TUNED = f"{TUNED} {WINDOW} eval.dataset.transform_pipeline.DetResize.limit_side_len=64"
LINES = f"train.dataset.number=2 train.loader.batch_size=2 eval.loader.num_workers=0 {SMALL}"
V4 = ("ch_PP-OCRv4_det_infer.onnx", "ch_PP-OCRv4_rec_infer.onnx")
V6 = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")


@dataclass(frozen=True)
class Case:
    """How a documented command is run here.

    Attributes:
        pattern: the command with its script in ``tools/`` or ``deploy/``, as a regular expression for all of it; the
            first case that fits counts.
        extra: words put behind it, to make it small.
        makes: a file that it must leave.
        slow: it starts MindSpore.
        instead: a word of the command, and the word that stands in for it.
        needs: released files of other projects; where they cannot be had, the command is not run.
    """

    pattern: str
    extra: str = ""
    makes: str = ""
    slow: bool = True
    instead: tuple[str, str] = ("", "")
    needs: tuple[str, ...] = ()


# In the order in which a reader would run them: later ones use what earlier ones leave.
CASES = (
    Case(r"python tools/make_synthetic\.py --output_dir data/synthetic .+",
         "--train 8 --test 3 --image_size 96 96 --workers 1 --overwrite", "data/synthetic/preview.jpg", slow=False),
    Case(r"python tools/make_lines\.py --output_dir data/lines .+", "--test 3 --workers 1", "data/lines/preview.jpg",
         slow=False),
    Case(r"python tools/make_lines\.py --output_dir data/page_lines .+", "--train 5 --workers 1",
         "data/page_lines/train_gt.txt", slow=False),
    Case(r"python tools/dataset_converters/convert\.py .+/train/det_gt\.txt", "--strict",
         "ocr_datasets/ic15/det/train/det_gt.txt", slow=False),
    Case(r"python tools/dataset_converters/convert\.py .+/test/det_gt\.txt", "--strict",
         "ocr_datasets/ic15/det/test/det_gt.txt", slow=False),
    Case(r"python tools/score\.py .+ --det my_text/run/eval/detections\.txt .+", "", "my_text/score.json", slow=False,
         instead=("my_text/run/eval/detections.txt", "my_text/test_gt.txt")),
    Case(r"python tools/score\.py .+ --det submit\.zip", slow=False,
         instead=("submit.zip", "ocr_datasets/ic15/det/test/Challenge4_Test_Task1_GT")),
    Case(r"python tools/score\.py .+ --det submit\.zip --image_dir .+ --report report", "", "report/report.html",
         slow=False, instead=("submit.zip", "ocr_datasets/ic15/det/test/Challenge4_Test_Task1_GT")),
    Case(r"python tools/score\.py --protocol icdar2015_(e2e|word_spotting) .+", slow=False, instead=(
        "my_text/read/read_results.jsonl", "ocr_datasets/ic15/det/test/Challenge4_Test_Task1_GT")),
    Case(r"python tools/merge_results\.py my_text/v3\.txt my_text/v4\.txt .+", "", "my_text/merged.txt", slow=False),
    Case(r"python tools/compare\.py east\.zip submit\.zip --gt .+", slow=False, instead=(
        "east.zip submit.zip", "ocr_datasets/ic15/det/test/Challenge4_Test_Task1_GT " * 2)),
    Case(r"python tools/check_dataset\.py -c configs/rec/\S+ -o .+"),
    Case(r"python tools/look\.py -c configs/rec/\S+ -o .+ --output lines\.png", "--number 2", "lines.png"),
    Case(r"python tools/train\.py -c configs/rec/\S+ -o .+ --profile-data",
         instead=("--profile-data", "train.loader.batch_size=2 --profile-data")),
    Case(r"python tools/check_dataset\.py -c configs/det/dbnet/db_r18_synthetic\.yaml --report demo/check", "",
         "demo/check/dataset.html", slow=False),
    Case(r"python tools/check_dataset\.py .+ --json my_text/check\.json", "", "my_text/check/dataset.html", slow=False),
    Case(r"python tools/check_dataset\.py .+ --fix --output my_text/train_gt_fixed\.txt", "--overwrite",
         "my_text/train_gt_fixed.txt", slow=False),
    Case(r"python tools/check_dataset\.py -c my_text/recipe\.yaml .+", "", "my_text/check/dataset.html", slow=False),
    Case(r"python tools/check_dataset\.py --label_file my_text/train_gt\.txt --data_dir my_text/train", slow=False),
    Case(r"python tools/look\.py -c configs/det/dbnet/db_r18_synthetic\.yaml --output demo/look\.png", "--number 2",
         "demo/look.png", slow=False),
    Case(r"python tools/make_mindrecord\.py -c .+ --output my_text/train\.mindrecord", "",
         "my_text/train.mindrecord.db"),
    Case(r"python tools/make_mindrecord\.py .+ --output my_text/test\.mindrecord --shards 2", "",
         "my_text/test.mindrecord1"),
    Case(r"python tools/look\.py -c my_text/recipe\.yaml .+mindrecord=True .+", "--number 1", "my_text/look.png"),
    Case(r"python tools/look\.py -c my_text/recipe\.yaml --output my_text/look\.png", "--number 1", "my_text/look.png",
         slow=False),
    Case(r"python tools/look\.py -c my_text/recipe\.yaml .+ --output my_text/look\.html", "--number 1",
         "my_text/look.html", slow=False),
    Case(r"python tools/check_config\.py mindocr_files/\S+\.yaml", slow=False,
         instead=("mindocr_files/", "configs/det/dbnet/")),
    Case(r"python tools/check_config\.py --reference docs/config_reference\.md", "", "docs/config_reference.md",
         slow=False),
    Case(r"python tools/check_config\.py \S+\.yaml", slow=False),
    Case(r"python tools/train\.py -c \S+ --profile-data", TINY),
    Case(r"python tools/train\.py -c configs/det/dbnet/db_r18_synthetic\.yaml", TINY, "demo/train/best.ckpt"),
    Case(r"python tools/train\.py -c configs/det/ppocr/ppocr_det_cml_synthetic\.yaml", SEVERAL, "demo/cml/best.ckpt"),
    Case(r"python tools/eval\.py -c configs/det/ppocr/ppocr_det_cml_synthetic\.yaml", f"-o {VIEW}",
         "demo/cml/eval/scores.json"),
    Case(r"python tools/train\.py -c configs/det/dbnet/db_r18_synthetic\.yaml -o train\.resume=auto", LONGER,
         "demo/train/curves.png"),
    Case(r"python tools/train\.py -c configs/det/dbnet/db_r18_synthetic\.yaml -o .+ train\.ckpt_save_dir=demo/overflow",
         TINY, "demo/overflow/capsules/step_000001/capsule.json"),
    Case(r"python tools/train\.py -c configs/det/ppocr/ppocr_det_synthetic\.yaml", SEVERAL, "demo/student/best.ckpt"),
    Case(r"python tools/prune\.py .+ --output demo/pruned", "", "demo/pruned/pruned.yaml"),
    Case(r"python tools/train\.py -c demo/pruned/pruned\.yaml", SEVERAL, "demo/pruned/train/best.ckpt"),
    Case(r"python tools/eval\.py -c demo/pruned/pruned\.yaml", f"-o {VIEW}", "demo/pruned/train/eval/scores.json"),
    Case(r"python tools/train\.py -c demo/pruned/pruned\.yaml -o .+", SEVERAL, "demo/int8/best.ckpt"),
    Case(r"python tools/eval\.py -c demo/pruned/pruned\.yaml -o .+", f"-o {VIEW}", "demo/int8/eval/scores.json"),
    Case(r"python tools/export\.py --local_ckpt_path demo/int8/best\.ckpt .+", "--data_shape 64 64",
         "demo/int8/best.onnx"),
    Case(r"python tools/replay\.py demo/overflow/capsules/step_000001"),
    Case(r"python tools/train\.py -c configs/det/dbnet/db_r18_icdar15\.yaml -o .+dataset_root=ocr_datasets", TINY,
         "tmp_det/best.ckpt"),
    Case(r"python tools/train\.py -c mindocr_files/db_r50_icdar15\.yaml -o .+", TINY, "tmp_det/best.ckpt",
         instead=("mindocr_files/", "configs/det/dbnet/")),
    Case(r"python tools/eval\.py -c mindocr_files/db_r50_icdar15\.yaml -o .+", SAME, "tmp_det/eval/scores.json",
         instead=("mindocr_files/", "configs/det/dbnet/")),
    Case(r"python tools/train\.py -c crnn_small_synthetic", f"-o {LINES}", "demo_read/train/best.ckpt"),
    Case(r"python tools/eval\.py -c crnn_small_synthetic", "-o eval.loader.num_workers=0",
         "demo_read/train/eval/scores.json"),
    Case(r"python tools/export\.py .+ --file_format ONNX --save_dir demo_read", "", "demo_read/best.onnx"),
    Case(r"python tools/infer/text/predict_rec\.py --image_dir data/lines/test .+", "",
         "demo_read/read/rec_results.txt"),
    Case(r"python tools/train\.py -c my_text/recipe\.yaml", TINY, "my_text/run/best.ckpt"),
    Case(r"python tools/train\.py -c my_text/recipe\.yaml -o train\.resume=auto", TINY, "my_text/run/curves.png"),
    Case(r"msrun .+ python tools/train\.py --config configs/det/dbnet/db_r18_synthetic\.yaml -o .+train_2p", TINY,
         "demo/train_2p/log_1.txt"),
    Case(r"mpirun .+ python tools/train\.py --config configs/det/dbnet/db_r18_synthetic\.yaml -o .+train_2p", TINY,
         "demo/train_2p/log_1.txt"),
    Case(r"mpirun .+ python tools/train\.py --config configs/det/dbnet/db_r18_synthetic\.yaml -o .+", TINY,
         "demo/train/log_1.txt"),
    Case(r"python tools/show_checkpoint\.py demo/train/best\.ckpt"),
    Case(r"python tools/eval\.py -c configs/det/dbnet/db_r18_synthetic\.yaml --report demo/report", SAME,
         "demo/report/report.html"),
    Case(r"python tools/eval\.py -c configs/det/dbnet/db_r18_synthetic\.yaml.*", SAME, "demo/train/eval/scores.json"),
    Case(r"python tools/eval\.py -c my_text/recipe\.yaml", SAME, "my_text/run/eval/scores.json"),
    Case(r"python tools/compare\.py my_text/run my_text/run_2 .+", "", "my_text/comparison/compare.html",
         instead=("my_text/run_2", "my_text/run/eval")),
    Case(r"python tools/fit_postprocess\.py -c my_text/recipe\.yaml .+", SAME, "my_text/run/fit/fitted.yaml"),
    *(Case(rf"python tools/convert_weights\.py .+ --output {name}\.ckpt", "", f"{name}.ckpt")
      for name in ("db_r18", "resnet18_imagenet", "weights/vgg16_bn", "ctpn_pretrain_ours", "dbnet_mmocr",
                   "ppocr_det")),
    *(Case(rf"python tools/convert_weights\.py --from onnx .+ --output {task}\.ckpt", "", f"{task}.ckpt",
           needs=(file,)) for task, file in (("ppocrv3_det", "ch_PP-OCRv3_det_infer.onnx"),
                                             ("ppocrv3_rec", "ch_PP-OCRv3_rec_infer.onnx"),
                                             ("ppocr_cls", "ch_ppocr_mobile_v2.0_cls_infer.onnx"),
                                             ("ppocrv4_det", V4[0]), ("ppocrv4_rec", V4[1]),
                                             ("ppocrv6_det", V6[0]), ("ppocrv6_rec", V6[1]))),
    Case(r"python tools/unfuse\.py --checkpoint ppocrv4_det\.ckpt .+", "--number 1", "ppocrv4_det_branches.ckpt",
         needs=V4),
    Case(r"python tools/fuse\.py --checkpoint ppocrv4_det_branches\.ckpt .+", "", "ppocrv4_det_fused.ckpt", needs=V4),
    Case(r"python tools/convert_weights\.py --from onnx .+ --output ppocrv2_rec\.ckpt --dictionary .+", "",
         "ppocrv2_rec.ckpt", needs=("ch_PP-OCRv2_rec_infer.onnx", "ppocr_keys_v1.txt")),
    Case(r"python tools/read\.py photos --output read_texts",
         "--detector ppocrv6_det.ckpt --recogniser ppocrv6_rec.ckpt", "read_texts/read_results.jsonl", needs=V6),
    Case(r"python tools/read\.py photos --output read_words --level word .+",
         "--detector ppocrv6_det.ckpt --recogniser ppocrv6_rec.ckpt", "read_words/read_results.txt", needs=V6),
    Case(r"python tools/read\.py photos --output read_documents .+",
         "--detector ppocrv6_det.ckpt --recogniser ppocrv6_rec.ckpt", "read_documents/00000_read.pdf", needs=V6),
    Case(r"python tools/infer/text/predict_rec\.py --image_dir my_lines --output read_lines",
         "--recogniser ppocrv6_rec.ckpt", "read_lines/rec_results.txt", needs=V6),
    Case(r"python tools/read\.py \S+/ch4_test_images --output my_text/read .+",
         "--detector ppocrv6_det.ckpt --recogniser ppocrv6_rec.ckpt", "my_text/read/read_results.jsonl", needs=V6),
    *(Case(rf"python tools/eval\.py -c ppocrv3_rec_mobile -o .+{data}.*", "eval.loader.num_workers=0",
           "tmp_rec/eval/scores.json", needs=("ch_PP-OCRv3_rec_infer.onnx",)) for data in ("ocr_datasets", "my_lines")),
    Case(r"python tools/eval\.py -c ppocr_cls_mobile -o .+", "eval.loader.num_workers=0", "tmp_cls/eval/scores.json",
         needs=("ch_ppocr_mobile_v2.0_cls_infer.onnx",)),
    Case(r"python tools/eval\.py -c ppocrv3_det_mobile -o .+", "eval.loader.num_workers=0", "tmp_det/eval/scores.json",
         needs=("ch_PP-OCRv3_det_infer.onnx",)),
    Case(r"python tools/eval\.py -c ppocrv3_rec_mobile --report rec_report .+", "eval.loader.num_workers=0",
         "rec_report/report.html", needs=("ch_PP-OCRv3_rec_infer.onnx",)),
    Case(r"python tools/compare\.py my_lines/v3 my_lines/v4 .+", "", "my_lines/comparison/compare.html",
         instead=("my_lines/v3 my_lines/v4", "tmp_rec tmp_rec"), needs=("ch_PP-OCRv3_rec_infer.onnx",)),
    Case(r"python tools/finetune\.py .+ --task det .+ --output my_text/finetuned --minutes 480", DET_TUNED,
         "my_text/finetuned/finetuned.ckpt", instead=("--model ppocr-v3", "--model ppocrv3_det.ckpt"),
         needs=("ch_PP-OCRv3_det_infer.onnx",)),
    Case(r"python tools/finetune\.py .+ --task rec .+ --dictionary extend", TUNED,
         "my_text/finetuned_rec/summary.json", instead=("--model ppocr-v3", "--model ppocrv3_rec.ckpt"),
         needs=("ch_PP-OCRv3_rec_infer.onnx",)),
    Case(r"python tools/eval\.py -c my_text/finetuned/config\.yaml .+", "", "my_text/finetuned/train/eval/scores.json",
         needs=("ch_PP-OCRv3_det_infer.onnx",)),
    Case(r"python tools/prune\.py .+ --output my_text/pruned", "--number 1", "my_text/pruned/sensitivity.png",
         needs=("ch_PP-OCRv3_det_infer.onnx",)),
    Case(r"python tools/read\.py photos --output read_finetuned .+", "--recogniser ppocrv6_rec.ckpt",
         "read_finetuned/read_results.jsonl", needs=V6),
    Case(r"python tools/check_dataset\.py .+ --model ppocr-v3", instead=("ppocr-v3", "ppocrv3_det.ckpt"),
         needs=("ch_PP-OCRv3_det_infer.onnx",)),
    Case(r"python tools/export\.py .+db_r18_synthetic\.yaml .+ --save_dir demo", "", "demo/db_r18_synthetic.mindir"),
    Case(r"python tools/export\.py .+db_r18_synthetic\.yaml .+ --save_dir demo/dynamic", "--data_shape 64 64",
         "demo/dynamic/db_r18_synthetic.mindir"),
    Case(r"python tools/export\.py --local_ckpt_path demo/train/best\.ckpt .+", "", "demo/onnx/best.onnx"),
    Case(r"python tools/verify\.py demo/onnx/best\.onnx"),
    Case(r"python tools/export\.py --model_name_or_config dbnet_resnet50 .+", "--data_shape 64 64",
         "dbnet_resnet18.mindir", instead=("dbnet_resnet50", "dbnet_resnet18")),
    Case(r"python tools/export\.py --model_name_or_config my_text/recipe\.yaml .+", "--data_shape 64 64",
         "my_text/run/config.mindir", instead=("my_text/recipe.yaml", "my_text/run/config.yaml")),
    Case(r"python tools/infer/text/predict_det\.py -c configs/det/dbnet/db_r18_synthetic\.yaml .+", f"-o {LIGHT}",
         "demo/predict/det_results.json"),
    Case(r"python tools/infer/text/predict_det\.py -c my_text/recipe\.yaml .+", f"-o {LIGHT}",
         "my_text/found/det_results.json"),
    Case(r"python tools/infer/text/predict_det\.py --image_dir photos --det_algorithm DB .+",
         f"--det_algorithm DB_R18 --det_model_dir {WEIGHTS}", "results/det_results.json"),
    Case(r"python tools/infer/text/predict_det\.py --det_model_dir demo/train/best\.ckpt .+", "",
         "found/det_results.json"),
    Case(r"python deploy/py_infer/infer\.py .+demo/db_r18_synthetic\.mindir .+", "", "demo/infer/det_results.json"),
    Case(r"python deploy/py_infer/infer\.py .+ --det_model_path demo/(onnx|dynamic)/.+", "",
         "demo/found/det_results.json"),
    Case(r"python tools/serve\.py --model ppocr-v6-small", "--port 0 --check",
         instead=("ppocr-v6-small", "demo/db_r18_synthetic.mindir")),
)  # fmt: skip


def commands() -> dict[str, str]:
    """Every documented command, on one line with single blanks -> the first place where it stands."""
    found: dict[str, str] = {}
    for page in PAGES:
        for first, text in blocks(page, "bash"):
            line = first
            for command in re.split(r"(?<!\\)\n", text):
                if command.strip():
                    found.setdefault(" ".join(command.replace("\\\n", " ").split()), f"{NAMES[page]}:{line}")
                line += command.count("\n") + 1
    return found


COMMANDS = commands()
RUNNABLE = [command for command in COMMANDS if RUN.match(command)]


def with_script(command: str) -> str:
    """A command with ``python tools/train.py`` in place of ``mindocr train``, and so on."""
    return re.sub(r"(^| )(?:python -m )?mindocr ([a-z-]+)", lambda m: f"{m[1]}python {SCRIPTS[m[2]]}", command)


def case_of(command: str) -> Case:
    """The first case that fits.

    Raises:
        AssertionError: none does; names the place in the documents.
    """
    fitting = [case for case in CASES if re.fullmatch(case.pattern, with_script(command))]
    assert fitting, f"{COMMANDS[command]}: no entry of CASES in {Path(__file__).name} says how to run: {command}"
    return fitting[0]


class Desk:
    """A copy of the project with a user's files, on which commands are run, each of them once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: set[str] = set()
        copy_project(folder)
        options = SceneOptions(image_size=(96, 96), difficulty="easy")
        write_set(SetPlan(folder / "my_text", train=6, test=2, options=options, seed=1, progress=False))
        shutil.copytree(folder / "my_text", folder / "data/synthetic")
        shutil.copytree(folder / "my_text/test", folder / "photos")
        (folder / "my_text/recipe.yaml").write_text(recipe_of(ROOT / "README.md"), encoding="utf-8")
        self._icdar2015("train", "ch4_training_images", "ch4_training_localization_transcription_gt")
        self._icdar2015("test", "ch4_test_images", "Challenge4_Test_Task1_GT")
        labels = (folder / "my_text/test_gt.txt").read_text(encoding="utf-8")
        for name, score in (("v3", 0.8), ("v4", 0.7)):  # results of two detectors that find everything
            scored = labels.replace('"transcription"', f'"score": {score}, "transcription"')
            (folder / f"my_text/{name}.txt").write_text(scored, encoding="utf-8")
        (folder / "my_lines").mkdir()
        shutil.copy(next((folder / "my_text/test").glob("*.jpg")), folder / "my_lines/1.jpg")
        (folder / "my_lines/cls_gt.txt").write_text("1.jpg\t0\n", encoding="utf-8")
        (folder / "my_lines/rec_gt.txt").write_text("1.jpg\tany text\n", encoding="utf-8")

    def _icdar2015(self, split: str, image_dir: str, label_dir: str) -> None:
        """The same pictures as ICDAR 2015 has them: img_1.jpg, and gt_img_1.txt with eight coordinates and a text."""
        place = self.folder / "ocr_datasets/ic15/det" / split
        (place / image_dir).mkdir(parents=True)
        (place / label_dir).mkdir()
        labels = (self.folder / f"my_text/{split}_gt.txt").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(labels, start=1):
            name, texts = parse_label_line(line, "labels", number)
            shutil.copy(self.folder / "my_text" / split / name, place / image_dir / f"img_{number}.jpg")
            rows = []
            for text in texts:
                corners = text["points"][:2] + text["points"][-2:]
                rows.append(",".join([*(f"{x},{y}" for x, y in corners), text["transcription"]]) + "\n")
            (place / label_dir / f"gt_img_{number}.txt").write_text("".join(rows), encoding="utf-8")

    def run(self, command: str) -> None:
        """Run a documented command as its case says, unless that was done; it must succeed and leave its file.

        Of the slow ones, two names of one command count as the same.
        """
        case = case_of(command)
        key = with_script(command) if case.slow else command
        if key in self.done:
            return
        for name in case.needs:
            found = find_released(name)
            if isinstance(found, str):
                warnings.warn(f"not run: {command}: {found}", stacklevel=2)
                return
            shutil.copy(found, self.folder / name)
        made = self.folder / case.makes
        if case.makes:
            made.unlink(missing_ok=True)
        small = f"{command.replace(*case.instead) if case.instead[0] else command} {case.extra}"
        done = shell(small, self.folder)
        report = f"{COMMANDS[command]}: {small}\nexit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, report
        assert "Traceback" not in done.stderr, report
        assert made.exists(), f"{case.makes} is not there\n{report}"
        self.done.add(key)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


def in_order(slow: bool) -> list[str]:
    """Documented commands of one kind, in the order of CASES."""
    known = [c for c in RUNNABLE if any(re.fullmatch(case.pattern, with_script(c)) for case in CASES)]
    if shutil.which("mpirun") is None:  # a program of the system, not of this project
        known = [c for c in known if not c.startswith("mpirun ")]
    return sorted((c for c in known if case_of(c).slow == slow), key=lambda c: CASES.index(case_of(c)))


def test_documents_and_commands_are_found() -> None:
    assert {"README.md", "README_CN.md", "docs/quickstart.md", "configs/det/dbnet/README.md"} <= set(NAMES.values())
    assert len(RUNNABLE) >= 20
    first = ("README.md", "README_CN.md", "docs/quickstart.md")
    assert all(blocks(ROOT / page, "bash") for page in first)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_known(command: str) -> None:
    """Every command in the documents is run by a case, or it may not work."""
    if RUN.match(command):
        case_of(command)
    elif command.startswith("make "):
        target = command.removeprefix("make ")
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M), COMMANDS[command]
    else:
        assert NOT_RUN.fullmatch(command), f"{COMMANDS[command]}: this test does not know '{command}'"
        assert all((ROOT / word).is_file() for word in shlex.split(command) if word.endswith(".txt"))


def test_every_case_is_still_documented() -> None:
    used = {case_of(command) for command in RUNNABLE}
    assert [case.pattern for case in CASES if case not in used] == []


@pytest.mark.parametrize("command", in_order(slow=False))
def test_fast_commands_run(command: str, desk: Desk) -> None:
    desk.run(command)


@pytest.mark.slow
def test_training_evaluation_export_and_prediction_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented commands one after the other, each with the files of the earlier ones."""
    from mindspore import save_checkpoint

    from mindocr.models import build_model

    for folder in ("tests/models", "tests/models/converters"):  # alone, this file has no paths of other tests
        monkeypatch.syspath_prepend(ROOT / folder)
    from make_sources import write_sources

    write_sources(desk.folder)
    save_checkpoint(build_model("dbnet_resnet18"), str(desk.folder / WEIGHTS))
    for command in in_order(slow=False) + in_order(slow=True):
        desk.run(command)


def test_converted_labels_are_those_of_the_source(desk: Desk) -> None:
    """The sample of ICDAR 2015 that this test makes holds what a converter must read."""
    for command in in_order(slow=False):
        if "convert.py" in with_script(command):
            desk.run(command)
    lines = (desk.folder / "ocr_datasets/ic15/det/train/det_gt.txt").read_text(encoding="utf-8").splitlines()
    source = (desk.folder / "my_text/train_gt.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(source) == 6
    assert lines[0].startswith("img_1.jpg\t[{")


@pytest.mark.parametrize("tool", sorted(SCRIPTS.values()))
def test_help_says_what_a_tool_does(tool: str, desk: Desk) -> None:
    done = shell(f"python {tool} --help", desk.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:") and len(done.stdout.split("\n\n")[1]) > 20


def test_options_in_the_documents_exist() -> None:
    """Fast commands are run; of the others, the options are checked."""
    names = {script: name for name, script in SCRIPTS.items()}
    for command in in_order(slow=True):
        script, *words = shlex.split(with_script(command).partition("python ")[2])
        known = {option for action in make_parser(names[script])._actions for option in action.option_strings}
        unknown = [word for word in words if word.startswith("-") and word not in known]
        assert unknown == [], COMMANDS[command]


@pytest.mark.parametrize(("target", "expected"), [
    ("demo", ["pip install --quiet --constraint constraints.txt -r requirements-dev.txt", "python tools/demo.py"]),
    ("demo-read", ["-r requirements-dev.txt", "python tools/demo_read.py"]),
    ("test", ["python -m ruff check .", "python -m mypy", "python -m pytest"]),
    ("test-latest", ["pip install --quiet -r requirements-dev.txt", "python -m mypy", "python -m pytest"]),
])  # fmt: skip
def test_make_targets_do_what_the_readme_says(target: str, expected: list[str]) -> None:
    # Variables of a make around these tests would reach this one, too.
    inherited = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "REQUIREMENTS", "CONSTRAINTS")
    plain = {name: value for name, value in os.environ.items() if name not in inherited}
    command = ["make", "-n", target, "VENV=no_such_environment"]
    done = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line for line in expected if line not in done.stdout] == []


def test_python_of_the_page_for_mindocrs_users_runs(desk: Desk) -> None:
    (snippet,) = [text for _, text in blocks(ROOT / "docs/switching_from_mindocr.md", "python")]
    (desk.folder / "imports.py").write_text(snippet, encoding="utf-8")
    done = shell("python imports.py", desk.folder)
    assert (done.returncode, done.stdout) == (0, "['dbnet_resnet50', 'dbnetpp_resnet50']\n"), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/deploy.md"])
def test_python_that_finds_text_runs(page: str, desk: Desk) -> None:
    desk.run(next(command for command in in_order(slow=True) if case_of(command).makes == "demo/train/best.ckpt"))
    images = sorted((desk.folder / "data/synthetic/test").glob("*.jpg"))
    shutil.copy(images[0], desk.folder / "photo.jpg")
    (snippet,) = [text for _, text in blocks(ROOT / page, "python")]
    (desk.folder / "snippet.py").write_text(snippet, encoding="utf-8")
    done = shell("python snippet.py", desk.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(".jpg [") == (len(images) if page == "README.md" else 0), done.stdout
    assert done.stdout.endswith("]\n")


@pytest.mark.slow
def test_python_that_runs_an_exported_file_runs(desk: Desk) -> None:
    for made in ("demo/train/best.ckpt", "demo/onnx/best.onnx"):
        desk.run(next(command for command in in_order(slow=True) if case_of(command).makes == made))
    (snippet,) = [text for _, text in blocks(ROOT / "docs/deploy/onnxruntime.md", "python")]
    (desk.folder / "snippet.py").write_text(snippet, encoding="utf-8")
    done = shell("python snippet.py", desk.folder)
    assert (done.returncode, done.stdout) == (0, "['prob']\nDBPostprocess\n"), done.stderr
