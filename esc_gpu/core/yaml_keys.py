"""Keys that stand twice in one section of a YAML text, of which its readers silently take the last."""

import yaml

from esc_gpu.errors import EscGpuError


def check_keys(node: yaml.Node | None) -> None:
    """Refuse a key that a section has twice.

    Args:
        node: of the whole text, by `yaml.compose`; None for an empty one.

    Raises:
        EscGpuError: for the first such key, with both lines.
    """
    left: list[yaml.Node | None] = [node]
    seen: set[int] = set()
    while left:
        node = left.pop()
        if id(node) in seen:  # an anchor's
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                line = key.start_mark.line + 1
                if key.value in lines:
                    raise EscGpuError(
                        f"{key.value} appears twice in one section of the YAML, in lines {lines[key.value]} and "
                        f"{line}; expected it once; remove or rename one"
                    )
                lines[key.value] = line
            left += [value for _, value in reversed(node.value)]
