"""Plans of the comparison of features: what is read, and every mistake in one line."""

import pytest
import yaml

from benchmarks.accuracy.plan import PLANS, REPOSITORY, configs_of, read_plan
from esc_gpu.config.options import as_dict, flatten
from esc_gpu.errors import EscGpuError

ROWS = "rows: {one: {augment.gain_db: 1}, two: {augment.gain_db: 2}}"
DATA = ["--data.root", "ESC-10"]


def plan_of(folder, text):
    file = folder / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return read_plan(str(file))


@pytest.mark.parametrize("name", sorted(path.stem for path in PLANS.glob("*.yaml")))
def test_the_plans_here_are_of_different_trainings(name):
    plan = read_plan(name)
    assert plan.name == name and plan.kind == (name if name in ("comparison", "ablation") else "variants")
    configs = configs_of(plan, DATA)
    first, *others = configs.values()
    assert len(configs) == len(plan.rows) >= 3
    for other in others:
        same_frontend = (
            (other.frontend.name, other.frontend.options["n_fft"])
            == ("logmel", 4096)  # some with another window or hop
            if name.startswith("levers")
            else other.frontend == first.frontend
        )
        assert same_frontend == (plan.kind != "comparison")


def test_options_of_the_row_beat_the_recipe_and_those_of_the_command_line_beat_both(tmp_path):
    (tmp_path / "recipe.yaml").write_text(
        "augment: {gain_db: 3, shift_seconds: 1}\ntrain: {epochs: 9, lr: 0.1}\n", encoding="utf-8"
    )
    (tmp_path / "pcen.yaml").write_text("frontend: {name: pcen}\ntrain: {lr: 0.2}\n", encoding="utf-8")
    rows = (
        f"rows: {{a: , b: {{config: ['{tmp_path}/pcen.yaml'], augment.gain_db: 0, augment.noise_snr_db: [1, 2], "
        "model.weights: null, model.backbone: resnet34}}"
    )
    plan = plan_of(tmp_path, f"kind: comparison\nrecipe: {tmp_path}/recipe.yaml\n{rows}")
    first, second = configs_of(plan, [*DATA, "--train.epochs", "2"]).values()
    assert (first.augment.gain_db, first.train.lr, first.train.epochs, first.frontend.name) == (3, 0.1, 2, "logmel")
    assert (second.augment.gain_db, second.train.lr, second.train.epochs, second.frontend.name) == (0, 0.2, 2, "pcen")
    assert second.augment.shift_seconds == 1 and second.augment.noise_snr_db == (1, 2)
    assert second.model.weights is None and second.model.backbone == "resnet34"


