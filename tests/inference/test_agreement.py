"""When an exported file can stand for its checkpoint."""

from types import SimpleNamespace

import pytest
import torch

from esc_gpu.inference import agreement as module
from esc_gpu.inference.agreement import TOLERANCE, Agreement, measure_agreement, of_length, other_lengths
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.model.explain import embed
from tests.helpers.bars import watch_bars
from tests.helpers.exported import NAMES, make_pipeline, tones
from tests.helpers.tiny import RATE


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline()


def test_a_logit_that_is_not_finite_is_no_agreement():
    nan = float("nan")
    assert Agreement(4, TOLERANCE, 0, 4, (), TOLERANCE).holds
    assert not Agreement(4, nan, 0, 0, (), 0.0).holds and not Agreement(4, 0.0, 0, 0, (), nan).holds


@pytest.mark.parametrize(("off", "holds"), [(0.9e-3, True), (1.1e-3, False), (float("nan"), False)])
def test_the_tolerance(pipeline, off, holds):
    def answer(clips):
        logits = pipeline(clips).detach().clone()
        logits[:, logits[0].argmin()] += off * (len(clips) > 1)  # not in the first batch, of one clip
        return logits

    agreement = measure_agreement(answer, pipeline, tones(), progress=False)
    assert agreement.holds is holds
    assert agreement.max_difference == pytest.approx(off, rel=1e-2, nan_ok=True)


@pytest.mark.parametrize("progress", [True, False])
def test_the_first_clip_is_alone_and_eight_others_come_at_once(monkeypatch, progress):
    sizes, bars = [], watch_bars(monkeypatch, module)

    def answer(clips):
        sizes.append(tuple(clips.shape))
        return torch.zeros(len(clips), 3)

    model = SimpleNamespace(model=answer, precision="no", task="single_label")
    assert measure_agreement(answer, model, torch.zeros(18, 20), progress, (10,)).holds
    assert sizes[::2] == sizes[1::2] == [(1, 20), (8, 20), (8, 20), (1, 20), (8, 10)]
    ((options, bar),) = bars
    assert (options["disable"], bar.total, bar.n) == (not progress, 18, 18 * progress)


def test_another_likeliest_class_is_no_agreement_however_close(pipeline):
    def tie(clips):
        return torch.tensor([[0.0, 0.0, 1e-4]]).expand(len(clips), 3)

    tied = SimpleNamespace(model=tie, precision="no", task="single_label")
    agreement = measure_agreement(lambda clips: tie(clips).flip(1), tied, tones(), progress=False)
    assert (agreement.max_difference, agreement.n_other_classes) == (pytest.approx(1e-4), 5) and not agreement.holds


def test_what_the_pipeline_answers_in_its_own_precision_is_compared_too(pipeline, monkeypatch):
    lower = Pipeline(pipeline.model, NAMES, 1.0, precision="bf16")
    agreement = measure_agreement(pipeline.model, lower, tones(), progress=False)
    assert agreement.n_other_predictions == int((lower(tones()).argmax(1) != pipeline(tones()).argmax(1)).sum())
    monkeypatch.setattr(Pipeline, "forward", lambda self, clips: -self.model(clips))
    agreement = measure_agreement(pipeline.model, lower, tones(), progress=False)
    assert agreement.n_other_predictions == 5 and agreement.n_other_classes == 0 and agreement.holds


def test_other_lengths_are_compared_too(pipeline):
    def off_where_longer(clips):
        return pipeline.model(clips) + (0.5 if clips.shape[1] > RATE else 0.0)

    assert measure_agreement(off_where_longer, pipeline, tones(), False).max_difference == 0
    agreement = measure_agreement(off_where_longer, pipeline, tones(), False, (300, RATE + 5))
    assert agreement.max_difference == pytest.approx(0.5) and not agreement.holds
    assert agreement.n_clips == 5 and agreement.lengths == (300, RATE + 5)


@pytest.mark.parametrize(("factor", "holds"), [(1.0005, True), (1.002, False), (float("nan"), False)])
def test_embeddings_are_compared_by_their_largest_number(pipeline, factor, holds):
    def answer(clips):
        return pipeline.model(clips), embed(pipeline.model, clips) * factor

    agreement = measure_agreement(answer, pipeline, tones(), progress=False)
    assert agreement.holds is holds and agreement.max_difference == 0
    assert agreement.embedding_difference == pytest.approx(factor - 1, rel=1e-2, nan_ok=True)


def test_the_lengths_at_which_a_file_is_tried():
    assert other_lengths(256, 8000) == (256, 4001, 10667)
    assert other_lengths(5000, 8000) == (5000, 10667)
    clips = torch.arange(6.0).reshape(2, 3)
    assert of_length(clips, 2).tolist() == [[0, 1], [3, 4]]
    assert of_length(clips, 5).tolist() == [[0, 1, 2, 3, 4], [3, 4, 5, 0, 1]]
