"""`esc-gpu download`: the public ESC-50 recordings."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

HELP = "download the public ESC-50 recordings (about 600 MB)"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--root", required=True, metavar="DIR", help="put the folders meta/ and audio/ into this folder"
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    from esc_gpu.data.recordings.download import download_esc50

    say(f"ESC-50 is complete in {download_esc50(arguments.root)}")
