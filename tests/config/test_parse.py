"""Every config parses and builds; every mistake in one is named."""

import dataclasses

import pytest
import torch
import yaml

from esc_gpu import EscGpuError
from esc_gpu.config.checks import check_config
from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.frontend_options import known_options
from esc_gpu.config.help import field_texts
from esc_gpu.config.options import as_dict, plain
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig
from esc_gpu.frontends.registry import frontend_class, list_backends, list_frontends
from esc_gpu.frontends.signature import option_names, option_parameters, option_texts
from esc_gpu.training.build_model import build_model
from tests.helpers.paths import REPOSITORY

CONFIGS = sorted(path for path in (REPOSITORY / "configs").glob("*.yaml") if path.stem != "sweep")


def test_the_promised_configs_are_there():
    assert {path.stem for path in CONFIGS} >= {
        "logmel",
        "spectrogram",
        "mfcc",
        "cqt",
        "logmel_mfcc_cqt",
        "logmel_three_resolutions",
        "nnaudio_trainable_logmel",
        "gammatone",
        "pcen",
        "logmel_delta",
        "demo",
    }


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_parses_builds_and_classifies(path, recwarn):
    config = parse_run(["--config", str(path)], "train.py")
    check_config(config)
    model = build_model(config, 4)
    n_samples = round(config.data.sample_rate * config.data.clip_seconds)
    waveform = 0.1 * torch.randn(2, n_samples, generator=torch.Generator().manual_seed(0))
    image = model.frontend(waveform)
    assert image.shape[1:] == model.frontend.output_shape(n_samples)
    assert not [w for w in recwarn if "mel bands" in str(w.message)]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_holds_only_differences_and_says_why(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    given, defaults = yaml.safe_load(text), dataclasses.asdict(RunConfig())
    frontend = given.pop("frontend", {})
    assert parse_run(["--config", str(path)], "train.py").frontend.options.keys() == frontend.keys() - {
        "name",
        "backend",
    }
    for section, values in given.items():
        for key, value in values.items():
            assert defaults[section][key] != value, f"{section}.{key} is the default"


@pytest.mark.parametrize("name", list_frontends())
def test_every_option_of_a_front_end_is_one_of_the_command_line(name):
    for backend in list_backends(name):
        # The clips' rate is data.sample_rate.
        assert set(option_names(frontend_class(name, backend))) <= set(known_options(name, backend))
        assert set(known_options(name, backend)) <= set(known_options(name))
    native = {parameter.name: parameter.default for parameter in option_parameters(frontend_class(name))}
    words = ["--frontend.name", name]
    for option in native.keys() - {"sample_rate", "input_sample_rate", "members", "member"}:
        words += [f"--frontend.{option}", str(plain(native[option])).replace("None", "null")]
    if name == "stack":
        words += ["--frontend.members", "[{name: logmel}]"]
    elif "member" in native:
        words += ["--frontend.member", "{name: logmel}"]
    given = {"sample_rate", "input_sample_rate", "members", "member"}
    assert parse_run(words, "train.py").frontend.options.keys() <= given  # all others are the defaults


def test_features_at_a_rate_of_their_own():
    config = parse_run(["--frontend.name", "logmel", "--frontend.sample_rate", "16000"], "train.py")
    frontend = build_model(config, 4).frontend
    assert (frontend.sample_rate, frontend.input_rate) == (16000, 44100)


def test_the_command_line_overrides_the_file(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("frontend: {name: mfcc, n_mfcc: 20}\ntrain: {epochs: 3}\n", encoding="utf-8")
    config = parse_run(["--config", str(file), "--frontend.n_mfcc", "13", "--folds", "[1,2]"], "train.py")
    assert (config.frontend, config.train.epochs) == (FrontendConfig("mfcc", n_mfcc=13), 3)
    assert config.folds == [1, 2] and parse_run(["--folds", "2"], "train.py").folds == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (False, False)),
        (["--resume"], (True, False)),
        (["--resume", "--overwrite", "true"], (True, True)),
        (["--overwrite", "--folds", "2"], (False, True)),
        (["--resume", "false", "--overwrite=true"], (False, True)),
    ],
)
def test_switches_need_no_value(arguments, expected):
    config = parse_run(arguments, "train.py")
    assert (config.resume, config.overwrite) == expected


