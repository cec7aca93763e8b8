"""`esc-gpu export RUN`: a trained pipeline in one file that runs without this package."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from esc_gpu.core.run_layout import CONFIG, fold_number
from esc_gpu.errors import EscGpuError

HELP = "write a trained pipeline, waveform to logits, as one ONNX or torch file that runs without this package"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="folder of a run or of a pipeline, or hf-hub:USER/NAME")
    parser.add_argument("--fold", type=int, help="whose model (default: the lowest fold that there is)")
    parser.add_argument("--format", required=True, choices=("onnx", "torch"), help="onnx, or torch for a .pt2 file")
    parser.add_argument("--output", type=Path, metavar="FILE", help="(default: model.onnx or .pt2 beside the weights)")
    parser.add_argument(
        "--clips", type=int, default=32, metavar="N", help="clips that the file is checked on (default: 32)"
    )
    parser.add_argument(
        "--recordings",
        nargs="+",
        metavar="PATH",
        help="audio files or folders of them to check the file on (default: the run's own test fold)",
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.data.recordings.audio_files import find_audio_files
    from esc_gpu.inference.export import SUFFIXES, export, read_clips
    from esc_gpu.inference.pipeline import HUB, find_folder, load_pipeline

    if arguments.clips < 1:
        raise EscGpuError(f"--clips is {arguments.clips}; a file is checked on one clip or more")
    is_remote = arguments.run.startswith(HUB)
    if is_remote and None in (arguments.output, arguments.recordings):
        raise EscGpuError(f"{arguments.run} is on no disk: give --output FILE, and --recordings to check the file on")
    pipeline = load_pipeline(arguments.run, arguments.fold, precision="no")
    folder = Path() if is_remote else find_folder(Path(os.path.expanduser(arguments.run)), arguments.fold)
    file = arguments.output or folder / f"model{SUFFIXES[arguments.format]}"
    if arguments.recordings:
        paths, source = [Path(name) for name in find_audio_files(arguments.recordings)], "the recordings given"
    else:
        paths, source = find_test_clips(folder), f"the test clips of {folder.name}"
    chosen = spread(paths, arguments.clips)
    say(f"exporting {arguments.run} as {arguments.format}, to be checked on {len(chosen)} of {source}")
    agreement = export(pipeline, file, arguments.format, read_clips(pipeline, chosen))
    say(
        f"checked on {agreement.n_clips} clip{'s' * (agreement.n_clips > 1)}: the checkpoint's class for each, "
        f"greatest difference of a logit {agreement.max_difference:.1e}"
    )
    say(f"written: {file} ({Path(os.path.expanduser(file)).stat().st_size / 1e6:.1f} MB)")


def find_test_clips(folder: Path) -> list[Path]:
    """The test recordings of a fold, as the run beside it names them; not those that it has skipped.

    Raises:
        EscGpuError: for a folder that is no fold of a run, and recordings that are not there.
    """
    from esc_gpu.config.parse import parse_run
    from esc_gpu.data.store.skipped import read_skipped
    from esc_gpu.experiment.recordings import open_recordings

    remedy = "give others by --recordings FILE or FOLDER ..."
    fold, config_file = fold_number(folder.resolve()), folder.resolve().parent / CONFIG
    if fold is None or not config_file.is_file():
        raise EscGpuError(f"{folder} is no fold of a run, so its test clips are not known: {remedy}")
    try:
        config = parse_run(["--config", str(config_file)], "esc-gpu export")
        recordings = open_recordings(config, True, lambda line: None)
        _, test = recordings.split(fold)
    except EscGpuError as error:
        raise EscGpuError(f"the run's recordings cannot be read ({error}): {remedy}") from error
    skipped = read_skipped(config_file.parent)
    return [recordings.paths[position] for position in test if recordings.filenames[position] not in skipped]


def spread(paths: Sequence[Path], n: int) -> list[Path]:
    """`n` of the paths, or all if they are fewer, evenly over their order."""
    import numpy as np

    from esc_gpu.data.store.batch_order import evenly

    return [paths[number] for number in evenly(np.arange(len(paths)), n)]
