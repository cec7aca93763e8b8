"""HEAR's contract: https://hearbenchmark.com/hear-api.html."""

import pytest
import torch

from esc_gpu import EscGpuError, Pipeline
from esc_gpu.inference import hear
from tests.helpers.tiny import RATE


@pytest.fixture(scope="module")
def model(pipeline: Pipeline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hear")
    pipeline.save_pretrained(folder)
    return hear.load_model(str(folder))


def test_the_model_says_its_rate_and_sizes(model):
    assert isinstance(model, torch.nn.Module) and model.sample_rate == RATE
    assert isinstance(model.scene_embedding_size, int) and isinstance(model.timestamp_embedding_size, int)
    with pytest.raises(EscGpuError, match="no model is given; expected the folder of a run"):
        hear.load_model()


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.7])
def test_scenes_and_timestamps_have_their_shapes(model, seconds):
    audio = 2 * torch.rand(2, round(RATE * seconds)) - 1
    scenes = hear.get_scene_embeddings(audio, model)
    assert scenes.shape == (2, model.scene_embedding_size) and scenes.dtype == torch.float32
    embeddings, timestamps = hear.get_timestamp_embeddings(audio, model)
    assert embeddings.shape == (*timestamps.shape, model.timestamp_embedding_size)
    assert embeddings.dtype == torch.float32 and timestamps.shape[0] == 2
    assert timestamps[0].tolist() == [500 * n for n in range(timestamps.shape[1])]  # milliseconds
    assert timestamps.max() < 1000 * seconds <= timestamps.max() + hear.HOP_MS
    # Each sound is alone in its row.
    torch.testing.assert_close(hear.get_scene_embeddings(audio[1:], model), scenes[1:], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(hear.get_timestamp_embeddings(audio[1:], model)[0], embeddings[1:], rtol=1e-4, atol=1e-5)


def test_a_clip_is_embedded_as_the_pipeline_does_and_a_timestamp_is_in_the_middle_of_one(model):
    audio = 2 * torch.rand(1, 3 * RATE) - 1
    clip = audio[:, RATE : 2 * RATE]
    torch.testing.assert_close(hear.get_scene_embeddings(clip, model), model.pipeline.embed(clip))
    embeddings, timestamps = hear.get_timestamp_embeddings(audio, model)
    middle = timestamps[0].tolist().index(1500)
    torch.testing.assert_close(embeddings[:, middle], model.pipeline.embed(clip), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model(clip), hear.get_scene_embeddings(clip, model))


def test_a_scene_is_the_mean_of_windows_that_are_spread_evenly(model):
    audio = 2 * torch.rand(1, 27 * RATE // 10) - 1
    clips = torch.cat([audio[:, start : start + RATE] for start in (0, 3400, 6800, 10200, 13600)])
    expected = model.pipeline.embed(clips).mean(dim=0, keepdim=True)
    torch.testing.assert_close(hear.get_scene_embeddings(audio, model), expected, rtol=1e-4, atol=1e-5)


def test_thirty_two_windows_are_embedded_at_once(model, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        model.pipeline, "embed", lambda clips: sizes.append(len(clips)) or torch.zeros(len(clips), 4), raising=False
    )
    embeddings, timestamps = hear.get_timestamp_embeddings(torch.zeros(3, 11 * RATE // 2), model)
    assert sizes == [32, 1] and embeddings.shape == (3, 11, 4) and timestamps.shape == (3, 11)


def test_other_audio_is_refused(model):
    for audio in (torch.zeros(RATE), torch.zeros(1, RATE, dtype=torch.int16), torch.zeros(1, 0)):
        with pytest.raises(EscGpuError, match=r"expected \(sounds, samples\) float; convert it"):
            hear.get_scene_embeddings(audio, model)
