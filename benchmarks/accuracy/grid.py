"""Rows × seeds of trainings, each a run in a folder of its own."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from esc_gpu.config.options import plain
from esc_gpu.config.schema import RunConfig
from esc_gpu.core.run_layout import SUMMARY
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.finished_run import RunResults, read_run
from esc_gpu.experiment import cross_validation as experiment
from esc_gpu.experiment.output_folder import check_same_config

Runs = dict[tuple[str, int], RunResults]  # by row and seed


@dataclass(frozen=True)
class Grid:
    """The config of each row, the reference's first; the seeds; and the folder of all runs."""

    configs: dict[str, RunConfig]
    seeds: list[int]
    work: Path

    def cells(self) -> list[tuple[str, int]]:
        """Row and seed of each run: all rows with the first seed first, for a part of the grid to be a comparison."""
        return [(name, seed) for seed in self.seeds for name in self.configs]

    def folder(self, name: str, seed: int) -> Path:
        """Of a run."""
        return self.work / name / f"seed{seed}"

    def config(self, name: str, seed: int) -> RunConfig:
        """Of a run, which goes on where there is one."""
        config = self.configs[name]
        train = dataclasses.replace(config.train, seed=seed)
        folder = str(self.folder(name, seed))
        return dataclasses.replace(config, train=train, output_dir=folder, resume=True, overwrite=False)


def finished_runs(grid: Grid) -> Runs:
    """The runs that need no training.

    Raises:
        EscGpuError: for one with other options.
    """
    runs = {}
    for name, seed in grid.cells():
        if (grid.folder(name, seed) / SUMMARY).is_file():
            with naming(name, seed):
                run = read_run(grid.folder(name, seed))
                config = grid.config(name, seed)
                check_same_config(config, plain(run.config))
            if run.config["folds"] == plain(config.folds):  # else it lacks folds, or has some that are not asked for
                runs[name, seed] = run
    return runs


def train_rest(grid: Grid, runs: Runs) -> Iterator[Runs]:
    """Train what is not among `runs`: these and what has been trained, after each training.

    Raises:
        EscGpuError: of the first run that fails, with its row and seed.
    """
    rest = [cell for cell in grid.cells() if cell not in runs]
    with tqdm(total=len(grid.cells()), initial=len(runs), desc="runs", unit="run") as progress:
        for name, seed in rest:
            progress.set_postfix_str(f"{name}, seed {seed}")
            with naming(name, seed):
                experiment.run(grid.config(name, seed))
                runs = {**runs, (name, seed): read_run(grid.folder(name, seed))}
            progress.update()
            yield runs


@contextmanager
def naming(name: str, seed: int) -> Iterator[None]:
    """Says of a user's mistake inside which run has it."""
    try:
        yield
    except EscGpuError as error:
        raise EscGpuError(f"row {name}, seed {seed}: {error}") from error
