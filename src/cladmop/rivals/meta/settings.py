"""Settings of MAML and ANIL."""

from dataclasses import dataclass

from cladmop.model.config import Settings


@dataclass(frozen=True)
class MetaSettings(Settings):
    """What MAML and ANIL have in common.

    The defaults are for TOP phase I and were chosen without it, on phases II and III: learned on one, adapted to 8 to
    64 trials a class of the other, judged on its rest. Few and small outer steps did best there: more of them learn
    the tasks by heart.
    """

    hidden: int = 64
    """Width of each of the two hidden layers."""
    shots: int = 5
    """Support trials a class of an episode."""
    queries: int = 5
    """Query trials a class of an episode; a task needs ``shots + queries`` trials of each class."""
    inner_steps: int = 5
    """Gradient steps on the support trials while meta-learning."""
    adapt_steps: int = 10
    """Gradient steps on the trials given to ``fit``."""
    inner_rate: float = 0.5
    """Step size of both."""
    outer_steps: int = 100
    """Steps of Adam."""
    outer_rate: float = 1e-4
    """Step size of Adam."""
    tasks_per_step: int = 8
    """Tasks drawn, with replacement, for each step of Adam."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises
        ------
        InputError
            If a field is outside its range.
        """
        for name in ("hidden", "shots", "queries", "inner_steps", "adapt_steps", "tasks_per_step"):
            self.require(name, condition=getattr(self, name) >= 1, allowed="a whole number from 1")
        self.require("outer_steps", condition=self.outer_steps >= 0, allowed="a whole number from 0 (no meta-learning)")
        for name in ("inner_rate", "outer_rate"):
            self.require(name, condition=getattr(self, name) > 0, allowed="a number above 0")
