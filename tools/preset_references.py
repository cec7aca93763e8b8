"""Known models' inputs by the code that defines them, for the tests: `python -m tools.preset_references`.

It needs transformers, torchlibrosa, torchaudio, torchvggish and hear21passt, as in PYTHONPATH. Some frames are kept,
with versions.
"""

import argparse
import io
from collections.abc import Sequence

import numpy as np

from benchmarks.common.paths import REPOSITORY
from benchmarks.peers.presets import EXTRACTORS, hard_clips, version_of
from esc_gpu.core.files import replacing

FILE = REPOSITORY / "tests" / "frontends" / "presets.npz"
N_FRAMES = 20  # of each preset: the first, the last, and those between that are as far apart


def kept_frames(n_frames: int) -> np.ndarray:
    """Their numbers: half of them in the clip's own part of what may be filled up, the others evenly over all."""
    of_the_clip = np.linspace(0, min(n_frames, 120) - 1, N_FRAMES // 2)
    return np.unique(np.concatenate([of_the_clip, np.linspace(0, n_frames - 1, N_FRAMES // 2)]).astype(int))


def main(argv: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m tools.preset_references", description=__doc__).parse_args(argv)
    arrays = {}
    for name, (library, make) in EXTRACTORS.items():
        features = make()(hard_clips(name)).astype(np.float32)
        arrays[name] = features[..., kept_frames(features.shape[-1])]
        arrays[f"{name} shape"] = np.array(features.shape)
        arrays[f"{name} by"] = np.array(f"{library} {version_of(library)}".strip())
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    with replacing(FILE) as temporary:
        temporary.write_bytes(file.getvalue())
    return 0


if __name__ == "__main__":
    main()
