"""A whole run: recordings, store, every fold, results on disk."""

from esc_gpu.experiment.cross_validation import prepare as prepare
from esc_gpu.experiment.cross_validation import run as run
from esc_gpu.experiment.recordings import open_clips as open_clips
from esc_gpu.experiment.recordings import open_recordings as open_recordings
