"""Settings of MEXA-CTP."""

from dataclasses import dataclass
from typing import Literal

from cladmop.model.config import Settings


@dataclass(frozen=True)
class MexaSettings(Settings):
    """What both variants have in common. Defaults are those of the release's ``main.py`` unless a field says otherwise.

    The release's logged runs on phase III differ from its defaults: 8 inclusion and 5 exclusion statements, threshold
    0.2 or 0.25, router scale 0.5 or 0.1.
    """

    width: int = 8
    """Width of a token, a multiple of ``heads``."""
    heads: int = 2
    """Heads of every attention."""
    layers: int = 2
    """Layers of every attention stack."""
    dropout: float = 0.005
    """In attention weights and after each sub-layer."""
    projection_width: int = 64
    """Most hidden units of a residual projection; the release has half of input and output, at inputs of 15 to 768
    numbers. The cap is ours: a molecule has some 1,000 numbers here."""
    disease_width: int = 64
    """Length of the fixed vector of an ICD-10 ancestor (release: icd2vec vectors of 64)."""
    max_drugs: int = 5
    """Molecules read of a trial, the first ones."""
    max_diseases: int = 5
    """ICD-10 categories read of a trial, the first ones."""
    max_inclusion: int = 5
    """Inclusion statements read of a trial, the first ones."""
    max_exclusion: int = 3
    """Exclusion statements read of a trial, the first ones."""
    threshold: float = 0.3
    """Tokens with a router weight below are masked; 0 masks none."""
    router_scale: float = 0.25
    """Scale of the Cauchy loss on router weights."""
    router_weight: float = 0.05
    """Weight of that loss."""
    temperature: float = 0.2
    """Temperature of the contrastive loss."""
    contrast_weight: float = 0.01
    """Weight of that loss."""
    learning_rate: float = 5e-2
    """Step size of AdamW."""
    weight_decay: float = 0.01
    """Decoupled weight decay, of all parameters."""
    batch_size: int = 64
    """Trials a batch."""
    epochs: int = 100
    """Epochs, all of which are trained."""
    metric: Literal["average_precision", "loss"] = "average_precision"
    """Validation value that chooses the epoch (release: ROC-AUC of the test split)."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        InputError
            If a field is outside its range.
        """
        self.require_choices()
        counts = ("width", "heads", "layers", "projection_width", "disease_width", "batch_size", "epochs")
        for name in (*counts, "max_drugs", "max_diseases", "max_inclusion", "max_exclusion"):
            self.require(name, condition=getattr(self, name) >= 1, allowed="a whole number from 1")
        self.require("width", condition=self.width % self.heads == 0, allowed=f"a multiple of heads ({self.heads})")
        for name in ("dropout", "threshold"):
            self.require(name, condition=0 <= getattr(self, name) < 1, allowed="a number from 0 to below 1")
        for name in ("router_scale", "temperature", "learning_rate"):
            self.require(name, condition=getattr(self, name) > 0, allowed="a number above 0")
        for name in ("router_weight", "contrast_weight", "weight_decay"):
            self.require(name, condition=getattr(self, name) >= 0, allowed="a number from 0")

    @property
    def limits(self) -> dict[str, int]:
        """Tokens read of each part of a trial."""
        return {
            "drugs": self.max_drugs,
            "diseases": self.max_diseases,
            "inclusion": self.max_inclusion,
            "exclusion": self.max_exclusion,
        }
