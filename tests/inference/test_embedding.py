"""Embeddings of recordings: the windows that are classified, in batches that files share."""

import numpy as np
import pytest
import soundfile
import torch

from esc_gpu import EscGpuError
from esc_gpu.inference import embedding as module
from esc_gpu.inference.embedding import Embeddings, embed_files
from esc_gpu.inference.predict import predict_file
from esc_gpu.model.explain import embed
from tests.helpers.bars import watch_bars
from tests.helpers.tiny import RATE, write_tone


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded")
    for number, seconds in enumerate((1.0, 3.3, 0.4)):
        write_tone(folder / f"{number}.wav", 500, seconds, number)
    (folder / "bad.wav").write_text("no sound", encoding="utf-8")
    return [folder / f"{number}.wav" for number in range(3)]


def test_a_pipeline_embeds_as_its_model_and_the_last_layer_turns_that_into_logits(pipeline, clips):
    embeddings = pipeline.embed(clips)
    assert embeddings.dtype == torch.float32 and torch.equal(embeddings, embed(pipeline.model, clips))
    torch.testing.assert_close(pipeline.model.backbone.fc(embeddings), pipeline(clips))
    with pytest.raises(EscGpuError, match="takes clips of 8000 samples"):
        pipeline.embed(clips[:, 1:])


def test_windows_are_those_that_are_classified_whatever_the_batches(pipeline, files, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        type(pipeline), "embed", lambda self, batch: sizes.append(len(batch)) or embed(self.model, batch)
    )
    embedded = embed_files(pipeline, files, batch_size=3)
    predictions = [predict_file(pipeline, file) for file in files]
    assert embedded.start_seconds.tolist() == [s for p in predictions for s in p.starts_seconds.tolist()]
    assert embedded.file.tolist() == [n for n, p in enumerate(predictions) for _ in p.starts_seconds]
    assert sizes == [3, 3, 2] and embedded.values.dtype == np.float32
    with torch.no_grad():
        logits = pipeline.model.backbone.fc(torch.from_numpy(embedded.values))
    expected = np.concatenate([p.window_probabilities for p in predictions])
    np.testing.assert_allclose(logits.softmax(dim=1), expected, atol=1e-6)
    pooled = embedded.pooled()
    assert pooled.file.tolist() == [0, 1, 2] and not pooled.start_seconds.any()
    np.testing.assert_allclose(pooled.values[1], embedded.values[embedded.file == 1].mean(axis=0), rtol=1e-5)
    assert len(embed_files(pipeline, files, overlap=None).file) == 3


def test_rows_are_pooled_in_float64():
    windows = Embeddings(np.array([2, 2, 2, 5]), np.arange(4.0), np.array([[1e8], [1], [-1e8], [7]], dtype=np.float32))
    pooled = windows.pooled()
    assert pooled.file.tolist() == [2, 5] and pooled.values.tolist() == [[np.float32(1 / 3)], [7]]
    assert pooled.values.dtype == np.float32
    assert Embeddings(windows.file[:0], windows.start_seconds[:0], windows.values[:0]).pooled().values.shape == (0, 1)


@pytest.mark.parametrize("asked", [{}, {"progress": True}], ids=["quiet", "asked for"])
def test_a_bar_counts_the_files_and_32_windows_are_embedded_at_once(pipeline, files, monkeypatch, asked):
    sizes, bars = [], watch_bars(monkeypatch, module)
    monkeypatch.setattr(
        type(pipeline), "embed", lambda self, batch: sizes.append(len(batch)) or torch.zeros(len(batch), 4)
    )
    assert len(embed_files(pipeline, files, 0.93, **asked).file) == sum(sizes) == 36 and sizes == [32, 4]
    ((options, bar),) = bars
    assert (options["disable"], bar.total, bar.n) == (not asked, 3, 3 if asked else 0)


def test_a_damaged_file_leaves_no_rows_and_is_told_of(pipeline, files, tmp_path, monkeypatch):
    told = []
    bad = files[0].parent / "bad.wav"
    embedded = embed_files(pipeline, [bad, files[0]], failed=lambda path, error: told.append((path, str(error))))
    assert embedded.file.tolist() == [1] and [path for path, _ in told] == [bad]
    with pytest.raises(EscGpuError, match="Format not recognised"):
        embed_files(pipeline, [files[0], bad])
    with pytest.raises(EscGpuError, match="no file could be embedded; expected one or more that can be decoded"):
        embed_files(pipeline, [bad], failed=lambda path, error: None)
    # One that breaks off after its first windows.
    samples = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE)
    samples[-10:] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, "FLOAT")
    monkeypatch.setattr("esc_gpu.inference.predict.SPAN_SECONDS", 1)
    kept = embed_files(pipeline, [tmp_path / "nan.wav", files[0]], failed=lambda *_: None, batch_size=1)
    assert kept.file.tolist() == [1]
    windows = module.file_windows

    def cut_short(*given):
        *whole, batches = windows(*given)
        return *whole, (batch for batch in batches if given[1] == files[0] or told.append("a window") or cut(batch))

    def cut(batch):
        if told.count("a window") == 2:
            raise EscGpuError("cut short")
        return True

    monkeypatch.setattr(module, "file_windows", cut_short)
    kept = embed_files(pipeline, [files[1], files[0]], failed=lambda *_: None, batch_size=1)
    assert kept.file.tolist() == [1] and told.count("a window") == 2


def test_a_model_that_returns_nan_is_an_error(pipeline, files, monkeypatch):
    monkeypatch.setattr(type(pipeline), "embed", lambda self, batch: torch.full((len(batch), 4), torch.nan))
    with pytest.raises(EscGpuError, match="the model returns NaN"):
        embed_files(pipeline, files)
