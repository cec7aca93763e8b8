"""A search, guided by the lines of code that it reaches, for a csv or YAML file that its reader has no answer to.

It needs atheris, which is installed apart: .venv/bin/pip install atheris

python -m benchmarks.reliability.fuzz_readers table --seconds 60
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.common.command import create_parser
from esc_gpu.errors import EscGpuError

FILES = ("a.wav", "b.wav", "c.wav", "d.wav")
SEEDS = {
    "table": b"path,label,fold,source\na.wav,dog,1,x\nb.wav,cat,2,y\nc.wav,cat,1,x\nd.wav,dog,2,y\n",
    "esc50": b"filename,fold,target,category,esc10,src_file,take\na.wav,1,0,dog,True,x,A\nb.wav,2,0,dog,False,y,A\n",
    "config": b"frontend: {name: mfcc, n_mfcc: 20}\ntrain:\n  lr: 1e-3\ndata: {root: x, overlap: null}\nfolds: [1]\n",
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("reader", choices=list(SEEDS), help="which reader")
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the search (default: 1)")
    parser.add_argument(
        "--failures", type=Path, default=Path(), metavar="DIR", help="where a content that fails is left"
    )
    arguments = parser.parse_args(argv)
    try:
        import atheris
    except ImportError as error:
        parser.error(f"{error}: pip install atheris")
    with atheris.instrument_imports(include=["esc_gpu.data", "esc_gpu.config.parse", "jsonargparse"]):
        read = reader(arguments.reader)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        (corpus / "seed").write_bytes(SEEDS[arguments.reader])
        check = checked(read, Path(folder) / "set")
        check(SEEDS[arguments.reader])
        options = (f"-max_total_time={arguments.seconds}", f"-seed={arguments.seed}", "-max_len=1000")
        prefix = f"-artifact_prefix={arguments.failures.resolve()}{os.sep}"
        atheris.Setup([parser.prog, *options, prefix, str(corpus)], check)
        atheris.Fuzz()  # ends the process, with another status than 0 for a failure
    return 0


def reader(name: str) -> Callable[[Path], object]:
    """Reads the folder of a data set, or the config in it."""
    from esc_gpu.config.parse import parse_run
    from esc_gpu.data.recordings.layouts.esc50 import read_esc50
    from esc_gpu.data.recordings.table import read_table

    return {
        "table": lambda root: read_table(root / "list.csv"),
        "esc50": read_esc50,
        "config": lambda root: parse_run(["--config", str(root / "list.csv")], "train.py"),
    }[name]


def checked(read: Callable[[Path], object], root: Path) -> Callable[[bytes], None]:
    """Give a content to the reader; whatever is no answer is raised."""
    for folder in (root, root / "audio"):
        folder.mkdir()
        for name in FILES:
            (folder / name).touch()
    (root / "meta").mkdir()
    places = (root / "list.csv", root / "meta" / "esc50.csv")

    def check(content: bytes) -> None:
        for place in places:
            place.write_bytes(content)
        try:
            read(root)
        except EscGpuError as error:
            if len(str(error).splitlines()) != 1:
                raise RuntimeError(f"an error of several lines: {error!r}") from error

    return check


if __name__ == "__main__":
    sys.exit(main())
