"""Every front-end in a compiled, an exported and an ONNX graph, and the whole way from waveform to logits."""

import pytest
import torch

from benchmarks.exactness.graphs import LIMIT, compiled, exported, relative_error, through_onnx, traced
from esc_gpu import WaveformClassifier, create_frontend
from tests.helpers.clips import noise
from tests.helpers.frontend_cases import NATIVE, OTHERS, each

pytestmark = pytest.mark.usefixtures("onnx_operators")

SAMPLES = 3000
# Of equal members two are enough here: each is a graph.
GRAPHS = NATIVE | {
    "stack-resolutions": NATIVE["stack-resolutions"] | {"members": NATIVE["stack-resolutions"]["members"][:2]}
}


def clips(layer):
    return noise(3, max(SAMPLES, layer.min_samples))


@pytest.fixture(autouse=True)
def forget():
    """Which sizes earlier graphs had, or the next one is made for any size at once."""
    torch.compiler.reset()


@each(GRAPHS)
def test_it_compiles_to_one_graph(case):
    layer = create_frontend(**case)
    assert compiled(layer, clips(layer), backend="aot_eager", any_batch=True) <= LIMIT


@each({key: NATIVE[key] for key in ("logmel-native", "cqt_long-native", "stack-features")})
def test_it_compiles_under_autocast_with_the_same_numbers(case):
    layer = create_frontend(**case)
    waveform = clips(layer)
    expected = torch.compile(layer, fullgraph=True, backend="aot_eager")(waveform)
    torch.compiler.reset()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(torch.compile(layer, fullgraph=True, backend="aot_eager")(waveform), expected)


@pytest.mark.usefixtures("vector_instructions")
@each({key: NATIVE[key] for key in ("logmel-native", "cqt_long-native")})
def test_it_compiles_with_the_default_compiler(case):
    layer = create_frontend(**case)
    assert compiled(layer, clips(layer)) <= LIMIT


def test_a_compiled_graph_takes_clips_of_other_lengths():
    layer = create_frontend(**NATIVE["stack-features"])
    graph = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for n_samples in (8000, 9000, 9100, 8000):
        waveform = noise(2, n_samples)
        torch.testing.assert_close(graph(waveform), layer(waveform), rtol=1e-3, atol=1e-3)


def test_one_graph_takes_unequal_clips_of_any_lengths():
    members = [NATIVE["logmel-native"], {"name": "delta", "member": NATIVE["rms-native"]}]
    layer = create_frontend("stack", sample_rate=16000, members=members)
    graph, waveform = torch.compile(layer, fullgraph=True, backend="eager"), noise(3, 8000)
    for lengths in ([8000, layer.min_samples, 7001], [5000, 6000, 7000]):
        expected = layer(waveform, lengths=torch.tensor(lengths))
        found = graph(waveform, lengths=torch.tensor(lengths))
        assert (found - expected).abs().max() <= 1e-6 * expected.abs().max()


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("traced_with", [1, 40])
@each({key: NATIVE[key] for key in ("logmel-native", "cqt-native", "stack-features")})
def test_it_is_traced_for_batches_of_any_size(case, traced_with):
    layer = create_frontend(**case)
    graph = torch.jit.trace(layer, noise(traced_with, 20000), check_trace=False)
    for n_clips in (1, 3, 40):  # of which the last is computed in several blocks
        waveform = noise(n_clips, 20000)
        torch.testing.assert_close(graph(waveform), layer(waveform), rtol=1e-3, atol=1e-3)


@each(GRAPHS)
def test_it_is_exported_with_a_free_batch_and_goes_through_onnx(case):
    layer = create_frontend(**case)
    waveform = clips(layer)
    program = traced(layer, waveform)
    assert exported(layer, waveform, program) <= LIMIT
    assert through_onnx(layer, waveform, program) <= LIMIT


@each(OTHERS)
def test_other_backends_are_exported_as_well(case):
    layer = create_frontend(**case)
    assert exported(layer, clips(layer), traced(layer, clips(layer))) <= LIMIT


def make_model(backbone="resnet18"):
    """A ResNet on two features; the graphs of each front-end, larger stacks among them, are above."""
    torch.manual_seed(0)
    stack = NATIVE["stack-features"] | {"members": NATIVE["stack-features"]["members"][:2]}
    model = WaveformClassifier(create_frontend(**stack), 10, backbone)
    model.fit_normalization(noise(4))
    return model.eval()


def test_the_whole_model_compiles_in_mixed_precision():
    model = make_model("test_resnet")
    graph = torch.compile(model, fullgraph=True, backend="aot_eager")
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(graph(noise(3)), model(noise(3)), rtol=0.05, atol=0.05)  # bf16 has 8 bits


def test_the_whole_model():
    model = make_model()
    assert compiled(model, noise(3), backend="aot_eager", any_batch=True) <= LIMIT
    program = traced(model, noise(3))
    assert exported(model, noise(3), program) <= LIMIT
    assert through_onnx(model, noise(3), program) <= LIMIT


@each({key: NATIVE[key] for key in ("logmel-native", "mfcc-native", "cqt_long-native")})
def test_an_exported_graph_stays_float32_under_autocast(case):
    layer = create_frontend(**case)
    waveform = clips(layer)
    graph = torch.export.export(layer, (waveform,)).module()
    with torch.autocast("cpu", torch.bfloat16):
        assert relative_error(graph(waveform), layer(waveform)) <= LIMIT
