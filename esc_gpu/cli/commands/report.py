"""`esc-gpu report RUN`: a finished run as one HTML page, or as Markdown with its figures."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

HELP = "a page on a finished run: its features, its results, and every mistake to see and to hear"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="the page, FILE.html; Markdown goes into the folder of that name without its suffix "
        "(default: RUN/report.html)",
    )
    parser.add_argument("--format", choices=("html", "markdown", "both"), default="html", help="(default: html)")
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="folder of the run's recordings, where they have moved"
    )
    parser.add_argument("--audio", choices=("yes", "no"), default="yes", help="sounds in the page (default: yes)")
    parser.add_argument("--mistakes", type=int, metavar="N", help="list the N surest only (default: all)")


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.core.files import check_writable, write_text
    from esc_gpu.core.run_layout import REPORT
    from esc_gpu.errors import EscGpuError
    from esc_gpu.evaluation.finished_run import read_run
    from esc_gpu.experiment.examine_run import collect
    from esc_gpu.report.markdown import write_markdown
    from esc_gpu.report.page.render import render_page

    results = read_run(arguments.run)
    page = arguments.output or arguments.run / REPORT
    if page.suffix != ".html":
        raise EscGpuError(f"output is {page}; expected a name that ends in .html; correct it")
    check_writable(page)
    with_audio = arguments.audio == "yes" and arguments.format != "markdown"
    report = collect(results, arguments.root, audio=with_audio, n_mistakes=arguments.mistakes)
    try:
        if arguments.format != "markdown":
            write_text(page, render_page(report))
            say(f"written: {page} ({page.stat().st_size / 1e6:.1f} MB)")
        if arguments.format != "html":
            document = page.with_suffix("") / f"{page.stem}.md"
            say(f"written: {write_markdown(report, document)}")
    except OSError as error:
        raise EscGpuError(f"cannot write {page} ({error}): choose another --output") from error
