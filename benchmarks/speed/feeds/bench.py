"""One feature with every feed: checked, then timed in turns."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.common.memory import allocated_bytes
from benchmarks.common.timing import spread
from benchmarks.speed.feeds.agreement import check_feed
from benchmarks.speed.feeds.base import KINDS, Feed, Material, Unavailable
from benchmarks.speed.feeds.plan import modes_of
from benchmarks.speed.feeds.precompute import precompute
from benchmarks.speed.feeds.registry import create_feed
from benchmarks.speed.throughput import MODES, WARM_UP, Learner, clip_order, measure_round
from esc_gpu.config.schema import RunConfig
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.store.build import WaveformStore
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.build_model import build_model
from esc_gpu.training.loop import derive_seed

STEPPED = "efgh"  # feeds whose steps are all in this process, where their memory can be seen
FIT_BATCH = 64


@dataclass(frozen=True)
class Recorded:
    """The recordings and their store, with what it takes on disk and took to make."""

    recordings: Recordings
    store: WaveformStore
    store_bytes: int
    store_seconds: float


@dataclass
class Row:
    """A feed that is timed.

    Attributes:
        result: what the file will hold of it.
        modes: what it is timed in.
    """

    feed: Feed
    learner: Learner
    result: dict[str, object]
    modes: list[str]


class FeatureBench:
    """The model of one feature and the rows that are measured with it.

    Args:
        name: of the feature.
        config: its run, with augmentation.
        recorded: the recordings.
        folder: for the precomputed features; not there yet.
        compile_modes: torch.compile's modes of which (h) has rows of its own.

    Attributes:
        results: of the rows, once they are measured.
        skipped: feeds that there are none of, and why.
    """

    def __init__(
        self,
        name: str,
        config: RunConfig,
        recorded: Recorded,
        folder: Path,
        device: torch.device,
        compile_modes: list[str],
    ):
        self.compile_modes = compile_modes
        self.name, self.augmented, self.recorded, self.device = name, config, recorded, device
        without = dataclasses.replace(config.augment, shift_seconds=0.0, gain_db=0.0)
        self.plain = dataclasses.replace(config, augment=without)
        self.accelerator = create_accelerator(config, folder)
        torch.manual_seed(derive_seed(config.train.seed))
        self.classifier = build_model(config, len(recorded.recordings.class_names)).to(device)
        recordings, store = recorded.recordings, recorded.store
        self.material = Material(
            config=config,
            device=device,
            paths=recordings.paths,
            labels=recordings.labels,
            n_samples=store.n_samples,
            frontend=self.classifier.frontend,
            store=store,
            precomputed=precompute(
                recordings.paths, config.data.sample_rate, store.n_samples, self.classifier.frontend, device, folder
            ),
        )
        self.fit(self.classifier)
        self.rows: list[Row] = []
        self.skipped: list[dict[str, object]] = []

    @property
    def n_measurements(self) -> int:
        """Measurements of a round."""
        return sum(len(row.modes) for row in self.rows)

    @property
    def results(self) -> list[dict[str, object]]:
        return [row.result for row in self.rows]

    def fit(self, classifier: torch.nn.Module) -> None:
        """Normalisation over all clips, whose accuracy nobody asks for here."""
        feed = create_feed("f", self.material)
        classifier.normalization.fit(feed.features.split(FIT_BATCH))

    def order(self, n_batches: int) -> list:
        """The clips of so many batches."""
        train = self.augmented.train
        return clip_order(len(self.material.paths), train.batch_size, n_batches, train.seed)

    def create_rows(self, letters: list[str], workers: list[int]) -> None:
        """The feeds of these letters, each checked before it becomes a row, with every number of workers."""
        epoch = self.order(len(self.material.paths) // self.augmented.train.batch_size)
        learner = self.learner("no")
        for letter in letters:
            counts = workers if KINDS[letter].in_workers else [None]
            try:
                feeds = {count: create_feed(letter, self.material, count or 0) for count in counts}
            except (Unavailable, ImportError) as reason:
                self.skipped.append({"feature": self.name, "feed": letter, "reason": str(reason)})
                continue
            checked = list(feeds.values())
            if KINDS[letter].in_workers:
                # First in this process: what libraries import and compile on first use, forked workers then have.
                checked = [create_feed(letter, self.material), feeds[max(workers)]]
            difference = max(check_feed(letter, feed, self.material, epoch) for feed in checked)
            for count, feed in feeds.items():
                self.add_row(letter, feed, learner, count, difference)
            # All before the first compiles: setting one up discards the graphs of the others.
            compiled = {mode: self.learner(mode) for mode in self.compile_modes if letter == "h"}
            for mode, learner_of_mode in compiled.items():
                self.add_row(letter, feeds[None], learner_of_mode, None, difference, mode)
                for timed in modes_of(letter):  # compiles
                    measure_round(learner_of_mode, feeds[None], timed, self.order(2 * WARM_UP), WARM_UP, float("inf"))

    def learner(self, compile: str) -> Learner:
        """A learner of the feature's model, or of another one to be compiled."""
        classifier = self.classifier
        if compile != "no":
            classifier = build_model(self.augmented, self.classifier.num_classes).to(self.device)
            self.fit(classifier)
        return Learner(self.accelerator, classifier, self.plain, self.augmented, self.material.n_samples, compile)

    def add_row(
        self,
        letter: str,
        feed: Feed,
        learner: Learner,
        workers: int | None,
        difference: float | None,
        compile: str = "no",
    ) -> None:
        """One row, with what is known of it before it is timed."""
        seconds = self.preparation(letter)
        result = {
            "feature": self.name,
            "feed": letter,
            "label": KINDS[letter].label,
            "workers": workers,
            "compile": compile,
            "difference": difference,
            "disk_bytes": self.disk_bytes(letter),
            "preparation_seconds": sum(seconds.values()),
            "preparation": seconds,
            "step_bytes": {},
            **dict.fromkeys(MODES),
            "gpu_utilization": dict.fromkeys(MODES),
            "watts": dict.fromkeys(MODES),
        }
        self.rows.append(Row(feed, learner, result, modes_of(letter)))

    def disk_bytes(self, letter: str) -> int:
        """Bytes of the files that a feed reads."""
        if letter in "ab":
            return sum(path.stat().st_size for path in self.material.paths)
        if letter in "gh":
            return self.recorded.store_bytes
        return self.material.precomputed.files_bytes if letter == "c" else self.material.precomputed.array_bytes

    def preparation(self, letter: str) -> dict[str, float]:
        """Seconds before the first epoch, by what they went to."""
        if letter in "ab":
            return {}
        if letter in "gh":
            return {"store": self.recorded.store_seconds}
        seconds = self.material.precomputed.seconds
        return {
            part: seconds[part] for part in ("decode", "extract", "write_files" if letter == "c" else "write_array")
        }

    def measure(self, rounds: int, n_batches: int, seconds: float, progress: Callable[[], object]) -> None:
        """All rows in turns; then the memory of a step."""
        order = self.order(WARM_UP + n_batches + 2 * max((row.feed.ahead for row in self.rows), default=0))
        measured = {(k, mode): [] for k, row in enumerate(self.rows) for mode in row.modes}
        for _ in range(rounds):
            for (k, mode), taken in measured.items():
                row = self.rows[k]
                taken.append(measure_round(row.learner, row.feed, mode, order, n_batches, seconds))
                progress()
        for (k, mode), taken in measured.items():
            result = self.rows[k].result
            result[mode] = spread([each.clips_per_second for each in taken])
            result["gpu_utilization"][mode] = mean_of_known([each.utilization for each in taken])
            result["watts"][mode] = mean_of_known([each.watts for each in taken])
        for row in self.rows:
            # CUDA graphs have memory of their own, which the allocator does not count.
            if row.result["feed"] in STEPPED and row.result["compile"] != "reduce-overhead":
                row.result["step_bytes"] = {mode: self.step_bytes(row, mode, order) for mode in row.modes}

    def step_bytes(self, row: Row, mode: str, order: list) -> int:
        """Peak of a step, its batch included; the steps before it have made the optimiser's state."""
        row.learner.model(row.feed).train(mode != "inference")
        batches = row.feed.batches(order, augmented=mode == "training_augmented")
        try:
            for _ in range(WARM_UP):
                row.learner.step(row.feed, batches, mode)
            return allocated_bytes(lambda: row.learner.step(row.feed, batches, mode), self.device)
        finally:
            batches.close()

    def describe(self) -> dict[str, object]:
        """The feature, and the memory of a step on waveforms beside that on features."""
        step_bytes = {
            row.result["feed"]: row.result["step_bytes"] for row in self.rows if row.result["compile"] == "no"
        }
        features, waveforms = (step_bytes.get(letter, {}).get("training") for letter in "fh")
        store = self.recorded.store
        return {
            "frontend": self.classifier.frontend.spec,
            "shape": list(self.classifier.frontend.output_shape(store.n_samples)),
            "step_bytes_of_features": features,
            "step_bytes_of_waveforms": waveforms,
            "step_bytes_ratio": waveforms / features if features and waveforms else None,
            "store_bytes_per_sample": store.nbytes / (store.n_clips * store.n_samples),
        }


def mean_of_known(values: list[float | None]) -> float | None:
    """The mean of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
