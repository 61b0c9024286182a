"""Notes on settings that do not fit into a short run."""

from mindocr.cli.main import run_command
from mindocr.config import load_config
from mindocr.config.recipes import recipe_files
from mindocr.config.short_run import run_notes

RECIPE = "db_mobilenetv3_icdar15"


def test_a_trial_of_two_epochs_runs_and_says_what_it_changes(capsys):
    assert run_command("check-config", [RECIPE, "-o", "scheduler.num_epochs=2"]) == 0
    assert capsys.readouterr().out == (
        f"{RECIPE}: OK\n"
        "  scheduler.warmup_epochs: 3 epochs of warm-up do not fit into a run of 2 epochs; the warm-up takes a third "
        "of the run, 0.6667 epoch\n"
        "  system.val_start_epoch: 500 is after the last epoch, 2; the run is evaluated once, after its last epoch\n"
    )
    quiet = load_config(RECIPE, ["scheduler.num_epochs=2", "system.val_while_train=False"])
    assert len(run_notes(quiet)) == 1


def test_every_recipe_fits_as_it_is_and_runs_for_one_epoch():
    files = recipe_files()
    assert len(files) > 10
    for file in files:
        assert run_notes(load_config(file)) == [], file
        assert load_config(file, ["scheduler.num_epochs=1"]).scheduler.num_epochs == 1
