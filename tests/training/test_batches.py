from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cladmop.errors import InputError
from cladmop.training.batches import Batches, collate, fingerprint


def test_collate_pads_with_false_masks_and_keeps_every_value(trials):
    encoded, _ = trials(12)
    batch = collate(encoded)
    assert batch.size == 12
    for row, trial in enumerate(encoded):
        mask = batch.criteria_mask_BT[row]
        assert np.array_equal(batch.criteria_LBTW[:, row][:, mask].numpy(), trial.criteria)
        assert batch.side_BT[row][mask].tolist() == trial.side.tolist()
        assert np.array_equal(batch.molecules_BMF[row][batch.molecule_mask_BM[row]].numpy(), trial.molecules)
        assert np.array_equal(batch.diseases_BKA[row][batch.disease_mask_BK[row]].numpy(), trial.diseases)
        assert batch.categories_BK[row][batch.disease_mask_BK[row]].tolist() == trial.categories.tolist()
        assert int(batch.phase_B[row]) == trial.phase


def test_collate_trials_with_nothing(trials):
    trial = trials(1)[0][0]
    empty = replace(
        trial, criteria=trial.criteria[:, :0], side=trial.side[:0], molecules=trial.molecules[:0],
        diseases=trial.diseases[:0], categories=trial.categories[:0],
    )  # fmt: skip
    batch = collate([empty, empty])
    assert batch.criteria_LBTW.shape == (4, 2, 0, 12)
    assert batch.criteria_mask_BT.dtype == torch.bool
    assert (batch.molecules_BMF.shape, batch.diseases_BKA.shape) == ((2, 0, 6), (2, 0, 3))


def test_collate_refuses_no_trials_and_mixed_encoders(trials):
    encoded, _ = trials(2)
    with pytest.raises(InputError, match="at least one trial"):
        collate([])
    with pytest.raises(InputError, match="same encoders"):
        collate([encoded[0], replace(encoded[1], molecules=encoded[1].molecules[:, :4])])


@given(
    lengths=st.lists(st.integers(0, 50), min_size=1, max_size=80),
    batch_size=st.integers(1, 9),
    tokens=st.integers(1, 200),
    epoch=st.integers(0, 3),
    by_area=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_every_trial_once_within_both_limits(lengths, batch_size, tokens, epoch, by_area):
    areas = [(length % 7, length % 3) if length % 5 else () for length in lengths]
    batches = Batches(lengths, batch_size, tokens, 1, areas, by_area)
    for cut in (batches.epoch(epoch), batches.in_order()):
        assert sorted(np.concatenate(cut).tolist()) == list(range(len(lengths)))
        for rows in cut:
            assert 1 <= len(rows) <= batch_size
            assert len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= tokens


def test_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        return [rows.tolist() for rows in Batches(list(range(60)), 8, 10_000, seed).epoch(epoch)]

    assert order(0, 3) == order(0, 3)
    assert len({str(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4


def test_batches_hold_trials_of_like_length():
    lengths = list(range(64))
    spans = [max(rows) - min(rows) for rows in Batches(lengths, 8, 10_000).epoch(0)]
    assert max(spans) == 7


def test_batches_by_area_hold_trials_of_one_area():
    areas = [(1, number % 8) for number in range(64)]
    batches = Batches(list(range(64)), 8, 10_000, 0, areas, by_area=1.0).epoch(0)
    assert [len({areas[row] for row in rows}) for rows in batches] == [1] * 8


def test_a_share_of_the_trials_is_batched_by_area_and_the_rest_by_length():
    lengths, areas = list(range(320)), [(number % 40,) for number in range(320)]
    batches = Batches(lengths, 20, 100_000, 0, areas, by_area=0.5).epoch(0)
    kinds = [len({areas[row] for row in rows}) for rows in batches]
    spans = [max(rows) - min(rows) for rows in batches]
    assert sorted(kind < 9 for kind in kinds) == [False] * 8 + [True] * 8
    assert all((kind < 9) == (span > 100) for kind, span in zip(kinds, spans, strict=True))


def test_areas_decide_nothing_where_no_share_is_batched_by_them():
    with_areas, without = (Batches(list(range(60)), 8, 10_000, 0, areas) for areas in ([(1,)] * 60, ()))
    assert [rows.tolist() for rows in with_areas.epoch(2)] == [rows.tolist() for rows in without.epoch(2)]


def test_the_area_of_a_trial_is_that_of_its_first_disease(trials):
    encoded = trials(20)[0]
    areas = Batches.over(encoded, 4, 100, by_area=0.5).areas
    assert any(areas)
    for area, trial in zip(areas, encoded, strict=True):
        assert area == (tuple(trial.diseases[0]) if len(trial.diseases) else ())


def test_fingerprint_sees_every_part(trials):
    trial = trials(3)[0][1]
    other = [
        replace(trial, criteria=trial.criteria + np.float16(1)),
        replace(trial, side=1 - trial.side),
        replace(trial, molecules=trial.molecules + 1),
        replace(trial, diseases=np.vstack([trial.diseases, np.ones((1, 3), np.int32)])),
        replace(trial, categories=np.append(trial.categories, np.int32(0))),
        replace(trial, names=trial.names + np.float16(1)),
        replace(trial, name_kinds=1 - trial.name_kinds),
        replace(trial, phase=(trial.phase + 1) % 8),
        replace(trial, drug_set="another"),
        replace(trial, disease_set="another"),
    ]
    assert len({fingerprint([changed]) for changed in (trial, *other)}) == len(other) + 1
