"""The statistics of a grid of runs against numbers by hand, and the tables and plots of made-up grids."""

import json

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from benchmarks.accuracy import plots as accuracy_plots
from benchmarks.accuracy.plots import plot_accuracy
from benchmarks.accuracy.statistics import describe_grid
from benchmarks.accuracy.table import accuracy_table
from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.schema import AugmentConfig, DataConfig, ModelConfig, RunConfig
from esc_gpu.errors import EscGpuError
from tests.helpers.made_up_grids import NAMES, grid_of, run_of


@pytest.fixture
def described(tmp_path):
    """Three rows, two seeds. With seed 0 the reference has 6 of 12 right, `one` has 10, `two` has 7."""
    rights = {
        ("whole", 0): "111000" + "111000",
        ("one", 0): "111110" + "111110",
        ("two", 0): "110010" + "111100",
        ("whole", 1): "111111" + "000000",
        ("one", 1): "111111" + "111111",
        ("two", 1): "000000" + "111100",
    }
    runs = {cell: run_of(tmp_path, *cell, right) for cell, right in rights.items()}
    runs["two", 0] = run_of(
        tmp_path / "other", "two", 0, rights["two", 0], RunConfig(augment=AugmentConfig(gain_db=0.0))
    )
    return describe_grid(grid_of("whole", "one", "two"), runs)


def test_all_rows_have_a_seed_before_the_next_one():
    assert grid_of("a", "b").cells() == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_means_and_spreads(described):
    whole, one, two = described["rows"]
    assert [row["accuracy"] for row in (whole, one, two)] == pytest.approx([12 / 24, 22 / 24, 11 / 24])
    # over the folds, of the mean over the seeds: (3 + 6) of 12 and 3 of 12
    assert whole["fold_accuracies"] == pytest.approx([9 / 12, 3 / 12])
    assert whole["over_folds"]["accuracy"] == pytest.approx({"mean": 0.5, "std": np.std([0.75, 0.25], ddof=1)})
    # over the seeds, of the mean over the folds
    assert one["over_seeds"]["accuracy"] == pytest.approx({"mean": 11 / 12, "std": np.std([10 / 12, 1], ddof=1)})
    assert whole["over_seeds"]["accuracy"]["std"] == 0
    assert whole["seeds"] == [0, 1] and whole["seconds"] == 15 and whole["epoch_seconds"] == 3.5


def test_losses_are_at_the_best_temperature_of_each_run_and_fold(described):
    """Of predictions that are all as sure, the best probability is the share that was found."""
    first, second = described["runs"][0]["folds"]  # 3 of 6 are right in both: the hottest, a logit of ln(1 / 5e-7) / 20
    logit = np.log(1 / 5e-7) / 20
    at_hottest = (np.log1p(np.exp(-logit)) + np.log1p(np.exp(logit))) / 2
    assert (first["loss"], second["loss"]) == pytest.approx((at_hottest, at_hottest), rel=1e-4)
    assert first["temperature"] == pytest.approx(20, rel=1e-3)
    five_of_six = -(5 * np.log(5 / 6) + np.log(1 / 6)) / 6
    one = described["rows"][1]  # 5 of 6 in both folds with seed 0, and all with seed 1
    assert one["fold_losses"] == pytest.approx([five_of_six / 2] * 2, abs=1e-4)
    assert one["loss"] == pytest.approx({"mean": five_of_six / 2, "std": 0}, abs=1e-4)
    assert described["runs"][1]["folds"][0]["temperature"] == pytest.approx(np.log(1 / 5e-7) / np.log(5), rel=1e-3)


def test_the_table_of_a_validation_has_the_loss(described):
    result = {**described, "kind": "variants", "cost": None}
    result["protocol"] = described["protocol"] | {"validation": True}
    lines = accuracy_table(result)
    assert lines[0].startswith("| variant | accuracy | loss | seeds (± std) | difference to whole |")
    assert lines[3].startswith("| one | 91.67 ± 0.00 | 0.225 ± 0.000 | 2 (± 11.79) |")
    assert "The loss is in nats, with each fold's probabilities at the temperature" in lines[-1]
    for row in result["rows"]:
        del row["loss"]  # as in results that were made earlier
    assert accuracy_table(result)[0].startswith("| variant | accuracy | seeds (± std) |")


def test_differences_to_the_reference(described):
    whole, one, two = (row["against_reference"] for row in described["rows"])
    assert whole is None
    assert one["difference"] == pytest.approx(10 / 24) and two["difference"] == pytest.approx(-1 / 24)
    for pair in (one, two):
        assert pair["low"] <= pair["difference"] <= pair["high"]
    assert described["bootstrap"] == {"resamples": 10_000, "unit": "source recording", "units": 4, "seed": 0}


