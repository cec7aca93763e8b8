"""The commands of `esc-gpu`, a file each: what it says of itself, its options, and what it does.

Nothing heavy is imported before a command runs, so that help and a mistyped option are answered at once.
"""

from esc_gpu.cli.commands import compare, demo, download, evaluate, export, features, predict, report

# Modules with HELP, add_arguments(parser) and run(arguments, say).
COMMANDS = {
    "compare": compare,
    "demo": demo,
    "download": download,
    "evaluate": evaluate,
    "export": export,
    "features": features,
    "predict": predict,
    "report": report,
}
