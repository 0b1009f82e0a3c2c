"""Settings of HINT."""

from dataclasses import dataclass

from cladmop.model.config import Settings


@dataclass(frozen=True)
class HintSettings(Settings):
    """Sizes and optimiser; defaults are those of the released code unless a field says otherwise."""

    width: int = 50
    """Width of every node and of the graph convolution."""
    highway_layers: int = 2
    """Highway layers of a node's encoder."""
    dropout: float = 0.6
    """After the first graph convolution, in [0, 1)."""
    learning_rate: float = 1e-3
    """Step size of Adam."""
    batch_size: int = 32
    """Trials a batch."""
    epochs: int = 20
    """Epochs at most (release: 5)."""
    patience: int = 5
    """Epochs without a lower validation loss after which training stops (release: none)."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        InputError
            If a field is outside its range.
        """
        for name in ("width", "highway_layers", "batch_size", "epochs", "patience"):
            self.require(name, condition=getattr(self, name) >= 1, allowed="a whole number from 1")
        self.require("dropout", condition=0 <= self.dropout < 1, allowed="a number from 0 to below 1")
        self.require("learning_rate", condition=self.learning_rate > 0, allowed="a number above 0")
