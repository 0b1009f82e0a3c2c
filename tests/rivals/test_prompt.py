"""A prompted model: what it is asked, and that asking can be cut off and continued."""

import datetime as dt
import json

import numpy as np
import pytest

from cladmop.encoders import causal
from cladmop.encoders.causal import CausalModel
from cladmop.errors import CladmopError, CorruptArtefactError, InputError, StorageError
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.rivals import prompt
from cladmop.rivals.prompt import OddsLog, Prompt
from invented_causal import save_causal

pytest.importorskip("torch")
pytest.importorskip("transformers")

TRIAL = Trial(
    nct_id="NCT12345678",
    title="TITLE",
    phase=Phase.PHASE_1_2,
    inclusion=("adults",),
    exclusion=("pregnancy", "hepatitis"),
    drugs=(Drug(name="aspirin"), Drug(name="placebo")),
    diseases=(Disease(name="gout"),),
    start_date=dt.date(2012, 3, 4),
)
TEXT = (
    "A clinical trial is about to start.\n\nPhase: phase 1/phase 2\nDrugs: aspirin; placebo\nDiseases: gout\n\n"
    "Inclusion Criteria:\nadults\n\nExclusion Criteria:\npregnancy\nhepatitis\n\n"
    "Will this trial succeed, that is, reach its primary endpoint? Answer Yes or No."
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_causal(tmp_path_factory.mktemp("prompted") / "llama")


@pytest.fixture
def make(folder, tmp_path):
    """Makes a fitted rival whose odds are kept under a name."""

    def making(name="odds", model=folder, **settings):
        return Prompt(model, tmp_path / name, dtype="float32", device="cpu", **settings).fit()

    return making


@pytest.fixture
def small_batches(monkeypatch):
    """Batches of two prompts or so."""
    monkeypatch.setattr(causal, "batch_tokens", lambda _: 800)


@pytest.fixture
def asked(monkeypatch):
    """The prompts that the model was asked, batch by batch; a list that can be told after how many to die."""

    class Asked(list):
        limit = None

    batches, ask = Asked(), CausalModel.log_odds

    def log_odds(self, prompts, answers):
        if len(batches) == batches.limit:
            raise KeyboardInterrupt
        batches.append(list(prompts))
        return ask(self, prompts, answers)

    monkeypatch.setattr(CausalModel, "log_odds", log_odds)
    return batches


def test_the_prompt_is_what_is_known_before_the_start(make, asked):
    rival = make()
    rival.predict_proba([TRIAL])
    assert rival._opened.tokenizer.decode(asked[0][0]) == f"<s>{TEXT}\nAnswer:"


def test_a_chat_template_is_filled_in(make, asked, tmp_path):
    rival = make(model=save_causal(tmp_path / "chat", chat=True))
    rival.predict_proba([TRIAL])
    assert rival._opened.tokenizer.decode(asked[0][0]) == f"<s>user\n{TEXT}</s>\n<s>assistant\n"


def test_what_is_absent_is_said(make, asked):
    rival = make()
    rival.predict_proba([Trial()])
    text = rival._opened.tokenizer.decode(asked[0][0])
    for field in ("Phase", "Drugs", "Diseases", "Eligibility criteria"):
        assert f"{field}: not stated" in text


def test_the_score_is_the_share_of_yes_in_a_plain_forward_pass(make, folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        chances = model(torch.tensor([tokenizer(f"{TEXT}\nAnswer:")["input_ids"]])).logits[0, -1].softmax(dim=0)
    yes, no = (
        sum(chances[token] for token in tokenizer.convert_tokens_to_ids(letters))
        for letters in (["Y", "y"], ["N", "n"])
    )
    (score,) = make().predict_proba([TRIAL])
    assert score == pytest.approx(float(yes / (yes + no)), abs=1e-4)


def test_swapped_answers_give_the_complement(make, invented, monkeypatch):
    trials, _ = invented(6)
    scores = make().predict_proba(trials)
    monkeypatch.setattr(prompt, "YES", prompt.NO)
    monkeypatch.setattr(prompt, "NO", (" Yes", "Yes", " yes", "yes"))
    np.testing.assert_allclose(make().predict_proba(trials), 1 - scores, atol=1e-6)


def test_scores_do_not_depend_on_the_company_or_the_labels(make, invented, small_batches):
    trials, labels = invented(12)
    scores = make().predict_proba(trials)
    assert scores.dtype == np.float64
    assert ((scores > 0) & (scores < 1)).all()
    assert len(np.unique(scores)) > 6
    alone = [make("alone").fit(trials, 1 - labels).predict_proba([trial])[0] for trial in trials[:4]]
    np.testing.assert_allclose(alone, scores[:4], atol=1e-4)
    np.testing.assert_allclose(make("turned").predict_proba(trials[::-1]), scores[::-1], atol=1e-4)
    assert make().predict_proba([]).shape == (0,)


def test_a_killed_run_continues_and_ends_with_equal_scores(make, invented, small_batches, asked):
    trials, _ = invented(9)
    unbroken = make("unbroken").predict_proba(trials)
    batches = list(asked)
    assert len(batches) > 3
    asked.clear()
    asked.limit = 2
    with pytest.raises(KeyboardInterrupt):
        make().predict_proba(trials)
    (log,) = make().folder.iterdir()
    with log.open("ab") as stream:
        stream.write(b'{"prompt": "ab')  # as a kill in the middle of a write leaves it
    asked.limit = None
    resumed = make()
    assert resumed.forecast(trials).missing == sum(map(len, batches[2:]))
    np.testing.assert_array_equal(resumed.predict_proba(trials), unbroken)
    assert list(asked) == batches
    np.testing.assert_array_equal(make().predict_proba(trials), unbroken)
    assert list(asked) == batches
    assert all(json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())


def test_equal_prompts_are_asked_once(make, asked):
    scores = make().predict_proba([TRIAL, TRIAL.model_copy(update={"title": "another"})])
    assert scores[0] == scores[1]
    assert [len(batch) for batch in asked] == [1]


def test_odds_of_another_model_are_not_taken_over(make, asked, tmp_path):
    first = make().predict_proba([TRIAL])
    other = make(model=save_causal(tmp_path / "other", seed=1)).predict_proba([TRIAL])
    assert len(asked) == 2
    assert first != other


def test_criteria_are_cut_from_their_end(make, asked):
    said = []
    rival = make(window=len(TEXT) + len("\nAnswer:") - 11, say=said.append)
    rival.predict_proba([TRIAL, Trial()])
    short, long = sorted((ids for batch in asked for ids in batch), key=len)
    assert len(long) == rival.window
    assert rival._opened.tokenizer.decode(long) == f"<s>{TEXT}\nAnswer:".replace("cy\nhepatitis", "")
    (line,) = said
    assert f": 2 prompts of 2 trials to ask, {len(short) + len(long):,} tokens; " in line
    assert line.endswith(f"the criteria of 1 trials are cut to fit {rival.window:,} tokens")


def test_a_trial_too_long_even_without_criteria_is_refused(make):
    with pytest.raises(InputError, match=r"NCT12345678.*without criteria, .* holds 50"):
        make(window=50).predict_proba([TRIAL])


def test_it_must_be_fitted_and_labels_must_be_labels(folder, tmp_path):
    rival = Prompt(folder, tmp_path)
    with pytest.raises(CladmopError, match="'prompt' is not fitted"):
        rival.predict_proba([TRIAL])
    with pytest.raises(InputError, match="one class"):
        rival.fit([TRIAL], [1])


@pytest.mark.parametrize("line", ["nonsense", '{"prompt": "a"}', '{"prompt": "a", "log_odds": NaN}', "[1]"])
def test_a_damaged_log_is_refused(tmp_path, line):
    log = OddsLog(tmp_path / "odds.jsonl")
    log.append({"b": 0.1})
    log.path.write_text(log.path.read_text() + line + "\n", encoding="utf-8")
    with pytest.raises(CorruptArtefactError, match="line 2"):
        log.read()


def test_odds_come_back_to_the_last_bit(tmp_path):
    log = OddsLog(tmp_path / "deep" / "odds.jsonl")
    assert log.read() == {}
    log.append({"a": 0.1 + 0.2})
    log.append({"b": -1e-17})
    assert log.read() == {"a": 0.1 + 0.2, "b": -1e-17}


def test_a_folder_that_cannot_be_written_is_named(make, tmp_path):
    (tmp_path / "odds").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="another folder"):
        make().predict_proba([TRIAL])
