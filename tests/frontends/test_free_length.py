"""Graphs for clips of any length: the same numbers at each, from the shortest clip on that is said."""

import pytest
import torch
from torch.export import Dim

from esc_gpu import create_frontend
from esc_gpu.frontends.free_length import fixed_length, least_free
from tests.helpers.clips import noise

LOGMEL = {"name": "logmel", "n_fft": 256, "hop_length": 80, "n_mels": 16}
# A smoother over more than a block, long kernels, derivatives, members off the grid, and a resampling before them.
STACK = {
    "name": "stack",
    "sample_rate": 8000,
    "input_sample_rate": 11025,
    "members": [
        {"name": "pcen", "n_fft": 256, "hop_length": 80, "n_mels": 16},
        {"name": "cqt", "hop_length": 160, "n_bins": 24, "fmin": 200.0},
        {"name": "delta", "member": LOGMEL, "order": 1},
    ],
}


def test_a_stack_gives_the_same_at_every_length():
    layer = create_frontend(**STACK)
    least = least_free(layer)
    samples, example = Dim("samples", min=least), torch.zeros(2, 9001)
    with torch.no_grad():
        program = torch.export.export(
            layer,
            (example,),
            dynamic_shapes=({0: Dim("batch"), 1: samples},),
            prefer_deferred_runtime_asserts_over_guards=True,
        )
        graph = program.module()
        for n_samples in least, least + 1, 9001, 40000, 60001:  # of which the last have 363 and 545 frames
            waveform = noise(2, n_samples)
            torch.testing.assert_close(graph(waveform), layer(waveform), rtol=1e-3, atol=1e-3)
        with pytest.raises(AssertionError, match=f"Guard failed: .* >= {least}"):
            graph(noise(1, least - 1))


@pytest.mark.parametrize("options", [{"input_sample_rate": 44100}, {"pad_short": True}, {"center": False}], ids=str)
def test_the_least_clip_has_a_frame_more_than_the_shortest_one(options):
    layer = create_frontend(**LOGMEL, sample_rate=16000, **options)
    least, frames = least_free(layer), layer.n_frames(layer.min_samples)
    assert layer.n_frames(least) == frames + 1 and layer.n_frames(least - 1) == frames


def test_that_of_layers_made_of_others_is_enough_for_each():
    delta = create_frontend("delta", sample_rate=16000, member=LOGMEL)
    assert delta.layer.n_frames(least_free(delta)) == delta.width + 1
    stack = create_frontend("stack", sample_rate=16000, members=[LOGMEL, {"name": "delta", "member": LOGMEL}])
    assert least_free(stack) == least_free(delta)
    doubled = create_frontend("stack", sample_rate=16000, input_sample_rate=32000, members=stack.members)
    assert least_free(doubled) == 2 * least_free(delta) - 1


def test_a_model_s_input_has_one_length():
    for option, value in ("clip_seconds", 1.0), ("image_frames", 100):
        layer = create_frontend("model_input", sample_rate=16000, member=LOGMEL, **{option: value})
        assert fixed_length(layer).startswith(f"{option} of model_input cuts longer clips")
        stack = create_frontend("stack", sample_rate=16000, members=[LOGMEL, layer.spec])
        assert fixed_length(stack).startswith(f"its member model_input: {option} of")
    assert fixed_length(create_frontend("model_input", sample_rate=16000, member=LOGMEL, mean=1.0)) is None
    assert fixed_length(create_frontend(**STACK)) is None
