"""What a user sets and what is then not used is said."""

import pytest

from esc_gpu.cli.main import main
from esc_gpu.config.idle_options import SWITCHES, idle_options
from esc_gpu.config.named_configs import list_configs
from esc_gpu.config.options import as_dict, flatten
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig
from tests.helpers.tiny import OPTIONS, write_tones


@pytest.mark.parametrize(
    ("words", "idle", "switch"),
    [
        (["--augment.noise_snr_db", "[0, 10]"], "augment.noise_snr_db", "augment.noise_probability is 0.0"),
        (["--augment.cutmix_axis", "frequency"], "augment.cutmix_axis", "augment.cutmix_probability is 0.0"),
        (["--augment.crop_from", "sound"], "augment.crop_from", "augment.crop_seconds is 0.0"),
        (
            ["--augment.time_masks", "0", "--augment.time_mask_share", "0.4"],
            "augment.time_mask_share",
            "augment.time_masks is 0",
        ),
        (["--tracker.project", "mine"], "tracker.project", "tracker.name is none"),
    ],
)
def test_an_option_of_what_is_off_is_said_to_have_no_effect(words, idle, switch):
    assert [line.partition(": ")[0] for line in idle_options(parse_run(words, "train.py"))] == [
        f"{idle} has no effect while {switch}"
    ]
    on = [f"--{switch.partition(' ')[0]}", "tensorboard" if "tracker" in switch else "1"]
    assert idle_options(parse_run([*words, *on], "train.py")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--train.frozen_stages", "2"],
            "train.frozen_stages has no effect while train.freeze is none: set train.freeze=stages",
        ),
        (
            ["--train.freeze", "backbone", "--train.head_lr", "1", "--train.lr", "1"],
            "train.lr has no effect while train.freeze is backbone: set",
        ),
        (
            ["--train.freeze", "stages", "--train.frontend_lr", "1"],
            "train.frontend_lr has no effect while train.freeze is stages: set",
        ),
    ],
)
def test_an_option_of_what_is_frozen_is_said_to_have_no_effect(words, said):
    trained = ["--model.weights", "run"]
    (line,) = idle_options(parse_run([*words, *trained], "train.py"))
    assert line.startswith(said)


def test_weights_that_are_frozen_as_they_were_drawn_are_said():
    words = ["--train.freeze", "backbone"]
    (line,) = idle_options(parse_run(words, "train.py"))
    assert line.startswith(
        "train.freeze=backbone keeps weights that were never trained: set model.weights or model.pre"
    )
    assert idle_options(parse_run([*words, "--model.pretrained", "true", "--train.head_lr", "1"], "train.py")) == []


def test_weights_are_taken_from_one_place_alone():
    words = ["--model.pretrained", "true"]
    (line,) = idle_options(parse_run([*words, "--model.weights", "runs/mine"], "train.py"))
    assert line == "model.pretrained has no effect while model.weights is runs/mine: leave one of them out"
    assert idle_options(parse_run(words, "train.py")) == []


def test_defaults_and_the_package_s_configs_have_none():
    assert idle_options(RunConfig()) == []
    for name in list_configs():
        assert idle_options(parse_run(["--config", name], "train.py")) == [], name
    assert set(flatten(as_dict(RunConfig()))) >= {
        name for options in SWITCHES for name in (*options, SWITCHES[options])
    }


def test_a_run_says_so_before_it_decodes_anything(tmp_path, capfd):
    table = write_tones(tmp_path / "tones")
    (table.parent / "2.wav").write_bytes(b"")
    words = [*OPTIONS, "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache")]
    assert main(["train", *words, "--output_dir", str(tmp_path / "run"), "--augment.cutmix_axis", "frequency"]) == 2
    said = capfd.readouterr()
    assert "augment.cutmix_axis has no effect while augment.cutmix_probability is 0.0: set" in said.out + said.err


def test_to_make_up_for_rare_classes_twice_is_said():
    words = ["--train.class_weights", "balanced", "--train.sampling", "balanced"]
    (line,) = idle_options(parse_run(words, "train.py"))
    assert (
        line == "train.class_weights=balanced and train.sampling=balanced make up for rare classes twice: leave one out"
    )
    assert idle_options(parse_run([*words[:2], "--train.sampling", "square_root"], "train.py")) == []
