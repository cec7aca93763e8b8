"""The commands of `esc-gpu`, a file each: what it says of itself, its options, and what it does.

Nothing heavy is imported before a command runs, so that help and a mistyped option are answered at once.
"""

from esc_gpu.commands import download

# Modules with HELP, add_arguments(parser) and run(arguments, say).
COMMANDS = {"download": download}
