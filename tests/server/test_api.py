"""Every endpoint over HTTP, around the tiny model."""

import json
import re
import time

import pytest

from cladmop.server.bodies import read_trial
from cladmop.server.settings import Limits, Settings
from serving import TRIAL, running

HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def upload(served, path, name, data):
    return served.client.post(path, files={"file": (name, data)})


def test_predict_says_all_that_a_reader_needs(served, service):
    answer = served.client.post("/predict", json=TRIAL)
    assert answer.status_code == 200
    said = answer.json()
    (expected,) = service.model.predict_trials([read_trial(TRIAL, "trial", Limits())])
    assert said["probability"] == pytest.approx(expected.probability, abs=1e-6)
    assert said["interval"]["low"] < said["probability"] < said["interval"]["high"]
    assert [one["level"] for one in said["sets"]] == [0.8, 0.9]
    assert set(said["domain"]) == {"distance", "percentile", "outside"}
    assert said["base_rate_group"] == "I"
    (drug,) = said["drugs"]
    assert drug["query"] == "aspirin"
    assert drug["drawing"].startswith("<svg")
    assert "script" not in drug["drawing"]
    assert said["trial"]["inclusion"] == TRIAL["inclusion"]
    assert served.client.post("/predict", json=said["trial"]).json()["probability"] == said["probability"]


def test_a_study_of_the_registry_is_taken_as_it_is(served, shared_dir):
    for study in json.loads((shared_dir / "ctgov" / "ctg-studies.json").read_bytes())[:5]:
        said = served.client.post("/predict", json=study).json()
        assert said["nctid"] == study["protocolSection"]["identificationModule"]["nctId"]
        assert 0 < said["probability"] < 1


def test_what_is_known_after_a_trial_changes_nothing(served):
    plain = served.client.post("/predict", json=TRIAL).content
    poisoned = {**TRIAL, "status": "completed", "why_stop": "1.0", "label": 1, "results": {"p": 0.01}}
    assert served.client.post("/predict", json=poisoned).content == plain


def test_explain_and_what_if_tell_one_story(served):
    before = served.client.post("/predict", json=TRIAL).json()["probability"]
    said = served.client.post("/explain", json=TRIAL).json()
    assert said["probability"] == pytest.approx(before, abs=1e-6)
    assert [(one["side"], one["item"]) for one in said["items"]] == [
        ("inclusion", 1), ("inclusion", 2), ("exclusion", 1), ("exclusion", 2),
    ]  # fmt: skip
    edits = [{"do": "remove_criterion", "side": "inclusion", "item": 1}]
    change = served.client.post("/whatif", json={"trial": TRIAL, "edits": edits}).json()
    assert change["before"]["probability"] == pytest.approx(before, abs=1e-6)
    assert change["change"]["points"] == pytest.approx(-said["items"][0]["points"], abs=1e-6)
    assert "not a cause" in change["note"]
    edited = {**TRIAL, "inclusion": TRIAL["inclusion"][1:]}
    same = served.client.post("/whatif", json={"trial": TRIAL, "edited": edited}).json()
    assert same["after"] == pytest.approx(change["after"], abs=1e-6)
    ranked = served.client.post("/whatif/rank", json=TRIAL).json()
    assert len(ranked["removals"]) == 4
    points = [one["points"] for one in ranked["removals"]]
    assert points == sorted(points, reverse=True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"trial": TRIAL}, "either 'edits' or 'edited'"),
        ({"trial": TRIAL, "edits": [], "edited": TRIAL}, "either"),
        ({"trial": TRIAL, "edits": [{"do": "fly"}]}, r"edits\[0\]"),
        ({"trial": TRIAL, "edits": [{"do": "remove_criterion", "side": "inclusion", "item": 9}]}, "inclusion"),
        ({"trial": TRIAL, "edits": [{"do": "remove_drug", "name": "x"}] * 51}, "50 edits at most"),
        ({"trial": TRIAL, "edited": {**TRIAL, "inclusion": ["a"] * 300}}, "300 criteria"),
        ({"trial": TRIAL, "edits": 7}, "list"),
        ({"trial": {}, "edits": []}, "nothing to score"),
    ],
)
def test_a_what_if_that_cannot_be_made_is_explained(served, body, words):
    answer = served.client.post("/whatif", json=body)
    assert answer.status_code == 422
    assert re.search(words, answer.json()["detail"])


