"""The verb ``serve`` as a user starts it, the registry it asks, and the index it is given."""

import io
import signal
import subprocess
import sys
import time
import zipfile

import httpx
import pytest

from cladmop.server.app import create_app
from cladmop.server.service import TrialService
from cladmop.server.settings import Limits, Settings
from serving import TRIAL, running
from similar.building import tiny_index
from sources.registry_server import Bad, registry, study


@pytest.fixture
def serve(tiny_model, environment):
    """Start ``cladmop serve`` on a free port; return the process, its address and its log so far."""
    started = []

    def start(*arguments):
        code = "import typer; from cladmop.cli.serve import serve; typer.run(serve)"
        command = [sys.executable, "-c", code, "--port", "0", "--model", str(tiny_model), *map(str, arguments)]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        started.append(process)
        lines = []
        while not (lines and "stop it with Ctrl-C" in lines[-1]):
            lines.append(process.stderr.readline())
            assert lines[-1], "".join(lines)
        return process, lines[-1].split()[2], lines

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_it_serves_and_stops_in_good_order(serve, tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef\n", encoding="utf-8")
    process, address, lines = serve("--token-file", tmp_path / "token", "--no-lookup", "--max-items", "3")
    assert not any("warning" in line for line in lines)
    with httpx.Client(base_url=address, headers={"Authorization": "Bearer 0123456789abcdef"}, timeout=60) as client:
        assert client.get("/health").json()["status"] == "ok"
        assert client.get("/model").json()["lookup"] is False
        refused = client.post("/predict", json=TRIAL)
        assert refused.status_code == 422
        assert "takes 3 at most" in refused.json()["detail"]
        assert client.post("/predict", json={**TRIAL, "inclusion": []}).status_code == 200
        assert client.post("/lookup", json={"nct_id": "NCT00000001"}).status_code == 403
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    log = process.stderr.read()
    assert "POST /predict 422" in log
    assert "0123456789abcdef" not in log
    assert "aspirin" not in log


def test_a_service_for_everybody_is_warned_of(cladmop_serve):
    ran = cladmop_serve("--host", "0.0.0.0", "--model", "/nowhere")
    assert ran.returncode == 2
    *before, error = ran.stderr.splitlines()
    assert any(line.startswith("warning: everybody who reaches 0.0.0.0") for line in before)
    assert error.startswith("error: no model folder /nowhere")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--token-file", "/nowhere"), "no token file"),
        (("--log-level", "loud"), "choose from debug"),
        (("--host", "no.such.host.invalid"), "choose another --host"),
    ],
)
def test_what_cannot_be_served_is_one_line(cladmop_serve, arguments, words):
    ran = cladmop_serve(*arguments)
    assert ran.returncode == 2
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.fixture
def cladmop_serve(environment):
    """Run ``cladmop serve`` where it fails at once."""

    def run(*arguments):
        code = "import sys; sys.argv[0] = 'cladmop'; from cladmop.cli.app import main; main()"
        command = [sys.executable, "-c", code, "serve", "--port", "0", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture
def online(monkeypatch):
    """Let look-ups of this machine's registry through."""
    monkeypatch.setenv("CLADMOP_OFFLINE", "")


def test_a_number_is_looked_up_at_the_registry(service, online, home):
    with registry([study(7)]) as asked, running(service, Settings(port=0, registry=asked.url)) as served:
        said = served.client.post("/lookup", json={"nct_id": "nct00000007"})
        assert said.status_code == 200
        assert said.json()["trial"]["nct_id"] == "NCT00000007"
        assert "version of 2025-11-20" in said.json()["version"]
        unknown = served.client.post("/lookup", json={"nct_id": "NCT00000008"})
        assert unknown.status_code == 404
        for wrong in ("NCT7", "NCT000000071", "../../etc/passwd", "NCT0000000\uff17", "http://evil.example", ""):
            assert served.client.post("/lookup", json={"nct_id": wrong}).status_code == 422
        assert [path for _, path, _ in asked.asked] == ["/api/v2/studies/NCT00000007", "/api/v2/studies/NCT00000008"]


def test_a_registry_that_cannot_be_had_is_no_fault_of_the_service(service, home, monkeypatch):
    monkeypatch.setenv("CLADMOP_OFFLINE", "1")
    with running(service, Settings(port=0)) as served:
        answer = served.client.post("/lookup", json={"nct_id": "NCT00000007"})
        assert answer.status_code == 424
        assert "CLADMOP_OFFLINE" in answer.json()["detail"]


def test_a_slow_registry_is_not_waited_for(service, online, home):
    settings = Limits(lookup_seconds=0.3)
    with registry([study(7)]) as asked:
        asked.bad_studies.append(Bad(stall=1.0))
        with running(service, Settings(port=0, registry=asked.url, limits=settings)) as served:
            begin = time.monotonic()
            answer = served.client.post("/lookup", json={"nct_id": "NCT00000007"})
            assert answer.status_code == 424
            assert "0.3 s" in answer.json()["detail"]
            assert time.monotonic() - begin < 1


def test_similar_trials_come_from_the_index(service, invented_corpus, language_model, tiny_home, tmp_path, monkeypatch):
    from cladmop.similar import PastTrials

    monkeypatch.setenv("CLADMOP_HOME", str(tiny_home))
    index = PastTrials.open(tiny_index(invented_corpus, language_model, tmp_path))
    with running(TrialService(service.model, index)) as served:
        said = served.client.post("/similar?k=3", json=TRIAL).json()
        assert len(said["trials"]) == 3
        assert {rate["kind"] for rate in said["base_rates"]} == {"phase", "disease", "drug"}
        assert said["trials"][0]["link"].startswith("https://clinicaltrials.gov/study/NCT")
        assert served.client.get("/model").json()["index"]["trials"] == len(index)
        assert served.client.post("/similar?k=0", json=TRIAL).status_code == 422
        assert served.client.post("/similar?k=x", json=TRIAL).json()["detail"].startswith("query k")


def word_file(document):
    """Return a file that is a zip with one part."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", document)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bomb.docx", word_file(b"\x00" * 300_000_000)),
        ("entities.docx", word_file(b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>')),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<<"),
        ("cut.docx", b"PK\x03\x04"),
        ("named.pdf", b"MZ"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_documents_cost_a_sentence(served, name, data):
    answer = served.client.post("/read", files={"file": (name, data)})
    assert answer.status_code == 422, answer.text
    assert served.client.get("/health").status_code == 200


def test_a_protocol_is_read_to_be_confirmed(served):
    import docx

    document = docx.Document()
    for text in ("A study", "5.1 Inclusion Criteria", "1. Age 18 or older", "2. Informed consent"):
        document.add_paragraph(text)
    for text in ("5.2 Exclusion Criteria", "1. Pregnancy", "6. Statistics", "Nothing of interest"):
        document.add_paragraph(text)
    held = io.BytesIO()
    document.save(held)
    said = served.client.post("/read", files={"file": ("../../protocol.docx", held.getvalue())}).json()
    assert said["trial"]["inclusion"] == ["Age 18 or older", "Informed consent"]
    assert said["trial"]["exclusion"] == ["Pregnancy"]
    assert said["confirm"] is True


def test_the_package_is_named_when_it_is_missing(fake, monkeypatch):
    from cladmop.errors import MissingDependencyError

    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(MissingDependencyError, match=r"cladmop\[serve\]"):
        create_app(Settings(), fake)


def test_help_needs_no_heavy_package(environment):
    code = (
        "import sys; from cladmop.cli import serve; "
        "print([name for name in ('fastapi', 'uvicorn', 'torch', 'sklearn') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
