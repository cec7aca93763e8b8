"""What only a CUDA device can show; `make gpu` runs it, elsewhere it is skipped."""

import numpy as np
import pytest
import torch

from esc_gpu import EscGpuError, create_frontend
from esc_gpu.arguments import parse_run
from esc_gpu.data.batches import WaveformSource
from esc_gpu.data.synthetic import write_synthetic
from esc_gpu.experiment import run
from esc_gpu.frontends import list_backends, list_frontends

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
]
CUDA = torch.device("cuda")
NESTED = {"stack": {"members": [{"name": "logmel"}, {"name": "cqt"}]}, "delta": {"member": {"name": "logmel"}}}
EACH = [(name, backend) for name in list_frontends() for backend in list_backends(name)]


@pytest.fixture
def waveform():
    return 0.1 * torch.randn(8, 44100, generator=torch.Generator().manual_seed(0))


def frontend(name, backend):
    try:
        return create_frontend(name, backend, **NESTED.get(name, {}))
    except EscGpuError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(("name", "backend"), EACH)
def test_the_gpu_gives_the_numbers_of_the_cpu(waveform, name, backend):
    layer = frontend(name, backend)
    expected = layer(waveform)
    got = layer.to(CUDA)(waveform.to(CUDA)).cpu()
    if getattr(layer, "scale", None) == "db":
        # TF32 in a convolution or matrix product would show as tenths of a decibel.
        assert (got - expected).abs().max() < 0.02
    assert (got - expected).norm() < 1e-3 * expected.norm()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("name", "backend"), EACH)
def test_autocast_changes_nothing(waveform, name, backend, dtype):
    layer, waveform = frontend(name, backend).to(CUDA), waveform.to(CUDA)
    expected = layer(waveform)
    with torch.autocast("cuda", dtype):
        assert torch.equal(layer(waveform), expected)


@pytest.mark.parametrize("name", ["logmel", "mfcc", "lfcc", "gammatone", "cqt", "chroma"])
def test_tf32_for_the_backbone_leaves_the_features_exact(waveform, name):
    layer, waveform = create_frontend(name, "native").to(CUDA), waveform.to(CUDA)
    expected = layer(waveform)
    torch.set_float32_matmul_precision("high")
    try:
        assert torch.equal(layer(waveform), expected)
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize("name", ["logmel", "mfcc"])
@pytest.mark.parametrize("int16", [False, True])
def test_the_fused_kernel_is_the_native_path(waveform, name, int16):
    waveform = waveform.to(CUDA)
    if int16:
        waveform = (waveform * 32767).to(torch.int16)
    native, fused = (create_frontend(name, backend).to(CUDA) for backend in ("native", "triton"))
    assert fused.fuses(waveform)
    torch.testing.assert_close(fused(waveform), native(waveform), rtol=1e-4, atol=0.02)


def test_the_fused_kernel_leaves_gradients_to_the_native_path(waveform):
    waveform = waveform.to(CUDA).requires_grad_()
    fused = create_frontend("logmel", "triton").to(CUDA)
    assert not fused.fuses(waveform)
    fused(waveform).mean().backward()
    assert waveform.grad.isfinite().all()


@pytest.mark.parametrize(("name", "backend"), [("logmel", "native"), ("logmel", "triton"), ("cqt", "native")])
def test_it_compiles_on_the_gpu(waveform, name, backend):
    layer, waveform = create_frontend(name, backend).to(CUDA), waveform.to(CUDA)
    graph = torch.compile(layer, fullgraph=True)
    torch.testing.assert_close(graph(waveform), layer(waveform), rtol=1e-4, atol=0.02)


@pytest.mark.parametrize("residence", ["device", "stream"])
def test_batches_arrive_whole(residence):
    clips = np.random.default_rng(0).integers(-(2**15), 2**15, (64, 44100)).astype(np.int16)
    index = [np.arange(start, start + 8) for start in range(0, 64, 8)]
    batches = WaveformSource(clips, CUDA, residence).batches(index)
    for (batch, on_device), numbers in zip(batches, index, strict=True):
        assert np.array_equal(on_device.cpu().numpy(), numbers)
        assert batch.device.type == "cuda" and np.array_equal(batch.cpu().numpy(), clips[numbers])


@pytest.mark.parametrize("precision", ["no", "bf16", "fp16"])
def test_a_fold_trains_in_every_precision(tmp_path, precision):
    root = write_synthetic(tmp_path / "data", clips_per_class=10, progress=False)
    options = {
        "--data.root": root,
        "--data.cache_dir": tmp_path / "cache",
        "--data.sample_rate": 22050,
        "--frontend.n_mels": 64,
        "--train.epochs": 3,
        "--train.mixed_precision": precision,
        "--folds": 1,
        "--output_dir": tmp_path / "run",
    }
    summary = run(parse_run([str(part) for option in options.items() for part in option], "train.py"))
    assert summary["mixed_precision"] == precision and summary["overall"]["clips"] == 20
