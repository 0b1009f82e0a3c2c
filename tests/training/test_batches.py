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
)
def test_every_trial_once_within_both_limits(lengths, batch_size, tokens, epoch):
    batches = Batches(lengths, batch_size, tokens, seed=1)
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
