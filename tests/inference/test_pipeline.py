"""The loadable pipeline: from runs and folders, through save and load."""

from pathlib import Path

import pytest
import torch

from esc_gpu import EscGpuError, Pipeline, load_pipeline
from esc_gpu.inference import pipeline as module
from esc_gpu.model import checkpoint
from esc_gpu.model.explain import embed_and_classify
from tests.helpers.folders import names_in
from tests.helpers.trained_model import FRONTENDS, NAMES, RATE, trained
from tests.helpers.trained_pipeline import FILES, TRAINING


@pytest.fixture
def run_folder(tmp_path, pipeline):
    """Two trained folds, told apart by their training, and what else stands in a run's folder."""
    for fold in (10, 2):
        folder = tmp_path / "run" / f"fold{fold}"
        folder.mkdir(parents=True)
        checkpoint.save(folder, pipeline.model, NAMES, clip_seconds=1.0, training={"fold": fold})
    (tmp_path / "run" / "fold1").mkdir()  # begun
    (tmp_path / "run" / "summary.json").write_text("{}", encoding="utf-8")
    return tmp_path / "run"


# ---- using it


def test_it_gives_the_model_s_logits_and_knows_its_clips(pipeline, clips):
    assert torch.equal(pipeline(clips), pipeline.model(clips))
    assert pipeline.class_names == NAMES and pipeline.training_info == TRAINING
    assert (pipeline.sample_rate, pipeline.clip_seconds, pipeline.n_samples) == (RATE, 1.0, RATE)
    assert pipeline.device == torch.device("cpu") and not pipeline.training and not pipeline.model.training
    int16 = (clips * 32768).round().to(torch.int16)
    assert torch.equal(pipeline(int16), pipeline.model(int16))


def test_the_rate_is_that_of_the_waveforms_not_of_the_features():
    model, _ = trained({**FRONTENDS["logmel"], "sample_rate": 4000, "input_sample_rate": RATE})
    assert Pipeline(model, NAMES, 0.5).sample_rate == RATE
    assert Pipeline(model, NAMES, 0.5).n_samples == RATE // 2 and Pipeline(model, NAMES, 0.5).channel == "mix"


def test_the_backbone_works_in_the_precision_asked_for(pipeline, clips):
    lower = Pipeline(pipeline.model, NAMES, 1.0, precision="bf16")
    with torch.autocast("cpu", torch.bfloat16):
        expected = pipeline.model(clips)
        maps = pipeline.model.backbone.forward_features(pipeline.model.image(clips))
    assert maps.dtype == torch.bfloat16 and lower(clips).dtype == torch.float32
    assert torch.equal(lower(clips), expected.float()) and not torch.equal(lower(clips), pipeline(clips))
    assert expected.dtype == torch.float32 and not torch.equal(expected, expected.bfloat16().float())


def tied(model):
    """Logits of the same clip for all, which in bf16 are the same number: the last is the greatest."""
    with torch.no_grad():
        model.backbone.fc.weight.zero_()
        model.backbone.fc.bias.copy_(torch.tensor([10.0, 10.01, 10.02]))


@pytest.mark.parametrize("replaced", [False, True])
def test_in_half_precision_no_two_logits_become_one(clips, replaced):
    model, _ = trained(FRONTENDS["logmel"])
    if replaced:
        model.backbone.reset_classifier(3)
    tied(model)
    lower = Pipeline(model, NAMES, 1.0, precision="bf16")
    assert lower(clips).argmax(1).tolist() == pipeline_answers(model, clips) == [2] * 4
    with torch.autocast("cpu", torch.bfloat16):
        assert embed_and_classify(model, clips)[1].argmax(1).tolist() == [2] * 4


def pipeline_answers(model, clips):
    return Pipeline(model, NAMES, 1.0)(clips).argmax(1).tolist()


# ---- what could not be loaded again, or would be wrong


