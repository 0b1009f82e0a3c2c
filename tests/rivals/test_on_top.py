"""The text rival reaches what it is known to reach, inside TOP's phase I training trials."""

import numpy as np

from cladmop.evaluation.folds import ordered_folds
from cladmop.evaluation.metrics import average_precision, base_rate, roc_auc
from cladmop.rivals import TextModel
from cladmop.sources.top import read_split


def test_words_on_folds_ordered_by_number(shared_dir):
    rows = read_split(shared_dir / "top", "I", "train")
    trials, labels = [row.trial for row in rows], np.array([row.success for row in rows])
    areas, precisions = [], []
    for fold in ordered_folds([row.outcome.nct_id for row in rows]):
        model = TextModel().fit([trials[row] for row in fold.train], labels[fold.train])
        scores = model.predict_proba([trials[row] for row in fold.validation])
        areas.append(roc_auc(labels[fold.validation], scores))
        precisions.append(average_precision(labels[fold.validation], scores))
    assert 0.64 < np.mean(areas) < 0.70
    assert np.mean(precisions) > base_rate(labels) + 0.08
