"""A small fitted model, and a trial with all parts."""

from whole_trial import model, trial  # noqa: F401 (fixtures)
