"""How well a feature's means and spreads over the clips tell the classes apart."""

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
            clips of the same class, `b` that to the nearest other class.
        balanced_accuracy: mean recall of the classes in [0, 1], each fold classified by a linear discriminant of
            the others; 1 / K for guessing.
        recall: (K,) of each class.
    """

    silhouette: float
    balanced_accuracy: float
    recall: np.ndarray


def separability(statistics: FeatureStatistics, labels: np.ndarray, folds: np.ndarray) -> Separability:
    """How well one linear look at the means and standard deviations of the clips' frames tells the classes apart.

    The vectors are standardised: for the silhouette by all clips, for the discriminant by those of its training folds.
    The discriminant's covariance is shrunk (Ledoit & Wolf 2004), for there are often more bins than clips.

    Args:
        labels: (clips,) int64 class of each clip.
        folds: (clips,) fold of each clip.

    Source: Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis".
    """
    parts = statistics.clip_means, statistics.clip_spreads
    vectors = np.concatenate([part.reshape(len(labels), -1) for part in parts], axis=1)
    predicted = np.empty_like(labels)
    for fold in np.unique(folds):
        test = folds == fold
        classifier = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
        predicted[test] = classifier.fit(vectors[~test], labels[~test]).predict(vectors[test])
    recall = np.array([(predicted[labels == label] == label).mean() for label in np.unique(labels)])
    silhouette = silhouette_score(StandardScaler().fit_transform(vectors), labels)
    return Separability(float(silhouette), float(balanced_accuracy_score(labels, predicted)), recall)
