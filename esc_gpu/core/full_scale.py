"""The range of int16 samples, which a waveform of floats has at 1; apart, because a tensor takes long to import."""

FULL_SCALE = 32768
