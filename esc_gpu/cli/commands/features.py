"""`esc-gpu features`: look at audio features, save them, and analyse how they tell classes apart."""

import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from esc_gpu.frontends import Frontend
    from esc_gpu.report.figures.features import Clip

HELP = "draw, save and analyse the audio features of clips or of a data set"

DRAWN_SECONDS = 60.0  # of a long recording, where --seconds is not given
CLIP_SECONDS = 5.0  # of each recording of a data set, where --seconds is not given
ARRAYS = ".npz"


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = (
        "esc-gpu features CLIP ... [options]\n"
        "       esc-gpu features (--root DIR | --table CSV) (--gallery | --statistics) [options]\n"
        "       esc-gpu features --list"
    )
    parser.add_argument(
        "clips",
        nargs="*",
        type=Path,
        metavar="CLIP",
        help="audio files of any format and rate that libsndfile reads: one is drawn with all its features, several "
        "side by side",
    )
    features = parser.add_argument_group("features")
    features.add_argument(
        "--frontends", nargs="+", metavar="NAME", help="front-ends with their default options (all that fit the clips)"
    )
    features.add_argument(
        "--config",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="front-ends by the section `frontend` of YAML files of a run, each called by its file's name",
    )
    features.add_argument("--list", action="store_true", help="list the front-ends and what they are, and end")
    features.add_argument(
        "--sample-rate", type=int, default=44100, metavar="HZ", help="to which clips are resampled (%(default)s)"
    )
    features.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        help=f"length of a clip (all of the recording, up to {DRAWN_SECONDS:g}; in a data set {CLIP_SECONDS:g})",
    )
    features.add_argument("--start", type=float, metavar="S", help="where in the recording a clip begins (0)")
    data = parser.add_argument_group("data sets")
    data.add_argument("--root", type=Path, metavar="DIR", help="recordings in ESC-50's layout, or those of the table")
    data.add_argument("--table", type=Path, metavar="CSV", help="recordings by a table with path, label and fold")
    data.add_argument("--subset", choices=("all", "esc10"), default="all", help="of ESC-50 (%(default)s)")
    data.add_argument("--gallery", action="store_true", help="draw some clips of every class, a picture a front-end")
    data.add_argument("--per-class", type=int, default=3, metavar="N", help="clips of a class there (%(default)s)")
    data.add_argument(
        "--statistics",
        action="store_true",
        help="mean and spread of each bin by class, Fisher's ratio, silhouette, and the accuracy of a linear "
        "discriminant on held-out folds",
    )
    data.add_argument(
        "--cache-dir", default="~/.cache/esc_gpu", metavar="DIR", help="of decoded clips, as in training (%(default)s)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="of clips a picture, *.png, *.pdf or *.svg, or for one clip *.npz with the numbers (features.png); of a "
        "data set a folder (features)",
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    if arguments.list:
        list_all(say)
        return
    check(arguments)
    if arguments.clips:
        run_clips(arguments, say)
    else:
        run_data_set(arguments, say)


def list_all(say: Callable[[str], None]) -> None:
    """A line for each front-end: what it is, and the size of its image of five seconds."""
    from esc_gpu.frontends.images import default_frontends

    for name, frontend in default_frontends(44100).items():
        summary = " ".join((type(frontend).__doc__ or "").split("\n\n")[0].split())
        size = "×".join(map(str, frontend.output_shape(5 * 44100)))
        say(f"{name:<20}{size:<12}{re.sub(',? `.B[^`]*`', '', summary)}")


def check(arguments: Namespace) -> None:
    """Refuse options that do not go together, before anything is read."""
    from esc_gpu.errors import EscGpuError

    data_set = arguments.root is not None or arguments.table is not None
    analysis = arguments.gallery or arguments.statistics
    if arguments.clips and (data_set or analysis):
        raise EscGpuError("there are both clips and options of a data set; expected one of the two; leave one out")
    if analysis and not data_set:
        raise EscGpuError(
            f"--{'gallery' if arguments.gallery else 'statistics'} has no recordings; expected --root DIR (ESC-50's "
            "layout) or --table CSV; give one"
        )
    if data_set and not analysis:
        raise EscGpuError("nothing to do with the recordings; expected --gallery, --statistics or both; give one")
    if not arguments.clips and not data_set:
        raise EscGpuError(
            "nothing to draw; expected audio files before all options, or --root DIR or --table CSV; name some"
        )
    if data_set and arguments.start is not None:
        raise EscGpuError("--start is for clips; of a data set's recordings the beginnings are taken; leave it out")
    if arguments.start is not None and not 0 <= arguments.start < float("inf"):
        raise EscGpuError(f"--start is {arguments.start:g}; expected 0 or more seconds; correct it")
    if arguments.per_class < 1:
        raise EscGpuError(f"--per-class is {arguments.per_class}; expected 1 or more; correct it")
    if not 1000 <= arguments.sample_rate <= 384_000:
        raise EscGpuError(f"--sample-rate is {arguments.sample_rate}; expected 1000 to 384000 (Hz); correct it")
    if arguments.seconds is not None and not 1 / arguments.sample_rate <= arguments.seconds <= 3600:
        raise EscGpuError(f"--seconds is {arguments.seconds:g}; expected a sample or more, up to 3600 (s); correct it")


def run_clips(arguments: Namespace, say: Callable[[str], None]) -> None:
    """Draw one clip or several, or save the numbers of one."""
    from esc_gpu.errors import EscGpuError
    from esc_gpu.report.figures.features import check_format, draw_clips, plot_features, save_figure

    output = arguments.output or Path("features.png")
    as_arrays = output.suffix.lower() == ARRAYS
    if as_arrays and len(arguments.clips) > 1:
        raise EscGpuError(f"{output} holds the features of one clip, not of {len(arguments.clips)}: give one clip")
    if not as_arrays:
        check_format(output)
    waveforms = [read_clip(path, arguments, say) for path in arguments.clips]
    frontends = make_frontends(arguments, min(map(len, waveforms)), say)
    clips = [make_clip(*pair, arguments, frontends) for pair in zip(arguments.clips, waveforms, strict=True)]
    make_folder(output.parent)
    first = clips[0]
    if as_arrays:
        save_arrays(output, first)
    elif len(clips) == 1:
        plot_features(output, first.waveform, first.sample_rate, first.features, first.title, first.start_seconds)
    else:
        save_figure(draw_clips(clips), output)
    say(f"{counted(len(frontends), 'front-end')} of {counted(len(clips), 'clip')} in {output}")


def counted(number: int, word: str) -> str:
    """As in 1 clip, 2 clips."""
    return f"{number} {word}{'s' * (number != 1)}"


def read_clip(path: Path, arguments: Namespace, say: Callable[[str], None]) -> "np.ndarray":
    """The part of a recording that was asked for, as far as there is one: (T,) int16."""
    from esc_gpu.data.clips.decode import decode_clip, recording_samples
    from esc_gpu.errors import EscGpuError

    if not path.is_file():
        raise EscGpuError(f"{path}: no such file; expected an audio file; correct its name")
    rate = arguments.sample_rate
    length = recording_samples(path, rate)
    start = round((arguments.start or 0.0) * rate)
    if start >= length:
        raise EscGpuError(
            f"{path}: is {length / rate:.2f} s long; --start is {arguments.start:g}; choose an earlier one"
        )
    seconds = DRAWN_SECONDS if arguments.seconds is None else arguments.seconds
    samples = min(max(1, round(seconds * rate)), length - start)
    if arguments.seconds is None and samples < length - start:
        say(f"{path}: {seconds:g} s of {length / rate:.0f} s; --start and --seconds choose another part")
    return decode_clip(path, start, sample_rate=rate, samples=samples)


def make_clip(path: Path, waveform: "np.ndarray", arguments: Namespace, frontends: "Mapping[str, Frontend]") -> "Clip":
    """A clip with its features."""
    import torch

    from esc_gpu.errors import EscGpuError
    from esc_gpu.frontends.images import compute_features
    from esc_gpu.report.figures.features import Clip

    try:
        images = compute_features(torch.from_numpy(waveform), arguments.sample_rate, frontends)
    except EscGpuError as error:
        raise EscGpuError(f"{path}: {error}") from error
    return Clip(path.name, waveform / 32768, arguments.sample_rate, images, arguments.start or 0.0)


def save_arrays(path: Path, clip: "Clip") -> None:
    """The numbers of each front-end with its axes, for `numpy.load`."""
    import numpy as np

    from esc_gpu.core.files import replacing
    from esc_gpu.errors import EscGpuError

    arrays = {"waveform": clip.waveform.astype(np.float32), "sample_rate": np.array(clip.sample_rate)}
    for name, image in clip.features.items():
        arrays |= {name: image.values, f"{name}_times": image.times, f"{name}_frequencies": image.frequencies}
    try:
        with replacing(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)
    except OSError as error:
        raise EscGpuError(
            f"{path}: {error.strerror or error}; expected a file that can be written; choose another output"
        ) from error


def make_frontends(arguments: Namespace, n_samples: int, say: Callable[[str], None]) -> "dict[str, Frontend]":
    """The front-ends that were asked for, for clips of `n_samples`."""
    from esc_gpu.config.parse import parse_run
    from esc_gpu.errors import EscGpuError
    from esc_gpu.frontends.images import default_frontends
    from esc_gpu.frontends.registry import create_frontend, list_frontends

    rate = arguments.sample_rate
    if arguments.frontends is None and not arguments.config:
        frontends = default_frontends(rate, n_samples=n_samples)
        left_out = [name for name in list_frontends() if name not in frontends]
        if left_out:
            say(f"left out, since {n_samples / rate:.3f} s are too short for them: {', '.join(left_out)}")
        return frontends
    named = default_frontends(rate, arguments.frontends) if arguments.frontends else {}
    frontends = dict(named)
    for path in arguments.config:
        config = parse_run(["--config", str(path)], "esc-gpu features")
        options = {"sample_rate": config.data.sample_rate, **config.frontend.arguments()}
        if options["sample_rate"] != rate:
            options["input_sample_rate"] = rate
        name = f"{path.stem}_config" if path.stem in named else path.stem
        if name in frontends:
            raise EscGpuError(f"two of the files of --config are called {path.stem}; expected different names")
        frontends[name] = create_frontend(**options)
    return frontends


def run_data_set(arguments: Namespace, say: Callable[[str], None]) -> None:
    """Gallery and statistics of recordings."""
    from esc_gpu.core.waveform import clip_samples
    from esc_gpu.data.recordings.layouts import read_recordings
    from esc_gpu.data.store.build import open_store
    from esc_gpu.experiment.feature_study import format_ranking, write_gallery, write_statistics
    from esc_gpu.report.tables import counted

    recordings = read_recordings(arguments.root, arguments.subset, arguments.table)
    say(f"{len(recordings.filenames)} clips, {len(recordings.class_names)} classes, in {recordings.root}")
    seconds = CLIP_SECONDS if arguments.seconds is None else arguments.seconds
    options = {"sample_rate": arguments.sample_rate, "clip_seconds": seconds}
    frontends = make_frontends(arguments, clip_samples(**options), say)
    output = arguments.output or Path("features")
    make_folder(output)
    if arguments.gallery:
        pictures = write_gallery(recordings, frontends, output, per_class=arguments.per_class, **options)
        say(f"{counted(len(pictures), 'picture')} gallery-*.png in {output}")
    if arguments.statistics:
        cache_dir = Path(os.path.expanduser(arguments.cache_dir)) / "stores"
        store = open_store(recordings.paths, cache_dir=cache_dir, **options)
        about = {"recordings": recordings.root.resolve().name, "subset": arguments.subset, "clips": store.n_clips}
        ranking = write_statistics(recordings, store, frontends, output, {**about, **options})
        say(format_ranking(ranking))
        guessing = 100 / len(recordings.class_names)
        say(f"accuracy in %, guessing gives {guessing:.1f}; files of each front-end in {output}")


def make_folder(folder: Path) -> None:
    """The folder of the output."""
    from esc_gpu.errors import EscGpuError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EscGpuError(
            f"{folder}: {error.strerror or error}; expected a folder that can be made; choose another --output"
        ) from error
