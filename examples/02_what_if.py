"""Change a protocol and see what that does to its score: single edits, and a search with its correction.

Takes about 15 seconds. An answer is an association in past trials: it says what trials written like this did, not what
this one would do.

    python examples/02_what_if.py
"""

import argparse
from textwrap import fill

from cladmop import Phase, TrialOutcomeClassifier
from cladmop.sources.examples import example_trials
from cladmop.whatif import Edit, apply_edits, rank_removals, what_if
from cladmop.whatif.edits import AddCriterion, ChangePhase, RemoveCriterion, SwapDrug


def main() -> None:
    parser = argparse.ArgumentParser(description="What would the score be, were the trial written differently?")
    parser.add_argument("--trial", type=int, default=1, help="number of the bundled trial, from 1")
    arguments = parser.parse_args()

    trial = example_trials()[arguments.trial - 1]
    model = TrialOutcomeClassifier.from_pretrained("default")
    print(f"{trial.title} ({trial.phase.value})\n")

    questions: dict[str, Edit] = {
        "without its first inclusion criterion": RemoveCriterion("inclusion", 1),
        "with one more exclusion criterion": AddCriterion("exclusion", "Any earlier treatment with the study drug"),
        "with gefitinib for its first drug": SwapDrug(trial.drugs[0].name, "gefitinib"),
        "as a trial of phase 3": ChangePhase(Phase.PHASE_3),
    }
    for question, edit in questions.items():
        answer = what_if(model, trial, apply_edits(trial, [edit]), [edit])
        before, after, change = answer.before, answer.after, answer.change
        print(f"{question}: {before.probability:.2f} -> {after.probability:.2f}")
        # The interval is of the paired refits: it is narrower than the two probabilities' own intervals.
        doubt = "" if change.sure else ", so its sign is not sure"
        print(f"  {100 * change.points:+.1f} points [{100 * change.low:+.1f}, {100 * change.high:+.1f}]{doubt}")

    # Whoever tries every criterion finds some that seem to matter. The marks are corrected for all that were tried.
    ranking = rank_removals(model, trial)
    sure = [removal for removal in ranking.removals if removal.sure]
    chance = [removal for removal in ranking.removals if removal.low > 0 or removal.high < 0]
    print(f"\n{len(ranking.removals)} criteria taken out one by one:")
    print(f"  {len(chance)} intervals leave out 0, {len(sure)} still do after Holm's correction for all of them")
    for removal in sure:
        line = f"{100 * removal.points:+.1f} points without {removal.side} {removal.item}: {removal.text}"
        print(fill(line, 80, initial_indent="  ", subsequent_indent="    "))
    print(f"\n{fill(ranking.note, 80)}")


if __name__ == "__main__":
    main()
