"""Sound from the microphone, by PortAudio."""

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np

from esc_gpu.core.channel import Channel
from esc_gpu.core.extras import naming_extras
from esc_gpu.core.user_warning import warn_user
from esc_gpu.errors import EscGpuError
from esc_gpu.inference.pcm import mono

WAITING_SECONDS = 60  # of sound that the model has not taken yet, after which some is lost
BLOCK_SECONDS = 0.1


def record(sample_rate: int | None, channels: int, channel: Channel) -> tuple[int, Iterator[np.ndarray]]:
    """The rate in Hz, and blocks `(t,)` float32 of the default microphone that do not end.

    Args:
        sample_rate: in Hz; None for the microphone's own.
        channels: that are recorded.
        channel: which of them is given, as by `mono`.

    Raises:
        EscGpuError: without the package sounddevice or PortAudio, without a microphone, and for a rate or number of
            channels that it does not have.
    """
    with naming_extras("the microphone"):
        try:
            import sounddevice
        except OSError as error:
            raise EscGpuError(
                f"the microphone needs PortAudio ({error}): install it, such as by apt install libportaudio2"
            ) from error
    try:
        if sample_rate is None:
            sample_rate = int(sounddevice.query_devices(kind="input")["default_samplerate"])
        sounddevice.check_input_settings(channels=channels, dtype="int16", samplerate=sample_rate)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise EscGpuError(f"the microphone cannot be used ({error}): connect one, or pipe sound in") from error
    return sample_rate, _blocks(sounddevice, sample_rate, channels, channel)


def _blocks(sounddevice: Any, sample_rate: int, channels: int, channel: Channel) -> Iterator[np.ndarray]:
    waiting: queue.Queue[np.ndarray] = queue.Queue(round(WAITING_SECONDS / BLOCK_SECONDS))
    lost = []

    def keep(samples: np.ndarray, frames: int, time: object, status: object) -> None:
        """Called by PortAudio's thread."""
        try:
            waiting.put_nowait(samples.copy())
        except queue.Full:
            lost.append(frames)

    options = {"samplerate": sample_rate, "channels": channels, "dtype": "int16", "callback": keep}
    block = round(BLOCK_SECONDS * sample_rate)
    with sounddevice.InputStream(blocksize=block, **options):
        while True:
            try:
                samples = waiting.get(timeout=1)  # Ctrl-C does not end a wait without a limit on Windows
            except queue.Empty:
                continue
            yield mono(samples, channel)
            if lost:
                lost.clear()
                warn_user(
                    "sound was lost: the model is slower than the sound; lower --overlap, or take another --device"
                )
