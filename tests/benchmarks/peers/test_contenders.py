"""Our own ways to a feature, beside its peers."""

from functools import partial

import torch

from benchmarks.peers import contenders
from esc_gpu import create_frontend
from tests.helpers.clips import RATE
from tests.helpers.comparable_frontends import OPTIONS


def test_every_front_end_is_compiled_however_many_there_are(monkeypatch):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    waveform = torch.rand(2, RATE) - 0.5
    # So many graphs of one function, here the `forward` that all share, are kept, and the next one fails.
    # With torch's own patch: monkeypatch would leave the limit behind, for it is another setting's second name.
    with torch.compiler.config.patch(recompile_limit=1):
        for name in ("spectrogram", "logmel", "mfcc"):
            compiled = contenders._compiled(name, torch.device("cpu"))
            for options in (OPTIONS[name], {}):
                expected = create_frontend(name, **options)(waveform)
                torch.testing.assert_close(compiled(options)(waveform), expected)
    torch.compiler.reset()