def test_tests_are_on_the_first_seed_and_adjusted_for_the_rows(described):
    _, one, two = (row["against_reference"] for row in described["rows"])
    assert one["seeds"] == two["seeds"] == [0, 0]
    assert (one["first_only"], one["second_only"]) == (4, 0)
    assert (two["first_only"], two["second_only"]) == (2, 1)
    assert one["p_value"] == pytest.approx(2 * 0.5**4) and two["p_value"] == 1
    assert one["p_holm"] == pytest.approx(2 * one["p_value"]) and two["p_holm"] == 1


def test_every_clip_of_every_run_is_there(described):
    assert described["clips"] == sorted(NAMES) and described["complete"] is True
    entry = described["runs"][1]
    assert (entry["row"], entry["seed"]) == ("one", 0)
    right = dict(zip(NAMES, "111110111110", strict=True))
    assert entry["right"] == "".join(right[name] for name in described["clips"])
    first, second = entry["folds"]
    assert (first["fold"], first["clips"], first["seconds"]) == (1, 6, 10.0) and second["seconds"] == 20.0
    # Of three clips of each class, in fold 1 the last one, of class 1, is taken for class 0.
    assert first["accuracy"] == pytest.approx(5 / 6) and first["macro_f1"] == pytest.approx((6 / 7 + 4 / 5) / 2)


def test_the_recipe_is_there_without_paths(described):
    assert "/home" not in json.dumps(described)
    assert described["recipe"]["train"]["epochs"] == described["protocol"]["epochs"] == 30
    assert [row["options"] for row in described["rows"]] == [{}, {}, {"augment.gain_db": 0.0}]


def test_weights_are_named_without_their_folder(tmp_path):
    config = RunConfig(model=ModelConfig(weights="/home/me/w.pth"), frontend=FrontendConfig(n_mels=8))
    runs = {
        ("whole", 0): run_of(tmp_path, "whole", 0, "1" * 12, RunConfig(data=DataConfig(root="x"))),
        ("one", 0): run_of(tmp_path, "one", 0, "1" * 12, config),
    }
    result = describe_grid(grid_of("whole", "one"), runs)
    assert result["rows"][1]["options"] == {"model.weights": "w.pth"}  # front-ends have a place of their own


def test_a_grid_in_the_middle_of_a_seed_compares_what_both_rows_have(tmp_path):
    runs = {
        ("whole", 0): run_of(tmp_path, "whole", 0, "111000111000"),
        ("one", 0): run_of(tmp_path, "one", 0, "111100111100"),
        ("whole", 1): run_of(tmp_path, "whole", 1, "000000000000"),
    }
    result = describe_grid(grid_of("whole", "one", "two"), runs)
    whole, one = result["rows"]
    assert result["complete"] is False and whole["accuracy"] == 0.25
    assert one["against_reference"]["difference"] == pytest.approx(2 / 12) and one["seeds"] == [0]
    assert one["over_seeds"]["accuracy"]["std"] is None


def test_rows_without_the_reference_have_no_difference(tmp_path):
    result = describe_grid(grid_of("whole", "one"), {("one", 0): run_of(tmp_path, "one", 0, "1" * 12)})
    assert [row["against_reference"] for row in result["rows"]] == [None]
    assert "McNemar" not in "\n".join(accuracy_table(result | {"kind": "ablation", "cost": None}))


def test_runs_on_other_clips_are_refused(tmp_path):
    others = [name.replace("A", "D") for name in NAMES]
    runs = {
        ("whole", 0): run_of(tmp_path, "whole", 0, "1" * 12),
        ("one", 0): run_of(tmp_path, "one", 0, "1" * 12, names=others),
    }
    with pytest.raises(EscGpuError, match="expected the same clips"):
        describe_grid(grid_of("whole", "one", seeds=[0]), runs)


# ---- tables and plots

COST = {
    "device": "cpu",
    "batch": 16,
    "rounds": 9,
    "environment": {"cpu": "a processor", "threads": 2, "gpu": None},
    "rows": [
        {"name": name, "clip_seconds": 5.0, "us_per_clip": {"median": median}}
        for name, median in (("whole", 1234.0), ("one", 56.7), ("two", 890.0))
    ],
}


def test_the_table_of_a_comparison_has_cost_seeds_and_differences(described):
    lines = accuracy_table({**described, "kind": "comparison", "cost": COST})
    assert lines[0] == "| front-end | µs a clip | accuracy | seeds (± std) | difference to whole | p (Holm), seed 0 |"
    assert lines[2] == "| whole | 1,234 | 50.00 ± 35.36 | 2 (± 0.00) | – | – |"
    pair = described["rows"][1]["against_reference"]
    interval = f"{100 * pair['low']:+.1f} to {100 * pair['high']:+.1f}"
    assert lines[3] == f"| one | 56.7 | 91.67 ± 0.00 | 2 (± 11.79) | +41.67 [{interval}] | 0.2500 |"
    assert lines[-1].startswith(
        "12 clips, 2 classes; 30 epochs, the last checkpoint, folds 1, 2, seeds 0, 1. The accuracy is in percent"
    )
    assert "10,000 resamples of 4 source recordings" in lines[-1] and "on seed 0, adjusted for 2 rows" in lines[-1]
    assert lines[-1].endswith("clips of 5 s, median of 9 turns; a processor, CPU threads: 2.")


