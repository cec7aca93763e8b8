"""What the reports of a run call things, by its task."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL


class Words(NamedTuple):
    """Of one task.

    Attributes:
        headlines: the scores in a few numbers, with their titles.
        score: of these the one with an interval.
        score_name, score_title: its name within a sentence, and at the beginning of one.
        examples: which clip stands for a class.
        spectra: what the statistics of a class are.
        map: what marks in the map mean.
        mistake: what a mistake is, where that is not clear.
        no_mistakes: that there are none.
        some_mistakes: that some clips are mistakes.
        missed, wrongly_heard: the class of a mistake that a clip has, and that it does not have.
        called, taken: between the classes that a clip has and those that it is said to have.
        explained: the class that a picture of a mistake explains.
        columns: of the list of mistakes, by their titles the attributes of `Decisions`.
    """

    headlines: Mapping[str, str]
    score: str
    score_name: str
    score_title: str
    examples: str
    spectra: str
    map: str
    mistake: str
    no_mistakes: str
    some_mistakes: str
    missed: str
    wrongly_heard: str
    called: str
    taken: str
    explained: str
    columns: Mapping[str, str]


ONE_LABEL = Words(
    headlines={
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "macro_f1": "macro-F1",
        "top3_accuracy": "top-3 accuracy",
    },
    score="accuracy",
    score_name="accuracy",
    score_title="Accuracy",
    examples="These are the first test clips of each class, not selected ones.",
    spectra="The line is the mean over all frames of a class that are not silent.",
    map="Colours show the true classes, and rings mark mistakes.",
    mistake="",
    no_mistakes="every test clip is classified correctly",
    some_mistakes="{} of {} clips are assigned to another class.",
    missed="true",
    wrongly_heard="predicted",
    called="predicted",
    taken="taken for",
    explained="the predicted class",
    columns={"true class": "true"},
)
SEVERAL_LABELS = Words(
    headlines={
        "map": "mAP (macro)",
        "micro_ap": "AP (micro)",
        "auroc": "AUROC (macro)",
        "lwlrap": "lwlrap",
        "macro_f1": "macro-F1",
    },
    score="map",
    score_name="mAP",
    score_title="mAP",
    examples=(
        "For each class, this is the first test clip that has it, of those with the fewest labels. The clips are not "
        "selected in any other way."
    ),
    spectra=(
        "The line is the mean over all frames that are not silent of the clips that have the class. A clip counts for "
        "each of its labels, so other sounds are in the mean, too."
    ),
    map="Colours show the true labels: a clip with several labels has a sector of each colour. Rings mark mistakes.",
    mistake="A mistake is a clip with a missed or a wrongly heard class.",
    no_mistakes="in every test clip, exactly its labels are heard",
    some_mistakes="In {} of {} clips, a class is missed or wrongly heard.",
    missed="missed",
    wrongly_heard="wrongly heard",
    called="heard",
    taken="heard as",
    explained="the class that is wrongly heard, or else the missed one",
    columns={"labels": "true", "missed": "missed", "wrongly heard": "wrongly_heard"},
)
WORDS = {SINGLE_LABEL: ONE_LABEL, MULTI_LABEL: SEVERAL_LABELS}


def words_of(assessment: Mapping[str, Any]) -> Words:
    """Those of the run's task; only an assessment of several labels names it."""
    return WORDS[assessment.get("task", SINGLE_LABEL)]
