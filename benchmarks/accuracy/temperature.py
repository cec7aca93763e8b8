"""The loss of predictions at their best temperature: what they are worth once their confidence is set right."""

import numpy as np
import scipy.optimize

from esc_gpu.evaluation.calibration import SMALLEST, negative_log_likelihood

COLDEST, HOTTEST = 1 / 20, 20.0  # where a loss falls for ever, as where all predictions are right


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """`(n, K)` probabilities → those of the same logits, divided by the temperature."""
    logits = np.log(probabilities.clip(SMALLEST)) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def best_temperature(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The temperature from 1/20 to 20 at which the loss on these clips is smallest, and that `loss` in nats.

    It is chosen on the clips that it is applied to, so the loss ranks trainings and is no result. Guo et al., On
    calibration of modern neural networks, 2017, section 4.2.

    Args:
        probabilities: `(n, K)`, n at least 1.
        labels: `(n,)` int64 in 0..K-1.
    """

    def loss(logarithm: float) -> float:
        return negative_log_likelihood(tempered(probabilities, float(np.exp(logarithm))), labels)

    found = scipy.optimize.minimize_scalar(loss, bounds=np.log([COLDEST, HOTTEST]), method="bounded")
    return {"temperature": float(np.exp(found.x)), "loss": float(found.fun)}
