"""Statistics of features by class, against plain float64 and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.feature_selection import f_classif

import esc_gpu.evaluation.feature_statistics as module
from esc_gpu.data.store.read import ArrayStore
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.feature_statistics import FeatureStatistics, RunningStatistics, compute_statistics
from esc_gpu.evaluation.separability import separability
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
    click = torch.zeros(2, 160)
    click[0, 0] = click[1, -1] = 1
    sounding = module.sounding_frames(click, frontend)
    assert sounding[0].nonzero().flatten().tolist() == [0]
    assert not sounding[1, :-2].any() and sounding[1].any()


def test_classes_of_one_mean_are_told_by_their_spread():
    """As a steady noise and clicks that are as loud in the mean."""
    generator, labels = np.random.default_rng(0), np.arange(40) % 2
    features = torch.from_numpy(generator.standard_normal((40, 1, 2, 50)) * (1 + 4 * labels)[:, None, None, None])
    statistics = RunningStatistics(2, 40, (1, 2))
    statistics.update(features - features.mean(dim=-1, keepdim=True), labels, np.arange(40))
    assert separability(statistics.result(), labels, np.arange(40) // 10).balanced_accuracy == 1


def test_a_clip_counts_for_each_class_that_it_has():
    features = torch.tensor([[1.0, 3.0], [5.0, 7.0]]).reshape(2, 1, 1, 2)
    statistics = RunningStatistics(2, 2, (1, 1))
    statistics.update(features, np.array([[True, True], [False, True]]), np.arange(2))
    found = statistics.result()
    assert found.frames.tolist() == [2, 4] and found.means.ravel().tolist() == [2, 4]
    assert found.spreads.ravel() == pytest.approx([1, 5**0.5])


def made_up(means, spreads, clip_means=None, frames=(1, 1)):
    """Statistics of one channel; (K, F) means and spreads."""
    means, spreads = (np.array(part, dtype=float)[:, None] for part in (means, spreads))
    none = None if clip_means is None else np.zeros_like(clip_means)
    return FeatureStatistics(np.array(frames), means, spreads, clip_means, none)


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


def test_fishers_ratio_of_zeros_is_zero():
    assert made_up([[0.0], [0.0]], [[0], [0]]).fisher.tolist() == [[0]]


def test_fishers_ratio_weighs_classes_by_their_frames():
    ratio = made_up([[0], [4]], [[1], [3]], frames=(3, 1)).fisher
    assert ratio.item() == pytest.approx((3 * 1 + 1 * 9) / (3 * 1 + 1 * 9))  # the mean of all is 1


def vectors(values):
    return made_up([[0]], [[1]], np.asarray(values, dtype=float)[:, None])


def test_classes_far_apart_are_all_told():
    labels = np.arange(60) % 3
    points = np.array([[0, 0], [50, 0], [0, 50]])[labels] + np.random.default_rng(0).standard_normal((60, 2))
    found = separability(vectors(points), labels, np.arange(60) // 12)
    assert found.balanced_accuracy == 1 and found.recall.tolist() == [1, 1, 1]
    assert found.silhouette > 0.9


def test_the_silhouette_is_rousseeuws():
    generator = np.random.default_rng(1)
    points, labels = generator.standard_normal((20, 4)) * [1, 10, 100, 1000], np.arange(20) % 2
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    distances = np.linalg.norm(scaled[:, None] - scaled, axis=-1)
    values = []
    for i in range(20):
        own = distances[i, (labels == labels[i]) & (np.arange(20) != i)].mean()
        other = distances[i, labels != labels[i]].mean()
        values.append((other - own) / max(own, other))
    assert separability(vectors(points), labels, np.arange(20) // 5).silhouette == pytest.approx(np.mean(values))


def test_a_fold_is_not_learnt_from_itself():
    """Which side is which class turns round from fold to fold: what is learnt from the others is all wrong."""
    labels, folds = np.arange(40) % 2, np.arange(40) // 20
    points = (np.where(folds == 0, labels, 1 - labels) + 0.01 * np.random.default_rng(0).standard_normal(40))[:, None]
    assert separability(vectors(points), labels, folds).balanced_accuracy == 0


def test_the_accuracy_is_balanced():
    """Nine clips in ten are of one class; without information the other one is not counted away."""
    labels = (np.arange(100) % 10 == 0).astype(int)
    points = np.random.default_rng(0).standard_normal((100, 1))
    found = separability(vectors(points), labels, np.arange(100) // 20)
    assert found.balanced_accuracy == pytest.approx(found.recall.mean()) == pytest.approx(0.5, abs=0.1)


def test_more_bins_than_clips_and_bins_that_do_not_vary():
    labels = np.arange(30) % 3
    points = np.random.default_rng(0).standard_normal((30, 200)) + 3 * np.eye(3).repeat(67, axis=1)[:, :200][labels]
    points[:, 5] = -80
    assert separability(vectors(points), labels, np.arange(30) // 6).balanced_accuracy > 0.9


@pytest.mark.parametrize(
    ("labels", "num_classes", "message"),
    [([0, 0], 1, "there is one class only"), ([0, 2], 3, "class 1 has no clips")],
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


def test_several_labels_are_told_from_their_absence():
    """The first two classes by a value of their own; the third is of all clips, and the fourth of one clip alone."""
    labels = np.column_stack([SEVERAL, np.arange(16) == 5])
    points = 10.0 * labels[:, :2] + np.random.default_rng(0).standard_normal((16, 2))
    found = separability(vectors(points), labels, np.arange(16) // 8)
    assert found.silhouette is None and found.recall[:3].tolist() == [1, 1, 1]
    assert found.recall[3] == 0  # no training clip of another fold has it
    assert found.balanced_accuracy == pytest.approx((1 + 1 + 0.5) / 3, abs=0.1)
    rare = np.column_stack([SEVERAL[:, 0], np.arange(16) % 8 == 4])  # one clip in each fold
    noise = np.random.default_rng(1).standard_normal((16, 1))
    both = separability(vectors(np.column_stack([noise, 9 * rare])), rare, np.arange(16) // 8)
    assert both.recall.tolist() == [1, 1] and both.balanced_accuracy > 0.95


def test_both_kinds_of_mistakes_count_as_much_for_a_rare_label():
    """Its clips are one in ten and overlap with the others: equal shares are found of both, as of equal numbers."""
    labels = (np.arange(2000) % 10 == 0)[:, None]
    points = np.random.default_rng(0).standard_normal((2000, 1)) + 1.0 * labels
    found = separability(vectors(points), labels, np.arange(2000) // 1000)
    assert found.recall[0] == pytest.approx(0.69, abs=0.04)  # of a normal variable, 1/2 is less than half a deviation
    assert found.balanced_accuracy == pytest.approx(0.69, abs=0.03)


def test_labels_that_all_clips_have_are_not_compared():
    store = ArrayStore(np.zeros((2, RATE), dtype=np.int16))
    with pytest.raises(EscGpuError, match="every clip has every class; expected clips without some"):
        compute_statistics(store, np.ones((2, 2), bool), 2, default_frontends(RATE, ["rms"]), progress=False)
