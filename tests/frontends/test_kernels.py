"""The fused STFT and filter bank kernel: in Triton's interpreter, compiled ahead for a GPU, and on one."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import scipy.signal
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.mel import mel_filterbank

triton = pytest.importorskip("triton", reason="the fused kernel needs Triton")
stft_bank = pytest.importorskip("esc_gpu.frontends.kernels.stft_bank")

RATE = 22050
# n_fft, hop_length, samples, pad_mode, bank, n_bands, dtype
CASES = {
    "mel": (512, 101, 1501, "reflect", "mel", 40, torch.float32),
    "mel-int16-constant": (512, 160, 1600, "constant", "mel", 40, torch.int16),
    "dense": (256, 77, 1001, "reflect", "dense", 40, torch.float32),
    "dense-int16-constant": (256, 77, 1001, "constant", "dense", 128, torch.int16),
    "every-bin-once": (256, 64, 1024, "reflect", "bins", 129, torch.float32),
    "shortest-clip": (512, 101, 257, "reflect", "mel", 5, torch.float32),
    "one-frame-of-one-band": (256, 5000, 100, "constant", "dense", 1, torch.float32),
    "empty-bank": (256, 128, 600, "reflect", "zero", 3, torch.float32),
    "1024": (1024, 300, 2500, "reflect", "mel", 64, torch.int16),
    "2048": (2048, 512, 3000, "reflect", "mel", 128, torch.float32),
    "4096": (4096, 512, 3000, "reflect", "mel", 128, torch.float32),
}
INTERPRETED = """
import sys, torch
torch.set_num_threads(1)
from esc_gpu.frontends.kernels.stft_bank import band_power, launch
cases = torch.load(sys.argv[1])
results = {}
for name, (waveform, constants, hop_length, pad_mode) in cases.items():
    results[name] = [
        band_power(waveform, constants, hop_length, pad_mode=pad_mode, decibels=db, precision="ieee")
        for db in (False, True)
    ]
waveform, constants, hop_length, pad_mode = cases["mel"]
compiled = torch.compile(band_power, fullgraph=True, backend="aot_eager")
results["compiled"] = compiled(waveform, constants, hop_length, precision="ieee")
results["strided"] = band_power(waveform.T.contiguous().T, constants, hop_length, precision="ieee")
torch.library.opcheck(launch, (waveform, list(constants.values()), hop_length, True, False, "ieee"))
with torch.no_grad():
    band_power(waveform.requires_grad_(), constants, hop_length)
