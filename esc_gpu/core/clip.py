"""The length of a clip in samples."""

from esc_gpu.errors import EscGpuError


def clip_samples(sample_rate: int, clip_seconds: float) -> int:
    """Samples of a clip.

    Raises:
        EscGpuError: for an option out of its range.
    """
    if not 1000 <= sample_rate <= 384_000:
        raise EscGpuError(f"data.sample_rate is {sample_rate}; expected 1000 to 384000 (Hz); correct it")
    if not (0 < clip_seconds <= 3600 and round(clip_seconds * sample_rate)):
        raise EscGpuError(
            f"data.clip_seconds is {clip_seconds}; expected one sample or more, up to 3600 (s); correct it"
        )
    return round(clip_seconds * sample_rate)
