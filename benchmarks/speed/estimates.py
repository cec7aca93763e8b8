"""Estimates, made before any GPU ran this: from counted bytes, launches and arithmetic. None of them is a measurement.

Log-mel by its defaults (5 s at 44.1 kHz, window 2048, hop 512, 128 bands), CQT by its own; batches of 64 clips, the
step that of ResNet-18 in bf16. Microseconds a clip, by the names in benchmarks/common/cards.py.
"""

FRONTENDS_US = {
    ("logmel", "native, compiled"): {"h200": 6.0, "a100": 17.0, "rtx-4090": 21.0, "t4": 80.0},
    ("logmel", "native"): {"h200": 9.7, "a100": 26.0, "rtx-4090": 38.0, "t4": 140.0},
    ("logmel", "torchaudio"): {"h200": 10.5, "a100": 27.0, "rtx-4090": 40.0, "t4": 150.0},
    ("logmel", "nnAudio MelSpectrogram"): {"h200": 97.0, "a100": 250.0, "rtx-4090": 75.0, "t4": 700.0},
    ("cqt", "native"): {"h200": 3.9},
    ("cqt", "nnAudio CQT1992v2"): {"h200": 107.0},
}
# Of feed (h), training.
STEP_US = {"h200": 67.0}


def estimate_frontend(name: str, label: str, card: str | None) -> float | None:
    """Microseconds a clip that were expected of a row; None where nothing was."""
    return FRONTENDS_US.get((name, label), {}).get(card or "")


def has_estimate(name: str) -> bool:
    """Whether anything was expected of a front-end."""
    return any(name == known for known, _ in FRONTENDS_US)