torch.save(results, sys.argv[2])
"""


def make_bank(kind, n_bands, n_fft, sample_rate=RATE):
    """`(n_bands, n_fft // 2 + 1)` float64."""
    n_bins = n_fft // 2 + 1
    if kind == "mel":
        return torch.from_numpy(mel_filterbank(sample_rate, n_fft, n_bands, 0, sample_rate / 2, "slaney", "slaney"))
    if kind == "bins":
        return torch.eye(n_bands, n_bins, dtype=torch.float64)
    dense = torch.rand(n_bands, n_bins, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return dense if kind == "dense" else torch.zeros_like(dense)


def make_window(n_fft):
    """Not symmetric, so that a frame read backwards shows."""
    return torch.from_numpy(scipy.signal.get_window("hann", n_fft)) + torch.linspace(0, 0.1, n_fft, dtype=torch.float64)


def noise(n_clips, n_samples, dtype):
    values = torch.rand(n_clips, n_samples, generator=torch.Generator().manual_seed(0)) - 0.5
    return (values * 32768).to(torch.int16) if dtype == torch.int16 else values


def direct(waveform, window, bank, hop_length, pad_mode):
    """`(B, N, n_bands)` in float64."""
    n_fft = len(window)
    scale = 32768 if waveform.dtype == torch.int16 else 1
    padded = np.pad(waveform.double().numpy() / scale, ((0, 0), (n_fft // 2, n_fft // 2)), mode=pad_mode)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, ::hop_length]
    return np.abs(np.fft.rfft(frames * window.numpy())) ** 2 @ bank.numpy().T


def relative_l2(actual, expected):
    return np.linalg.norm(actual.double().numpy() - expected) / np.linalg.norm(expected)


# ---- the numbers, in Triton's interpreter


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory):
    """Results of all `CASES`; the interpreter is chosen before Triton is imported, so in a process of its own."""
    folder = tmp_path_factory.mktemp("interpreter")
    cases = {}
    for name, (n_fft, hop_length, n_samples, pad_mode, kind, n_bands, dtype) in CASES.items():
        constants = stft_bank.make_constants(n_fft, make_bank(kind, n_bands, n_fft), make_window(n_fft))
        cases[name] = noise(2, n_samples, dtype), constants, hop_length, pad_mode
    torch.save(cases, folder / "cases.pt")
    command = [sys.executable, "-c", INTERPRETED, folder / "cases.pt", folder / "results.pt"]
    environment = os.environ | {"TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return torch.load(folder / "results.pt")


@pytest.mark.parametrize("name", [name for name in CASES if name != "empty-bank"])
def test_it_is_the_direct_computation(interpreted, name):
    n_fft, hop_length, n_samples, pad_mode, kind, n_bands, dtype = CASES[name]
    bank = make_bank(kind, n_bands, n_fft)
    expected = direct(noise(2, n_samples, dtype), make_window(n_fft), bank, hop_length, pad_mode)
    power, decibels = interpreted[name]
    assert power.dtype == torch.float32 and power.shape == expected.shape
    assert relative_l2(power, expected) <= 1e-6
    assert np.abs(decibels.numpy() - 10 * np.log10(np.maximum(expected, 1e-10))).max() < 1e-3


def test_a_bank_without_weights_gives_the_floor(interpreted):
    power, decibels = interpreted["empty-bank"]
    assert (power == 0).all() and torch.allclose(decibels, torch.tensor(-100.0))


@pytest.mark.parametrize("way", ["compiled", "strided"])
def test_compiled_and_strided_calls_give_the_same(interpreted, way):
    assert torch.equal(interpreted[way], interpreted["mel"][0])


# ---- what it refuses


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ((400, 160, 40, "reflect"), ("n_fft", "400", "512")),
        ((8192, 160, 40, "reflect"), ("n_fft", "8192", "4096")),
        ((512, 0, 40, "reflect"), ("hop_length", "0")),
        ((512, 160, 0, "reflect"), ("bands", "0")),
        ((512, 160, 513, "reflect"), ("bands", "513", "512")),
        ((512, 160, 40, "replicate"), ("pad_mode", "'replicate'", "'constant'")),
    ],
)
def test_supports_says_why_not(options, parts):
    reason = stft_bank.supports(*options)
    assert reason is not None and "\n" not in reason
    assert all(part in reason for part in parts)


@pytest.mark.parametrize("n_fft", stft_bank.TILINGS)
def test_supports_powers_of_two(n_fft):
    assert stft_bank.supports(n_fft, 1, 512, "constant") is None


def test_constants_that_do_not_fit_are_refused():
    with pytest.raises(EscGpuError, match=r"257.*\(40, 129\)"):
        stft_bank.make_constants(512, make_bank("mel", 40, 256), make_window(512))
    with pytest.raises(EscGpuError, match=r"n_fft.*400"):
        stft_bank.make_constants(400, make_bank("mel", 40, 400), make_window(400))


@pytest.mark.parametrize(
    ("waveform", "options", "part"),
    [
        (torch.zeros(1, 600, requires_grad=True), {}, "gradient"),
        (torch.zeros(600), {}, r"\(B, T\)"),
        (torch.zeros(1, 600).double(), {}, "float64"),
        (torch.zeros(1, 600), {"precision": "tf32"}, "'tf32'"),
        (torch.zeros(1, 600), {"pad_mode": "edge"}, "'edge'"),
        (torch.zeros(1, 600), {}, "cpu"),
    ],
)
def test_wrong_calls_are_refused(waveform, options, part):
    constants = stft_bank.make_constants(512, make_bank("mel", 40, 512), make_window(512))
    with pytest.raises(EscGpuError, match=part):
        stft_bank.band_power(waveform, constants, 160, **options)


# ---- compiled for compute capability 9.0, which needs no GPU


@pytest.mark.parametrize("n_fft", [512, 1024, 2048])
def test_it_compiles_for_hopper_without_spills(tmp_path, monkeypatch, n_fft):
    from triton.backends.compiler import GPUTarget

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel, tiling = stft_bank.band_power_kernel, stft_bank.TILINGS[n_fft]
    constants = stft_bank.make_constants(n_fft, make_bank("mel", 128, n_fft, 44100), make_window(n_fft))
    sizes = stft_bank.kernel_options(constants)
    sizes |= {"REFLECT": True, "DECIBELS": True, "SCALE": 1 / 32768, "PRECISION": "tf32x3"}
    pointers = {"waveform": "*i16", "output": "*fp32"}
    pointers |= {
        name: {torch.float32: "*fp32", torch.uint8: "*u8", torch.int32: "*i32"}[tensor.dtype]
        for name, tensor in constants.items()
    }
    signature = {name: pointers.get(name, "constexpr" if name in sizes else "i32") for name in kernel.arg_names}
    aligned = {(i,): [["tt.divisibility", 16]] for i, name in enumerate(kernel.arg_names) if name in pointers}
    fixed = {(kernel.arg_names.index(name),): value for name, value in sizes.items()}
    compiled = triton.compile(
        triton.compiler.ASTSource(kernel, signature, fixed, aligned),
        target=GPUTarget("cuda", 90, 32),
        options={"num_warps": tiling.num_warps, "maxnreg": tiling.max_registers},
    )
    assert compiled.metadata.shared <= 227 * 1024
    assert "wgmma.mma_async" in compiled.asm["ptx"]

    (tmp_path / "kernel.ptx").write_text(compiled.asm["ptx"])
    command = [triton.knobs.nvidia.ptxas.path, "-v", "--gpu-name=sm_90a", "-o", os.devnull, tmp_path / "kernel.ptx"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert re.search(r"\b0 bytes spill stores, 0 bytes spill loads", report), report
    registers = int(re.search(r"Used (\d+) registers", report)[1])
    assert registers * 32 * tiling.num_warps <= 65536


# ---- on a GPU


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
# In plain float32 a large kernel compiles for half a minute.
@pytest.mark.parametrize(
    ("n_fft", "precision"), [*((n, "tf32x3") for n in (256, 512, 1024, 2048, 4096)), (512, "ieee")]
)
@pytest.mark.parametrize("dtype", [torch.int16, torch.float32])
def test_the_gpu_is_as_accurate_as_float32(n_fft, dtype, precision):
    bank, window = make_bank("mel", 128, n_fft, 44100), make_window(n_fft)
    waveform = noise(8, 5 * 44100, dtype)
    expected = direct(waveform, window, bank, 512, "reflect")
    constants = {name: tensor.cuda() for name, tensor in stft_bank.make_constants(n_fft, bank, window).items()}
    power = stft_bank.band_power(waveform.cuda(), constants, 512, precision=precision)
    assert relative_l2(power.cpu(), expected) <= 1e-5
    torch.compiler.reset()  # of one function Dynamo keeps eight graphs
    compiled = torch.compile(stft_bank.band_power, fullgraph=True)
    assert torch.equal(compiled(waveform.cuda(), constants, 512, precision=precision), power)