@pytest.mark.parametrize("option", [["--frontend.n_mfcc", "13"], ["--frontend.n_mfcc=13"]])
def test_an_option_of_the_rows_front_end_may_stand_on_the_command_line(tmp_path, option):
    (tmp_path / "mfcc.yaml").write_text("frontend: {name: mfcc}\n", encoding="utf-8")
    plan = plan_of(tmp_path, f"kind: ablation\nrecipe: {tmp_path}/mfcc.yaml\n{ROWS}")
    configs = configs_of(plan, [*DATA, *option, "--train.epochs", "2"])
    assert [config.frontend.options["n_mfcc"] for config in configs.values()] == [13, 13]
    assert all(config.train.epochs == 2 for config in configs.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: [", "is not YAML"),
        ("[" * 50_000, "^plan .*mine.yaml: the YAML has more than 100 levels"),
        ("kind: ablation\nkind: variants", "^plan .*mine.yaml: kind appears twice in one section .*, in lines 1 and 2"),
        ("- kind", "is not a mapping; expected the keys kind, recipe, rows"),
        ("kind: comparison\nrow: {}", "has no key 'row'; did you mean 'rows'?"),
        (ROWS, "kind of plan .* is None; expected one of comparison, ablation, variants"),
        (f"kind: race\n{ROWS}", "is 'race'; expected one of comparison, ablation, variants"),
        ("kind: ablation", "compares nothing; expected two or more named rows"),
        ("kind: ablation\nrows: [one, two]", "compares nothing"),
        ("kind: ablation\nrows: {one: }", "compares nothing"),
        ("kind: ablation\nrows: {a/b: , two: }", "row 'a/b' of plan .* cannot name a folder"),
        ("kind: ablation\nrows: {'..': , two: }", "row '..' of plan"),
        ("kind: ablation\nrows: {1: , two: }", "row 1 of plan"),
        ("kind: ablation\nrows: {'': , two: }", "row '' of plan"),
        ('kind: ablation\nrows: {"a\\nb": , two: }', "cannot name a folder"),
        ("kind: ablation\nrows: {MFCC: , mfcc: }", "rows MFCC and mfcc of plan .* differ in case only"),
        ("kind: ablation\nrows: {one: 3, two: }", "row one of plan .* is 3; expected config: FILE and options"),
        (
            "kind: ablation\nrows: {one: {augment: {gain_db: 0}}, two: }",
            "sets 'augment'; expected config: FILE and dot",
        ),
        ("kind: ablation\nrows: {one: {config: 3}, two: }", "config of row one of plan .* is 3; expected a config"),
        (f"kind: ablation\nrecipe: [3]\n{ROWS}", "recipe of plan .* is .3.; expected a config file or a list"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(tmp_path, text, message):
    with pytest.raises(EscGpuError, match=message) as error:
        plan_of(tmp_path, text)
    assert "\n" not in str(error.value)


def test_a_plan_that_is_not_there_is_refused():
    with pytest.raises(
        EscGpuError, match="no plan comparisons; expected ablation, backbone, comparison, levers, levers_continued or"
    ):
        read_plan("comparisons")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("{one: , two: {augment.gain: 0}}", "row two of plan mine: there is no option 'augment.gain'"),
        ("{one: , two: {config: none.yaml}}", "row two of plan mine: .*none.yaml"),
        ("{one: , two: {augment.gain_db: loud}}", "row two of plan mine: augment.gain_db"),
        ("{one: , two: {augment.gain_db: -1}}", "row two of plan mine: augment.gain_db must not be negative"),
        ("{one: , two: {augment.gain_db: 6}}", "rows one and two are the same training"),
        ("{one: , two: {data.subset: esc10}}", "row two has other clips than one"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(tmp_path, rows, message):
    plan = plan_of(tmp_path, f"kind: ablation\nrows: {rows}")
    with pytest.raises(EscGpuError, match=message) as error:
        configs_of(plan, DATA)
    assert "\n" not in str(error.value)


def test_two_front_ends_are_not_merged(tmp_path):
    """The recipe's n_mels would be the MFCC's, and a stack's members would have each other's options."""
    text = "kind: comparison\nrecipe: configs/logmel.yaml\nrows: {one: , two: {config: configs/mfcc.yaml}}"
    with pytest.raises(EscGpuError, match="row two of plan mine has a front-end and the recipe as well"):
        configs_of(plan_of(tmp_path, text), DATA)


@pytest.mark.parametrize(
    "options",
    [["--config", "configs/logmel.yaml"], ["--config=configs/logmel.yaml"], ["--frontend.name", "logmel"]],
)
def test_a_front_end_for_all_rows_is_refused(options):
    """Each row would be that front-end, under its own name."""
    options = [option.replace("configs/", f"{REPOSITORY}/configs/") for option in options]
    with pytest.raises(EscGpuError, match="these options have a front-end, which would be that of each row"):
        configs_of(read_plan("comparison"), [*DATA, *options])


def test_a_config_without_a_front_end_is_for_all_rows(tmp_path):
    (tmp_path / "mine.yaml").write_text("train: {lr: 0.5}\n", encoding="utf-8")
    configs = configs_of(read_plan("comparison"), [*DATA, "--config", str(tmp_path / "mine.yaml")])
    assert {config.train.lr for config in configs.values()} == {0.5}


def test_the_ablation_leaves_out_each_part_of_the_best_recipe():
    whole, *others = configs_of(read_plan("ablation"), DATA).values()
    options = flatten(as_dict(whole))
    departures = {name for other in others for name, value in flatten(as_dict(other)).items() if value != options[name]}
    best = yaml.safe_load((REPOSITORY / "configs/recipes/best.yaml").read_text(encoding="utf-8"))
    assert set(flatten(best)) - {"train.epochs"} <= departures


def test_recordings_must_be_named(tmp_path):
    with pytest.raises(EscGpuError, match="name the recordings with --data.root or --data.table"):
        configs_of(plan_of(tmp_path, f"kind: ablation\n{ROWS}"), [])


def test_a_mistake_on_the_command_line_is_none_of_a_row(tmp_path):
    plan = plan_of(tmp_path, f"kind: ablation\n{ROWS}")
    with pytest.raises(EscGpuError, match="^there is no option 'train.epoch'"):
        configs_of(plan, [*DATA, "--train.epoch", "3"])
