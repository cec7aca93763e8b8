"""What the benchmarks of the pipeline and of its feeds are tried on."""

import pytest

from esc_gpu.data.recordings.synthetic import write_synthetic
from tests.helpers.feed_material import make_material


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    return write_synthetic(tmp_path_factory.mktemp("synthetic"), clips_per_class=5, progress=False)


@pytest.fixture(scope="session")
def material(root, tmp_path_factory):
    return make_material(root, tmp_path_factory.mktemp("material"))