@pytest.mark.parametrize("names", [NAMES[:2], [*NAMES, "d"]])
def test_as_many_names_as_outputs(pipeline, names, tmp_path):
    for make in (
        lambda: Pipeline(pipeline.model, names, 1.0),
        lambda: checkpoint.save(tmp_path, pipeline.model, names),
    ):
        with pytest.raises(EscGpuError, match=f"has 3 outputs, and there are {len(names)} class names") as error:
            make()
        assert "\n" not in str(error.value) and not names_in(tmp_path)


def test_the_outputs_are_those_of_the_backbone_as_it_is_now(clips, tmp_path):
    model, _ = trained(FRONTENDS["logmel"])
    model.backbone.reset_classifier(2)
    assert model.num_classes == 2
    with pytest.raises(EscGpuError, match="has 2 outputs, and there are 3 class names"):
        Pipeline(model, NAMES, 1.0)
    pipeline = Pipeline(model, NAMES[:2], 1.0)
    pipeline.save_pretrained(tmp_path)
    assert torch.equal(load_pipeline(tmp_path)(clips), pipeline(clips))


def test_clips_too_short_for_the_front_end_are_refused(pipeline):
    with pytest.raises(EscGpuError, match=r"clip_seconds=0\.001 is too short for logmel, which needs"):
        Pipeline(pipeline.model, NAMES, 0.001)


def test_images_too_narrow_for_bf16_on_a_cpu_are_refused_or_seen_in_float32(tmp_path, monkeypatch):
    model, _ = trained({**FRONTENDS["logmel"], "n_mels": 64})
    assert model.image_shape(RATE * 6 // 10) == (1, 64, 19)
    with pytest.raises(EscGpuError, match="inside test_resnet they are 2 wide where a convolution has a stride of 2"):
        Pipeline(model, NAMES, 0.6, precision="bf16")
    Pipeline(model, NAMES, 0.6, TRAINING).save_pretrained(tmp_path)
    monkeypatch.setattr(module, "is_fast", lambda precision, device: True)
    assert load_pipeline(tmp_path).precision == "no"


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (torch.zeros(RATE), "has the shape (B, T)"),
        (torch.zeros(2, 1, RATE), "has the shape (B, T)"),
        (torch.zeros(2, RATE, dtype=torch.int32), "int16 or floating point"),
        (torch.zeros(0, RATE), "holds no clips"),
        ([0.0] * RATE, "is a tensor"),
        (torch.zeros(2, RATE + 1), f"takes clips of {RATE} samples, 1 s at {RATE} Hz, got {RATE + 1}"),
    ],
)
def test_what_is_no_batch_of_clips_is_refused(pipeline, waveform, message):
    with pytest.raises(EscGpuError) as error:
        pipeline(waveform)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_an_unknown_precision_or_task_is_refused(pipeline):
    with pytest.raises(EscGpuError, match="expected one of no, bf16, fp16"):
        Pipeline(pipeline.model, NAMES, 1.0, precision="fp8")
    with pytest.raises(EscGpuError, match="task must be one of single_label, multi_label, got 'any'"):
        Pipeline(pipeline.model, NAMES, 1.0, task="any")


def test_any_name_that_it_takes_is_loaded_again(pipeline, tmp_path):
    """By the rule for tables: what can be seen, in one form."""
    given = ["vo\u0308gel", "sea\u00a0waves", "👩\u200d🚒"]
    Pipeline(pipeline.model, given, 1.0).save_pretrained(tmp_path)
    assert load_pipeline(tmp_path).class_names == ["vögel", "sea waves", "👩\u200d🚒"]
    for names, message in ((["a", "b", "c\u200f"], "U\\+200F"), (["a", "do\u200dg", "dog"], "looks like")):
        with pytest.raises(EscGpuError, match=message):
            Pipeline(pipeline.model, names, 1.0)


# ---- load_pipeline


def test_of_a_run_it_loads_the_lowest_fold_or_the_one_asked_for(run_folder, pipeline, clips):
    assert load_pipeline(run_folder).training_info["fold"] == 2
    assert load_pipeline(str(run_folder), fold=10).training_info["fold"] == 10
    loaded = load_pipeline(run_folder / "fold10")
    assert loaded.training_info["fold"] == 10 and torch.equal(loaded(clips), pipeline(clips))
    assert loaded.class_names == NAMES and loaded.clip_seconds == 1.0 and not loaded.model.training


