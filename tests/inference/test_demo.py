"""The demo: its answers and its errors."""

import re

import numpy as np
import pytest
import soundfile

from esc_gpu.errors import EscGpuError
from esc_gpu.inference import demo as module
from esc_gpu.inference.demo import answer, check_recording, describe, load_models, picture, read_part
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.inference.predict import predict_file
from tests.helpers.demo_material import BAD
from tests.helpers.tiny import RATE


def test_the_answer_for_a_short_sound_is_that_of_one_window(models, sounds):
    said = answer(models["logmel"], sounds / "short.wav")
    expected = predict_file(models["logmel"], sounds / "short.wav")
    assert said.probabilities == {name.replace("_", " "): share for name, share in expected.top(5)}
    assert "high tone" in said.probabilities and sum(said.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert (
        said.timeline is None
        and said.segments == []
        and said.summary == "The sound lasts 0.6 s and was classified as one clip."
    )


def test_classes_that_a_space_and_an_underscore_tell_apart_stay_apart(models, sounds):
    model = Pipeline(models["logmel"].model, ["high_tone", "high tone", "mid_dle"], 1.0)
    said = answer(model, sounds / "short.wav")
    assert set(said.probabilities) == {"high_tone", "high tone", "mid dle"}
    assert sum(said.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert "high\\_tone, high tone, mid dle" in describe(model)


def test_the_answer_for_a_long_sound_has_a_timeline(models, sounds):
    said = answer(models["logmel"], sounds / "long.wav")
    prediction = predict_file(models["logmel"], sounds / "long.wav")
    assert f"{len(prediction.starts_seconds)} windows of 1 s" in said.summary
    assert said.segments[0][0].startswith("0:00.0") and said.segments[-1][0].endswith("0:12.5")
    assert len(said.segments) == len(prediction.timeline())
    waveform, below = said.timeline.axes[:2]
    assert said.timeline.get_facecolor() == (1, 1, 1, 1)
    assert below.get_title(loc="left") == "probabilities over time; orange: most probable class"
    assert below.get_xlim() == pytest.approx((0, 12.5)) and waveform.get_xlim() == pytest.approx((0, 12.5))
    samples, _ = soundfile.read(sounds / "long.wav")
    outline = waveform.collections[0].get_paths()[0].vertices
    loudest = np.abs(samples[: len(samples) // 2000]).max()  # in the first of 2,000 columns
    assert np.abs(outline[outline[:, 0] == 0, 1]).max() == pytest.approx(loudest, abs=1e-4)
    shades = np.asarray(below.collections[0].get_array()).reshape(3, -1)
    rows = [label.get_text() for label in below.get_yticklabels()]
    for row, name in zip(shades, rows, strict=True):
        column = prediction.class_names.index(name.replace(" ", "_"))
        np.testing.assert_allclose(row, prediction.window_probabilities[:, column])


def test_the_picture_has_every_front_end_on_one_time_axis(models, sounds):
    figure = picture(models, sounds / "long.wav", start_seconds=2.0)
    assert figure.get_facecolor() == (1, 1, 1, 1)
    assert picture(models, sounds / "long.wav", dark=True).get_facecolor() != (1, 1, 1, 1)
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}
    assert list(panels) == ["waveform", "logmel", "mfcc"]
    for axes in panels.values():
        assert axes.get_xlim() == pytest.approx((2, 12))
    assert [axes.get_ylabel() for axes in panels.values()] == ["amplitude", "Hz", "coefficient"]


def test_the_picture_of_the_end_is_of_the_sound_and_not_of_silence_behind_it(models, sounds):
    figure = picture(models, sounds / "long.wav", start_seconds=10.0)
    assert figure.axes[0].get_xlim() == pytest.approx((10, 12.5))
    short = picture({"mfcc": models["mfcc"]}, sounds / "short.wav")
    assert short.axes[0].get_xlim() == pytest.approx((0, 1))  # with the silence that the model is given


def test_the_features_of_a_sound_as_long_as_a_clip_are_those_of_the_clip(models, sounds, tmp_path, monkeypatch):
    lengths, compute = [], module.compute_features
    monkeypatch.setattr(
        module,
        "compute_features",
        lambda waveform, *given: lengths.append(len(waveform)) or compute(waveform, *given),
    )
    samples = soundfile.read(sounds / "long.wav")[0]
    for n_samples in (RATE, RATE + 80):
        soundfile.write(tmp_path / "sound.wav", samples[:n_samples], RATE)
        picture({"logmel": models["logmel"]}, tmp_path / "sound.wav")
    assert lengths == [RATE, 10 * RATE]


def test_a_part_is_of_one_channel_and_followed_by_silence(tmp_path):
    samples = np.arange(40, dtype=np.int16).reshape(20, 2)
    soundfile.write(tmp_path / "stereo.wav", samples, RATE)
    part = read_part(tmp_path / "stereo.wav", 15 / RATE, 8 / RATE, RATE, "right")
    assert (part * 32768).tolist() == [31, 33, 35, 37, 39, 0, 0, 0]


@pytest.mark.parametrize(("name", "message"), BAD.items(), ids=BAD)
def test_a_sound_that_cannot_be_used_is_named_without_its_folder(models, sounds, name, message):
    for function in (lambda path: answer(models["logmel"], path), lambda path: picture(models, path)):
        with pytest.raises(EscGpuError) as error:
            function(sounds / name)
        said = str(error.value)
        assert message in said and str(sounds) not in said and "csv" not in said and "\n" not in said


def test_a_file_that_is_too_large_is_refused(sounds, monkeypatch):
    monkeypatch.setattr("esc_gpu.inference.demo.MAX_MEGABYTES", 0.1)
    with pytest.raises(EscGpuError, match=r"long.wav: has 0\.2 MB; expected up to 0\.1 MB"):
        check_recording(sounds / "long.wav")
    assert check_recording(sounds / "short.wav") == pytest.approx(0.6)
    monkeypatch.setattr(module, "MAX_MEGABYTES", (sounds / "short.wav").stat().st_size / (1 << 20))
    monkeypatch.setattr(module, "MAX_MINUTES", 0.6 / 60)
    assert check_recording(sounds / "short.wav") == 0.6  # as large and as long as may be


def test_a_model_says_what_it_knows_and_how_good_it_is(models):
    text = describe(models["logmel"])
    assert (
        "logmel → test_resnet" in text
        and "only these 3 classes: high tone, low, middle" in text
        and "correctly" not in text
    )
    known = Pipeline(
        models["logmel"].model,
        models["logmel"].class_names,
        1.0,
        {"fold": 2, "synthetic": True, "metrics": {"clips": 80, "accuracy": 0.8}},
    )
    assert describe(known) == (
        f"{text}\n\nIt classified 80.0% of the 80 held-out synthetic recordings of fold 2 correctly."
    )


def test_a_model_of_several_labels_says_so_and_marks_those_that_are_heard(models, sounds):
    training = {"fold": "test", "metrics": {"clips": 80, "map": 0.75}}
    several = Pipeline(models["logmel"].model, models["logmel"].class_names, 1.0, training, task="multi_label")
    assert describe(several) == (
        f"{describe(models['logmel'])} It can hear several of them at once, and gives each a probability of its own."
        "\n\nIts mean average precision is 75.0% on the 80 held-out recordings of the test split."
    )
    below = answer(several, sounds / "long.wav").timeline.axes[1]
    assert below.get_title(loc="left").endswith("orange: probability of 0.5 or more")


@pytest.mark.parametrize(
    "training", [{"fold": 1, "metrics": None}, {"fold": 1, "metrics": {}}, {"fold": None, "metrics": {"clips": 80}}]
)
def test_a_model_of_which_little_is_known_is_described_as_well(models, training):
    model = models["logmel"]
    assert describe(Pipeline(model.model, model.class_names, 1.0, training)) == describe(model)


def test_names_of_classes_have_no_meaning_on_the_page(models):
    evil = Pipeline(models["logmel"].model, ["<script>alert(1)</script>", "a|b `c`", "[x](http://a.b)"], 1.0)
    text = describe(evil)
    assert not re.search(r"(?<!\\)[<>`|\[]", text) and "alert(1)" in text


def test_models_of_one_name_are_told_apart_by_their_paths(models, tmp_path):
    for run in ("a/run", "b/run", "c/other"):
        models["logmel"].save_pretrained(tmp_path / run)
    paths = [str(tmp_path / run) for run in ("a/run", "b/run", "c/other", "a/run")]
    assert list(load_models(paths, None)) == [paths[0], paths[1], "other"]


def test_a_model_whose_name_is_the_path_of_another_is_not_lost(models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for run in ("a/run", "b/run", "c/d"):
        models["logmel"].save_pretrained(tmp_path / run)
    (tmp_path / "d").symlink_to("a/run")
    assert list(load_models(["d", "b/run", "c/d"], None)) == ["d", "b/run", "c/d"]
