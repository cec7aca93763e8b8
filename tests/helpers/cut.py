"""What ends a training from within."""


class Cut(Exception):
    """Stands in for what ends a process."""