def test_the_precision_is_that_of_the_training_where_it_is_fast(tmp_path, pipeline, monkeypatch):
    pipeline.save_pretrained(tmp_path)
    for fast, expected in (({("bf16", "cpu")}, "bf16"), (set(), "no")):
        monkeypatch.setattr(module, "is_fast", lambda precision, device, fast=fast: (precision, device.type) in fast)
        assert load_pipeline(tmp_path).precision == expected
    assert load_pipeline(tmp_path, precision="no").precision == "no"
    checkpoint.save(tmp_path, pipeline.model, NAMES, training={**TRAINING, "mixed_precision": "no"})
    assert load_pipeline(tmp_path).precision == "no"


def test_mistakes_of_loading_are_one_line(run_folder):
    mistakes = {
        "has no trained fold 3; expected one of 2, 10": lambda: load_pipeline(run_folder, fold=3),
        "fold=2 works only with the folder of a run": lambda: load_pipeline(run_folder / "fold2", fold=2),
        "fold=1 works only with the folder of a run": lambda: load_pipeline("hf-hub:user/name", fold=1),
        "holds no model.safetensors": lambda: load_pipeline(run_folder / "fold1"),
        "is not a folder": lambda: load_pipeline(run_folder / "nothing"),
        "there is no device cuda:99 here": lambda: load_pipeline(run_folder, device="cuda:99"),
        "there is no device gpu here": lambda: load_pipeline(run_folder, device="gpu"),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(EscGpuError) as error:
            mistake()
        assert message in str(error.value) and "\n" not in str(error.value)


# ---- save_pretrained, from_pretrained


@pytest.mark.parametrize("name", ["logmel", "trainable", "stack"])
def test_saved_and_loaded_it_gives_the_same_logits(tmp_path, clips, name):
    pipeline = Pipeline(trained(FRONTENDS[name])[0], NAMES, 1.0, TRAINING)
    pipeline.save_pretrained(tmp_path / "new" / "folder")
    assert names_in(tmp_path / "new" / "folder") == FILES
    for loaded in (Pipeline.from_pretrained(tmp_path / "new" / "folder"), load_pipeline(tmp_path / "new" / "folder")):
        loaded.precision = "no"
        assert torch.equal(loaded(clips), pipeline(clips))
        assert loaded.class_names == NAMES and loaded.clip_seconds == 1.0 and loaded.training_info == TRAINING


def test_nothing_is_unpickled(tmp_path, pipeline, monkeypatch):
    pipeline.save_pretrained(tmp_path)
    for name in ("pytorch_model.bin", "model.pt", "state.pt"):
        (tmp_path / name).write_bytes(b"cposix\nsystem\n(S'true'\ntR.")

    def refuse(*arguments, **options):
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(f"pickle.{name}", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    Pipeline.from_pretrained(tmp_path)


def test_saving_again_replaces_what_it_wrote(tmp_path, pipeline):
    Pipeline(pipeline.model, NAMES, 1.0).save_pretrained(tmp_path)
    pipeline.save_pretrained(tmp_path)
    assert names_in(tmp_path) == FILES and "87.50 %" in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", [b"# My work\n", b"---\nlibrary_name: timm\n---\n", b"---\n[1, {\n---\n", b"\xff"])
def test_a_readme_of_another_kind_is_left_alone(tmp_path, pipeline, readme):
    (tmp_path / "README.md").write_bytes(readme)
    with pytest.raises(EscGpuError, match="has a README.md that is not a model card"):
        pipeline.save_pretrained(tmp_path)
    assert names_in(tmp_path) == {"README.md"} and (tmp_path / "README.md").read_bytes() == readme


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, pipeline, monkeypatch):
    def fail(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(EscGpuError, match="cannot write to .*No space left on device"):
        pipeline.save_pretrained(tmp_path)
    assert not list(tmp_path.iterdir())
