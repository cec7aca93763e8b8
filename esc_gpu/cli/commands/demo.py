"""`esc-gpu demo`: a page in the browser, for sounds from a file or the microphone."""

import signal
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from esc_gpu.cli.fold_option import add_fold_argument
from esc_gpu.cli.next_commands import missing_run
from esc_gpu.core.extras import require
from esc_gpu.errors import EscGpuError

HELP = "serve a web page on which a trained model classifies sound files and microphone recordings"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        nargs="+",
        metavar="RUN",
        help="the models that the page offers: the folder of a run or of a fold, a folder that save_pretrained wrote, "
        "or hf-hub:USER/NAME; without this option, the command only names the newest run",
    )
    add_fold_argument(parser, "use", "each run")
    parser.add_argument(
        "--port", type=int, default=7860, metavar="P", help="serve the page at 127.0.0.1:P (default: 7860)"
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    if arguments.model is None:
        raise missing_run("--model", arguments.typed)
    check_options(arguments.port)

    from esc_gpu.core.find_pipeline import find_pipeline

    for path in arguments.model:
        find_pipeline(path, arguments.fold)  # a wrong folder does not wait for the imports below

    from esc_gpu.core.device import best_device
    from esc_gpu.inference.demo import load_models
    from esc_gpu.inference.demo_page import serving

    models = load_models(arguments.model, arguments.fold, best_device())
    # Ended by `kill`, it removes the uploads as well.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with serving(models, arguments.port) as address:
            say(f"{', '.join(models)} at {address} - press Ctrl+C to end")
            threading.Event().wait()
    except KeyboardInterrupt:
        say("the demo has ended")
    finally:
        signal.signal(signal.SIGTERM, before)


def check_options(port: int) -> None:
    """Refuse a port number that does not exist, and a machine without gradio."""
    if not 1 <= port <= 65535:
        raise EscGpuError(f"--port is {port}; expected 1 to 65535; choose another port")
    require("gradio", "the demo")