def test_a_parse_knows_nothing_of_the_one_before(tmp_path):
    """Of one parser, which is kept."""
    (tmp_path / "a.yaml").write_text(
        "train: {epochs: 7}\nmodel: {options: {drop_rate: 0.5}}\nfolds: [1, 2]\n", encoding="utf-8"
    )
    changed = parse_run(["--config", str(tmp_path / "a.yaml"), "--frontend.n_mels", "8"], "train.py")
    changed.model.options["drop_rate"] = changed.folds[0] = 9
    with pytest.raises(EscGpuError):
        parse_run(["--train.epochs", "3", "--train.lr", "much"], "train.py")
    first = parse_run([], "train.py")
    assert first == RunConfig()
    first.model.options["drop_rate"] = 0.5
    assert parse_run([], "train.py") == RunConfig()


def test_a_dumped_config_gives_the_same_run(tmp_path):
    config = parse_run(["--config", str(CONFIGS[0].with_name("logmel_mfcc_cqt.yaml"))], "train.py")
    file = tmp_path / "dump.yaml"
    file.write_text(yaml.safe_dump(as_dict(config)), encoding="utf-8")
    assert parse_run(["--config", str(file)], "train.py") == config


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--frontend.n_mel", "3"], "no option 'frontend.n_mel'; did you mean 'frontend.n_mels'?; logmel has "),
        (["--frontend.n_mels", "many"], "frontend.n_mels: Expected a int. Got value: many"),
        (["--frontend.fmax", "high"], "frontend.fmax: expected float or null, got 'high'"),
        (["--frontend.sr", "8000"], "no option 'frontend.sr': write sample_rate; logmel has "),
        (["--frontend.n_mels"], "--frontend.n_mels has no value; expected one"),
        (["--frontend.n_mels", "--resume"], "--frontend.n_mels has no value; expected one"),
        (["--frontend.name", "mfc"], "got 'mfc'; did you mean 'mfcc'?"),
        (["--frontend.backend", "nativ"], "got 'nativ'; did you mean 'native'?"),
        (
            ["--frontend.name", "cqt", "--frontend.n_mels", "8"],
            "did you mean 'frontend.kernels'?; cqt has name, backend, scale, ",
        ),
        (["--frontend.input_sample_rate", "8000"], "frontend.input_sample_rate always equals data.sample_rate"),
        (["--frontend.help", "mfc"], "got 'mfc'; did you mean 'mfcc'?"),
        (
            ["--frontend.name", "stack", "--frontend.members", "3"],
            "frontend.members is 3; expected a list of front-ends",
        ),
        (["--data.workers", "x"], "data.workers: expected int or null, got 'x'"),
        (["--train.threads", "x"], "train.threads: expected int or null, got 'x'"),
        (["--data.subset", "esc11"], "data.subset: Expected a one of 'all', 'esc10'. Got value: esc11"),
        (["--config", "/nowhere.yaml"], "/nowhere.yaml"),
        (["stray"], "no option 'stray'"),
    ],
)
def test_mistakes_on_the_command_line(arguments, message):
    with pytest.raises(EscGpuError) as raised:
        parse_run(arguments, "train.py")
    assert message in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frontned: {name: mfcc}", "did you mean 'frontend.name'"),
        ("frontend: {nam: mfcc}", "no option 'frontend.nam'; did you mean 'frontend.name'"),
        ("frontend: {name: stack, members: [{nam: mfcc}]}", "did you mean 'frontend.members[0].name'"),
        (
            "frontend: {name: stack, members: [[mfcc]]}",
            "frontend.members[0] is ['mfcc']; expected a front-end such as {name:",
        ),
        ("frontend: {name: stack, members: [mfc]}", "frontend.members[0].name must be one of"),
        ("frontend: {name: delta, member: {name: mfcc, n_mfc: 3}}", "did you mean 'frontend.member.n_mfcc'"),
        ("train: {epochs: many}", "train.epochs: Expected a int. Got value: many"),
        ("train: [", "parsing config"),
        ("data: {root: !!python/object/apply:os.system ['true']}", "config"),
    ],
)
def test_mistakes_in_a_file(tmp_path, text, message):
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EscGpuError) as raised:
        parse_run(["--config", str(file)], "train.py")
    assert message in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--train.epochs", "0"], "train.epochs must be positive"),
        (["--train.lr", "-1"], "train.lr must be positive"),
        (["--train.threads", "1025"], "train.threads must not be more than 1024, got 1025"),
        (["--augment.gain_db", "-3"], "augment.gain_db must not be negative"),
        (["--train.label_smoothing", "1.5"], "train.label_smoothing must be from 0 to 1"),
        (["--augment.crop_seconds", "6"], "augment.crop_seconds must not be more than data.clip_seconds=5, got 6"),
        (["--augment.cutmix_probability", "1.5"], "augment.cutmix_probability must be from 0 to 1"),
        *(
            ([f"--augment.{name}", value], f"augment.{name} must not be more than {limit}, got {value}")
            for name, value, limit in (
                *(("shift_seconds", "3601.0", 3600), ("speed", "1.5", 1), ("gain_db", "61.0", 60)),
                *(("equalizer_db", "61.0", 60), ("mixup_alpha", "101.0", 100), ("filter_std", "11.0", 10)),
                *(("freq_masks", "21", 20), ("time_masks", "21", 20)),
            )
        ),
        *(
            ([f"--{name}", ".inf"], f"{name} must be finite, got inf")
            for name in (
                *("augment.shift_seconds", "augment.speed", "augment.gain_db", "augment.filter_std", "train.lr"),
                *("train.frontend_lr", "train.weight_decay", "train.warmup_epochs", "train.clip_norm"),
            )
        ),
        (["--augment.mixup_alpha", ".nan"], "augment.mixup_alpha must not be negative, got nan"),
        (["--augment.crop_seconds", "1e-9"], "augment.crop_seconds must be 0 .* or at least one sample, got 1e-09"),
        (["--train.warmup_epochs", "31"], "train.warmup_epochs must not be more than train.epochs=30, got 31"),
        *(
            (
                [f"--augment.{name}", value],
                rf"augment.{name} must be \[lowest, highest\], from -{limit} to {limit}, got \[",
            )
            for name, limit in (("noise_snr_db", 100), ("noise_exponent", 4))
            for value in ("[.nan, 1]", "[1, .nan]", "[-.inf, 1]", "[0, .inf]", "[2, 1]", "[101, 101]", "[-101, 0]")
        ),
        (["--augment.freq_warp", "1"], "augment.freq_warp must be from 0 to below 1"),
        (["--train.ema_decay", "1"], "train.ema_decay must be from 0 to below 1"),
        (["--model.test_shifts", "0"], "model.test_shifts must be positive"),
        (["--train.seed", "-1"], "train.seed must not be negative"),
        (["--data.sample_rate", "0"], "data.sample_rate must be positive"),
        (["--train.compile", "reduce-overhead", "--train.accumulation", "2"], "train.compile=reduce-overhead keeps"),
    ],
)
def test_numbers_out_of_range(arguments, message):
    with pytest.raises(EscGpuError, match=message):
        check_config(parse_run(arguments, "train.py"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--train.epochs", "1"],  # the default warm-up is longer
        ["--train.epochs", "5", "--train.warmup_epochs", "5"],
        ["--augment.noise_snr_db", "[20, 20]", "--augment.noise_exponent", "[-4, 4]"],
        ["--data.clip_seconds", "1"],  # the default shift goes round
    ],
)
def test_numbers_at_the_end_of_their_range(arguments):
    check_config(parse_run(arguments, "train.py"))


