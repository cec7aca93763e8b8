"""The synthetic sounds: the layout of ESC-50, the safety of the folder, and structure in time."""

import errno
import fcntl
import json
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import librosa
import numpy as np
import pytest
import soundfile
from scipy import fft
from scipy.io import wavfile
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from esc_gpu.core.files import PARTIAL
from esc_gpu.data.recordings import synthetic
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.errors import EscGpuError
from tests.helpers.csv_tables import read_csv

CLASSES = {
    "dog": 0,
    "rain": 10,
    "sea_waves": 11,
    "crackling_fire": 12,
    "crickets": 13,
    "chirping_birds": 14,
    "clock_tick": 38,
    "helicopter": 40,
    "siren": 42,
    "engine": 44,
}


def rows_of(root):
    return read_csv(root / "meta" / "esc50.csv")


def contents(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def stamps(root):
    return {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in root.rglob("*")}


def small(root, **options):
    return write_synthetic(root, **{"clips_per_class": 5, "progress": False, **options})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Real sounds, half as many as a user gets."""
    root = tmp_path_factory.mktemp("data") / "deep" / "set"
    return write_synthetic(root, clips_per_class=20, progress=False)


@pytest.fixture
def quick(monkeypatch):
    """Noise in place of the sounds, for tests of the folder."""

    def make_clip(seed, category, number):
        rng = np.random.default_rng([seed, CLASSES[category], number])
        return rng.integers(-99, 99, 5 * 22050, dtype=np.int16)

    monkeypatch.setattr(synthetic, "make_clip", make_clip)


@pytest.fixture(scope="module")
def clips(dataset):
    """Samples (clip, sample), targets and folds."""
    rows = rows_of(dataset)
    samples = np.stack([soundfile.read(dataset / "audio" / r["filename"], dtype="float32")[0] for r in rows])
    return samples, np.array([int(r["target"]) for r in rows]), np.array([int(r["fold"]) for r in rows])


def test_layout_is_that_of_esc50(dataset):
    lines = (dataset / "meta" / "esc50.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "filename,fold,target,category,esc10,src_file,take"
    assert lines[1] == "1-100000-A-0.wav,1,0,dog,True,100000,A"
    rows = rows_of(dataset)
    assert [r["filename"] for r in rows] == sorted(r["filename"] for r in rows)
    assert {p.name for p in dataset.iterdir()} == {"meta", "audio"}
    assert {p.name for p in (dataset / "audio").iterdir()} == {r["filename"] for r in rows}
    for r in rows:
        assert r["filename"] == f"{r['fold']}-{r['src_file']}-{r['take']}-{r['target']}.wav"
        assert int(r["target"]) == CLASSES[r["category"]]
    in_esc10 = {"dog", "rain", "sea_waves", "crackling_fire", "clock_tick", "helicopter"}
    assert {(r["category"], r["esc10"]) for r in rows} == {(c, str(c in in_esc10)) for c in CLASSES}


def test_folds_are_balanced_and_share_no_recording(dataset):
    rows = rows_of(dataset)
    counts = Counter((r["category"], r["fold"]) for r in rows)
    assert counts == {(c, str(fold)): 4 for c in CLASSES for fold in range(1, 6)}
    sources = {}
    for r in rows:
        sources.setdefault(r["src_file"], set()).add((r["fold"], r["category"]))
    assert all(len(places) == 1 for places in sources.values())
    assert len({(r["src_file"], r["take"]) for r in rows}) == len(rows)
    assert len(sources) == len(rows) // 2  # two takes of each
    per_fold = Counter((row[3], row[1]) for row in synthetic.clip_table(40))
    assert per_fold == {(c, fold): 8 for c in CLASSES for fold in range(1, 6)}  # as many as in ESC-50


def test_clips_are_sound(dataset, clips):
    for name in ("1-100000-A-0.wav", rows_of(dataset)[-1]["filename"]):
        info = soundfile.info(dataset / "audio" / name)
        assert (info.samplerate, info.channels, info.subtype) == (22050, 1, "PCM_16")
        assert (info.frames, info.format) == (5 * 22050, "WAV")
    samples = clips[0]
    peaks = np.abs(samples).max(1)
    assert samples.shape == (200, 5 * 22050)
    assert np.isfinite(samples).all()
    assert peaks.max() < 0.95 and 20 * np.log10(peaks.max() / peaks.min()) > 15  # dB
    assert np.abs(samples.mean(1)).max() < 0.01 * peaks.max()  # no offset
    padded = (samples[:, -4000:] == 0).all(1)
    assert 0.1 < padded.mean() < 0.4
    assert (np.abs(samples[:, : 2 * 22050]).max(1) > 0).all()


@pytest.mark.parametrize("category", CLASSES)
def test_clips_of_a_class_differ(category):
    first, second = (synthetic.make_clip(0, category, number).astype(float) for number in (0, 5))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.5


def test_equal_seeds_give_equal_bytes(tmp_path, dataset):
    one, same, other = (contents(small(tmp_path / n, seed=s)) for n, s in (("a", 3), ("b", 3), ("c", 4)))
    assert one == same
    assert one.keys() == other.keys()
    assert all(one[name] != other[name] for name in one if name.endswith(".wav"))
    # A clip depends on nothing but its seed, class and number: a small set is the start of a large one.
    few, many = contents(small(tmp_path / "d")), contents(dataset)
    assert all(few[name] == many[name] for name in few if name.endswith(".wav"))


def test_nothing_is_done_where_the_set_is(quick, tmp_path):
    root = small(tmp_path / "set")
    before = stamps(root)
    assert small(root) == root
    (root / "notes.txt").write_text("a file of the user's", encoding="utf-8")
    assert small(str(root)) == root
    assert {p: s for p, s in stamps(root).items() if p in before and p != root} == {
        p: s for p, s in before.items() if p != root
    }


def test_another_or_a_damaged_set_is_replaced(quick, tmp_path, monkeypatch):
    root = small(tmp_path / "set")
    expected = contents(root)
    victim = next((root / "audio").iterdir())
    for damage in (victim.unlink, lambda: victim.write_bytes(b"RIFF"), (root / "meta" / "esc50.csv").unlink):
        damage()
        assert contents(small(root)) == expected
    small(root, clips_per_class=10, seed=1)
    assert len(rows_of(root)) == 100
    assert json.loads((root / "meta" / "synthetic.json").read_text(encoding="utf-8"))["seed"] == 1
    assert contents(small(root)) == expected
    monkeypatch.setattr(synthetic, "VERSION", -1)
    assert contents(small(root)) != expected
    assert [p.name for p in tmp_path.iterdir()] == ["set"]  # no temporary folder is left


def test_sets_of_earlier_versions_are_found_again(quick, tmp_path, monkeypatch):
    root = small(tmp_path / "set")
    record = json.loads((root / "meta" / "synthetic.json").read_text(encoding="utf-8"))
    assert record["made_by"] == "esc_gpu.data.synthetic"
    monkeypatch.setattr(synthetic, "write_set", lambda *arguments: pytest.fail("the set was made anew"))
    small(root)


@pytest.mark.parametrize("record", [None, "{", "[]", '{"made_by": "me"}', '{"clips_per_class": 5, "made_by": 1}'])
def test_a_folder_of_something_else_is_left_alone(tmp_path, record):
    (tmp_path / "meta").mkdir()
    heading = "filename,fold,target,category,esc10,src_file,take\n"
    (tmp_path / "meta" / "esc50.csv").write_text(heading, encoding="utf-8")
    if record is not None:
        (tmp_path / "meta" / "synthetic.json").write_text(record, encoding="utf-8")
    before = contents(tmp_path)
    with pytest.raises(EscGpuError, match="which is not part of the synthetic sounds.*choose another folder"):
        small(tmp_path)
    assert contents(tmp_path) == before


def test_a_users_file_in_the_set_is_never_deleted(quick, tmp_path):
    root = small(tmp_path / "set")
    (root / "audio" / "1-7-A-0.wav").write_bytes(b"mine")
    before = contents(root)
    with pytest.raises(EscGpuError, match="audio/1-7-A-0.wav"):
        small(root, seed=1)
    assert contents(root) == before


def test_a_failure_half_way_leaves_the_old_set(quick, tmp_path, monkeypatch):
    root = small(tmp_path / "set")
    before, write, calls = contents(root), wavfile.write, []

    def fail(*args, **options):
        calls.append(args)
        if len(calls) == 20:
            raise OSError("No space left on device")
        write(*args, **options)

    monkeypatch.setattr(wavfile, "write", fail)
    with pytest.raises(EscGpuError, match="cannot write .*No space left.*choose a folder"):
        small(root, seed=1)
    assert contents(root) == before
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_two_at_once_make_one_set_and_what_a_kill_left_is_removed(quick, tmp_path, monkeypatch):
    root, write, written = tmp_path / "set", synthetic.write_set, []
    for name in (f"{PARTIAL}set-abc", f"{PARTIAL}another-abc"):
        (tmp_path / name / "new").mkdir(parents=True)

    def write_slowly(folder, wanted, progress):
        time.sleep(0.2)
        write(folder, wanted, progress)
        written.append(folder)

    monkeypatch.setattr(synthetic, "write_set", write_slowly)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(small, (root, root))) == [root, root]
    assert len(written) == 1 and len(rows_of(root)) == 50
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{PARTIAL}another-abc", "set"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EBADF])
def test_where_there_are_no_locks_nothing_of_another_process_is_removed(quick, tmp_path, monkeypatch, number):
    def refuse(handle, how):
        raise OSError(number, os.strerror(number))

    (tmp_path / f"{PARTIAL}set-abc").mkdir()
    monkeypatch.setattr(fcntl, "flock", refuse)
    assert len(rows_of(small(tmp_path / "set"))) == 50
    assert (tmp_path / f"{PARTIAL}set-abc").exists()


def test_an_empty_folder_is_filled_and_a_file_refused(quick, tmp_path):
    (tmp_path / "empty").mkdir()
    assert len(rows_of(small(tmp_path / "empty"))) == 50
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(EscGpuError, match="cannot write"):
        small(tmp_path / "file")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("count", [0, -5, 7, 2.5, "40"])
def test_clips_per_class_must_fit_the_folds(tmp_path, count):
    with pytest.raises(EscGpuError, match="clips_per_class.*positive multiple of 5") as caught:
        write_synthetic(tmp_path / "set", clips_per_class=count)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_seed_must_be_a_natural_number(tmp_path, seed):
    with pytest.raises(EscGpuError, match="seed"):
        write_synthetic(tmp_path / "set", seed=seed)


def test_progress_bar_is_shown_when_asked(quick, tmp_path, capfd):
    small(tmp_path / "quiet")
    assert capfd.readouterr() == ("", "")
    small(tmp_path / "loud", progress=True)
    assert "50/50" in capfd.readouterr().err


def test_the_classes_differ_in_time_more_than_in_spectrum(clips):
    """The same linear model on two features: each band's mean, and how fast it moves about its mean."""
    samples, targets, folds = clips
    frames = np.lib.stride_tricks.sliding_window_view(samples, 1024, axis=1)[:, ::512]
    bank = librosa.filters.mel(sr=22050, n_fft=1024, n_mels=64).T
    power = [np.abs(fft.rfft(f * np.hanning(1024).astype(np.float32))) ** 2 @ bank for f in frames]
    mels = np.stack([librosa.power_to_db(p.T, top_db=80) for p in power])  # clip, band, frame
    mean = mels.mean(2)
    moves = (mels - mean[..., None]).reshape(len(mels), 16, 4, -1).mean(2)
    spectrum = np.abs(np.fft.rfft(moves)) ** 2
    rates = np.fft.rfftfreq(moves.shape[-1], 512 / 22050)  # Hz
    edges = np.array([0.1, 0.5, 1, 2, 4, 6, 9, 12, 15, 18, 22])
    parts = [spectrum[..., (rates >= a) & (rates < b)].mean(-1) for a, b in zip(edges, edges[1:], strict=False)]
    modulation = np.log(np.stack(parts, -1) + 1e-3).reshape(len(mels), -1)

    def accuracy(features):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        return cross_val_score(model, features, targets, groups=folds, cv=LeaveOneGroupOut()).mean()

    with threadpool_limits(1):  # so small a fit is slower on many threads
        by_mean, by_time = accuracy(mean), accuracy(modulation)
    assert 0.3 < by_mean < 0.6 and by_time > max(0.7, by_mean + 0.2)
