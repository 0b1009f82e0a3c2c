"""Documents from strangers are read in a process of their own, which can cost its caller neither memory nor time."""

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from cladmop.errors import InputError, MissingDependencyError
from cladmop.sources.documents.extraction import Extraction
from cladmop.sources.documents.reading import MAX_BYTES, DocumentKind

_MODULE = "cladmop.sources.documents"
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH")
"""What of the environment a reader needs; tokens and the like stay here."""


def read_document_guarded(
    data: bytes, kind: DocumentKind, name: str = "the document", *, seconds: float = 20, megabytes: int = 512
) -> Extraction:
    """Read a document as `read_document` does, in a fresh process with bounds on its time and memory.

    Parameters
    ----------
    data
        The file, at most `MAX_BYTES`.
    kind
        ``pdf``, ``docx`` or ``text``.
    name
        What to call it in messages.
    seconds
        Wall-clock and processor time after which the process is ended.
    megabytes
        Most memory that it may ask for, where the system enforces it (Linux).

    Raises
    ------
    InputError
        As `read_document`, and if the document needs more time or memory than that.
    MissingDependencyError
        If the package that reads its kind is not installed.
    """
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{name} has {len(data):,} bytes; at most {MAX_BYTES:,} are read, give the part with the criteria"
        )
    command = [sys.executable, "-P", "-m", _MODULE, kind, str(seconds), str(megabytes)]
    environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 (our own module, arguments of fixed kinds)
            command,
            input=data,
            stdout=subprocess.PIPE,
            # Remarks of the readers may quote the file, and belong in no log.
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=tempfile.gettempdir(),
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _exhausted(name, seconds, megabytes) from error
    except OSError as error:
        raise InputError(f"{name}: no process could be started to read it ({error.strerror}); try again") from error
    return _answer(done.returncode, done.stdout, name, seconds, megabytes)


def _answer(code: int, output: bytes, name: str, seconds: float, megabytes: int) -> Extraction:
    """Turn what the process wrote into an extraction or an error."""
    try:
        answer: dict[str, Any] = json.loads(output) if code == 0 else {}
    except ValueError:
        answer = {}
    if "extraction" in answer:
        return Extraction.from_json(answer["extraction"])
    if "error" not in answer:
        raise _exhausted(name, seconds, megabytes)
    message = str(answer["error"])
    if answer.get("missing"):
        raise MissingDependencyError(message)
    # The process does not know what its caller calls the document.
    raise InputError(message.replace("the document", name, 1) if message.startswith("the document") else message)


def _exhausted(name: str, seconds: float, megabytes: int) -> InputError:
    return InputError(
        f"{name} could not be read within {seconds:g} s and {megabytes} MB: it is damaged or unusual; "
        "print it to a new PDF, or give the criteria as a text file"
    )
