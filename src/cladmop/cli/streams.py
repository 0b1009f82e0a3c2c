"""Standard output and error that take any text, whatever characters the terminal has."""

import codecs
import sys
from io import TextIOWrapper


def take_any_text() -> None:
    r"""Let both streams write what their encoding lacks as ``\u2265``, as JSON does, rather than end in an error.

    A terminal or file of ASCII or of a Windows code page lacks most of what a protocol may hold.
    """
    codecs.register_error("cladmop.escape", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="cladmop.escape")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Return what replaces the characters that cannot be encoded, in UTF-16 units as JSON has them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end
