"""Runs side by side: which belong together, and on which clips."""

import numpy as np
import pytest

from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.run_groups import check_same_but_seed, differing_options, group_seeds, pool, same_clips, select
from tests.helpers.made_up_runs import CLASSES, write_run
from tests.helpers.one_line import refusal


@pytest.fixture
def write(tmp_path):
    """A run of the name, read."""
    return lambda name, **options: read_run(write_run(tmp_path / name, **options))


def test_runs_that_differ_where_it_does_not_matter(write):
    first = write("first")
    other = write(
        "other",
        seed=4,
        data={"cache_dir": "/elsewhere", "workers": 2},
        train={"seed": 4, "profile": True},
        tracker={"name": "wandb"},
        output_dir="/there",
        folds=[1],
        resume=True,
        overwrite=True,
    )
    assert differing_options(first, other) == []
    check_same_but_seed([first, other])
    assert group_seeds([first, other]) == [[first, other]]


def test_an_option_newer_than_the_run_is_as_one_left_null(write):
    first, other = write("first"), write("other", seed=1)
    del other.config["data"]["overlap"], other.config["data"]["table"]
    first.config["data"]["a former option"] = None
    assert differing_options(first, other) == differing_options(other, first) == []
    first.config["data"]["overlap"] = 0.5
    assert differing_options(first, other) == ["data.overlap"]


def test_an_option_of_a_front_end_newer_than_the_run_has_its_default(write):
    first, other = write("first"), write("other", seed=1)
    member = {"name": "logmel", "backend": "native", "n_mels": 64}
    for run, newer in ((first, {}), (other, {"power": 2.0, "center": True})):
        members = [{**member, **newer}, {"name": "a class of a user's own", "backend": "native", "members": None}]
        run.summary["frontend"] = {"name": "stack", "backend": "native", "members": members}
    assert differing_options(first, other) == differing_options(other, first) == []
    other.summary["frontend"]["members"][0]["power"] = 1.0
    assert differing_options(first, other) == ["frontend.members"]


def test_groups_are_in_the_order_of_their_first(write):
    runs = [
        write("a0", seed=0),
        write("b0", seed=0, frontend="mfcc"),
        write("a1", seed=1),
        write("a0 again", seed=0),
        write("b1", seed=1, frontend="mfcc"),
    ]
    names = [[run.name for run in group] for group in group_seeds(runs)]
    assert names == [["a0", "a1"], ["b0", "b1"], ["a0 again"]]


def test_runs_that_differ_are_refused_with_the_options(write):
    first, other = write("first"), write("other", seed=1, frontend="mfcc")
    with pytest.raises(EscGpuError) as caught:
        check_same_but_seed([first, other])
    assert str(caught.value) == (
        f"{other.folder} differs from {first.folder} in frontend.name; expected runs that differ only in train.seed; "
        "use esc-gpu compare for these"
    )
    three = write("three", train={"epochs": 1, "lr": 1.0, "batch_size": 2})
    with pytest.raises(EscGpuError, match=r"in train.batch_size, train.epochs, train.lr; expected runs"):
        check_same_but_seed([first, three])
    many = write("many", train={"epochs": 1, "lr": 1.0, "batch_size": 2}, augment={"gain_db": 0.0, "freq_masks": 0})
    with pytest.raises(EscGpuError, match=r"in augment.freq_masks, augment.gain_db, train.batch_size and 2 more;"):
        check_same_but_seed([first, many])


def test_a_seed_twice_is_refused(write):
    first, other = write("first", seed=3), write("other", seed=3)
    with pytest.raises(EscGpuError, match=r"first and .*other both have train.seed 3; expected a seed of its own"):
        check_same_but_seed([first, other])


# On the same clips


def shuffled(run, seed=0):
    return select(run, np.random.default_rng(seed).permutation(len(run.labels)))


def test_clips_are_brought_into_the_order_of_the_first(write):
    first, other = write("first"), shuffled(write("other", seed=1))
    one, two = same_clips([first, other])
    assert one.filenames == two.filenames == first.filenames
    assert (one.labels == two.labels).all() and (one.folds == two.folds).all()
    rows = {name: row for name, row in zip(other.filenames, other.probabilities, strict=True)}
    assert all((rows[name] == row).all() for name, row in zip(two.filenames, two.probabilities, strict=True))


def test_clips_that_only_one_has_are_refused_unless_the_common_ones_are_asked_for(write):
    first, other = write("first", folds=(1, 2)), shuffled(write("other", folds=(2, 3), per_class=4))
    n = len(CLASSES) * 4
    with pytest.raises(EscGpuError) as caught:
        same_clips([first, other])
    assert str(caught.value) == (
        f"{n} clips are in {first.folder} only and {n} in {other.folder} only; expected the same clips; "
        f"add --common to use the {n} that all runs have"
    )
    part, whole = select(first, range(n)), len(first.labels)
    assert f"; expected the same clips; add --common to use the {n} that" in refusal(same_clips, [first, part])
    assert f"0 clips are in {part.folder} only and {whole - n} in" in refusal(same_clips, [part, first])
    for run in same_clips([first, other], common=True):
        assert run.fold_numbers == [2] and len(run.labels) == n


def test_runs_without_a_common_clip(write):
    with pytest.raises(EscGpuError, match=r"^the runs have no clip in common; expected runs with the same test folds"):
        same_clips([write("first", folds=(1,)), write("other", folds=(2,))], common=True)


def test_a_validation_beside_a_test_is_refused(write):
    runs = [write("first"), write("other", validate=True)]
    with pytest.raises(
        EscGpuError, match="of .*first and .*other one is validated .* and the other is tested; expected"
    ):
        same_clips(runs)
    assert len(same_clips(runs[1:])) == 1


def test_other_classes_are_refused(write):
    first, other = write("first"), write("other", classes=CLASSES[::-1])
    with pytest.raises(EscGpuError, match=r"first and .*other have other classes; expected runs on the same"):
        same_clips([first, other], common=True)


@pytest.mark.parametrize("changed", ["labels", "folds"])
def test_a_clip_of_another_class_or_fold_is_named(write, changed):
    first, other = write("first"), write("other", seed=1)
    getattr(other, changed)[5] += 1
    with pytest.raises(EscGpuError, match=rf"^{first.filenames[5]} has another class or fold in .*other than in"):
        same_clips([first, other])


def test_pooled_predictions_are_those_of_all(write):
    first, other = write("first"), write("other", seed=1)
    pooled = pool([first, other])
    assert pooled.filenames == first.filenames + other.filenames and pooled.folder == first.folder
    assert (pooled.predictions == np.concatenate([first.predictions, other.predictions])).all()
    assert (pooled.labels == np.tile(first.labels, 2)).all() and (pooled.folds == np.tile(first.folds, 2)).all()
