"""The process that `guarded` starts: a document on standard input, JSON on standard output, nothing else anywhere."""

import json
import math
import resource
import sys
from typing import Any, cast

from cladmop.errors import CladmopError, MissingDependencyError
from cladmop.sources.documents.reading import MAX_BYTES, DocumentKind, read_document


def main(kind: str, seconds: float, megabytes: int) -> None:
    """Read a document under the bounds of `limit` and answer with an extraction or an error."""
    limit(seconds, megabytes)
    answer: dict[str, Any]
    try:
        found = read_document(sys.stdin.buffer.read(MAX_BYTES + 1), cast("DocumentKind", kind), seconds=seconds)
        answer = {"extraction": found.to_json()}
    except CladmopError as error:
        answer = {"error": str(error), "missing": isinstance(error, MissingDependencyError)}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def limit(seconds: float, megabytes: int) -> None:
    """Bound what this process may take from now on: memory, processor time, and no files or core dumps."""
    bounds = {
        resource.RLIMIT_AS: megabytes << 20,
        resource.RLIMIT_CPU: math.ceil(seconds) + 1,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in bounds.items():
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (allowed, allowed))
        except (ValueError, OSError):
            # macOS refuses a bound on addresses; the wall clock still ends the process.
            continue


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
