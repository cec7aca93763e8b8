"""`esc-gpu listen`: classify sound as it comes, from standard input or the microphone."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from esc_gpu.cli.argument_types import count, share
from esc_gpu.cli.commands.predict import add_model_arguments, add_timeline_arguments
from esc_gpu.cli.next_commands import missing_run
from esc_gpu.core.extras import require
from esc_gpu.errors import EscGpuError

if TYPE_CHECKING:
    import numpy as np

    from esc_gpu.core.channel import Channel
    from esc_gpu.inference.timeline import Segment

HELP = "classify sound as it comes, from standard input or the microphone, and print a rolling timeline"
PCM_FORMATS = ("s16le", "f32le")
MOST_CHANNELS = 64


def add_arguments(parser: ArgumentParser) -> None:
    add_model_arguments(parser)
    parser.add_argument(
        "--microphone", action="store_true", help="listen to the default microphone instead of standard input"
    )
    parser.add_argument(
        "--sample-rate",
        "--sample_rate",
        type=count,
        metavar="HZ",
        help="samples per second of standard input or the microphone (default: that of the model, or the microphone's)",
    )
    parser.add_argument(
        "--format",
        choices=PCM_FORMATS,
        default="s16le",
        help="read samples of this format from standard input, without a header: 16-bit integers or 32-bit floats, "
        "little-endian (default: s16le)",
    )
    parser.add_argument(
        "--channels", type=count, default=1, metavar="N", help="average N interleaved channels, up to 64 (default: 1)"
    )
    parser.add_argument(
        "--overlap",
        type=share,
        default=0.5,
        metavar="SHARE",
        help="let neighbouring windows share 0 to 0.95 of their length (default: 0.5)",
    )
    add_timeline_arguments(parser)
    parser.add_argument(
        "--windows",
        action="store_true",
        help="also print each window's most probable classes as soon as it is complete",
    )
    parser.add_argument(
        "--top", type=count, default=3, metavar="K", help="print the K most probable classes of a window (default: 3)"
    )
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each segment and each window")


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    if arguments.model is None:
        raise missing_run("--model", arguments.typed)
    if arguments.overlap is None:
        raise EscGpuError("--overlap is none, which is for recordings; expected a share from 0 to 0.95; correct it")
    if arguments.sample_rate is not None and not 1000 <= arguments.sample_rate <= 384_000:
        raise EscGpuError(f"--sample-rate is {arguments.sample_rate}; expected 1000 to 384000 (Hz); correct it")
    if arguments.channels > MOST_CHANNELS:
        raise EscGpuError(f"--channels is {arguments.channels}; expected 1 to {MOST_CHANNELS}; correct it")
    if arguments.microphone:
        require("sounddevice", "the microphone", ", or pipe sound into standard input")
    elif sys.stdin is None:
        raise EscGpuError("standard input is closed: pipe raw sound into it, or add --microphone")
    elif sys.stdin.isatty():
        raise EscGpuError("standard input is a terminal: pipe raw sound into it, or add --microphone")

    from esc_gpu.core.find_pipeline import find_pipeline

    find_pipeline(arguments.model, arguments.fold)  # a wrong path does not wait for the imports below

    from esc_gpu.core.device import best_device
    from esc_gpu.inference.listen import listen
    from esc_gpu.inference.pcm import at_rate
    from esc_gpu.inference.pipeline import load_pipeline
    from esc_gpu.inference.predict import check_options
    from esc_gpu.inference.timeline import create_timeline

    check_options(arguments.overlap, 1)
    device = best_device() if arguments.device == "auto" else arguments.device
    precision = None if arguments.precision == "auto" else arguments.precision
    pipeline = load_pipeline(arguments.model, arguments.fold, device, precision)
    limits = (arguments.threshold, arguments.shortest or 0.0)
    timeline = create_timeline(pipeline.task, pipeline.class_names, pipeline.clip_seconds, *limits)
    ended = 0.0
    try:
        rate, blocks = open_sound(arguments, pipeline.sample_rate, pipeline.channel)
        sound = at_rate(blocks, rate, pipeline.sample_rate)
        for heard in listen(pipeline, sound, timeline, arguments.overlap):
            ended = heard.end_seconds
            if arguments.windows:
                say(window_line(arguments, pipeline.class_names, heard))
            for segment in heard.segments:
                say(line_of(arguments, segment))
    except KeyboardInterrupt:  # the usual end of a microphone
        if not timeline.n_windows:
            return
    for segment in timeline.end(ended):
        say(line_of(arguments, segment))


def open_sound(arguments: Namespace, model_rate: int, channel: "Channel") -> "tuple[int, Iterator[np.ndarray]]":
    """The rate in Hz, and the blocks `(t,)` float32 of standard input or of the microphone."""
    if arguments.microphone:
        from esc_gpu.inference.microphone import record

        return record(arguments.sample_rate, arguments.channels, channel)
    from esc_gpu.inference.pcm import read_pcm

    options = arguments.format, arguments.channels, channel
    return arguments.sample_rate or model_rate, read_pcm(sys.stdin.buffer, *options)


def line_of(arguments: Namespace, segment: "Segment") -> str:
    """A segment of the timeline, as text or JSON."""
    from esc_gpu.inference.formats import segment_line, segment_record

    return json_line("segment", segment_record(segment)) if arguments.json else segment_line(segment).strip()


def window_line(arguments: Namespace, class_names: list[str], heard: Any) -> str:
    """The most probable classes of a window, as text or JSON."""
    from esc_gpu.inference.formats import DIGITS, clock

    order = (-heard.probabilities).argsort(kind="stable")[: arguments.top]
    top = [(class_names[label], float(heard.probabilities[label])) for label in order]
    if arguments.json:
        times = {"start_seconds": round(heard.start_seconds, 3), "end_seconds": round(heard.end_seconds, 3)}
        return json_line("window", times | {"top": [{"class": n, "probability": round(p, DIGITS)} for n, p in top]})
    answers = ", ".join(f"{name} {probability:.3f}" for name, probability in top)
    return f"  {clock(heard.start_seconds)} - {clock(heard.end_seconds)}: {answers}"


def json_line(kind: str, fields: dict[str, Any]) -> str:
    """One line that says what it is."""
    return json.dumps({"type": kind, **fields}, ensure_ascii=False, allow_nan=False)