def test_the_table_of_an_ablation_is_short(described):
    lines = accuracy_table({**described, "kind": "ablation", "cost": None})
    assert lines[0] == "| without | accuracy | effect | p (Holm), seed 0 |"
    assert lines[4].startswith("| two | 45.83 ± ") and "| -4.17 [" in lines[4] and lines[4].endswith(" | 1.0000 |")
    assert "µs a clip" not in "\n".join(lines) and "\n" not in lines[-1]


def test_rows_that_were_made_by_other_code_are_named(tmp_path):
    runs = {("whole", 0): run_of(tmp_path, "whole", 0, "1" * 12), ("one", 0): run_of(tmp_path, "one", 0, "1" * 12)}
    assert describe_grid(grid_of("whole", "one", seeds=[0]), runs)["differing"] == []
    runs["one", 0].summary["environment"]["code"] = "another"
    runs["one", 0].summary["mixed_precision"] = "bf16"
    result = describe_grid(grid_of("whole", "one", seeds=[0]), runs)
    assert result["differing"] == ["code", "mixed_precision"]
    lines = accuracy_table({**result, "kind": "comparison", "cost": None})
    assert "**Not all made alike:** the runs differ in code, mixed precision." in lines


def test_options_beside_the_front_end_are_stated(described):
    lines = accuracy_table({**described, "kind": "comparison", "cost": None})
    assert "two also has augment.gain_db=0.0." in lines[-1]
    assert "also has" not in accuracy_table({**described, "kind": "ablation", "cost": None})[-1]
    described["rows"][1]["frontend_options"] = {"name": "logmel", "backend": "native", "hop_length": 308}
    lines = accuracy_table({**described, "kind": "variants", "cost": None})
    assert "one also has frontend.hop_length=308. two also has augment.gain_db=0.0." in lines[-1]
    assert "hop_length" not in accuracy_table({**described, "kind": "comparison", "cost": None})[-1]


def test_a_row_cannot_break_the_table(described):
    rows = [{**described["rows"][0], "name": "a|b *c*"}, *described["rows"][1:]]
    lines = accuracy_table({**described, "rows": rows, "kind": "ablation", "cost": None})
    assert lines[2].startswith("| a\\|b \\*c\\* |")


@pytest.fixture
def figures(monkeypatch):
    """The figures that are saved."""
    saved = []
    save = accuracy_plots.save

    def keep(figure, path):
        saved.append(figure)
        save(figure, path)

    monkeypatch.setattr(accuracy_plots, "save", keep)
    return saved


HUMANS = {"name": "human listeners", "accuracy": 0.957, "source": "Piczak, ESC, 2015"}


@pytest.mark.parametrize("cost", [COST, None])
def test_the_plot_of_a_comparison(described, figures, tmp_path, cost):
    result = {**described, "kind": "comparison", "cost": cost, "references": [HUMANS]}
    plot_accuracy(tmp_path / "plot.png", result)
    assert imread(tmp_path / "plot.png").ndim == 3
    (figure,) = figures
    axes, *beside = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["two", "whole", "one"]  # the best on top
    blue = [line for line in axes.lines if to_hex(line.get_color()) == accuracy_plots.BLUE]
    means = [line.get_xdata()[0] for line in blue if line.get_alpha() is None]
    assert means == pytest.approx([1100 / 24, 50, 2200 / 24])
    folds = [line.get_xdata() for line in blue if line.get_alpha() is not None]
    assert sorted(folds[1]) == pytest.approx([25, 75])
    lines = [line for line in axes.lines if to_hex(line.get_color()) == accuracy_plots.GREY]
    assert [line.get_xdata()[0] for line in lines] == pytest.approx([95.7])
    assert figure.get_supxlabel() == "human listeners: Piczak, ESC, 2015"
    assert [patch.get_width() for panel in beside for patch in panel.patches] == ([0.89, 1.234, 0.0567] if cost else [])


def test_the_plot_of_an_ablation(described, figures, tmp_path):
    result = {**described, "kind": "ablation", "cost": None}
    plot_accuracy(tmp_path / "plot.png", result)
    (figure,) = figures
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["without one", "without two"]
    assert [line.get_xdata()[0] for line in axes.lines[1:]] == pytest.approx([1000 / 24, -100 / 24])
    assert axes.lines[0].get_xdata() == [0, 0]
    assert "from 50.00 %" in axes.get_xlabel()


def test_an_ablation_without_effects_is_not_drawn(tmp_path):
    result = describe_grid(grid_of("whole", "one"), {("whole", 0): run_of(tmp_path, "whole", 0, "1" * 12)})
    plot_accuracy(tmp_path / "plot.png", {**result, "kind": "ablation", "cost": None})
    assert not (tmp_path / "plot.png").exists()
