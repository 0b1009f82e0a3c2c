"""Sizes and switches of the network, as a frozen dataclass that is stored beside the weights as JSON."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from importlib import resources
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from cladmop.errors import InputError

PRESETS = ("default", "paper")


@dataclass(frozen=True)
class Settings:
    """Base of settings dataclasses: a round trip through JSON values, closed to unknown and missing fields."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values (tuples as lists)."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, where: str = "settings") -> Self:
        """Build from JSON values.

        Raises
        ------
        InputError
            If a field is unknown, missing or outside its range; ``where`` names the file in the message.
        """
        known = {field.name: field for field in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise InputError(f"{where}: unknown field {unknown[0]!r}; {cls.__name__} has {', '.join(known)}")
        absent = [name for name, field in known.items() if field.default is MISSING and name not in values]
        if absent:
            raise InputError(f"{where}: field {absent[0]!r} of {cls.__name__} is missing; add it")
        hints = get_type_hints(cls)
        try:
            return cls(**{name: _restore(value, hints[name]) for name, value in values.items()})
        except TypeError as error:
            raise InputError(f"{where}: {error}; see {cls.__name__} for the fields") from error

    def require(self, name: str, *, condition: bool, allowed: str) -> None:
        """Raise an `InputError` naming the field, its value and what is allowed, unless ``condition`` holds."""
        if not condition:
            raise InputError(f"{type(self).__name__}.{name} is {getattr(self, name)!r}; use {allowed}")

    def require_choices(self) -> None:
        """Check every field of a ``Literal`` type against its choices."""
        for name, hint in get_type_hints(type(self)).items():
            if get_origin(hint) is Literal:
                choices = get_args(hint)
                allowed = "one of " + ", ".join(map(repr, choices))
                self.require(name, condition=getattr(self, name) in choices, allowed=allowed)


def _restore(value: Any, hint: Any) -> Any:  # noqa: ANN401 (any JSON value, any annotation)
    if isinstance(hint, type) and issubclass(hint, Settings) and isinstance(value, Mapping):
        return hint.from_dict(value, where=hint.__name__)
    return tuple(value) if get_origin(hint) is tuple and isinstance(value, list) else value


@dataclass(frozen=True)
class ModelConfig(Settings):
    """Sizes and switches of `CLaDMoP`; the defaults are the preset ``default``.

    The three sizes without default belong to the encoders whose states the network reads.
    """

    text_width: int
    """W, width of the text encoder's states."""
    molecule_width: int
    """F, number of features of a molecule."""
    disease_vocabulary: int
    """Number of ids of ICD ancestors, the 0 for "none" included."""
    phases: int = 8
    """Number of phases (members of ``Phase``)."""
    width: int = 32
    """D, width of the drug branch (paper: 16)."""
    heads: int = 4
    """Attention heads (paper: 8); divides ``width``."""
    block_layers: int = 1
    """Self-attention layers of one DM block (paper: 4)."""
    expansion: int = 2
    """Width of a feed-forward layer as a multiple of D."""
    streams: Literal["joint", "separate"] = "joint"
    """``separate``: molecules attend to molecules and diseases to diseases (paper); ``joint``: all to all."""
    positions: int = 16
    """Length of the position tables; molecules and categories beyond share the last position."""
    phase_token: bool = True
    """Whether the phase is a token of the DM branch (paper: no)."""
    names: bool = True
    """Whether the names of drugs and diseases, read by the text encoder, are tokens of the DM branch (paper: no)."""
    sides: bool = True
    """Whether inclusion and exclusion are told apart, pooled apart and have their own absent token (paper: no)."""
    fusion: Literal["multilevel", "last"] = "multilevel"
    """``multilevel``: one fusion for each of ``levels``; ``last``: one fusion, with the last level (ablation)."""
    levels: tuple[int, ...] = (0, 1, 2)
    """Levels fused, in order; 0 coarse, 1 medium, 2 fine, 3 last (paper: 0, 1, 2)."""
    grouping: bool = True
    """False: cross-attention to all criteria tokens instead of grouped ones (ablation)."""
    centroids: tuple[int, ...] = (16, 8)
    """G of each grouping layer (paper: 100, 50, 25, for hundreds of tokens; a trial has 24 items on average)."""
    group_layers: int = 1
    """S, self-attention layers after each grouping (paper: 2)."""
    criteria_width: int | None = 64
    """C, width to which the last level is projected before pooling; null keeps the encoder's own (paper)."""
    pooling: Literal["mean", "max", "attention"] = "mean"
    """How the last level becomes one vector (paper: mean); ``attention`` is a learned weighted mean (ablation)."""
    head_width: int = 64
    """Width of the outcome head's residual layers."""
    match_width: int = 64
    """P, width of the embeddings f_C and f_DM."""
    match: Literal["paired", "unfused", "own"] = "paired"
    """What f_DM may see in pair matching; see `cladmop.model.heads.MatchHead`."""
    temperature: float = 0.6
    """tau; logits are exp(tau) f_C f_DM^T (paper: 0.6)."""
    dropout: float = 0.3
    """Dropout rate of residual branches and of the outcome head, in [0, 1)."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        InputError
            If a field is outside its range.
        """
        self.require_choices()
        sizes = ("text_width", "molecule_width", "disease_vocabulary", "phases", "width", "heads", "block_layers")
        for name in (*sizes, "expansion", "positions", "head_width", "match_width"):
            self.require(name, condition=getattr(self, name) >= 1, allowed="a whole number from 1")
        self.require("heads", condition=self.width % self.heads == 0, allowed=f"a divisor of width {self.width}")
        self.require("levels", condition=_are_levels(self.levels), allowed="distinct levels out of 0, 1, 2, 3")
        self.require(
            "centroids", condition=bool(self.centroids) and min(self.centroids) >= 1, allowed="one or more sizes from 1"
        )
        self.require("group_layers", condition=self.group_layers >= 0, allowed="a whole number from 0")
        self.require("dropout", condition=0 <= self.dropout < 1, allowed="a rate in [0, 1)")
        wide = self.criteria_width is None or self.criteria_width >= 1
        self.require("criteria_width", condition=wide, allowed="a whole number from 1, or null")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values, without ``pooling`` where it is the mean.

        So networks trained before there was a choice keep the identity that their folders and digests are made of.
        """
        values = super().to_dict()
        return {name: value for name, value in values.items() if (name, value) != ("pooling", "mean")}

    @property
    def fused_levels(self) -> tuple[int, ...]:
        """Levels the DM branch is fused with, in order."""
        return self.levels if self.fusion == "multilevel" else (3,)

    @classmethod
    def preset(
        cls,
        name: str,
        *,
        text_width: int,
        molecule_width: int,
        disease_vocabulary: int,
        **changes: Any,  # noqa: ANN401 (fields of this class, checked by from_dict)
    ) -> Self:
        """Return the preset ``default`` or ``paper`` for encoders of the given sizes, with ``changes`` to its fields.

        Raises
        ------
        InputError
            If there is no such preset, or a change is no valid field.
        """
        if name not in PRESETS:
            raise InputError(f"no preset {name!r}; use one of {', '.join(PRESETS)}")
        text = resources.files("cladmop.model").joinpath("presets", f"{name}.json").read_text(encoding="utf-8")
        sizes = {
            "text_width": text_width,
            "molecule_width": molecule_width,
            "disease_vocabulary": disease_vocabulary,
        }
        return cls.from_dict({**sizes, **json.loads(text), **changes}, where=f"preset {name}")


def _are_levels(levels: tuple[int, ...]) -> bool:
    return bool(levels) and len(set(levels)) == len(levels) and set(levels) <= {0, 1, 2, 3}