def test_every_option_has_a_help_text():
    for cls in (RunConfig, *(type(value) for value in vars(RunConfig()).values() if dataclasses.is_dataclass(value))):
        if cls is not FrontendConfig:
            assert field_texts(cls).keys() == {field.name for field in dataclasses.fields(cls)}
    for name in list_frontends():
        for backend in list_backends(name):
            assert all(option_texts(frontend_class(name, backend)).values()), f"{name} ({backend})"


def test_a_file_is_in_utf8_whatever_the_system_reads_with_or_without_a_mark_and_crlf(tmp_path, monkeypatch):
    def open_as_windows(file, mode="r"):
        return open(file, mode, encoding="cp1252")

    monkeypatch.setattr("jsonargparse._paths.open", open_as_windows, raising=False)
    (tmp_path / "base.yaml").write_bytes("output_dir: läufe–Ё\r\n".encode("utf-8-sig"))
    (tmp_path / "run.yaml").write_bytes(b"config: base.yaml\r\ntrain:\r\n  epochs: 3\r\n")
    config = parse_run(["--config", str(tmp_path / "run.yaml")], "train.py")
    assert config.output_dir == "läufe–Ё" and config.train.epochs == 3
    section = tmp_path / "features.yaml"
    section.write_bytes("name: mfcc\r\nn_mfcc: 7\r\n".encode("utf-8-sig"))
    assert parse_run(["--frontend", str(section)], "train.py").frontend.arguments()["n_mfcc"] == 7
