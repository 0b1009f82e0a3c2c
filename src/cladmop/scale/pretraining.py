"""Pre-training on a corpus by one process, or by several that torchrun started."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cladmop.corpus.rules import Group
from cladmop.corpus.tables import read_corpus
from cladmop.pipeline import NetworkSettings, encode_trials, make_trial_encoder, pretrain_network
from cladmop.storage import Place
from cladmop.training.cohort import PretrainTrials

if TYPE_CHECKING:
    from cladmop.model.cladmop import CLaDMoP

Say = Callable[[str], None]


def pretrain_corpus(corpus: Place, out: Path, settings: NetworkSettings, say: Say) -> "CLaDMoP | None":
    """Pre-train a network on a corpus; the same call goes on with a killed one.

    Parameters
    ----------
    corpus
        Folder or URL of a corpus.
    out
        Gets weights, config and history. Of several processes on several machines all must see it.
    settings
        Of the network, its encoding and its pre-training; batches are those of all processes together.
    say
        Told what is going on, by the first process alone.

    Returns
    -------
    CLaDMoP
        The network; none on all processes but the first.

    Raises
    ------
    InputError
        If the corpus has too few trials of a kind, or the folder holds another training.
    MissingArtefactError, CorruptArtefactError, StorageError
        If the corpus cannot be read, or the folder not be written.
    """
    from cladmop.training.distributed import joined, wait

    with joined() as group:
        past = read_corpus(corpus)
        trials = [one.trial for one in past]
        encoder = make_trial_encoder(settings.encoding)
        if group.leads:
            say(f"{len(past):,} trials; {group.size} processes share each batch")
            (encoded,) = encode_trials(encoder, [trials], say)
        # What the first process encoded, the others on its machine read.
        wait()
        if not group.leads:
            encoded = encoder.encode(trials)
        successful = np.array([one.group is Group.SUCCESSFUL for one in past], np.bool_)
        completed = np.array([int(one.completed) for one in past], np.int8)
        network = pretrain_network(out, settings, PretrainTrials(encoded, successful, completed))
        return network if group.leads else None
