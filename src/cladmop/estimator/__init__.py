"""The scikit-learn estimator and what it predicts."""

from cladmop.estimator.classifier import TrialOutcomeClassifier
from cladmop.estimator.prediction import BaseRate, Prediction

__all__ = ["BaseRate", "Prediction", "TrialOutcomeClassifier"]
