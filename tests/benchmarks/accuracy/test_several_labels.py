"""Two models on the same mixtures, and the table of their scores."""

import json

import numpy as np
import soundfile
from sklearn.metrics import average_precision_score

from benchmarks.accuracy import several_labels
from tests.helpers.tiny import FREQUENCIES, OPTIONS, RATE, write_tone
from tests.helpers.undrawn import unplotted
from tools.doc_tables import table

SET = ("--data.sample_rate", "--data.clip_seconds")


def test_both_are_scored_by_both_labels(tmp_path, monkeypatch):
    for name, frequency in FREQUENCIES.items():
        (tmp_path / "tones" / name).mkdir(parents=True)
        for number in range(6):
            write_tone(tmp_path / "tones" / name / f"{name}{number}.wav", frequency, 1.0, number)
    kept = {}
    score = several_labels.ranked

    def keep(its, labelled):
        kept[its.name] = its
        return score(its, labelled)

    monkeypatch.setattr(several_labels, "ranked", keep)
    options = [word for pair in zip(OPTIONS[::2], OPTIONS[1::2], strict=True) if pair[0] not in SET for word in pair]
    arguments = ["--root", str(tmp_path / "tones"), "--sample-rate", str(RATE), "--seconds", "1", *options]
    with unplotted():
        assert several_labels.main([*arguments, "--folds", "1", "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("several-labels-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert set(result["rows"]) == {"several labels", "one label", "prior"}
    one, several = kept["one label"], kept["several labels"]
    expected = average_precision_score(several.labels, one.probabilities)
    np.testing.assert_allclose(result["rows"]["one label"]["map"], expected)
    assert result["rows"]["several labels"]["map"] == result["evaluation"]["map"]
    text = table(file.name, tmp_path)
    assert "| one label |" in text and "threshold of 0.5" in text
    assert soundfile.info(tmp_path / "tones" / "low" / "low0.wav").samplerate == RATE  # the recordings stay
