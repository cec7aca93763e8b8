"""`esc-gpu export RUN`: a trained pipeline in one file that runs without this package."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from esc_gpu.cli.fold_option import add_fold_argument
from esc_gpu.cli.next_commands import missing_run
from esc_gpu.cli.run_options import check_recordings_of
from esc_gpu.core.files import check_writable
from esc_gpu.core.run_layout import CONFIG, fold_of
from esc_gpu.errors import EscGpuError

REMEDY = "name other recordings with --recordings FILE or FOLDER ..."
HELP = "write a trained model, from waveform to logits, as one ONNX or torch file that runs without this package"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "run",
        nargs="?",
        metavar="RUN",
        help="the folder of a run or of a fold, a folder that save_pretrained wrote, or hf-hub:USER/NAME; without it, "
        "the command only names the newest run",
    )
    add_fold_argument(parser, "export")
    parser.add_argument(
        "--format", required=True, choices=("onnx", "torch"), help="write an ONNX graph, or a .pt2 file of torch.export"
    )
    parser.add_argument(
        "--length",
        choices=("fixed", "free"),
        default="fixed",
        help="take clips of the length of the training only, or clips of any length (default: fixed)",
    )
    parser.add_argument(
        "--outputs",
        choices=("logits", "logits,embedding"),
        default="logits",
        help="give the logits alone, or also the embedding, of which the last layer makes them (default: logits)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write to FILE (default: model.onnx or model.pt2 beside the weights)",
    )
    parser.add_argument(
        "--clips", type=int, default=32, metavar="N", help="check the exported file on N clips (default: 32)"
    )
    parser.add_argument(
        "--recordings",
        nargs="+",
        metavar="PATH",
        help="check the exported file on these audio files, or on all audio files in these folders (default: the test "
        "fold of the run)",
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.core.find_pipeline import HUB, find_pipeline
    from esc_gpu.data.clips.regular_file import check_file
    from esc_gpu.data.recordings.audio_files import find_audio_files

    if arguments.run is None:
        raise missing_run("RUN", arguments.typed)
    if arguments.clips < 1:
        raise EscGpuError(f"--clips is {arguments.clips}; expected 1 or more; correct it")
    if arguments.run.startswith(HUB) and None in (arguments.output, arguments.recordings):
        raise EscGpuError(
            f"{arguments.run} is not on this disk: name the exported file with --output FILE, and the clips to check "
            "it on with --recordings"
        )
    folder = find_pipeline(arguments.run, arguments.fold) or Path()
    given = [Path(name) for name in find_audio_files(arguments.recordings or [])]
    # Neither a wrong folder nor a wrong file waits for the imports below.
    for path in spread(given, arguments.clips):
        check_file(path)
    if not given:
        check_recordings_of(folder.resolve().parent / CONFIG, f"the run's recordings cannot be read ({{}}): {REMEDY}")
    if arguments.output:
        check_writable(Path(os.path.expanduser(arguments.output)))

    from esc_gpu.inference.agreement import CHECK_BATCH
    from esc_gpu.inference.export import SUFFIXES, export, read_clips
    from esc_gpu.inference.pipeline import load_pipeline

    pipeline = load_pipeline(arguments.run, arguments.fold)  # in the precision in which it predicts
    file = arguments.output or folder / f"model{SUFFIXES[arguments.format]}"
    chosen = spread(given or find_test_clips(folder), arguments.clips)
    source = "the recordings given" if given else f"the test clips of {folder.name}"
    say(f"exporting {arguments.run} as {arguments.format}; the file will be checked on {len(chosen)} of {source}")
    clips, outputs = read_clips(pipeline, chosen), arguments.outputs.split(",")
    agreement = export(pipeline, file, arguments.format, clips, True, length=arguments.length, outputs=outputs)
    say(
        f"checked on {agreement.n_clips} clip{'s' * (agreement.n_clips > 1)}: the file predicts the same class as the "
        f"checkpoint for each; the largest difference of a logit is {agreement.max_difference:.1e}"
    )
    if agreement.lengths:
        *shorter, longer = agreement.lengths
        say(
            f"{min(CHECK_BATCH, len(clips))} of them were checked at {', '.join(map(str, shorter))} and {longer} "
            f"samples as well; the file takes {agreement.lengths[0]} samples or more"
        )
    if len(outputs) > 1:
        say(f"the embeddings agree within {agreement.embedding_difference:.1e} of the largest number in them")
    if pipeline.precision != "no":
        say(
            f"the file computes in float32; esc-gpu predict uses {pipeline.precision} here and predicts another class "
            f"for {agreement.n_other_predictions} of the clips; with --precision no, it predicts the same class for all"
        )
    say(f"written: {file} ({Path(os.path.expanduser(file)).stat().st_size / 1e6:.1f} MB)")


def find_test_clips(folder: Path) -> list[Path]:
    """The test recordings of a fold, as the run beside it names them; not those that it has skipped.

    Raises:
        EscGpuError: for a folder that is no fold of a run, and recordings that are not there.
    """
    from esc_gpu.config.parse import parse_run
    from esc_gpu.data.store.skipped import read_skipped
    from esc_gpu.experiment.kept_recordings import data_of_run
    from esc_gpu.experiment.recordings import open_recordings

    fold, config_file = fold_of(folder.resolve()), folder.resolve().parent / CONFIG
    if fold is None or not config_file.is_file():
        raise EscGpuError(f"{folder} is not the folder of a fold, so its test clips are unknown: {REMEDY}")
    try:
        config = parse_run(["--config", str(config_file)], "esc-gpu export")
        config = replace(config, data=data_of_run(config_file.parent, config.data))
        recordings = open_recordings(config, True, lambda line: None)
        _, test = recordings.split(fold)
    except EscGpuError as error:
        raise EscGpuError(f"the run's recordings cannot be read ({error}): {REMEDY}") from error
    skipped = read_skipped(config_file.parent)
    return [recordings.paths[position] for position in test if recordings.filenames[position] not in skipped]


def spread(paths: Sequence[Path], n: int) -> list[Path]:
    """`n` of the paths, or all if they are fewer, evenly over their order."""
    import numpy as np

    from esc_gpu.data.store.batch_order import evenly

    return [paths[number] for number in evenly(np.arange(len(paths)), n)]
