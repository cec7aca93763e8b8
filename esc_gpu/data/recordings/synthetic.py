"""Ten environmental sounds made by procedure, in the layout of ESC-50: the data used when a user has none."""

import csv
import glob
import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from esc_gpu.core.esc50 import AUDIO, COLUMNS, ESC10, ESC50, SYNTHETIC, TABLE
from esc_gpu.core.files import PARTIAL, move, write_json
from esc_gpu.core.lock import locked
from esc_gpu.core.progress import tqdm
from esc_gpu.data.recordings import sounds
from esc_gpu.data.recordings.sounds import SAMPLE_RATE, TIME, N, record
from esc_gpu.errors import EscGpuError

FOLDS = 5
MADE_BY = "esc_gpu.data.synthetic"  # in every set that was ever written, wherever this module lives
VERSION = 1  # raise it when any sound changes: folders made by another version are rebuilt
SOUNDS = {  # by the names of ESC-50
    sound.__name__: sound
    for sound in (
        sounds.dog,
        sounds.rain,
        sounds.sea_waves,
        sounds.crackling_fire,
        sounds.crickets,
        sounds.chirping_birds,
        sounds.clock_tick,
        sounds.helicopter,
        sounds.siren,
        sounds.engine,
    )
}


def make_clip(seed, category, number):
    """Clip `number` of a category as 16-bit samples; it depends on these three only."""
    target, sound = ESC50.index(category), SOUNDS[category]
    rng = np.random.default_rng([seed, target, 0, number])
    scene = np.random.default_rng([seed, target, 1, source_of(number)])  # takes share place and microphone
    clip = record(scene, sound(rng, TIME))
    if rng.random() < 0.25:  # a short recording padded with silence, as ESC-50 has them
        clip *= np.clip((rng.uniform(2.5, 4.7) - TIME) / 0.02, 0, 1)
    clip *= 10 ** (rng.uniform(-21, -1) / 20) / np.abs(clip).max()
    return np.round(clip * 32767).astype(np.int16)


# The folder


def source_of(number):
    """Number of the source recording in its class: a fold's clips are takes A and B of one source each."""
    return number // (2 * FOLDS) * FOLDS + number % FOLDS


def clip_table(clips_per_class):
    """The rows of esc50.csv in ESC-50's order (by file name), each followed by the clip's number."""
    rows = []
    for category in SOUNDS:
        target = ESC50.index(category)
        for number in range(clips_per_class):
            fold, take = number % FOLDS + 1, "AB"[number // FOLDS % 2]
            source = 100_000 + 50 * source_of(number) + target  # 50 classes: no two share a source
            filename = f"{fold}-{source}-{take}-{target}.wav"
            rows.append([filename, fold, target, category, category in ESC10, source, take, number])
    return sorted(rows)


def settings_of(root):
    """What the set at `root` says it was made with; None where there is none."""
    try:
        return json.loads((root / SYNTHETIC).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def holds_set(root, wanted):
    """Whether `root` holds all of the set `wanted`; EscGpuError if it holds a file that is not of a set."""
    found = settings_of(root)
    try:
        ours = {f"{AUDIO}/{row[0]}" for row in clip_table(found["clips_per_class"])}
        ours |= {TABLE, SYNTHETIC} if found["made_by"] == MADE_BY else set()
    except (TypeError, KeyError):
        found, ours = None, set()
    sizes = {p.relative_to(root).as_posix(): p.stat().st_size for p in root.rglob("*") if not p.is_dir()}
    if found == wanted and all(sizes.get(f, 0) > (2 * N if f.endswith("wav") else 0) for f in ours):
        return True
    if strange := sorted(sizes.keys() - ours):
        raise EscGpuError(
            f"{root} holds {strange[0]}, which is not part of the synthetic sounds; expected a new or empty folder or "
            "an earlier set: choose another folder or move that file away"
        )
    return False


def write_set(folder, wanted, progress):
    """Write the complete set into a new folder."""
    (folder / AUDIO).mkdir(parents=True)
    (folder / TABLE).parent.mkdir()
    rows = clip_table(wanted["clips_per_class"])
    for row in tqdm(rows, "synthetic sounds", unit="clip", disable=not progress):
        clip = make_clip(wanted["seed"], category=row[3], number=row[-1])
        wavfile.write(folder / AUDIO / row[0], SAMPLE_RATE, clip)
    with open(folder / TABLE, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *(row[:-1] for row in rows)])
    write_json(folder / SYNTHETIC, wanted)


@contextmanager
def held(root):
    """Inside the block no other process makes a set at `root`, and nothing of one that was killed is beside it."""
    beside = f"{PARTIAL}{root.name}-"
    with locked(root.parent / f"{PARTIAL}{root.name}.lock") as is_locked:
        if is_locked:
            for left in root.parent.glob(glob.escape(beside) + "*"):
                shutil.rmtree(left)
        yield beside


def write_synthetic(root: str | Path, *, seed: int = 0, clips_per_class: int = 40, progress=True) -> Path:
    """Write ten classes of synthetic sounds into the folder `root` in ESC-50's layout and return its path.

    Files: ``meta/esc50.csv`` with ESC-50's columns and class numbers, ``audio/*.wav`` (mono, 16 bits,
    22,050 Hz, 5 s), and ``meta/synthetic.json``, which records the settings. The `clips_per_class` clips of
    a class are spread evenly over five folds; the takes of one source recording stay in one fold. Equal
    seeds give equal files, byte for byte (on one machine). Does nothing if `root` holds this very set; a set
    of other settings is replaced. The set is made beside `root` and renamed, so that `root` is never half
    full. Of several processes that call this at once one makes it, and the others wait.

    Raises EscGpuError if `seed` is not an integer from 0 on, if `clips_per_class` is not a positive multiple
    of 5, or if `root` cannot be written or holds a file that this function did not put there.
    """
    if not isinstance(seed, int) or seed < 0:
        raise EscGpuError(f"seed is {seed!r}, expected an integer of 0 or more, such as 0")
    if not isinstance(clips_per_class, int) or clips_per_class < 1 or clips_per_class % FOLDS:
        raise EscGpuError(
            f"clips_per_class is {clips_per_class!r}, expected a positive multiple of {FOLDS} (the clips are "
            "spread evenly over the folds), such as 40"
        )
    wanted = {"made_by": MADE_BY, "version": VERSION, "seed": seed, "clips_per_class": clips_per_class}
    root = Path(root).resolve()
    try:
        if settings_of(root) == wanted and holds_set(root, wanted):  # without a lock: it may be read-only
            return root
        root.parent.mkdir(parents=True, exist_ok=True)
        with held(root) as prefix:
            root.mkdir(exist_ok=True)
            if not holds_set(root, wanted):
                with tempfile.TemporaryDirectory(prefix=prefix, dir=root.parent) as beside:
                    write_set(Path(beside) / "new", wanted, progress)
                    move(root, Path(beside) / "old")  # goes when the temporary folder goes
                    move(Path(beside) / "new", root)
    except OSError as error:
        raise EscGpuError(f"cannot write {root} ({error}): choose a folder that can be written") from error
    return root
