"""How well a feature's means and spreads over the clips tell the classes apart."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score, silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from esc_gpu.evaluation.feature_statistics import FeatureStatistics


@dataclass(frozen=True, eq=False)
class Separability:
    """How well the clips' feature vectors, a mean and a spread of each bin, tell the classes apart.

    Attributes:
        silhouette: from -1 to 1, the mean over the clips of `(b - a) / max(a, b)`: `a` is the mean distance to the
            clips of the same class, `b` that to the nearest other class. None of several labels a clip: a clip is then
            of no one class that it could be near to.
        balanced_accuracy: mean recall of the classes in [0, 1], each fold classified by a linear discriminant of
            the others; 1 / K for guessing. Of several labels, each class is told from its absence by a discriminant of
            its own for which both are as likely, and it is the mean of the recalls of both; 1 / 2 for guessing.
        recall: (K,) of each class.
    """

    silhouette: float | None
    balanced_accuracy: float
    recall: np.ndarray


def separability(statistics: FeatureStatistics, labels: np.ndarray, folds: np.ndarray) -> Separability:
    """How well one linear look at the means and standard deviations of the clips' frames tells the classes apart.

    The vectors are standardised: for the silhouette by all clips, for the discriminant by those of its training folds.
    The discriminant's covariance is shrunk (Ledoit & Wolf 2004), for there are often more bins than clips.

    Args:
        labels: (clips,) int64 class of each clip, or of several labels a clip (clips, K) bool.
        folds: (clips,) fold of each clip.

    Source: Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis".
    """
    parts = statistics.clip_means, statistics.clip_spreads
    vectors = np.concatenate([part.reshape(len(labels), -1) for part in parts], axis=1)
    if labels.ndim == 2:
        return separability_of_labels(vectors, labels, folds)
    predicted = np.empty_like(labels)
    for fold in np.unique(folds):
        test = folds == fold
        classifier = make_pipeline(StandardScaler(), shrunk_discriminant())
        predicted[test] = classifier.fit(vectors[~test], labels[~test]).predict(vectors[test])
    recall = np.array([(predicted[labels == label] == label).mean() for label in np.unique(labels)])
    silhouette = silhouette_score(StandardScaler().fit_transform(vectors), labels)
    return Separability(float(silhouette), float(balanced_accuracy_score(labels, predicted)), recall)


def shrunk_discriminant() -> LinearDiscriminantAnalysis:
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def separability_of_labels(vectors: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> Separability:
    """`separability` of vectors `(clips, D)` with labels `(clips, K)` bool.

    What all training clips of a fold have, or none, is predicted for all its clips.
    """
    predicted = np.empty_like(labels)
    for fold in np.unique(folds):
        test = folds == fold
        scaler = StandardScaler().fit(vectors[~test])
        known, new = scaler.transform(vectors[~test]), scaler.transform(vectors[test])
        for label, present in enumerate(labels[~test].T):
            predicted[test, label] = present.all() if present.all() or not present.any() else told(known, present, new)
    right = predicted == labels
    recalls = np.stack([(right & part).sum(axis=0) / part.sum(axis=0).clip(1) for part in (labels, ~labels)])
    compared = labels.any(axis=0) & ~labels.all(axis=0)
    return Separability(None, float(recalls[:, compared].mean()), recalls[0])


def told(known: np.ndarray, present: np.ndarray, new: np.ndarray) -> np.ndarray:
    """`(m,)` bool, whether vectors `(m, D)` have a class that some of those `(n, D)` have."""
    with warnings.catch_warnings():  # one clip has no spread: that of the others is taken
        warnings.filterwarnings("ignore", "Only one sample available", UserWarning)
        discriminant = shrunk_discriminant().fit(known, present)
    by_shares = np.log(present.mean() / (1 - present.mean()))  # of which the decision is to know nothing
    decided: np.ndarray = discriminant.decision_function(new) > by_shares
    return decided
