"""A training that starts from a trained model: what it takes of it, and of which fold."""

import json
import warnings

import pytest
import torch

from esc_gpu import EscGpuError
from esc_gpu.errors import EscGpuWarning
from esc_gpu.model import checkpoint
from esc_gpu.model.trained_start import find_start
from esc_gpu.training.build_model import build_model
from tests.helpers.small_model import small_frontend, small_model
from tests.helpers.tiny import RATE, parsed

NAMES = list("abcde")
TRAINING = {"recordings": "ESC-50", "subset": "esc10", "fold": 1, "licence": "CC BY 3.0"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose two folds have different weights."""
    folder = tmp_path_factory.mktemp("made") / "pretrained"
    for fold in (1, 2):
        torch.manual_seed(fold)
        model = small_model()
        model.fit_normalization(fold * torch.randn(4, RATE))
        (folder / f"fold{fold}").mkdir(parents=True)
        checkpoint.save(folder / f"fold{fold}", model, NAMES, clip_seconds=1.0, training=TRAINING)
    return folder


def state(folder):
    return checkpoint.load(folder).state_dict()


def build(run, *options, fold=None, names=NAMES):
    return build_model(parsed("--model.weights", str(run), *options), len(names), fold, names)


@pytest.mark.parametrize(("fold", "taken"), [(None, 1), (2, 2), (3, 1)])
def test_the_model_of_the_fold_is_taken_whole_with_its_normalisation(run, fold, taken):
    with warnings.catch_warnings():
        warnings.simplefilter("error", EscGpuWarning)
        model = build(run, fold=fold)
    expected = state(run / f"fold{taken}")
    assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())
    assert model.normalization.fitted
    assert model.start == {"name": "pretrained", **TRAINING, "normalization": True}


@pytest.mark.parametrize("names", [["a", "b", "c", "d", "other"], ["a", "b", "c"], NAMES[::-1]])
def test_other_classes_get_a_new_last_layer_even_where_there_are_as_many(run, names):
    torch.manual_seed(7)
    with pytest.warns(EscGpuWarning, match="gets a new") as said:
        model = build(run / "fold2", names=names)
    assert len([warning for warning in said if issubclass(warning.category, EscGpuWarning)]) == 1
    expected, found = state(run / "fold2"), model.state_dict()
    assert found["backbone.fc.weight"].shape[0] == len(names)
    differing = {name for name, value in found.items() if not torch.equal(value, expected[name])}
    assert differing == {"backbone.fc.weight", "backbone.fc.bias"} and found["backbone.fc.weight"].std() > 0
    assert model.normalization.fitted and type(model.backbone.fc).__name__ == "Float32Linear"


def test_other_features_keep_the_backbone_alone_and_say_so(run):
    with pytest.warns(EscGpuWarning, match="trained on other features, n_mels being different: only the weights of"):
        model = build(run, "--frontend.n_mels", "8")
    assert not model.normalization.fitted and model.start["normalization"] is False
    expected = state(run / "fold1")
    assert torch.equal(model.state_dict()["backbone.conv1.0.weight"], expected["backbone.conv1.0.weight"])


def test_a_file_gives_the_backbone_alone(run):
    model = build(run / "fold1/model.safetensors")
    assert not model.normalization.fitted and model.start is None


def test_the_kernels_of_a_trainable_front_end_go_with_it(tmp_path):
    from esc_gpu import WaveformClassifier

    options = {"backend": "nnaudio", "trainable_mel": True}
    before = WaveformClassifier(small_frontend(**options), 5, "test_resnet")
    before.fit_normalization(torch.randn(4, RATE))
    with torch.no_grad():
        for kernels in before.frontend.parameters():
            kernels.mul_(1.5)
    checkpoint.save(tmp_path, before, NAMES, clip_seconds=1.0)
    words = ("--frontend.backend", "nnaudio", "--frontend.trainable_mel", "true")
    after = build(tmp_path, *words)
    assert all(
        torch.equal(*pair) for pair in zip(after.frontend.parameters(), before.frontend.parameters(), strict=True)
    )


def test_what_holds_no_model_is_refused_in_a_line(tmp_path):
    with pytest.raises(EscGpuError, match="model.weights: there is no file .*nowhere; correct the name"):
        find_start(tmp_path / "nowhere")
    with pytest.raises(EscGpuError, match="holds no model.safetensors: name the folder of a run or of a fold"):
        find_start(tmp_path)
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "pipeline.json").write_text(json.dumps({"class_names": ["a"]}), encoding="utf-8")
    with pytest.raises(EscGpuError, match=r"pipeline.json does not describe a pipeline \('frontend'\): save it again"):
        find_start(tmp_path)
