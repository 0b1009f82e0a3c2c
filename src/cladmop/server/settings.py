"""What a service is told when it starts: where it listens, who may ask, and how much it takes."""

import ipaddress
import math
import os
from dataclasses import dataclass, field, fields
from pathlib import Path

from cladmop.errors import InputError, MissingArtefactError

_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_TOKEN_CHARACTERS = 16
"""A token shorter than this can be guessed."""


@dataclass(frozen=True)
class Limits:
    """How much one request, and all of them together, may cost. Every one is above 0."""

    json_bytes: int = 2_000_000
    """Bytes of a JSON body: a record with results has some 100 kB to 1 MB."""
    upload_bytes: int = 20_000_000
    """Bytes of an uploaded file."""
    total_bytes: int = 256_000_000
    """Bytes of all bodies that are in memory at one time."""
    items: int = 250
    """Eligibility criteria of one trial, both sides together; the longest registered lists have some 150."""
    characters: int = 60_000
    """Characters of one trial's texts; the registry's own limit on criteria is 20,000."""
    drugs: int = 50
    """Drugs of one trial."""
    diseases: int = 100
    """Diseases of one trial."""
    edits: int = 50
    """Edits of one what-if."""
    trials: int = 2_000
    """Trials of one batch."""
    jobs: int = 8
    """Batches that wait, run, or are kept for download."""
    job_seconds: float = 3_600
    """Seconds for which the result of a batch is kept."""
    requests: int = 128
    """Requests worked on at one time, those that wait for the model included."""
    connections: int = 512
    """Open connections."""
    header_seconds: float = 10
    """Seconds from the opening of a connection, or the first byte of a later request, to the end of its headers."""
    body_seconds: float = 30
    """Seconds to receive a body."""
    send_seconds: float = 30
    """Seconds to wait for a client that does not read its answer."""
    keep_alive_seconds: float = 20
    """Seconds for which an idle connection is kept."""
    stop_seconds: float = 20
    """Seconds that running requests have when the service stops."""
    lookup_seconds: float = 30
    """Seconds to wait for the registry."""
    batch_milliseconds: float = 4
    """How long a request waits for others to be scored together with it."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"limit {one.name} {value}: give a number above 0")


@dataclass(frozen=True)
class Settings:
    """Where a service listens, what it serves and whom."""

    host: str = "127.0.0.1"
    port: int = 8000
    model: str = "default"
    """Model folder, or ``default``."""
    index: str | None = None
    """Folder of past trials; the shipped one if none, and none at all where that is missing."""
    registry: str | None = None
    """Address of the API that NCT numbers are looked up at; ClinicalTrials.gov's if none."""
    lookup: bool = True
    """Whether NCT numbers are looked up at all: the one thing for which the service asks another."""
    token: str | None = field(default=None, repr=False)
    """What a caller must send as ``Authorization: Bearer``; none lets everybody in."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names under which the service may be called."""
    threads: int | None = None
    """Threads of the language model; as many as there are processors, less one, if none."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise InputError(f"port {self.port}: give 0 (any free one) to 65535")
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads {self.threads}: give 1 or more")
        if self.token is not None and (len(self.token) < _TOKEN_CHARACTERS or not _is_plain(self.token)):
            raise InputError(
                f"the token has {len(self.token)} characters; give {_TOKEN_CHARACTERS} or more, printable ASCII "
                "without blanks (for example of `openssl rand -hex 24`)"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.host == "localhost" or (is_address(self.host) and ipaddress.ip_address(self.host).is_loopback)

    def admits_host(self, name: str) -> bool:
        """Tell whether a request may be addressed to ``name`` (no port, no brackets).

        A web page elsewhere can point a name of its own at this machine (DNS rebinding), and its visitors' browsers
        would then let it read the answers. Such a request names that other host. An address in figures cannot be
        pointed anywhere, so one that is listened on is taken.
        """
        name = name.lower().rstrip(".")
        known = {*_LOCAL_NAMES, self.host.lower(), *(one.lower() for one in self.allowed_hosts)}
        return name in known or (not self.is_local and is_address(name))


def is_address(name: str) -> bool:
    """Tell whether a host is an IP address in figures."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def read_token(file: Path | None) -> str | None:
    """Return the token of a file, else that of ``$CLADMOP_TOKEN``; none if neither is given.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it cannot be read or is empty.
    """
    if file is None:
        return os.environ.get("CLADMOP_TOKEN") or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise MissingArtefactError(f"no token file {file}; write the token into it, on one line") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the token file {file}: {error}") from error
    if not token:
        raise InputError(f"the token file {file} is empty; write the token into it, on one line")
    return token


def _is_plain(token: str) -> bool:
    return all("!" <= character <= "~" for character in token)
