"""`esc-gpu predict`, the real command line: the forms of its answers."""

import json

import matplotlib.image
import numpy as np
import pytest

from esc_gpu.inference.formats import clock
from tests.helpers.predicted import FILES, NAMES, STRANGE, expected, rows
from tests.helpers.tiny import RATE


def test_a_line_for_each_file_with_the_likeliest_classes(predict, workspace):
    status, out, err = predict(*FILES, "--top", 2)
    assert status == 0 and err == ""
    lines = [f"{name}: " + ", ".join(f"{c} {p:.3f}" for c, p in expected(workspace, name).top(2)) for name in FILES]
    assert out == "".join(line + "\n" for line in lines)


def test_the_timeline_follows_its_file(predict, workspace):
    _, out, _ = predict("long.flac", "--timeline", "--overlap", 0.25)
    segments = expected(workspace, "long.flac", overlap=0.25).timeline()
    assert out.splitlines()[1:] == [
        f"  {clock(part.start_seconds)} - {clock(part.end_seconds)}  {part.class_name} {part.probability:.3f}"
        for part in segments
    ]


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"]])
def test_the_timeline_has_what_is_sure_and_long_enough(predict, workspace, form):
    whole = expected(workspace, "long.flac").timeline()
    limit = max(part.probability for part in whole) - 1e-6
    sure = expected(workspace, "long.flac").timeline(limit)
    assert sure and predict("long.flac", "--timeline", *form)[0] == 0
    for options, n_segments in ((["--threshold", limit], len(sure)), (["--shortest", 60], 0)):
        _, out, _ = predict("long.flac", "--timeline", *options, *form)
        found = json.loads(out)["files"][0]["timeline"] if form == ["--json"] else out.splitlines()[1:]
        assert len(found) == n_segments


def test_csv_has_a_row_for_each_file_and_rank(predict, workspace):
    status, out, _ = predict(*FILES, "--csv", "--top", 9)
    assert status == 0 and out.splitlines()[0] == "path,rank,class,probability"
    assert [tuple(row.values()) for row in rows(out)] == [
        (name, str(rank), class_name, f"{probability:.6f}")
        for name in FILES
        for rank, (class_name, probability) in enumerate(expected(workspace, name).top(9), start=1)
    ]


def test_csv_of_a_timeline_has_a_row_for_each_segment(predict, workspace):
    _, out, _ = predict(*FILES, "--csv", "--timeline")
    assert out.splitlines()[0] == "path,start_seconds,end_seconds,class,probability"
    assert [tuple(row.values()) for row in rows(out)] == [
        (name, f"{p.start_seconds:.3f}", f"{p.end_seconds:.3f}", p.class_name, f"{p.probability:.6f}")
        for name in FILES
        for p in expected(workspace, name).timeline()
    ]


def test_json_is_one_document(predict, workspace):
    status, out, _ = predict(*FILES, "--json", "--timeline", "--top", 1)
    document = json.loads(out)
    assert status == 0 and document["failed"] == 0
    assert document["model"] == {
        "path": "run",
        "fold": 2,
        "class_names": NAMES,
        "task": "single_label",
        "sample_rate": RATE,
        "clip_seconds": 1.0,
        "precision": "no",
        "overlap": 0.5,
    }
    for name, record in zip(FILES, document["files"], strict=True):
        prediction = expected(workspace, name)
        assert record["path"] == name and record["windows"] == len(prediction.starts_seconds)
        assert record["duration_seconds"] == pytest.approx(prediction.duration_seconds, abs=1e-3)
        assert list(record["probabilities"]) == NAMES
        np.testing.assert_allclose(list(record["probabilities"].values()), prediction.probabilities, atol=1e-6)
        assert [answer["class"] for answer in record["top"]] == [prediction.top(1)[0][0]]
        assert [part["class"] for part in record["timeline"]] == [p.class_name for p in prediction.timeline()]
        assert record["timeline"][-1]["end_seconds"] == pytest.approx(prediction.duration_seconds, abs=1e-3)
    assert "timeline" not in json.loads(predict("short.wav", "--json")[1])["files"][0]


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"]])
def test_output_takes_what_would_be_said(predict, tmp_path, form):
    said = predict(*FILES, *form)
    assert predict(*FILES, *form, "--output", tmp_path / "answers") == (0, "", "")
    assert (tmp_path / "answers").read_text(encoding="utf-8") == said[1] and len(list(tmp_path.iterdir())) == 1


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_the_picture_is_a_png(predict, workspace, tmp_path):
    assert predict("long.flac", "--picture", tmp_path / "long.png")[0] == 0
    assert predict(f"sounds/{STRANGE}", "--picture", tmp_path / "strange.png")[0] == 0
    pictures = [matplotlib.image.imread(tmp_path / name) for name in ("long.png", "strange.png")]
    assert all(picture.shape[1] == 1320 and picture.std() > 0.05 for picture in pictures)
    assert not np.array_equal(*pictures)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.0"),
        (59.96, "1:00.0"),
        (61.25, "1:01.2"),
        (3599.9, "59:59.9"),
        (3600, "1:00:00.0"),
        (36001.5, "10:00:01.5"),
    ],
)
def test_times_are_as_on_a_clock(seconds, text):
    assert clock(seconds) == text
