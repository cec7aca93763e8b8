"""The one exception for a user's mistake."""

__all__ = ["EscGpuError", "EscGpuWarning"]


class EscGpuError(ValueError):
    """What was wrong, what was expected and what to do, in one line.

    Library code raises it for bad files, options and input; the command line prints it without a
    traceback and ends with exit status 2.
    """


def first_line(error: BaseException) -> str:
    """What an error says first: libraries add advice, or a stack. Its type, where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class EscGpuWarning(UserWarning):
    """Something that a user should know, in one line, while the work goes on; the command line prints it as it is."""
