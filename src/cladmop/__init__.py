"""How likely is a clinical trial to succeed? CLaDMoP: prediction from what is known before the trial starts."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Disease", "Drug", "Phase", "Trial", "TrialOutcomeClassifier", "__version__"]

if TYPE_CHECKING:
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.records import Disease, Drug, Phase, Trial


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a module attribute may be anything)
    """Import the public classes on first use, so that ``import cladmop`` stays light."""
    if name == "TrialOutcomeClassifier":
        from cladmop.estimator import TrialOutcomeClassifier

        return TrialOutcomeClassifier
    if name in {"Disease", "Drug", "Phase", "Trial"}:
        from cladmop import records

        return getattr(records, name)
    raise AttributeError(f"module 'cladmop' has no attribute {name!r}")
