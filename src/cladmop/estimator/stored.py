"""Records of arrays that a model folder keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from numpy.typing import NDArray


@dataclass(frozen=True)
class StoredArrays:
    """Base of records whose every field is an array."""

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, all that `from_tensors` needs."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `tensors`.

        Raises
        ------
        KeyError
            If an array is missing.
        """
        return cls(*(tensors[field.name] for field in fields(cls)))
