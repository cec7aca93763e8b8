"""What an error must be like, whatever it is about."""

import unicodedata


def is_one_line(message: str) -> bool:
    """Whether a message is one line, with nothing in it that a terminal would obey or cannot show."""
    return bool(message) and not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in message)
