"""The one error tree of cladmop.

Every message is one line that names the value, the place, what is allowed and what to do. The command line
prints it and exits with code 2; a server may answer it as HTTP 4xx. Anything else that escapes is a bug.
"""


class CladmopError(Exception):
    """Base of every error that is the caller's to mend."""


class InputError(CladmopError, ValueError):
    """A value, file or argument given by the user cannot be used."""


class MissingArtefactError(CladmopError, FileNotFoundError):
    """A model folder, cache entry or data file that should exist does not."""

    def __str__(self) -> str:
        """Return the message alone (OSError would add errno)."""
        return str(self.args[0]) if self.args else ""


class CorruptArtefactError(CladmopError):
    """A stored artefact exists but does not have the bytes, shapes or keys it must have."""


class StorageError(CladmopError, OSError):
    """Nothing could be written: the disk is full, or the place is not writable."""

    def __str__(self) -> str:
        """Return the message alone (OSError would add errno)."""
        return str(self.args[0]) if self.args else ""


class NetworkError(CladmopError):
    """A download or look-up did not succeed."""


class MissingDependencyError(CladmopError, ImportError):
    """An optional dependency is needed; the message names the extra that brings it."""


class CladmopWarning(UserWarning):
    """Something was unusual but handled; tests turn it into an error."""
