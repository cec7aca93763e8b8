"""`esc-gpu demo`: a page in the browser, for sounds from a file or the microphone."""

import signal
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from esc_gpu.core.extras import require
from esc_gpu.errors import EscGpuError

HELP = "open a page in the browser on which a trained model listens to files and to the microphone"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        required=True,
        nargs="+",
        metavar="RUN",
        help="a run's folder, a fold's folder, a folder that save_pretrained wrote, or hf-hub:USER/NAME; the page "
        "offers each of them",
    )
    parser.add_argument(
        "--fold", type=int, metavar="N", help="take the model of fold N of each run (default: the lowest)"
    )
    parser.add_argument(
        "--port", type=int, default=7860, metavar="P", help="serve the page at 127.0.0.1:P (default: 7860)"
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> None:
    check_options(arguments.port)

    from esc_gpu.inference.find_pipeline import find_pipeline

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
            say(f"{', '.join(models)} at {address} - to end, press Ctrl+C")
            threading.Event().wait()
    except KeyboardInterrupt:
        say("ended")
    finally:
        signal.signal(signal.SIGTERM, before)


def check_options(port: int) -> None:
    """Refuse a port that there is not, and a machine without gradio."""
    if not 1 <= port <= 65535:
        raise EscGpuError(f"--port is {port}; expected 1 to 65535")
    require("gradio", "the demo")
