"""What MEXA-CTP reads of a trial."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cladmop.rivals.mexa.inputs import PARTS, pad, read_tokens
from cladmop.rivals.mexa.settings import MexaSettings

SETTINGS = MexaSettings()


@pytest.fixture(scope="module")
def encoded(encode, invented):
    return encode(invented(1)[0])[0]


def many(encoded, *, statements=9, molecules=7):
    """A trial of numbered statements, every third of them an exclusion, and numbered molecules."""
    criteria = np.zeros((4, statements, 12), np.float16)
    criteria[-1] = np.arange(statements)[:, None]
    side = (np.arange(statements) % 3 == 2).astype(np.int8)
    features = np.random.default_rng(0).normal(size=(molecules, 6)).astype(np.float32)
    return replace(encoded, criteria=criteria, side=side, molecules=features)


def test_the_first_tokens_of_each_part_are_read_from_the_last_level(encoded):
    tokens = read_tokens(many(encoded), SETTINGS)
    assert tokens["inclusion"][:, 0].tolist() == [0, 1, 3, 4, 6]
    assert tokens["exclusion"][:, 0].tolist() == [2, 5, 8]
    assert tokens["drugs"].shape == (5, 6)


def test_a_molecule_has_mean_0_and_variance_1(encoded):
    drugs = read_tokens(many(encoded), SETTINGS)["drugs"]
    np.testing.assert_allclose(drugs.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(drugs.std(axis=1, ddof=1), 1, atol=1e-4)


def test_a_disease_is_the_sum_of_its_ancestors_each_once(encoded):
    codes = np.array([[1, 2, 3, 4], [1, 2, 3, 5], [1, 6, 7, 0]], np.int32)
    both = read_tokens(replace(encoded, diseases=codes, categories=np.array([0, 0, 1], np.int32)), SETTINGS)["diseases"]
    alone = [
        read_tokens(
            replace(encoded, diseases=np.full((1, 4), id_, np.int32), categories=np.zeros(1, np.int32)), SETTINGS
        )
        for id_ in range(1, 8)
    ]
    vectors = np.concatenate([one["diseases"] for one in alone])
    np.testing.assert_allclose(both, [vectors[:5].sum(axis=0), vectors[[0, 5, 6]].sum(axis=0)], rtol=1e-5)


def test_codes_of_one_category_are_one_token_wherever_they_stand(encoded):
    codes = np.array([[1, 2, 3, 4], [1, 6, 7, 0], [1, 2, 3, 5]], np.int32)
    tokens = read_tokens(replace(encoded, diseases=codes, categories=np.array([0, 1, 0], np.int32)), SETTINGS)
    assert tokens["diseases"].shape == (2, SETTINGS.disease_width)


def test_parts_are_padded_to_their_limits(encoded):
    tokens = read_tokens(many(encoded, statements=4, molecules=2), SETTINGS)
    batch = pad([tokens, read_tokens(many(encoded), SETTINGS)], SETTINGS, blank=False)
    assert {part: batch[part].real_BN.shape[1] for part in PARTS} == SETTINGS.limits
    assert batch["drugs"].real_BN.tolist() == [[True, True, False, False, False], [True] * 5]
    assert batch["inclusion"].real_BN.sum(dim=1).tolist() == [3, 5]
    assert not batch["drugs"].tokens_BNX[0, 2:].any()
    torch.testing.assert_close(batch["drugs"].tokens_BNX[0, :2], torch.from_numpy(tokens["drugs"]))


def test_an_empty_part_is_blank_only_where_asked(encoded):
    tokens = read_tokens(many(encoded, statements=0, molecules=0), SETTINGS)
    assert tokens["drugs"].shape == (0, 6)
    blank, empty = (pad([tokens], SETTINGS, blank=one) for one in (True, False))
    for part in ("drugs", "inclusion", "exclusion"):
        assert blank[part].real_BN[0].tolist() == [True] + [False] * (SETTINGS.limits[part] - 1)
        assert not empty[part].real_BN.any()
        assert not blank[part].tokens_BNX.any()
