"""The benchmark of registry files runs, on invented records."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "registry_parsing.py"


def test_it_prints_a_row_a_kind(tmp_path) -> None:
    xml = "<clinical_study><id_info><nct_id>NCT00000001</nct_id></id_info><condition>Fever</condition></clinical_study>"
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/NCT00000001.xml", xml)
        archive.writestr("a/NCT00000002.xml", xml.replace("Fever", "Chills"))
    protocol = {"identificationModule": {"nctId": "NCT00000001"}, "statusModule": {"overallStatus": "COMPLETED"}}
    (tmp_path / "x.json").write_text(json.dumps([{"protocolSection": protocol}] * 3), encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()
    ran = subprocess.run(
        [sys.executable, SCRIPT, "--xml", tmp_path / "x.zip", "--json", tmp_path / "x.json", "--work", work, "--tiny"],
        check=True,
        capture_output=True,
        text=True,
    )
    rows = [re.findall(r"[\w.,%/]+", line) for line in ran.stdout.splitlines()[2:]]
    assert [row[:2] for row in rows] == [["XML", "200"], ["JSON", "200"]]
    assert all(len(row) == 10 for row in rows)
    assert list(work.iterdir()) == []
