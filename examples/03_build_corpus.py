"""Build a corpus of past trials from registry records, and look at what each rule took out and what was not mapped.

Takes about 10 seconds. The records are invented and written as ClinicalTrials.gov's API gives them; a real build only
names other files (`cladmop corpus build --source ctg-studies.json.zip --out sct`).

    python examples/03_build_corpus.py --out /tmp/corpus
"""

import argparse
import json
import tempfile
from pathlib import Path

import polars as pl
from rich.console import Console

from cladmop.corpus.build import build
from cladmop.corpus.manifest import BuildSettings
from cladmop.corpus.rules import Group
from cladmop.corpus.tables import read_corpus
from cladmop.corpus_page import funnel_table, groups_table
from cladmop.drugs.resolve import DrugResolver

DRUGS = ("Aspirin 100 mg", "Metformin", "XYZ-98765", "Allopurinol")
DISEASES = ("Gout", "Type 2 Diabetes", "Asthma")
ENDINGS = (("COMPLETED", ""), ("COMPLETED", ""), ("TERMINATED", "Slow accrual"), ("RECRUITING", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description="From registry records to a corpus of finished trials.")
    parser.add_argument("--out", type=Path, help="folder of the corpus (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "studies.json"
        source.write_text(json.dumps([record(number) for number in range(60)]), encoding="utf-8")
        out = arguments.out or Path(scratch) / "corpus"
        manifest = build([(source, None)], out, BuildSettings(cutoff="2014-01-01"), DrugResolver.default(), print)

        console = Console(width=80)
        for table in (funnel_table(manifest), groups_table(manifest)):
            console.print(table.rich(), crop=False)

        successful = read_corpus(out, [Group.SUCCESSFUL])
        print(f"\n{len(successful)} successful trials; the first: {successful[0].trial.nct_id}, because of", end=" ")
        print(" and ".join(rule.value for rule in successful[0].rules))

        # What could not be mapped is stored, not dropped in silence: the model reads such a drug as text only.
        drugs = pl.read_parquet(out / "drugs")
        for name, count in drugs.filter(pl.col("inchikey").is_null())["name"].value_counts(sort=True).iter_rows():
            print(f"no structure: {name} ({count} mentions)")
        dropped = pl.read_parquet(out / "dropped.parquet")
        for reason, count in dropped["reason"].value_counts(sort=True).iter_rows():
            print(f"dropped: {reason} ({count} records)")


def record(number: int) -> dict[str, object]:
    """Return one study as the registry's API gives it; its status is an outcome and never an input."""
    ended, why = ENDINGS[number % len(ENDINGS)]
    disease = DISEASES[number % len(DISEASES)]
    criteria = f"Inclusion Criteria:\n\n* Adults with {disease.lower()}\n\nExclusion Criteria:\n\n* Pregnancy"
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{99_000_000 + number}", "briefTitle": f"Invented trial {number}"},
            "statusModule": {
                "overallStatus": ended,
                "whyStopped": why,
                "startDateStruct": {"date": f"{1998 + number // 4}-05"},
                "primaryCompletionDateStruct": {"date": f"{2000 + number // 4}-06"},
            },
            "conditionsModule": {"conditions": [disease]},
            "designModule": {"studyType": "INTERVENTIONAL", "phases": [f"PHASE{1 + number % 3}"]},
            "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": DRUGS[number // 3 % len(DRUGS)]}]},
            "eligibilityModule": {"eligibilityCriteria": criteria},
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": "2023-02-03"}},
    }


if __name__ == "__main__":
    main()
