"""The commands of `esc-gpu`, a file each: what it says of itself, its options, and what it does.

Nothing heavy is imported before a command runs, so that help and a mistyped option are answered at once.
"""

from types import ModuleType

from esc_gpu.cli.commands import (
    compare,
    configs,
    demo,
    download,
    embed,
    evaluate,
    export,
    features,
    listen,
    predict,
    prepare,
    probe,
    report,
    train,
)

# In the order of their use, in which the help lists them. With HELP, add_arguments(parser) and run(arguments, say).
COMMANDS: dict[str, ModuleType] = {
    "download": download,
    "configs": configs,
    "prepare": prepare,
    "features": features,
    "train": train,
    "evaluate": evaluate,
    "compare": compare,
    "report": report,
    "predict": predict,
    "listen": listen,
    "embed": embed,
    "probe": probe,
    "export": export,
    "demo": demo,
}
# With HELP and main(arguments, prog) instead: their options are those of a run, which jsonargparse reads.
OF_A_RUN: dict[str, ModuleType] = {name: COMMANDS[name] for name in ("prepare", "train")}
