"""Times front-ends of whichever checkout is first in `sys.path`, in a process that `beside_commit` starts.

It takes a question a line from its input and answers each with a line: nothing here but torch, NumPy and
`esc_gpu.create_frontend` may be imported, which every commit has.
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator

import numpy as np
import torch

from esc_gpu import create_frontend


def answers(questions: Iterable[str], clips: torch.Tensor) -> Iterator[float]:
    """Seconds of a call for `{"call": name}`; 0 for `{"name": name, "options": {...}}`, which makes it, or `{}`."""
    layers = {}
    for line in questions:
        question = json.loads(line)
        if "name" in question:
            layers = {question["name"]: create_frontend(question["name"], **question["options"]).eval()}
        started = time.perf_counter()
        if "call" in question:
            with torch.no_grad():
                layers[question["call"]](clips)
            yield time.perf_counter() - started
        else:
            yield 0.0


def serve(clips: str, threads: str) -> None:
    """Answer the questions of the standard input, on the clips of a file of NumPy's."""
    torch.set_num_threads(int(threads))
    for answer in answers(sys.stdin, torch.from_numpy(np.load(clips))):
        print(json.dumps(answer), flush=True)
