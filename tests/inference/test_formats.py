"""What is answered of a recording, to the last digit, as text, CSV and JSON."""

from pathlib import Path

import numpy as np

from esc_gpu.inference.formats import csv_header, csv_lines, json_record, segment_record, text_lines
from esc_gpu.inference.prediction import Prediction, Segment

ROWS = np.array([[0.12345678, 0.87654322, 0.0]], dtype=np.float32)
PREDICTION = Prediction(Path("a, b.wav"), ["dog", "rain", "wind"], 61.23456, 60.0, np.zeros(1), ROWS)
TIMELINE = [Segment(0.12345, 61.23456, "rain", 0.87654322)]


def test_as_text():
    assert text_lines("a, b.wav", PREDICTION, 2, None) == ["a, b.wav: rain 0.877, dog 0.123"]
    assert text_lines("a, b.wav", PREDICTION, 1, TIMELINE)[1:] == ["  0:00.1 - 1:01.2  rain 0.877"]


def test_as_csv():
    assert csv_header(False) == "path,rank,class,probability"
    assert csv_lines("a, b.wav", PREDICTION, 2, None) == ['"a, b.wav",1,rain,0.876543', '"a, b.wav",2,dog,0.123457']
    assert csv_header(True) == "path,start_seconds,end_seconds,class,probability"
    assert csv_lines("a\rb.wav", PREDICTION, 2, TIMELINE) == ['"a\rb.wav",0.123,61.235,rain,0.876543']
    assert csv_lines("a\nb.wav", PREDICTION, 2, []) == []


def test_as_json():
    segment = {"start_seconds": 0.123, "end_seconds": 61.235, "class": "rain", "probability": 0.876543}
    assert segment_record(TIMELINE[0]) == segment
    record = {
        "path": "a, b.wav",
        "duration_seconds": 61.235,
        "windows": 1,
        "top": [{"class": "rain", "probability": 0.876543}],
        "probabilities": {"dog": 0.123457, "rain": 0.876543, "wind": 0.0},
    }
    assert json_record("a, b.wav", PREDICTION, 1, None) == record
    assert json_record("a, b.wav", PREDICTION, 1, TIMELINE) == {**record, "timeline": [segment]}
