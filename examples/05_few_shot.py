"""Train on a handful of labelled trials a class, drawn several times: mean and spread, beside the base rate.

Takes about 30 seconds. One draw of eight trials can look good or bad by luck alone, so a few-shot figure without its
spread over draws says nothing. The protocol is that of `cladmop few-shot` on invented trials.

    python examples/05_few_shot.py --draws 5
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from cladmop.evaluation import metrics
from cladmop.pipeline import Encodings, NetworkSettings, mean_probability, pretrain_network
from cladmop.shots import train_few
from invented import invented_trials

SIZES = {"width": 16, "heads": 2, "centroids": [8], "group_layers": 1, "criteria_width": 16, "head_width": 16}


def main() -> None:
    parser = argparse.ArgumentParser(description="Few-shot training on invented trials.")
    parser.add_argument("--k", type=int, nargs="+", default=[4, 32], help="trials a class")
    parser.add_argument("--draws", type=int, default=3, help="draws of each size, at least 2")
    arguments = parser.parse_args()

    trials, labels = invented_trials(100)
    test, test_labels = invented_trials(120, first=2000)
    past = [trial for trial, label in zip(*invented_trials(80, first=3000), strict=True) if label]
    settings = NetworkSettings(model=SIZES, pretrain={"epochs": 4}, finetune={"mode": "full", "learning_rate": 3e-3})
    encodings = Encodings(lambda cost: print(cost, file=sys.stderr))
    encoded, encoded_test, encoded_past = (encodings.encode(settings.encoding, some) for some in (trials, test, past))

    with tempfile.TemporaryDirectory() as scratch:
        start = pretrain_network(Path(scratch) / "pretrained", settings, encoded_past)
        print(f"base rate of {len(test)} test trials: {np.mean(test_labels):.3f}, the AP of a random ranking\n")
        print(f"trials a class   AP, mean and SD of {arguments.draws} draws   ROC-AUC, mean and SD")
        for k in arguments.k:
            found = []
            for draw in range(arguments.draws):
                folder = Path(scratch) / f"{k}-{draw}"
                network = train_few(start, encoded, np.array(labels), k, draw, settings, folder)
                scores = mean_probability([network], encoded_test)
                found.append((metrics.average_precision(test_labels, scores), metrics.roc_auc(test_labels, scores)))
            (ap, auc), (ap_sd, auc_sd) = np.mean(found, axis=0), np.std(found, axis=0, ddof=1)
            print(f"{k:>14}   {ap:.3f} ± {ap_sd:.3f}                   {auc:.3f} ± {auc_sd:.3f}".replace("±", "+/-"))


if __name__ == "__main__":
    main()
