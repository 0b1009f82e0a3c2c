"""``cladmop corpus``: build, report, fetch and approvals, as a person uses them."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import polars as pl
import pytest

from invented_registry import as_json, study, write_json_source, write_xml_source
from sources.registry_server import registry


@pytest.fixture
def online(environment, tmp_path):
    """A home of its own, with the network allowed."""
    before = dict(environment)
    environment.update(CLADMOP_OFFLINE="0", CLADMOP_HOME=str(tmp_path / "home"))
    yield
    environment.clear()
    environment.update(before)


@pytest.fixture
def source(tmp_path):
    return write_json_source(tmp_path / "studies.json", [study(number) for number in range(6)])


def size(path):
    return f"{path.stat().st_size / 1e6:,.1f} MB"


def test_build_and_report(cladmop, source, tmp_path):
    out = tmp_path / "corpus"
    archive = write_xml_source(tmp_path / "old.zip", [study(8), study(1, version="2020-02-03")])
    ran = cladmop("corpus", "build", "--source", source, "--source", f"xml={archive}", "--out", out)
    assert ran.code == 0, ran.err
    assert "successful" in ran.out
    assert "no --top" in ran.err
    first, second, expected, *tables = ran.out.splitlines()
    assert (first, second[:18]) == (
        f"studies.json (json): 1 file, {size(source)}, about 6 records",
        "old.zip (xml): 1 f",
    )
    assert expected.startswith("expected: about ")
    assert re.search(r"by 1 worker, as 8 records took here, memory \d+\.\d GB, disk 0\.0 MB$", expected), expected
    assert [line for line in tables if len(line) > 80 and "stored in" not in line] == []
    assert pl.read_parquet(out / "trials").height == 7
    ran = cladmop("corpus", "report", out)
    assert ran.code == 0, ran.err
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Records in, dropped and out at each rule" in page
    assert "4,289" in page
    assert page.count("<svg ") >= 3
    assert "http" not in page.replace("http://www.w3.org", "").replace("http-equiv", "")


def test_a_users_table_outranks_what_ships(cladmop, tmp_path):
    from cladmop.records import Intervention

    source = write_json_source(tmp_path / "s.json", [study(1, interventions=(Intervention("drug", "XYZ-98765"),))])
    table = tmp_path / "mine.csv"
    table.write_text("name,smiles\nXYZ-98765,CCO\n", encoding="utf-8")
    out = tmp_path / "corpus"
    ran = cladmop("corpus", "build", "--source", source, "--out", out, "--drugs", table, "--cutoff", "2010-01-01")
    assert ran.code == 0, ran.err
    drugs = pl.read_parquet(out / "drugs")
    assert drugs.select("smiles", "source").row(0) == ("CCO", "table")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("build", "--source", "nowhere.zip", "--out", "x"), "nowhere.zip"),
        (("build", "--source", __file__, "--out", "x"), "test_corpus.py"),
        (("build", "--source", __file__, "--out", "x", "--cutoff", "soon"), "--cutoff"),
        (("build", "--source", "studies.json", "--out", "x", "--top", "nowhere"), "nowhere"),
        (("build", "--source", "studies.json", "--out", "x", "--approved", "nowhere"), "nowhere"),
        (("build", "--source", "studies.json", "--out", "x", "--workers", 2, "--nlm"), "from one process"),
        (("build", "--source", "studies.json", "--out", "nonsense://x/y"), "nonsense://x/y"),
        (("build", "--source", __file__, "--out", "x", "--drugs", "nowhere"), "nowhere"),
        (("build", "--source", __file__, "--out", "x", "--chembl", "nowhere"), "nowhere"),
        (("report", "nowhere"), "nowhere"),
        (("fetch", "x", "--query", "no-value"), "no-value"),
        (("fetch", "x", "--phase", "PHASE9"), "PHASE9"),
        (("fetch", "x"), "CLADMOP_OFFLINE"),
        (("approvals",), "CLADMOP_OFFLINE"),
    ],
)
@pytest.mark.usefixtures("source")
def test_bad_input_is_one_line(cladmop, tmp_path, monkeypatch, arguments, named):
    monkeypatch.chdir(tmp_path)
    ran = cladmop("corpus", *arguments)
    assert ran.code == 2
    assert named in ran.err
    last = ran.err.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert "Traceback" not in ran.err


def test_fetch_then_build(cladmop, online, tmp_path):
    with registry([as_json(study(number)) for number in range(5)]) as server:
        ran = cladmop("corpus", "fetch", tmp_path / "raw", "--phase", "PHASE2", "--registry", server.url)
    assert ran.code == 0, ran.err
    expected, done = ran.out.strip().splitlines()
    assert expected.startswith("expected: 5 studies in 1 request, 1.0 s at least; about 0.0 MB to receive")
    assert done.startswith("5 studies on 1 pages")
    ran = cladmop("corpus", "build", "--source", tmp_path / "raw", "--out", tmp_path / "corpus")
    assert ran.code == 0, ran.err
    assert pl.read_parquet(tmp_path / "corpus" / "trials").height == 5
    manifest = json.loads((tmp_path / "corpus" / "manifest.json").read_text(encoding="utf-8"))
    assert "ClinicalTrials.gov" in manifest["attribution"]


def test_approvals_are_fetched(cladmop, online):
    body = b"ApplNo\tActiveIngredient\n1\tASPIRIN\n2\tCAFFEINE\n"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    ran = cladmop("corpus", "approvals", "--url", f"http://127.0.0.1:{server.server_address[1]}/products")
    server.shutdown()
    assert ran.code == 0, ran.err
    assert "2 active ingredients" in ran.out
