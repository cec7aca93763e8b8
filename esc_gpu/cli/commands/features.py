"""`esc-gpu features`: look at audio features, save them, and analyse how they tell classes apart."""

import os
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from esc_gpu.cli.data_set import add_data_arguments, read_data_set
from esc_gpu.core.task import MULTI_LABEL

if TYPE_CHECKING:
    import numpy as np

    from esc_gpu.frontends import Frontend

HELP = "draw, save and analyse the audio features of clips or of a data set"

DRAWN_SECONDS = 60.0  # of a long recording, where --seconds is not given
CLIP_SECONDS = 5.0  # of each recording of a data set, where --seconds is not given
ARRAYS = ".npz"
SEVERAL_LABELS = (
    "Clips have several labels, so each class is compared with the clips without it. There is no silhouette, because a "
    "clip belongs to no single class."
)
SHAPE = re.compile(r"[:,]? `\(B[^`]*`")  # in the first sentence of a front-end's docstring


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
        help="an audio file in any format and at any sample rate that libsndfile reads; one file is drawn with all its "
        "features, and several files are drawn side by side",
    )
    features = parser.add_argument_group("features")
    features.add_argument(
        "--frontends",
        nargs="+",
        metavar="NAME",
        help="compute these front-ends with their default options (default: all front-ends that fit the clips)",
    )
    features.add_argument(
        "--config",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="also compute the front-end in the section `frontend` of each YAML file, and call it by the file's name; "
        "FILE may also be a name that `esc-gpu configs` lists",
    )
    features.add_argument("--list", action="store_true", help="describe each front-end in a line, and exit")
    features.add_argument(
        "--sample-rate",
        type=int,
        default=44100,
        metavar="HZ",
        help="resample the clips to this rate (default: %(default)s)",
    )
    features.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        help=f"use clips of S seconds (default: the whole recording, up to {DRAWN_SECONDS:g} s; in a data set "
        f"{CLIP_SECONDS:g} s)",
    )
    features.add_argument("--start", type=float, metavar="S", help="start the clip at S seconds (default: 0)")
    data = parser.add_argument_group("data sets")
    add_data_arguments(data, "the decoded clips and the tables of folds")
    data.add_argument(
        "--gallery", action="store_true", help="draw some clips of every class, in one picture for each front-end"
    )
    data.add_argument(
        "--per-class",
        type=int,
        default=3,
        metavar="N",
        help="draw N clips of each class in the gallery (default: %(default)s)",
    )
    data.add_argument(
        "--statistics",
        action="store_true",
        help="compute the mean and the spread of each bin for each class, Fisher's ratio, the silhouette, and the "
        "accuracy of a linear discriminant on held-out folds",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="write to PATH; for clips, this is a picture *.png, *.pdf or *.svg, or for one clip *.npz with the values "
        "(default: features.png); for a data set, it is a folder (default: features)",
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
        say(f"{name:<20}{size:<12}{SHAPE.sub('', summary)}")


def check(arguments: Namespace) -> None:
    """Refuse options that do not go together, and paths that lead nowhere, before anything is read."""
    from esc_gpu.config.named_configs import find_config
    from esc_gpu.core.files import check_cache, check_makeable, check_there
    from esc_gpu.errors import EscGpuError

    data_set = arguments.root is not None or arguments.table is not None
    analysis = arguments.gallery or arguments.statistics
    if arguments.clips and (data_set or analysis):
        raise EscGpuError("both clips and options of a data set are given; expected one of the two; remove the other")
    if analysis and not data_set:
        raise EscGpuError(
            f"--{'gallery' if arguments.gallery else 'statistics'} needs recordings; expected --root DIR (ESC-50's "
            "layout) or --table CSV; add one of them"
        )
    if data_set and not analysis:
        raise EscGpuError(
            "nothing is to be done with the recordings; expected --gallery, --statistics or both; add one"
        )
    if not arguments.clips and not data_set:
        raise EscGpuError(
            "nothing is to be drawn; expected audio files before all options, or --root DIR or --table CSV; add some"
        )
    if data_set and arguments.start is not None:
        raise EscGpuError(
            "--start works with clips only, because a data set uses the start of each recording; remove it"
        )
    if arguments.start is not None and not 0 <= arguments.start < float("inf"):
        raise EscGpuError(f"--start is {arguments.start:g}; expected 0 or more seconds; correct it")
    if arguments.per_class < 1:
        raise EscGpuError(f"--per-class is {arguments.per_class}; expected 1 or more; correct it")
    if not 1000 <= arguments.sample_rate <= 384_000:
        raise EscGpuError(f"--sample-rate is {arguments.sample_rate}; expected 1000 to 384000 (Hz); correct it")
    if arguments.seconds is not None and not 1 / arguments.sample_rate <= arguments.seconds <= 3600:
        raise EscGpuError(f"--seconds is {arguments.seconds:g}; expected a sample or more, up to 3600 (s); correct it")
    arguments.config = [Path(find_config(str(path))) for path in arguments.config]
    names = config_names(arguments)
    for path, name in zip(arguments.config, names, strict=True):
        if names.count(name) > 1:
            raise EscGpuError(f"two files of --config are called {path.stem}; expected different names; rename one")
        check_there("--config", path)
    for path in arguments.clips:
        if not path.is_file():
            raise EscGpuError(f"{path}: no such file; expected an audio file; correct its name")
    if arguments.output is not None:
        check_makeable(arguments.output if data_set else arguments.output.parent)
    if arguments.statistics:
        check_cache(Path(os.path.expanduser(arguments.cache_dir)), "--cache-dir")


def config_names(arguments: Namespace) -> list[str]:
    """What the front-end of each file of --config is called: as its file, or apart from one of --frontends."""
    named = arguments.frontends or []
    return [f"{path.stem}_config" if path.stem in named else path.stem for path in arguments.config]


def run_clips(arguments: Namespace, say: Callable[[str], None]) -> None:
    """Draw one clip or several, or save the numbers of one."""
    from esc_gpu.errors import EscGpuError
    from esc_gpu.experiment.clip_features import make_clip, save_arrays
    from esc_gpu.report.figures.features import check_format, draw_clips, plot_features, save_figure
    from esc_gpu.report.tables import counted

    output = arguments.output or Path("features.png")
    as_arrays = output.suffix.lower() == ARRAYS
    if as_arrays and len(arguments.clips) > 1:
        raise EscGpuError(f"{output} holds the features of one clip, not of {len(arguments.clips)}: give one clip")
    if not as_arrays:
        check_format(output)
    waveforms = [read_part(path, arguments, say) for path in arguments.clips]
    frontends = choose_frontends(arguments, min(map(len, waveforms)), say)
    rate, start = arguments.sample_rate, arguments.start or 0.0
    clips = [make_clip(*pair, rate, frontends, start) for pair in zip(arguments.clips, waveforms, strict=True)]
    make_folder(output.parent)
    first = clips[0]
    if as_arrays:
        save_arrays(output, first)
    elif len(clips) == 1:
        plot_features(output, first.waveform, first.sample_rate, first.features, first.title, first.start_seconds)
    else:
        save_figure(draw_clips(clips), output)
    say(f"written: {output}, with {counted(len(frontends), 'front-end')} of {counted(len(clips), 'clip')}")


def read_part(path: Path, arguments: Namespace, say: Callable[[str], None]) -> "np.ndarray":
    """The part of a recording that was asked for, as far as there is one: (T,) int16."""
    from esc_gpu.experiment.clip_features import read_clip

    rate, start = arguments.sample_rate, arguments.start or 0.0
    seconds = DRAWN_SECONDS if arguments.seconds is None else arguments.seconds
    waveform, length = read_clip(path, rate, start, seconds)
    if arguments.seconds is None and len(waveform) < length - round(start * rate):
        say(f"{path}: drawing {seconds:g} s of {length / rate:.0f} s; --start and --seconds select another part")
    return waveform


def choose_frontends(arguments: Namespace, n_samples: int, say: Callable[[str], None]) -> "dict[str, Frontend]":
    """The front-ends that were asked for, for clips of `n_samples`."""
    from esc_gpu.config.parse import parse_run
    from esc_gpu.frontends.images import default_frontends, make_frontends
    from esc_gpu.frontends.registry import list_frontends

    rate = arguments.sample_rate
    if arguments.frontends is None and not arguments.config:
        frontends = default_frontends(rate, n_samples=n_samples)
        left_out = [name for name in list_frontends() if name not in frontends]
        if left_out:
            say(f"skipping front-ends for which {n_samples / rate:.3f} s are too short: {', '.join(left_out)}")
        return frontends
    named = default_frontends(rate, arguments.frontends) if arguments.frontends else {}
    options = {}
    for path, name in zip(arguments.config, config_names(arguments), strict=True):
        config = parse_run(["--config", str(path)], "esc-gpu features")
        options[name] = {"sample_rate": config.data.sample_rate, **config.frontend.arguments()}
    return named | make_frontends(rate, options)


def run_data_set(arguments: Namespace, say: Callable[[str], None]) -> None:
    """Gallery and statistics of recordings."""
    from esc_gpu.core.clip import clip_samples
    from esc_gpu.data.store.build import open_store

    notes: list[str] = []
    recordings = read_data_set(arguments, notes.append)  # a wrong folder does not wait for what follows

    from esc_gpu.experiment.feature_study import count_answers, format_ranking, write_gallery, write_statistics
    from esc_gpu.report.tables import counted

    say(f"{len(recordings.filenames)} clips, {len(recordings.class_names)} classes, in {recordings.root}")
    for note in notes:
        say(note)
    seconds = CLIP_SECONDS if arguments.seconds is None else arguments.seconds
    options = {"sample_rate": arguments.sample_rate, "clip_seconds": seconds}
    frontends = choose_frontends(arguments, clip_samples(**options), say)
    output = arguments.output or Path("features")
    make_folder(output)
    if arguments.gallery:
        pictures = write_gallery(recordings, frontends, output, per_class=arguments.per_class, **options)
        say(f"written: {counted(len(pictures), 'picture')} gallery-*.png in {output}")
    if arguments.statistics:
        cache = Path(os.path.expanduser(arguments.cache_dir))
        store = open_store(recordings.paths, cache_dir=cache / "stores", **options)
        about = {"recordings": recordings.root.resolve().name, "subset": arguments.subset, "clips": store.n_clips}
        ranking = write_statistics(recordings, store, frontends, output, {**about, **options})
        say(format_ranking(ranking))
        if recordings.task == MULTI_LABEL:
            say(SEVERAL_LABELS)
        guessing = 100 / count_answers(recordings)
        say(f"The accuracy is in %; guessing would give {guessing:.1f}. The files of each front-end are in {output}.")


def make_folder(folder: Path) -> None:
    """The folder of the output."""
    from esc_gpu.errors import EscGpuError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EscGpuError(
            f"{folder}: {error.strerror or error}; expected a folder that can be made; choose another --output"
        ) from error
