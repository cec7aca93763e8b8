"""`esc-gpu report RUN`: a finished run as one HTML page, or as Markdown with its figures."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

HELP = "write a page about a finished run with its features, its results, and pictures and sounds of every mistake"

MOVED = "{}; if the run's recordings have moved, name their folder with --root DIR"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "run",
        nargs="?",
        type=Path,
        metavar="RUN",
        help="the folder of a finished run; without it, the command only names the newest run",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the page to FILE, whose name ends in .html; Markdown goes into a folder of that name without the "
        "suffix (default: RUN/report.html)",
    )
    parser.add_argument(
        "--format", choices=("html", "markdown", "both"), default="html", help="write this format (default: html)"
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        help="look for the run's recordings in this folder or at this address (default: their folder during training)",
    )
    parser.add_argument(
        "--audio", choices=("yes", "no"), default="yes", help="include the sounds in the page (default: yes)"
    )
    parser.add_argument(
        "--validated",
        type=Path,
        metavar="RUN",
        help="for several labels a clip: choose the threshold on the validation clips of this run of --validate "
        "(default: a threshold of 0.5)",
    )
    parser.add_argument(
        "--mistakes", type=int, metavar="N", help="show only the N most confident mistakes (default: all)"
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.cli.next_commands import missing_run
    from esc_gpu.cli.run_options import check_recordings_of
    from esc_gpu.core.files import check_writable, write_text
    from esc_gpu.core.run_layout import CONFIG, REPORT
    from esc_gpu.data.recordings.layouts import check_recordings
    from esc_gpu.errors import EscGpuError
    from esc_gpu.evaluation.finished_run import read_run

    if arguments.run is None:
        raise missing_run("RUN", arguments.typed)
    results = read_run(arguments.run)
    results.check_threshold_needed(arguments.validated)
    validated = None if arguments.validated is None else read_run(arguments.validated)
    page = arguments.output or arguments.run / REPORT
    if page.suffix != ".html":
        raise EscGpuError(f"output is {page}; expected a name that ends in .html; correct it")
    check_writable(page)
    # Wrong folders do not wait for the imports below.
    if arguments.root is None:
        check_recordings_of(arguments.run / CONFIG, MOVED)
    else:
        check_recordings(arguments.root)

    from esc_gpu.experiment.examine_run import collect
    from esc_gpu.report.markdown import write_markdown
    from esc_gpu.report.page.render import render_page

    with_audio = arguments.audio == "yes" and arguments.format != "markdown"
    report = collect(results, arguments.root, audio=with_audio, n_mistakes=arguments.mistakes, validated=validated)
    try:
        if arguments.format != "markdown":
            write_text(page, render_page(report))
            say(f"written: {page} ({page.stat().st_size / 1e6:.1f} MB)")
        if arguments.format != "html":
            document = page.with_suffix("") / f"{page.stem}.md"
            say(f"written: {write_markdown(report, document)}")
    except OSError as error:
        raise EscGpuError(f"cannot write {page} ({error}): choose another --output") from error
