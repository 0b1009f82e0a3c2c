"""A job's texts are what `TrialEncoder` asks its cache for."""

import pytest

from cladmop.drugs.resolve import DrugResolver
from cladmop.encoders.base import Unit
from cladmop.encoders.cache import StateCache
from cladmop.encoders.disease import DiseaseEncoder
from cladmop.encoders.molecule import MorganFeaturizer
from cladmop.encoders.trial import TrialEncoder
from cladmop.errors import InputError
from cladmop.records import Disease, Phase, Trial
from cladmop.scale.texts import read_source, texts_of
from invented import write_splits


@pytest.mark.parametrize("unit", Unit)
def test_trials_encode_to_the_same_files_as_their_texts(tmp_path, some_trials, encoder, unit):
    same_name = Trial(phase=Phase.PHASE_1, inclusion=("gout",), diseases=(Disease(name="gout"),))
    trials = [*some_trials, same_name]
    for _, texts, pool in texts_of(trials, unit).parts:
        StateCache(tmp_path / "texts").encode(encoder, texts, pool=pool)
    TrialEncoder(
        text=encoder, cache=StateCache(tmp_path / "trials"), unit=unit, structures="repaired",
        molecules=MorganFeaturizer(), resolver=DrugResolver.default(), diseases=DiseaseEncoder(),
    ).encode(trials)  # fmt: skip
    files = [
        {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "texts", tmp_path / "trials")
    ]
    assert files[0] == files[1]
    assert len(files[0]) > 2


def test_a_corpus_and_tops_files_are_read(tmp_path, invented_corpus):
    assert len(read_source(invented_corpus)) > 20
    top = write_splits(tmp_path / "top", sizes=(6, 2, 2))
    assert len(read_source(top)) == 10
    with pytest.raises(InputError, match="no finished corpus and none of TOP's files"):
        read_source(tmp_path)
