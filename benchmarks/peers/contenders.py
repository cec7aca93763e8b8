"""Who is compared for one feature: this package's backends, and the peers."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.common.inputs import default_options
from benchmarks.peers.base import Peer
from benchmarks.peers.registry import find_peers
from esc_gpu import create_frontend
from esc_gpu.frontends.registry import list_backends

OTHERS = "torchaudio", "nnaudio"  # backends that are other libraries' arithmetic
Options = dict[str, object]
Call = Callable[[object], object]


@dataclass(frozen=True)
class Contender:
    """One way to a feature.

    Attributes:
        label: its name in tables; the libraries' own layers go by the libraries' names.
        library: "esc_gpu" (our adapters of other libraries included) or the peer's library.
        is_ours: whether its arithmetic is this package's. What is not is a peer.
        build: a front-end's options → a call of a batch `(B, T)` float32.
        on_host: whether it takes NumPy arrays and computes on the CPU, wherever the others do.
        differs: how its definition differs from this package's, or None.
        is_member: whether it is one of a stack's front-ends, alone: another feature, timed beside the whole.
    """

    label: str
    library: str
    is_ours: bool
    build: Callable[[Options], Call]
    on_host: bool = False
    differs: str | None = None
    is_member: bool = False


def find_contenders(name: str, device: torch.device) -> list[Contender]:
    """All contenders of one front-end, ours first, whether they can be built here or not."""
    contenders = []
    for backend in list_backends(name):
        is_ours = backend not in OTHERS
        label = backend if is_ours else f"{backend} backend"
        contenders.append(Contender(label, "esc_gpu", is_ours, _backend(name, backend, device)))
    if device.type == "cuda":
        contenders.append(Contender("native, compiled", "esc_gpu", True, _compiled(name, device)))
    for peer in find_peers(name):
        contenders.append(
            Contender(peer.label, peer.library, False, _peer(name, peer, device), peer.on_host, peer.differs)
        )
    if name == "stack":
        for member in default_options(name)["members"]:
            build = _backend(**member, backend="native", device=device)
            contenders.append(
                Contender(f"{member['name']} alone", "esc_gpu", True, lambda _, build=build: build({}), is_member=True)
            )
    return contenders


def _backend(name: str, backend: str, device: torch.device) -> Callable[[Options], nn.Module]:
    return lambda options: create_frontend(name, backend, **options).eval().to(device)


def _compiled(name: str, device: torch.device) -> Callable[[Options], nn.Module]:
    def build(options: Options) -> nn.Module:
        torch.compiler.reset()  # all front-ends share one `forward`, of which Dynamo keeps eight graphs
        return torch.compile(create_frontend(name, "native", **options).eval().to(device), fullgraph=True)

    return build


def _peer(name: str, peer: Peer, device: torch.device) -> Callable[[Options], Call]:
    return lambda options: peer.build(create_frontend(name, "native", **options), device)