def test_without_an_index_there_are_no_similar_trials(served):
    answer = served.client.post("/similar", json=TRIAL)
    assert answer.status_code == 404
    assert "--index" in answer.json()["detail"]
    assert served.client.get("/model").json()["index"] is None


def test_the_model_says_what_it_is_and_what_it_takes(served):
    said = served.client.get("/model").json()
    assert said["limits"]["max_items"] == 250
    assert "phase 1/phase 2" in said["phases"]
    assert said["base_rates"]["I"]["trials"] == 40
    assert set(said["coverage"]) == {"0.8", "0.9"}


def test_text_in_every_field_comes_back_as_text(served):
    trial = {
        "title": HTML, "phase": "phase 1", "inclusion": [HTML], "exclusion": [HTML],
        "drugs": [{"name": HTML, "smiles": "CCO"}], "diseases": [HTML],
    }  # fmt: skip
    for path in ("/predict", "/explain", "/whatif/rank"):
        answer = served.client.post(path, json=trial)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    said = served.client.post("/predict", json=trial).json()
    assert said["trial"]["inclusion"] == [HTML]
    # A drawing is markup, so names in it are escaped.
    for drawing in [drug["drawing"] for drug in said["drugs"]]:
        assert "<script" not in drawing
        assert "<img" not in drawing
    bad = served.client.post("/predict", json={**TRIAL, "phase": HTML})
    assert bad.status_code == 422
    assert HTML[:20] in bad.json()["detail"]


@pytest.mark.parametrize("field", ["inclusion", "drugs", "diseases"])
@pytest.mark.parametrize("text", ["\x00", "a\u202eb", "\uffff", "🧪" * 50, "ﷺ" * 200, "\u0301" * 300, "a" * 5_000])
def test_odd_characters_are_scored(served, field, text):
    assert served.client.post("/predict", json={**TRIAL, field: [text]}).status_code == 200


