"""What `esc-gpu predict` is asked in the tests, and what it must answer."""

import csv
import io

from esc_gpu import load_pipeline
from esc_gpu.inference.predict import predict_file

NAMES = ["crackling_fire", "dog", "sea, waves"]
FILES = ("short.wav", "long.flac")
STRANGE = "name with spaces, ä 音 $.wav"


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def expected(workspace, name, **options):
    return predict_file(load_pipeline(workspace / "run"), workspace / name, **options)
