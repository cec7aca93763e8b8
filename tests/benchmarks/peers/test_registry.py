"""Every peer gives the features that it is compared for."""

import numpy as np
import pytest
import torch

from benchmarks.common.difference import relative_error
from benchmarks.exactness.float64_references import reference
from benchmarks.peers.registry import PEERS
from tests.helpers.comparable_frontends import noise, small

CASES = [(name, peer) for name, peers in PEERS.items() for peer in peers]


@pytest.mark.parametrize(("name", "peer"), CASES, ids=[f"{name}-{peer.label}" for name, peer in CASES])
@pytest.mark.filterwarnings("ignore")
def test_a_peer_gives_features_of_the_same_shape(name, peer):
    frontend, clips = small(name), noise()
    expected = reference(frontend, clips)
    try:
        call = peer.build(frontend, torch.device("cpu"))
    except ImportError as error:
        pytest.skip(f"{peer.library} is not installed: {error}")
    got = np.asarray(call(clips if peer.on_host else torch.from_numpy(clips)))
    assert got.size == expected.size
    if peer.differs is None:
        assert relative_error(got.reshape(expected.shape), expected) < 1e-4
