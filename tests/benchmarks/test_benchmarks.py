"""The benchmarks measure what they say: references, peers, and the commands from arguments to table and plot."""

import json
import sys
from functools import partial

import numpy as np
import pytest
import torch

from benchmarks.common.difference import relative_error
from benchmarks.common.memory import peak_bytes
from benchmarks.common.timing import measure_together
from benchmarks.exactness import frontend_errors as errors
from benchmarks.exactness import graphs
from benchmarks.exactness.float64_references import reference
from benchmarks.peers import contenders
from benchmarks.peers.registry import PEERS
from benchmarks.speed import frontends, long_recording
from esc_gpu import EscGpuError, create_frontend, list_frontends
from esc_gpu.data.recordings.synthetic import write_synthetic
from tools import doc_tables as tables

RATE = 16000
STFT = {"sample_rate": RATE, "n_fft": 512, "hop_length": 160}
MEL = STFT | {"n_mels": 32}
CQT = {"sample_rate": RATE, "hop_length": 160, "fmin": 200.0, "n_bins": 24}
FRAMES = {"sample_rate": RATE, "frame_length": 512, "hop_length": 160}
LOGMEL = {"name": "logmel", **MEL}
OPTIONS = {
    "spectrogram": STFT | {"scale": "power"},
    "logmel": MEL | {"scale": "power"},
    "mfcc": MEL | {"n_mfcc": 13},
    "lfcc": STFT | {"n_filters": 20, "n_lfcc": 13},
    "gammatone": STFT | {"n_bins": 20, "scale": "power"},
    "gfcc": STFT | {"n_bins": 20, "n_gfcc": 13},
    "cqt": CQT | {"scale": "power"},
    "vqt": CQT | {"scale": "magnitude", "gamma": 5.0},
    "chroma": STFT | {"norm": "l2"},
    "chroma_cqt": {"sample_rate": RATE, "hop_length": 160, "fmin": 200.0, "n_bins": 108},
    "pcen": MEL,
    "spectral_bandwidth": STFT | {"p": 3.0},
    "spectral_contrast": STFT | {"n_bands": 4},
    "zero_crossing_rate": FRAMES,
    "rms": FRAMES,
    "delta": {"member": LOGMEL, "width": 5, "sample_rate": RATE},
    "stack": {"members": [LOGMEL, {"name": "mfcc", **MEL, "n_mfcc": 13, "hop_length": 320}], "sample_rate": RATE},
}


def small(name):
    return create_frontend(name, "native", **OPTIONS.get(name, STFT))


def noise(n_samples=6000):
    return np.random.default_rng(0).uniform(-0.5, 0.5, (2, n_samples)).astype(np.float32)


def result_of(folder, name):
    (file,) = folder.glob(f"{name}-*.json")
    return file, json.loads(file.read_text())


# ---- references and peers


@pytest.mark.parametrize("name", list_frontends())
def test_a_frontend_agrees_with_its_reference(name):
    frontend, clips = small(name), noise()
    expected = reference(frontend, clips)
    assert expected.dtype == np.float64
    assert expected.shape == (2, *frontend.output_shape(clips.shape[1]))
    with torch.no_grad():
        got = frontend(torch.from_numpy(clips)).double().numpy()
    assert errors.relative_error(got, expected) < errors.LOOSE.get(name, errors.LIMIT)


def test_decibels_of_a_reference_are_of_each_clip():
    clips = noise() * np.array([[1], [1e-3]], dtype=np.float32)
    frontend = create_frontend(**LOGMEL, top_db=20.0)
    expected = reference(frontend, clips)
    assert (expected.max(axis=(1, 2, 3)) - expected.min(axis=(1, 2, 3)) <= 20 + 1e-9).all()


def test_a_frontend_without_a_reference_is_named():
    frontend = small("rms")
    frontend.name = "loudness"
    with pytest.raises(EscGpuError, match="no float64 reference of loudness"):
        reference(frontend, noise())


CASES = [(name, peer) for name, peers in PEERS.items() for peer in peers]


@pytest.mark.parametrize(("name", "peer"), CASES, ids=[f"{name}-{peer.label}" for name, peer in CASES])
@pytest.mark.filterwarnings("ignore")
def test_a_peer_gives_features_of_the_same_shape(name, peer):
    frontend, clips = small(name), noise()
    expected = reference(frontend, clips)
    try:
        call = peer.build(frontend, torch.device("cpu"))
    except ImportError as error:
        pytest.skip(f"{peer.library} is not installed: {error}")
    got = np.asarray(call(clips if peer.on_host else torch.from_numpy(clips)))
    assert got.size == expected.size
    if peer.differs is None:
        assert errors.relative_error(got.reshape(expected.shape), expected) < 1e-4


# ---- the commands


