"""Score files: exact round trips, and one clear error for each kind of damage."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cladmop.errors import InputError, MissingArtefactError
from cladmop.evaluation.scores import join_scores, read_scores, write_scores


@settings(deadline=None)
@given(st.dictionaries(st.from_regex(r"NCT[0-9]{8}", fullmatch=True), st.floats(0, 1), min_size=1, max_size=20))
def test_round_trip_is_exact(tmp_path_factory, scores):
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    write_scores(path, scores)
    assert list(read_scores(path).items()) == list(scores.items())


def test_file_is_what_the_contract_says(tmp_path):
    write_scores(tmp_path / "s.csv", {"NCT00000001": 0.5, "NCT00000002": 1})
    assert (tmp_path / "s.csv").read_text() == "nctid,score\nNCT00000001,0.5\nNCT00000002,1.0\n"
    assert [path.name for path in tmp_path.iterdir()] == ["s.csv"]


def test_further_columns_and_a_byte_order_mark_are_fine(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("\ufeffnote,score,nctid\r\nx,0.25,NCT00000001\r\n\r\n", encoding="utf-8")
    assert read_scores(path) == {"NCT00000001": 0.25}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column 'nctid'"),
        (b"nctid,probability\nNCT00000001,0.5\n", "no column 'score'"),
        (b"nctid,score\n", "holds no scores"),
        (b"nctid,score\nNCT1,0.5\n", "line 2: 'NCT1' is not an NCT id"),
        (b"nctid,score\n,0.5\n", "line 2: '' is not an NCT id"),
        (b"nctid,score\nNCT00000001,0.5\nNCT00000001,0.6\n", "line 3: NCT00000001 has a score already"),
        (b"nctid,score\nNCT00000001,1.5\n", "score 1.5 of NCT00000001 is not between 0 and 1"),
        (b"nctid,score\nNCT00000001,nan\n", "score nan"),
        (b"nctid,score\nNCT00000001,high\n", "'high' is not a number"),
        (b"nctid,score\nNCT00000001,0.5\nNCT0000", "line 3: 1 of 2 columns"),
        (b"nctid,score\nNCT00000001,0.5\xff\n", "not UTF-8 CSV"),
    ],
)
def test_damage_is_named(tmp_path, content, message):
    path = tmp_path / "s.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_scores(path)


def test_missing_file(tmp_path):
    with pytest.raises(MissingArtefactError, match="no score file"):
        read_scores(tmp_path / "none.csv")


@pytest.mark.parametrize("scores", [{"NCT00000001": math.nan}, {"NCT00000001": -0.1}, {"NCT01": 0.5}])
def test_bad_scores_are_not_written(tmp_path, scores):
    with pytest.raises(InputError, match="scores to write"):
        write_scores(tmp_path / "s.csv", scores)
    assert not (tmp_path / "s.csv").exists()


def test_join_follows_the_labels():
    scores = {"NCT00000003": 0.3, "NCT00000001": 0.1, "NCT00000002": 0.2}
    labels, values = join_scores(scores, {"NCT00000002": 1, "NCT00000001": 0})
    assert labels.tolist() == [1, 0]
    assert values.tolist() == [0.2, 0.1]


def test_join_names_missing_trials():
    with pytest.raises(InputError, match=r"ours: no score for 4 of 5 labelled trials \(NCT00000002, .*\.\.\.\)"):
        join_scores({"NCT00000001": 0.1}, {f"NCT0000000{digit}": 1 for digit in range(1, 6)}, where="ours")
