"""The one exception for a user's mistake."""


class EscGpuError(ValueError):
    """What was wrong, what was expected and what to do, in one line.

    Library code raises it for bad files, options and input; the command line prints it without a
    traceback and ends with exit status 2.
    """