def test_errors_from_arguments_to_table(tmp_path, capsys):
    only = ["zero_crossing_rate", "rms"]
    assert errors.main(["--only", *only, "--seconds", "0.3", "--output", str(tmp_path)]) == 0
    assert "0 (!) failed" in capsys.readouterr().out
    file, result = result_of(tmp_path, "errors")
    assert {row["signal"] for row in result["rows"]} == set(result["signals"]) >= {"tone", "silence"}
    assert all(row["verdict"] == "pass" for row in result["rows"])
    lines = tables.table(file.name, tmp_path).splitlines()
    assert [line.split()[1] for line in lines[2:4]] == only


def test_an_error_beyond_its_limit_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(errors, "LIMIT", 0.0)
    assert errors.main(["--only", "rms", "--seconds", "0.3", "--output", str(tmp_path)]) == 1
    file, _ = result_of(tmp_path, "errors")
    assert "**" in tables.table(file.name, tmp_path)


def test_frontends_from_arguments_to_table_and_plot(tmp_path):
    root = write_synthetic(tmp_path / "data", clips_per_class=5, progress=False)
    options = [
        "--root",
        root,
        "--cache-dir",
        tmp_path,
        "--only",
        "rms",
        "--repeats",
        1,
        "--batch",
        2,
        "--error-clips",
        1,
    ]
    assert frontends.main([str(option) for option in [*options, "--output", tmp_path]]) == 0
    file, result = result_of(tmp_path, "frontends")
    rows = {row["label"]: row for row in result["rows"]}
    assert rows["native"]["is_ours"] and rows["native"]["state_dict_bytes"] == 0
    for label in "native", "librosa":
        assert rows[label]["relative_error"] < 1e-6
        assert rows[label]["us_per_clip"]["min"] > 0
        assert rows[label]["ratio_to_fastest_peer"] > 0
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "| rms |" in tables.table(file.name, tmp_path)


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


def test_a_long_recording_from_arguments_to_table(tmp_path):
    assert long_recording.main(["--minutes", "0.05", "--only", "logmel", "cqt", "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("long-recording-*.json")
    assert "seconds for 0.05 minutes" in tables.table(file.name, tmp_path)


def test_an_unknown_frontend_is_refused(capsys):
    with pytest.raises(SystemExit):
        frontends.main(["--only", "loudness"])
    assert "loudness" in capsys.readouterr().err


# ---- the parts


def test_a_table_of_graphs():
    row = {"name": "cqt", "compile": "yes", "export": "yes", "onnx": "no | such operator", "onnx_error": None}
    lines = tables.graph_table({"rows": [row, row | {"onnx": "yes", "onnx_error": 2e-6, "backend": "nnaudio"}]})
    assert lines[2] == "| cqt | yes | yes | no \\| such operator | – |"
    assert lines[3] == "| cqt (nnaudio) | yes | yes | yes | 2.0e-06 |"


def test_every_page_that_exists_is_filled(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table some.json -->\nold\n<!-- end -->\nafter\n")
    monkeypatch.setattr(tables, "PAGES", [page, tmp_path / "missing.md"])
    monkeypatch.setattr(tables, "table", lambda file: f"of {file}")
    assert tables.main([]) == 0
    assert page.read_text() == "before\n<!-- table some.json -->\nof some.json\n<!-- end -->\nafter\n"


def test_errors_without_librosa_are_against_the_layer_in_float64(monkeypatch):
    """As on a GPU host that lacks it."""
    monkeypatch.setitem(sys.modules, "benchmarks.exactness.float64_references", None)
    exact, name = frontends.exact_features()
    assert "float64" in name and "not installed" in name
    clips = np.random.default_rng(0).uniform(-1, 1, (2, 4000)).astype(np.float32)
    expected = reference(create_frontend("logmel", scale="power"), clips)
    assert relative_error(exact(create_frontend("logmel", scale="power"), clips), expected) < 1e-6


def test_calls_are_timed_in_turns():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "ab"}
    measured = measure_together(calls, repeats=2, warmup=1)
    # One round of warm-up; then of each the untimed call and the timed one.
    assert "".join(order) == "ab" + "aabb" * 2
    assert measured["a"]["repeats"] == 2


def test_a_slow_call_sits_out():
    calls = []
    assert (
        measure_together({"a": lambda: calls.append(0)}, repeats=5, warmup=0, budget_seconds=1e-12)["a"]["repeats"] == 1
    )


def test_memory_of_a_call_is_seen():
    assert peak_bytes(lambda: np.ones(2**23), torch.device("cpu")) > 2**25


# Dynamo keeps so many graphs of one function, here the `forward` that all share, and fails at the next.
@torch._dynamo.config.patch(recompile_limit=1)
def test_every_front_end_is_compiled_however_many_there_are(monkeypatch):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    waveform = torch.rand(2, RATE) - 0.5
    for name in ("spectrogram", "logmel", "mfcc"):
        compiled = contenders._compiled(name, torch.device("cpu"))
        for options in (OPTIONS[name], {}):
            expected = create_frontend(name, **options)(waveform)
            torch.testing.assert_close(compiled(options)(waveform), expected)
    torch.compiler.reset()
