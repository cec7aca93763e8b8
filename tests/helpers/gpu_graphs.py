"""The graph that a compiler makes of a module on a CUDA device without one, and what CUDA graphs cannot take of it."""

from typing import Any

import torch
from torch import Tensor, fx, nn

from tests.helpers.private_torch import find_or_skip

aot_autograd = find_or_skip("torch._dynamo.backends.common", "aot_autograd")
tree_leaves = find_or_skip("torch.utils._pytree", "tree_leaves")


def graphs(module: nn.Module, *arguments: Tensor) -> list[fx.GraphModule]:
    """What Dynamo and AOTAutograd make of a call, for inference; an error where it is not one graph."""
    found: list[fx.GraphModule] = []

    def keep(graph: fx.GraphModule, inputs: list[Tensor]) -> Any:
        found.append(graph)
        return graph.forward

    backend = aot_autograd(fw_compiler=keep, keep_inference_input_mutations=True)  # as Inductor does
    torch.compiler.reset()
    with torch.no_grad():
        torch.compile(module, fullgraph=True, dynamic=False, backend=backend)(*arguments)
    torch.compiler.reset()
    return found


def objections(graph: fx.GraphModule) -> list[str]:
    """Nodes with a tensor of the CPU, random numbers, inputs that are changed, and what the host waits for."""
    found = []
    inputs = {node for node in graph.graph.nodes if node.op == "placeholder"}
    for node in graph.graph.nodes:
        for value in tree_leaves(node.meta.get("val")):
            if isinstance(value, Tensor) and value.device.type != "cuda":
                found.append(f"{node.name}: on {value.device.type}")
        tags = getattr(node.target, "tags", ())
        if torch.Tag.nondeterministic_seeded in tags:
            found.append(f"{node.name}: random")
        if torch.Tag.data_dependent_output in tags:
            found.append(f"{node.name}: the host waits for it")
        schema = getattr(node.target, "_schema", None)
        if schema is not None and schema.is_mutable and inputs & set(node.all_input_nodes[:1]):
            found.append(f"{node.name}: changes {node.all_input_nodes[0].name}")
    return found
