"""Approved ingredients are read from every form, and drugs are found among them by structure or name."""

import json
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from cladmop.corpus.approvals import Approvals, download_approved, downloaded_path, load_approvals, read_ingredients
from cladmop.corpus.reading import NameReader
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import InputError, MissingArtefactError

TABLE = (
    "ApplNo\tProductNo\tForm\tActiveIngredient\n1\t1\tTABLET\tASPIRIN; CAFFEINE\n2\t1\tINJECTION\tTRASTUZUMAB-DKST\n"
)
FOUND = {"ASPIRIN; CAFFEINE", "TRASTUZUMAB-DKST"}


def test_every_form_gives_the_same(tmp_path):
    text, table, archive, listed, openfda = (
        tmp_path / name for name in ("a.txt", "Products.txt", "d.zip", "e.json", "f.json")
    )
    text.write_text("# a remark\nASPIRIN; CAFFEINE\n\nTRASTUZUMAB-DKST\n", encoding="utf-8")
    table.write_text(TABLE, encoding="utf-8")
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("Applications.txt", "ApplNo\n1\n")
        writer.writestr("Products.txt", TABLE)
    listed.write_text(json.dumps([{"ActiveIngredient": name} for name in FOUND]), encoding="utf-8")
    products = [{"active_ingredients": [{"name": name, "strength": "1 mg"}]} for name in FOUND]
    openfda.write_text(json.dumps({"meta": {}, "results": [{"products": products}]}), encoding="utf-8")
    for path in (text, table, archive, listed, openfda):
        assert read_ingredients(path) == FOUND, path.name


@pytest.mark.parametrize("content", ["", "# only a remark\n", "[1, 2]", "{", "a\tb\n1\t2\n", '{"results": 3}'])
def test_what_holds_no_ingredient_is_refused(tmp_path, content):
    path = tmp_path / "list"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="list"):
        read_ingredients(path)


def test_salts_stereo_and_suffixes_count_as_one():
    resolver = DrugResolver.default()
    approvals = Approvals.from_names(
        ["IMATINIB MESYLATE", "TRASTUZUMAB-DKST", "INSULIN RECOMBINANT HUMAN", "ABACAVIR; LAMIVUDINE"],
        NameReader(resolver).substances,
        "",
        "",
    )
    for name in ("imatinib", "Gleevec 400 mg", "trastuzumab", "insulin", "lamivudine"):
        assert all(approvals.covers(drug) for drug in resolver.resolve(name)), name
    for name in ("pertuzumab", "aspirin", "XYZ-12345"):
        assert not any(approvals.covers(drug) for drug in resolver.resolve(name)), name


def test_given_then_downloaded_then_shipped(tmp_path, home):
    resolve = NameReader(DrugResolver.default()).substances
    shipped = load_approvals(None, resolve)
    assert len(shipped.names) > 1500
    assert shipped.source == "snapshot of Drugs@FDA"
    downloaded_path().parent.mkdir(parents=True)
    downloaded_path().write_text("aspirin\n", encoding="utf-8")
    assert load_approvals(None, resolve).names == {"aspirin"}
    given = tmp_path / "given.txt"
    given.write_text("caffeine\n", encoding="utf-8")
    assert load_approvals(given, resolve).source == "given.txt"
    with pytest.raises(MissingArtefactError, match="nowhere"):
        load_approvals(tmp_path / "nowhere", resolve)


@pytest.fixture
def site():
    content = {"body": TABLE.encode()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content["body"])))
            self.end_headers()
            self.wfile.write(content["body"])

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield content, f"http://127.0.0.1:{server.server_address[1]}/drugs.zip"
    server.shutdown()


def test_a_download_replaces_the_list_only_by_a_list(site, home, monkeypatch):
    monkeypatch.delenv("CLADMOP_OFFLINE", raising=False)
    content, url = site
    assert read_ingredients(download_approved(url)) == FOUND
    content["body"] = b"<html>busy</html>"
    with pytest.raises(InputError):
        download_approved(url)
    assert read_ingredients(downloaded_path()) == FOUND
