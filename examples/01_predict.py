"""Score trials with the shipped model, and read the answer: base rate, interval, outcome set, what was not mapped.

Takes about 10 seconds. Without --input it scores the trials that ship with the package, which nobody ran.

    python examples/01_predict.py
    python examples/01_predict.py --input trials.jsonl
"""

import argparse
from pathlib import Path

from cladmop import TrialOutcomeClassifier
from cladmop.estimator import Prediction
from cladmop.explain import explain
from cladmop.explain.summary import named
from cladmop.sources.examples import example_trials
from cladmop.sources.inputs import read_trials


def main() -> None:
    parser = argparse.ArgumentParser(description="Score trials with the shipped model.")
    parser.add_argument("--input", type=Path, help="JSON, JSON Lines, CSV or text (default: the bundled examples)")
    parser.add_argument("--model", default="default", help="model folder (default: the shipped one)")
    arguments = parser.parse_args()

    trials = read_trials(arguments.input) if arguments.input else example_trials()
    model = TrialOutcomeClassifier.from_pretrained(arguments.model)
    predictions = model.predict_trials(trials)
    for prediction in predictions:
        show(prediction)

    # A probability says little without its reasons. Points are of probability, each part left out in turn.
    surest = max(predictions, key=lambda one: abs(one.probability - one.base_rate.rate))
    print(f"What moves the score furthest from its base rate\n  {surest.label()}")
    explanation = explain(model, surest.trial)
    for part in sorted(explanation.contributions, key=lambda one: -abs(one.points))[:3]:
        doubt = "" if part.sure else ", sign not sure"
        print(f"  {100 * part.points:+.1f} points [{100 * part.low:+.1f}, {100 * part.high:+.1f}]{doubt}")
        print(f"    {named(part)}")
    print("These are associations in past trials, not causes.")


def show(prediction: Prediction) -> None:
    base, interval = prediction.base_rate, prediction.interval
    between = "" if interval is None else f" [{interval.low:.2f}, {interval.high:.2f}]"
    print(prediction.label())
    print(f"  probability {prediction.probability:.2f}{between}, base rate {base.rate:.2f} of phase {base.group}")
    if prediction.sets:
        # The set holds the outcome in at least nine trials of ten like those learned from; both outcomes: no call.
        print(f"  {max(prediction.sets, key=lambda one: one.level).words()}")
    unmapped = [drug.query for drug in prediction.drugs if drug.inchikey is None]
    if unmapped:
        print(f"  without a structure: {', '.join(unmapped)}")
    for warning in prediction.warnings:
        print(f"  note: {warning}")
    print()


if __name__ == "__main__":
    main()
