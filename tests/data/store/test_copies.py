"""Recordings that are in a data set twice."""

from esc_gpu.data.store import build as store
from esc_gpu.data.store.skipped import open_decodable
from tests.helpers.one_line import refusal
from tests.helpers.tiny import RATE, write_tones


def test_files_of_the_same_bytes_in_two_folds_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    table = write_tones(tmp_path / "tones")  # 0, 1, 2 in fold 1; 3, 4, 5 in fold 2
    paths = [table.parent / f"{number}.wav" for number in range(24)]
    for copy, original in ((3, 0), (9, 6), (1, 0)):
        paths[copy].write_bytes(paths[original].read_bytes())
    options = {"overlap": None, "sample_rate": RATE, "clip_seconds": 1.0, "cache_dir": tmp_path, "progress": False}
    folds = [1 + number // 3 % 2 for number in range(24)]
    for on_error in ("fail", "skip"):
        with monkeypatch.context() as patch:
            if on_error == "fail":
                patch.setattr(store, "decode", None)
            said = refusal(open_decodable, paths, on_error=on_error, folds=folds, **options)
        assert said == (
            f"{paths[0]} and {paths[3]} are the same to the byte, but are in folds 1 and 2, and so 2 recordings are "
            "copies; expected each sound in one fold, so that no clip is tested on what was used for training; remove "
            "one of them, or put both into one fold"
        )
    assert open_decodable(paths, on_error="fail", **options)[0].n_clips == 24  # who has no folds has no such copies
