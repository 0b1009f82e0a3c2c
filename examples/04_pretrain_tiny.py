"""Pre-train a small network by pair matching, fine-tune it, and see what each stage is worth beside the base rate.

Takes about 20 seconds. Data and sizes are toys, so the figures say nothing about the method; the steps are those of
`cladmop reproduce top`. The language model stays frozen: its states are computed once and kept.

    python examples/04_pretrain_tiny.py --out runs/tiny
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from cladmop.evaluation.bootstrap import evaluate
from cladmop.evaluation.metrics import best_threshold
from cladmop.evaluation.tables import ResultRow
from cladmop.pipeline import Encodings, NetworkSettings, mean_probability, train_network
from invented import invented_trials

SIZES = {"width": 16, "heads": 2, "centroids": [8], "group_layers": 1, "criteria_width": 16, "head_width": 16}


def main() -> None:
    parser = argparse.ArgumentParser(description="Both stages of training, in small.")
    parser.add_argument(
        "--out", type=Path, help="folder of the networks; finished stages are kept (default: temporary)"
    )
    parser.add_argument("--epochs", type=int, default=8, help="epochs of each stage, at most")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run(arguments.out or Path(scratch), arguments.epochs)


def run(out: Path, epochs: int) -> None:
    train, train_labels = invented_trials(120)
    valid, valid_labels = invented_trials(60, first=1000)
    test, test_labels = invented_trials(120, first=2000)
    # Past successes: pair matching needs no outcome labels beyond that.
    past = [trial for trial, label in zip(*invented_trials(120, first=3000), strict=True) if label]

    settings = NetworkSettings(
        model=SIZES, pretrain={"epochs": epochs}, finetune={"epochs": epochs, "mode": "full", "learning_rate": 3e-3}
    )
    encodings = Encodings(lambda cost: print(cost, file=sys.stderr))
    splits = [encodings.encode(settings.encoding, trials) for trials in (train, valid, test, past)]
    encoded_train, encoded_valid, encoded_test, encoded_past = splits

    print("\n                        ROC-AUC            AP                 base rate")
    for name, pretraining in (("from random weights", False), ("pre-trained", True)):
        changed = NetworkSettings.from_dict(settings.to_dict() | {"pretraining": pretraining})
        teachers, judges = (encoded_train, train_labels), (encoded_valid, valid_labels)
        network = train_network(out / name.replace(" ", "-"), changed, teachers, judges, encoded_past)
        # The threshold is chosen on validation, never on test.
        threshold = best_threshold(np.array(valid_labels), mean_probability([network], encoded_valid))
        found = evaluate(test_labels, mean_probability([network], encoded_test), threshold)
        row = ResultRow(name, "", found).evaluation
        print(f"{name:22}  {row.roc_auc.text()}  {row.average_precision.text()}  {row.base_rate.text()}")
    print("\n[95% bootstrap interval], 120 test trials. Read AP against the base rate.")


if __name__ == "__main__":
    main()
