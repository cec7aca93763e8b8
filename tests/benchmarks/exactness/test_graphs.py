"""The graphs of front-ends, from arguments to table."""

import pytest
import torch

from benchmarks.exactness import graphs
from tools import doc_tables as tables


@pytest.mark.usefixtures("onnx_operators")
def test_graphs_from_arguments_to_table(tmp_path):
    assert graphs.main(["--only", "rms", "--backend", "aot_eager", "--seconds", "0.1", "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("graphs-*.json")
    assert "| rms | yes | yes | yes |" in tables.table(file.name, tmp_path)
    assert graphs.main(["--only", "loudness", "--output", str(tmp_path)]) == 2


def test_a_graph_that_fails_says_why():
    class Broken(torch.nn.Module):
        def forward(self, waveform):
            return waveform if waveform.sum() > 0 else -waveform  # depends on the data

    text, error = graphs.outcome(lambda layer: graphs.compiled(layer, torch.ones(2, 3), "eager"), Broken())
    assert error is None and text.startswith("Unsupported")
    assert graphs.outcome(lambda layer: 1.0, Broken()) == ("differs by 1.0e+00", 1.0)
