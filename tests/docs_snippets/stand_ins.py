"""Invented files under the names that pages use, for a folder in which their commands run."""

import csv
import json
from pathlib import Path

from cladmop.records import Intervention
from docs_snippets.pages import ROOT
from invented import save_language_model, top_row, write_splits, write_top
from invented_documents import protocol_pdf
from invented_registry import CRITERIA, study, write_json_source, write_xml_source

TRIAL = {
    "nctid": "NCT91000000", "phase": "phase 1", "title": "An invented trial of aspirin",
    "inclusion": ["Age 18 or older", "Gout, confirmed by crystals", "Written informed consent"],
    "exclusion": ["Pregnancy", "Known HIV infection"],
    "drugs": ["aspirin"], "diseases": [{"name": "gout", "icd10": ["M10.9"]}],
}  # fmt: skip
TOP = (60, 20, 20)
"""Rows of the three splits."""
ITEMS = (("1.", "Adults of 18 years or older with gout", 0), ("2.", "Written informed consent", 0))
REFUSED = (("1.", "Pregnancy or breast-feeding", 0), ("2.", "History of kidney stones", 0))
DRUGS, DISEASES = ("Aspirin", "Metformin", "Caffeine", "XYZ-98765"), ("Gout", "Asthma", "Migraine")


def write_stand_ins(folder: Path) -> None:
    """Write every file that a page takes for granted."""
    (folder / "docs").symlink_to(ROOT / "docs")
    for name in ("top", "mine"):
        write_splits(folder / name, sizes=TOP)
    (folder / "trial.json").write_text(json.dumps(TRIAL), encoding="utf-8")
    (folder / "criteria.txt").write_text(CRITERIA.format("gout"), encoding="utf-8")
    (folder / "protocol.pdf").write_bytes(protocol_pdf(ITEMS, REFUSED, pages=8))
    (folder / "token").write_text("0123456789abcdef\n", encoding="utf-8")
    write_top(folder / "trials.csv", [top_row(number) for number in range(200, 204)])
    tested = [top_row(number) for number in range(sum(TOP[:2]), sum(TOP))]
    scores = [f"0.{(7 * number) % 10}5" for number, _ in enumerate(tested)]
    for name in ("predictions.csv", "scores.csv"):
        _write(folder / name, "nctid,score", [(row["nctid"], score) for row, score in zip(tested, scores, strict=True)])
    _write(folder / "labels.csv", "nctid,label", [(row["nctid"], row["label"]) for row in tested])
    save_language_model(folder / "my-llm")
    write_json_source(folder / "ctg-studies.json", [_study(number) for number in range(5000, 5090)])
    write_xml_source(folder / "AllPublicXML.zip", [study(number) for number in range(5090, 5096)])


def _write(path: Path, header: str, rows: list[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header.split(","), *rows])


def _study(number: int):
    """Return a finished trial; four of five completed, eight started each year from 1995 on."""
    disease, year = DISEASES[number % 3], 1995 + (number - 5000) // 8
    return study(
        number,
        interventions=(Intervention("drug", DRUGS[number % 4]),),
        conditions=(disease,),
        criteria=CRITERIA.format(disease),
        status="completed" if number % 5 else "terminated",
        start_date=f"{year}-05",
        primary_completion_date=f"{year + 1}-06",
    )
