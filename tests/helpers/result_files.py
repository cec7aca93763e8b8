"""The result files of the benchmarks."""

import json


def result_of(folder, name):
    (file,) = folder.glob(f"{name}-*.json")
    return file, json.loads(file.read_text(encoding="utf-8"))
