"""The cells of the pipeline's table."""

from benchmarks.speed.pipeline_table import best_of, workers_cell


def test_the_best_number_of_workers_is_named():
    rows = [{"training": {"median": speed}, "workers": workers} for workers, speed in ((0, 5.0), (2, 8.0), (4, 7.0))]
    assert best_of(rows, "training") == (8.0, 2)
    assert workers_cell([(8.0, 2), (7.0, 2)]) == "8 / 7 [2]"
    assert workers_cell([(8.0, 2), (7.0, 4)]) == "8 [2] / 7 [4]"
    assert workers_cell([(8.0, 2), None]) == "8 / – [2]"
    assert workers_cell([(8.0, None), None]) == "8 / –"
