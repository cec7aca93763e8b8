"""The backbone: timm's models by name, their weights and options."""

import pytest
import safetensors.torch
import timm
import torch

from esc_gpu import EscGpuError, WaveformClassifier
from tests.helpers.small_model import small_frontend


def test_backbone_weights_from_a_local_file(tmp_path):
    donor = timm.create_model("test_resnet", num_classes=7)
    safetensors.torch.save_file(donor.state_dict(), tmp_path / "weights.safetensors")
    try:
        model = WaveformClassifier(small_frontend(), 5, "test_resnet", weights=tmp_path / "weights.safetensors")
    except EscGpuError as error:
        pytest.fail(f"local weights were refused: {error}")
    torch.testing.assert_close(
        model.backbone.state_dict()["layer1.0.conv1.weight"], donor.state_dict()["layer1.0.conv1.weight"]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "resnt18"}, "no model 'resnt18'; did you mean 'resnet18'"),
        ({"backbone": "test_resnet", "weights": "/nowhere.bin"}, "no file /nowhere.bin"),
        ({"backbone": "test_resnet", "backbone_options": {"colour": 3}}, "could not make 'test_resnet'"),
        ({"backbone": "test_resnet", "backbone_options": {"global_pool": "sum"}}, "Invalid pool type: sum"),
    ],
)
def test_errors(options, message):
    with pytest.raises(EscGpuError, match=message):
        WaveformClassifier(small_frontend(), 5, **options)