def test_wrong_structures_are_refused_and_named(served):
    answer = served.client.post("/predict", json={**TRIAL, "drugs": [{"name": "x", "smiles": "C(("}]})
    assert answer.status_code == 422
    assert "C((" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("trial.json", json.dumps(TRIAL).encode()),
        ("../../etc/passwd", json.dumps(TRIAL).encode()),
        ("x" * 3_000 + ".json", json.dumps([TRIAL]).encode()),
        ("trial.csv", b"title,phase,inclusion,drugs\nA study of aspirin,phase 1,stable disease at screening,aspirin\n"),
    ],
)
def test_a_file_with_one_trial_is_read(served, name, data):
    said = upload(served, "/read", name, data).json()
    assert said["trial"]["title"] == "A study of aspirin"
    assert said["confirm"] is False


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.json", b"{", 422), ("a.json", b"", 422), ("a.json", json.dumps([TRIAL, TRIAL]).encode(), 422),
        ("a.exe", b"MZ", 415), ("a.csv", b"\xff\xfe", 422), ("a.json", b'[{"title": "\\ud800", "drugs": ["x"]}]', 422),
        ("a.xml", b"<x/>", 415), ("a.json", b"[" * 100_000, 422),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused(served, name, data, code):
    answer = upload(served, "/read", name, data)
    assert answer.status_code == code
    assert answer.json()["detail"]


def test_a_batch_is_scored_and_downloaded(served):
    lines = "".join(json.dumps({**TRIAL, "title": f"=trial {number}"}) + "\n" for number in range(40))
    job = upload(served, "/batch", "portfolio.jsonl", lines.encode())
    assert job.status_code == 202
    path = f"/batch/{job.json()['id']}"
    while (said := served.client.get(path).json())["state"] in {"queued", "running"}:
        assert said["total"] == 40
        time.sleep(0.05)
    assert said == {**said, "state": "finished", "done": 40}
    rows = [json.loads(line) for line in served.client.get(f"{path}/result?format=jsonl").text.splitlines()]
    assert [row["title"] for row in rows] == [f"=trial {number}" for number in range(40)]
    alone = served.client.post("/predict", json=TRIAL).json()
    assert rows[7]["probability"] == pytest.approx(alone["probability"], abs=1e-6)
    table = served.client.get(f"{path}/result")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert table.headers["Content-Disposition"] == 'attachment; filename="scores.csv"'
    assert table.text.splitlines()[1].startswith(",'=trial 0,phase 1,0.")
    assert served.client.get(f"{path}/result?format=xlsx").status_code == 422
    assert served.client.delete(path).status_code == 200
    assert served.client.get(path).status_code == 404


def test_too_many_trials_for_a_batch_are_refused(fake):
    with running(fake, Settings(port=0, limits=Limits(trials=3))) as served:
        answer = upload(served, "/batch", "a.jsonl", (json.dumps(TRIAL) + "\n").encode() * 4)
        assert answer.status_code == 413
        assert "takes 3 at most" in answer.json()["detail"]


def test_a_running_batch_can_be_cancelled(fake):
    with running(fake) as served:
        fake.go.clear()
        job = upload(served, "/batch", "a.json", json.dumps([TRIAL] * 40).encode()).json()["id"]
        assert fake.begun.wait(10)
        assert served.client.get(f"/batch/{job}/result").status_code == 409
        assert served.client.delete(f"/batch/{job}").json()["state"] == "cancelled"
        fake.go.set()
        assert served.client.get(f"/batch/{job}").json()["state"] == "cancelled"
        assert served.client.post("/predict", json=TRIAL).status_code == 200
    assert fake.calls == [16, 1]


def test_an_error_of_ours_tells_nothing_of_the_request(fake, caplog):
    def broken(trials):
        raise ValueError(f"secret {trials[0].title}")

    fake.predict = broken
    with running(fake) as served:
        answer = served.client.post("/predict", json=TRIAL)
        assert answer.status_code == 500
        detail = answer.json()["detail"]
        assert "secret" not in detail
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert served.client.get("/health").status_code == 200
    mine = [record.getMessage() for record in caplog.records if record.name == "cladmop.server"]
    assert any(detail.rpartition(" ")[2] in line for line in mine)
    assert not [line for line in mine if "secret" in line or TRIAL["title"] in line]


def test_the_log_holds_neither_queries_nor_bodies_nor_ids(fake, caplog):
    caplog.set_level("INFO")
    with running(fake) as served:
        served.client.post("/predict?secret=1", json=TRIAL)
        served.client.get("/batch/secretsecret")
        served.client.get("/secret")
        served.client.request("SECRET", "/predict")
    lines = [record.getMessage() for record in caplog.records if record.name == "cladmop.server"]
    assert [line.rsplit(" ", 2)[0] for line in lines] == [
        "POST /predict 200", "GET /batch/{name} 404", "GET none 404", "other /predict 405",
    ]  # fmt: skip
    assert "secret" not in "".join(lines)


def test_metrics_count_by_route_and_code(fake):
    with running(fake) as served:
        for _ in range(3):
            served.client.post("/predict", json=TRIAL)
        served.client.post("/predict", json={})
        for number in range(5):
            served.client.get(f"/guess{number}")
        answer = served.client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'cladmop_requests_total{code="200",method="POST",route="/predict"} 3.0' in answer.text
    assert 'cladmop_requests_total{code="422",method="POST",route="/predict"} 1.0' in answer.text
    assert 'cladmop_requests_total{code="404",method="GET",route="none"} 5.0' in answer.text


def test_the_page_is_served_and_not_sent_twice(served):
    page = served.client.get("/")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    again = served.client.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    for path in ("/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/", "/static/app.py"):
        assert served.client.get(path).status_code == 404


def test_the_usual_pages_that_load_from_elsewhere_are_off(served):
    for path in ("/docs", "/redoc"):
        assert served.client.get(path).status_code == 404
