"""Statistics of features by class, against plain float64 and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.feature_selection import f_classif

import esc_gpu.evaluation.feature_statistics as module
from esc_gpu.data.store.read import ArrayStore
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.feature_statistics import FeatureStatistics, RunningStatistics, compute_statistics
from esc_gpu.frontends.images import default_frontends
from esc_gpu.frontends.registry import create_frontend

RATE, N_CLASSES = 8000, 3
NAMES = ("logmel", "mfcc", "spectral_centroid", "rms", "delta")


@pytest.fixture(scope="module")
def clips():
    """13 clips of 0.6 s: tones in noise, the class is the tone."""
    generator = np.random.default_rng(0)
    labels = np.array([0, 1, 2, 1, 0, 2, 2, 1, 0, 0, 1, 2, 1])
    time = np.arange(round(0.6 * RATE)) / RATE
    tones = np.sin(2 * np.pi * np.array([300, 900, 1900])[labels, None] * time)
    waveforms = 9000 * tones + 1500 * generator.standard_normal(tones.shape)
    return waveforms.astype(np.int16), labels


@pytest.fixture(scope="module")
def statistics(clips):
    waveforms, labels = clips
    return compute_statistics(ArrayStore(waveforms), labels, N_CLASSES, default_frontends(RATE, NAMES), progress=False)


def frames_of(waveforms, name):
    """(clips, C, F, N) float64."""
    return default_frontends(RATE, [name])[name](torch.from_numpy(waveforms)).double().numpy()


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_plain_float64(name, clips, statistics):
    waveforms, labels = clips
    features, found = frames_of(waveforms, name), statistics[name]
    assert found.frames.dtype == np.int64
    assert np.allclose(found.clip_means, features.mean(axis=-1), rtol=1e-9, atol=1e-9)
    assert np.allclose(found.clip_spreads, features.std(axis=-1), rtol=1e-6, atol=1e-6)
    for label in range(N_CLASSES):
        frames = np.concatenate(features[labels == label], axis=-1)  # (C, F, all frames)
        assert found.frames[label] == frames.shape[-1]
        assert np.allclose(found.means[label], frames.mean(axis=-1), rtol=1e-9, atol=1e-9)
        assert np.allclose(found.spreads[label], frames.std(axis=-1), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_fishers_ratio_is_that_of_the_analysis_of_variance(name, clips, statistics):
    waveforms, labels = clips
    features = frames_of(waveforms, name)
    n_frames = features.shape[-1]
    rows = np.moveaxis(features, -1, 1).reshape(len(labels) * n_frames, -1)
    varies = rows.std(axis=0) > 1e-6
    f, _ = f_classif(rows[:, varies], labels.repeat(n_frames))
    expected = f * (N_CLASSES - 1) / (len(rows) - N_CLASSES)  # of variances instead of mean squares
    assert np.allclose(statistics[name].fisher.ravel()[varies], expected, rtol=1e-6)


def test_batches_make_no_difference(clips, statistics, monkeypatch):
    waveforms, labels = clips
    monkeypatch.setattr(module, "BATCH", 3)
    again = compute_statistics(ArrayStore(waveforms), labels, N_CLASSES, default_frontends(RATE, NAMES), progress=False)
    for name in NAMES:
        assert np.allclose(again[name].means, statistics[name].means, rtol=1e-5, atol=1e-5)
        assert np.allclose(again[name].clip_means, statistics[name].clip_means, rtol=1e-5, atol=1e-5)


def test_digital_silence_is_not_counted():
    """A clip that is filled up with zeros has the statistics of its sounding part, at any rate of the front-end."""
    tones = (9000 * np.sin(2 * np.pi * np.array([[400], [900]]) * np.arange(RATE) / RATE)).astype(np.int16)
    labels = np.arange(2)
    frontends = default_frontends(RATE, ["spectral_centroid"])
    frontends["resampled"] = create_frontend("spectral_centroid", sample_rate=4000, input_sample_rate=RATE)
    padded = np.pad(tones, ((0, 0), (0, 2 * RATE)))
    found, whole = (
        compute_statistics(ArrayStore(clips), labels, 2, frontends, progress=False) for clips in (padded, tones)
    )
    for name in frontends:
        assert np.abs(found[name].frames - whole[name].frames).max() <= 1
        assert np.allclose(found[name].means, whole[name].means, rtol=0.1)
        assert (found[name].means > found[name].spreads).all()  # with the silence, the bars reached below 0 Hz
    silent = compute_statistics(ArrayStore(0 * tones), labels, 2, frontends, progress=False)["spectral_centroid"]
    assert silent.frames.tolist() == whole["spectral_centroid"].frames.tolist() and not silent.means.any()


def test_the_first_sample_alone_is_sound():
    frontend = create_frontend("rms", sample_rate=RATE, frame_length=64, hop_length=16)
    click = torch.zeros(3, 160)
    click[0, 0] = click[1, -1] = 1
    sounding = module.sounding_frames(click, frontend)
    assert sounding[0].nonzero().flatten().tolist() == [0]
    assert not sounding[1, :-2].any() and sounding[1].any()
    assert sounding[2].all()  # of a clip of zeros


def test_a_frame_sounds_by_the_samples_within_half_a_hop_of_its_centre():
    """Frames without padding, with their centres at 32, 48, ... 128."""
    frontend = create_frontend("rms", sample_rate=RATE, frame_length=64, hop_length=16, center=False)
    clicks = {24: [0], 39: [0], 40: [1], 135: [6]}
    sounding = module.sounding_frames(torch.eye(160)[list(clicks)], frontend)
    assert [row.nonzero().flatten().tolist() for row in sounding] == list(clicks.values())


def test_one_frame_is_its_own_mean():
    features = torch.tensor([[2.0], [6.0]]).reshape(2, 1, 1, 1)
    statistics = RunningStatistics(2, 2, (1, 1))
    statistics.update(features, np.arange(2), np.arange(2))
    found = statistics.result()
    assert found.means.ravel().tolist() == [2, 6] and not found.spreads.any() and not found.clip_spreads.any()


def test_a_clip_counts_for_each_class_that_it_has():
    features = torch.tensor([[1.0, 3.0], [5.0, 7.0]]).reshape(2, 1, 1, 2)
    statistics = RunningStatistics(2, 2, (1, 1))
    statistics.update(features, np.array([[True, True], [False, True]]), np.arange(2))
    found = statistics.result()
    assert found.frames.tolist() == [2, 4] and found.means.ravel().tolist() == [2, 4]
    assert found.spreads.ravel() == pytest.approx([1, 5**0.5])


def made_up(means, spreads, frames=(1, 1)):
    """Statistics of one channel; (K, F) means and spreads."""
    means, spreads = (np.array(part, dtype=float)[:, None] for part in (means, spreads))
    return FeatureStatistics(np.array(frames), means, spreads, None, None)


def test_fishers_ratio_of_bins_that_do_not_vary():
    ratio = made_up([[7, 1, 1, -80], [7, 3, 3, -80]], [[0, 0, 1, 1], [0, 0, 1, 1]]).fisher
    assert ratio.tolist() == [[0, np.inf, 1, 0]]


def test_fishers_ratio_of_rounding_is_none():
    silence = made_up([[-80.0], [-80.0 + 1e-12]], [[1e-9], [0]])
    assert silence.fisher.tolist() == [[0]]
    noise = made_up([[0.0], [1e-7]], [[1], [1]])  # a share of 2.5e-15 lies between the classes
    assert noise.fisher.tolist() == [[0]]
    offset = made_up([[1e6], [1e6 + 1e-4]], [[1e-3], [1e-3]])  # float32 tells neither from 1e6
    assert offset.fisher.tolist() == [[0]]


@pytest.mark.parametrize(("share", "varies"), [(0.8e-12, False), (1.5e-12, True)])
def test_a_variance_under_a_millionth_of_a_millionth_of_the_square_is_rounding(share, varies):
    """Between the classes, and within them."""
    far = made_up([[1 - share**0.5, 1], [1 + share**0.5, 3]], [[0, (5 * share) ** 0.5], [0, (5 * share) ** 0.5]])
    between, within = far.fisher[0]
    assert (between == np.inf) if varies else (between == 0)
    assert (within == pytest.approx(1 / (5 * share))) if varies else (within == np.inf)


@pytest.mark.filterwarnings("error")
def test_fishers_ratio_of_zeros_is_zero():
    assert made_up([[0.0], [0.0]], [[0], [0]]).fisher.tolist() == [[0]]


def test_fishers_ratio_weighs_classes_by_their_frames():
    ratio = made_up([[0], [4]], [[1], [3]], frames=(3, 1)).fisher
    assert ratio.item() == pytest.approx((3 * 1 + 1 * 9) / (3 * 1 + 1 * 9))  # the mean of all is 1


@pytest.mark.parametrize(
    ("labels", "num_classes", "message"),
    [([0, 0], 1, "there is one class only"), ([0, 2], 3, "class 1 has no clips"), ([0, 1], 3, "class 2 has no clips")],
)
def test_classes_are_needed(labels, num_classes, message):
    store = ArrayStore(np.zeros((2, RATE), dtype=np.int16))
    with pytest.raises(EscGpuError, match=message):
        compute_statistics(store, np.array(labels), num_classes, default_frontends(RATE, ["rms"]), progress=False)


def test_clips_too_short_are_named():
    store = ArrayStore(np.zeros((2, 100), dtype=np.int16))
    with pytest.raises(EscGpuError, match="logmel needs at least 1025 samples"):
        compute_statistics(store, np.array([0, 1]), 2, default_frontends(RATE, ["logmel"]), progress=False)


def test_the_bar_can_be_switched_off(clips, capsys):
    waveforms, labels = clips
    for progress in (False, True):
        compute_statistics(ArrayStore(waveforms), labels, N_CLASSES, default_frontends(RATE, ["rms"]), progress)
        assert ("13/13" in capsys.readouterr().err) == progress


SEVERAL = np.array([[1, 0, 1], [1, 1, 1], [0, 1, 1], [0, 0, 1]] * 4, dtype=bool)  # the third is of all clips


def test_of_several_labels_a_class_is_compared_with_the_clips_without_it():
    """By scikit-learn's analysis of variance of two groups, on frames of different numbers."""
    features = torch.from_numpy(np.random.default_rng(0).standard_normal((16, 1, 2, 5)) + SEVERAL[:, :1, None, None])
    sounding = torch.ones(16, 5, dtype=torch.bool)
    sounding[::3, 3:] = False
    running = RunningStatistics(3, 16, (1, 2))
    for part in (slice(0, 7), slice(7, 16)):
        running.update(features[part], SEVERAL[part], np.arange(16)[part], sounding[part])
    found = running.result()
    of_clip = np.repeat(np.arange(16), 5)[sounding.numpy().ravel()]
    rows = features.numpy()[:, 0].transpose(0, 2, 1).reshape(-1, 2)[sounding.numpy().ravel()]
    ratios = []
    for label in (0, 1):
        present = SEVERAL[of_clip, label]
        np.testing.assert_allclose(found.means[label, 0], rows[present].mean(axis=0))
        np.testing.assert_allclose(found.without[2][label, 0], rows[~present].std(axis=0))
        ratios.append(f_classif(rows, present)[0] / (len(rows) - 2))
    np.testing.assert_allclose(found.fisher[0], np.mean(ratios, axis=0))
    assert found.frames.tolist() == [SEVERAL[of_clip, label].sum() for label in range(3)]
    assert found.without[0].tolist() == [len(rows) - n for n in found.frames]


@pytest.mark.filterwarnings("error")
def test_where_all_clips_have_all_labels_no_bin_tells_them():
    """As in a report of a single clip."""
    running = RunningStatistics(2, 1, (1, 3))
    running.update(torch.rand(1, 1, 3, 4), np.array([[True, True]]), np.arange(1))
    assert running.result().fisher.tolist() == [[0, 0, 0]]


def test_labels_that_all_clips_have_are_not_compared():
    store = ArrayStore(np.zeros((2, RATE), dtype=np.int16))
    layers = default_frontends(RATE, ["rms"])
    with pytest.raises(EscGpuError, match="every clip has every class; expected clips without some"):
        compute_statistics(store, np.ones((2, 2), bool), 2, layers, progress=False)
    with pytest.raises(EscGpuError, match="class 1 has no clips"):
        compute_statistics(store, np.array([[True, False]] * 2), 2, layers, progress=False)
    found = compute_statistics(store, np.array([[True, False], [True, True]]), 2, layers, progress=False)["rms"]
    assert found.frames[0] == 2 * found.frames[1] > 0
