"""The commands of `esc-gpu`, a file each: what it says of itself, its options, and what it does.

Nothing heavy is imported before a command runs, so that help and a mistyped option are answered at once.
"""

from types import ModuleType

from esc_gpu.cli.commands import (
    compare,
    configs,
    demo,
    download,
    evaluate,
    export,
    features,
    predict,
    prepare,
    report,
    train,
)

# With HELP and main(arguments, prog): their options are those of a run, which jsonargparse reads.
OF_A_RUN: dict[str, ModuleType] = {"train": train, "prepare": prepare}
# With HELP, add_arguments(parser) and run(arguments, say).
COMMANDS: dict[str, ModuleType] = {
    "compare": compare,
    "configs": configs,
    "demo": demo,
    "download": download,
    "evaluate": evaluate,
    "export": export,
    "features": features,
    "predict": predict,
    "report": report,
}
