"""What only a CUDA device can show; `make gpu` runs it, elsewhere it is skipped."""

import gzip
import json

import numpy as np
import pytest
import torch

from esc_gpu import EscGpuError, create_frontend
from esc_gpu.config.parse import parse_run
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.data.store.source import WaveformSource
from esc_gpu.experiment.cross_validation import run
from esc_gpu.frontends.registry import list_backends, list_frontends
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.build_model import build_model
from esc_gpu.training.fold import FoldData
from esc_gpu.training.loop import fit_normalization, train_step, training_batches
from esc_gpu.training.optimizer import create_optimizer
from esc_gpu.training.weight_average import WeightAverage

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


@pytest.mark.parametrize("name", ["logmel", "cqt"])
def test_it_compiles_on_the_gpu(waveform, name):
    layer, waveform = create_frontend(name, "native").to(CUDA), waveform.to(CUDA)
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


def test_streaming_again_takes_no_more_memory():
    clips, index = np.zeros((64, 5 * 44100), dtype=np.int16), [np.arange(64)]
    source, reserved = WaveformSource(clips, CUDA, "stream"), []
    for _ in range(4):
        assert sum(len(batch) for batch, _ in source.batches(index)) == 64
        torch.cuda.synchronize()
        reserved.append(torch.cuda.memory_reserved())
    assert len(set(reserved)) == 1


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    return write_synthetic(tmp_path_factory.mktemp("data") / "synthetic", clips_per_class=10, progress=False)


def train(recordings, output, **train):
    """A short run of one fold, and its epochs."""
    options = {
        "--data.root": recordings,
        "--data.cache_dir": recordings.parent / "cache",
        "--data.sample_rate": 22050,
        "--frontend.n_mels": 64,
        "--folds": 1,
        "--output_dir": output,
        **{f"--train.{name}": value for name, value in {"epochs": 3, **train}.items()},
    }
    summary = run(parse_run([str(part) for option in options.items() for part in option], "train.py"))
    return summary, [
        json.loads(line) for line in (output / "fold1" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]


@pytest.mark.parametrize("precision", ["no", "bf16", "fp16"])
def test_a_fold_trains_in_every_precision(recordings, tmp_path, precision):
    if precision == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        pytest.skip("this GPU does not multiply bf16, which auto does not choose here")
    summary, _ = train(recordings, tmp_path / "run", mixed_precision=precision)
    assert summary["mixed_precision"] == precision and summary["overall"]["clips"] == 20


@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_a_compiled_fold_learns_as_an_eager_one(recordings, tmp_path, mode):
    losses = [
        [epoch["loss"] for epoch in train(recordings, tmp_path / compile, compile=compile)[1]]
        for compile in ("no", mode)
    ]
    # bf16 rounds at other places in a fused kernel; a wrong graph does not learn, or learns something else.
    assert losses[1] == pytest.approx(losses[0], abs=0.1)


def test_a_profile_sees_the_gpu(recordings, tmp_path):
    train(recordings, tmp_path / "run", profile="true", epochs=4)
    phases = json.loads((tmp_path / "run" / "fold1" / "profile.json").read_text(encoding="utf-8"))["seconds_per_step"]
    assert all(phases[name] > 0 for name in ("augmentation", "front-end", "forward", "backward", "optimiser"))
    with gzip.open(tmp_path / "run" / "fold1" / "trace.json.gz") as file:
        assert any(event.get("cat") == "kernel" for event in json.load(file)["traceEvents"])


EVERYTHING = {
    **{f"augment.{name}_probability": 0.5 for name in ("polarity", "noise", "between_class", "cutmix", "erase")},
    **{f"augment.{name}": 0.1 for name in ("speed", "freq_warp", "time_stretch", "filter_std")},
    "augment.crop_seconds": 0.5,
    "augment.equalizer_db": 6,
    "augment.noise_exponent": "[0, 2]",
    "augment.mixup_alpha": 0.3,
}


@pytest.mark.parametrize(
    ("options", "skips"), [({}, False), ({}, True), (EVERYTHING, False)], ids=["default", "skip", "all augmentations"]
)
def test_no_step_waits_for_the_gpu(tmp_path, options, skips):
    """torch raises an error where the host would wait; the first steps load kernels and tables, and may."""
    options = {**options, "data.clip_seconds": 1}
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    config = parse_run(words, "train.py")
    clips = np.random.default_rng(0).integers(-9000, 9000, (128, 44100)).astype(np.int16)
    labels = torch.arange(128, device=CUDA) % 10
    data = FoldData(
        WaveformSource(clips, CUDA, "device"), labels, 10, np.arange(112), np.arange(112, 128), np.arange(128)
    )
    accelerator = create_accelerator(config, tmp_path)
    classifier = build_model(config, 10).to(CUDA)
    fit_normalization(accelerator, classifier, data)
    model, optimizer = accelerator.prepare(classifier, create_optimizer(classifier, 1e-3, 1e-5, 0.05))
    average = WeightAverage(classifier, 0.9)
    losses = torch.zeros(len(data.train), device=CUDA)
    try:
        for step, parts in enumerate(training_batches(config, accelerator, classifier, data, 1, 0)):
            if step == 3:
                torch.cuda.set_sync_debug_mode("error")
            clip_norm = config.train.clip_norm
            losses[step], is_finite = train_step(accelerator, model, optimizer, parts, 1, clip_norm, skips, True)
            average.update(is_finite if skips else None)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert step > 3
