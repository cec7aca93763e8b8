"""Which sound is in these files, by an exported pipeline: needs numpy, onnxruntime and soundfile, and nothing else.

    python onnx_client.py model.onnx dog.wav rain.flac [--save answers.json]

A file's beginning is taken, as long as the clips that the model was trained on, or padded with silence to that length.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="file written by `esc-gpu export --format onnx`")
    parser.add_argument("files", nargs="+", help="audio files that libsndfile reads")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write all logits as JSON")
    arguments = parser.parse_args()
    session = onnxruntime.InferenceSession(arguments.model, providers=["CPUExecutionProvider"])
    metadata = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
    names, answers = metadata["class_names"], []
    for file in arguments.files:
        clip = read_clip(file, metadata["sample_rate"], metadata["n_samples"])
        logits = session.run(["logits"], {"waveform": clip[None]})[0][0]  # a batch of one
        top = int(logits.argmax())
        print(f"{file}: {names[top]} ({softmax(logits)[top]:.1%})")
        answers.append({"file": file, "top": names[top], "logits": logits.tolist()})
    if arguments.save:
        arguments.save.write_text(json.dumps({"class_names": names, "clips": answers}), encoding="utf-8")


def read_clip(file, sample_rate, n_samples):
    """The beginning of a file as (n_samples,) float32: mono, full scale at ±1, rounded to 16 bits as in training."""
    info = soundfile.info(file)
    own_rate = info.samplerate == sample_rate
    samples, _ = soundfile.read(file, frames=n_samples if own_rate else -1, dtype="float32", always_2d=True)
    samples = samples.mean(axis=1)
    if not own_rate:
        samples = resample(file, samples, info.samplerate, sample_rate)
    clip = np.zeros(n_samples, dtype=np.float32)
    part = samples[:n_samples]
    largest = step_range(part, own_rate and info.subtype in ("FLOAT", "DOUBLE"))
    clip[: len(part)] = np.rint((part / largest).clip(-1, 1) * 32768).clip(max=32767) / 32768 * largest
    return clip


def step_range(samples, may_exceed):
    """What the 16 bits reach to: 1, or a power of two for a float file beyond ±1 and a clip below -70 dB."""
    peak = np.abs(samples).max(initial=0)
    is_quiet = np.sqrt(np.mean(samples**2)) < 10 ** (-70 / 20)
    return 2.0 ** np.ceil(np.log2(peak)) if (may_exceed and peak > 1) or (peak > 0 and is_quiet) else 1.0


def resample(file, samples, rate, sample_rate):
    """The model hears everything at its own sample rate: a file at another one must be converted first."""
    try:
        import soxr
    except ImportError:
        sys.exit(f"{file} is at {rate} Hz, the model takes {sample_rate}: convert the file, or pip install soxr")
    return soxr.resample(samples, rate, sample_rate)


def softmax(logits):
    """Logits to probabilities."""
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()


if __name__ == "__main__":
    main()
