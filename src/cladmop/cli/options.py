"""Options that several verbs share, declared once."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

if TYPE_CHECKING:
    from cladmop.drugs.resolve import DrugResolver
    from cladmop.drugs.source import StructureSource
    from cladmop.evaluation.tables import Table
    from cladmop.pipeline import NetworkSettings


class PhaseGroup(StrEnum):
    """TOP's three data sets."""

    I = "I"  # noqa: E741 (the field writes phases in Roman numerals)
    II = "II"
    III = "III"


class UnitName(StrEnum):
    """Criteria units."""

    ITEMS = "items"
    TOKENS = "tokens"


class StructuresName(StrEnum):
    """Where molecules come from."""

    REPAIRED = "repaired"
    PUBLISHED = "published"


class MoleculesName(StrEnum):
    """Molecule features."""

    MORGAN = "morgan"
    MINIMOL = "minimol"


class FoldsName(StrEnum):
    """How training trials are cut into folds."""

    ORDERED = "ordered"
    RANDOM = "random"


class PresetName(StrEnum):
    """Widths and depths of the network."""

    DEFAULT = "default"
    PAPER = "paper"


class ObjectiveName(StrEnum):
    """What pre-training learns."""

    MATCHING = "matching"
    COMPLETION = "completion"
    BOTH = "both"


class SplitName(StrEnum):
    """Splits of a data set."""

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"


DataOption = Annotated[
    Path, typer.Option("--data", help="Folder with TOP's phase_*.csv files (see `cladmop top download`).")
]
PhaseOption = Annotated[PhaseGroup, typer.Option("--phase", help="TOP data set: I, II or III.")]
EncoderOption = Annotated[
    str, typer.Option("--encoder", help="Frozen language model: minilm, smollm2, a hub name or a folder.")
]
RevisionOption = Annotated[str | None, typer.Option("--revision", help="Hub revision of the language model.")]
UnitsOption = Annotated[UnitName, typer.Option("--units", help="One criteria vector is an item or a token.")]
StructuresOption = Annotated[
    StructuresName, typer.Option("--structures", help="Molecules from names resolved here, or as TOP lists them.")
]
PresetOption = Annotated[PresetName, typer.Option("--preset", help="Widths of the network: ours or the paper's.")]
PretrainEpochsOption = Annotated[
    int | None, typer.Option("--pretrain-epochs", min=1, help="Epochs of pair matching at most; the preset's if none.")
]
FinetuneEpochsOption = Annotated[
    int | None, typer.Option("--finetune-epochs", min=1, help="Epochs of fine-tuning at most; the preset's if none.")
]
CorpusOption = Annotated[
    Path | None, typer.Option("--corpus", help="Corpus to pre-train on as well (see `cladmop corpus build`).")
]
ObjectiveOption = Annotated[
    ObjectiveName,
    typer.Option("--objective", help="Pre-training: pair matching, completed or stopped (needs --corpus), or both."),
]
ModelOption = Annotated[str, typer.Option("--model", help="Model folder, `default`, or OWNER/NAME on the hub.")]
DrugsOption = Annotated[
    Path | None, typer.Option("--drugs", help="Your own structures: CSV or Parquet with name and smiles.")
]
ChemblOption = Annotated[Path | None, typer.Option("--chembl", help="Downloaded ChEMBL SQLite file.")]
PubchemOption = Annotated[bool, typer.Option("--pubchem", help="Ask PubChem for names nothing else knows.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of initial weights, order and draws.")]


@dataclass(frozen=True)
class TrainingOptions:
    """How a network learns, in both stages."""

    seed: SeedOption = 0
    pretrain_epochs: PretrainEpochsOption = None
    finetune_epochs: FinetuneEpochsOption = None
    corpus: CorpusOption = None
    objective: ObjectiveOption = ObjectiveName.MATCHING


@dataclass(frozen=True)
class PretrainingOptions:
    """How a network learns where fine-tuning is not the user's to set."""

    seed: SeedOption = 0
    pretrain_epochs: PretrainEpochsOption = None
    corpus: CorpusOption = None
    objective: ObjectiveOption = ObjectiveName.MATCHING
    finetune_epochs: ClassVar[int | None] = None


@dataclass(frozen=True)
class ReadingOptions:
    """Which phase, and how the language model reads it."""

    phase: PhaseOption = PhaseGroup.I
    encoder: EncoderOption = "minilm"
    revision: RevisionOption = None
    units: UnitsOption = UnitName.ITEMS


@dataclass(frozen=True)
class NetworkOptions(ReadingOptions):
    """Which phase, read how, and by what network."""

    structures: StructuresOption = StructuresName.REPAIRED
    preset: PresetOption = PresetName.DEFAULT

    def settings(
        self,
        training: TrainingOptions | PretrainingOptions,
        *,
        molecules: MoleculesName = MoleculesName.MORGAN,
        pretraining: bool = True,
    ) -> "NetworkSettings":
        """Return what these options and those of training ask for."""
        return network_settings(
            self.phase, self.encoder, self.revision, self.units, self.structures, self.preset, training.seed,
            molecules=molecules, pretraining=pretraining, objective=training.objective,
            pretrain_epochs=training.pretrain_epochs, finetune_epochs=training.finetune_epochs,
        )  # fmt: skip


def network_settings(
    phase: PhaseGroup,
    encoder: str,
    revision: str | None,
    units: UnitName,
    structures: StructuresName,
    preset: PresetName,
    seed: int,
    *,
    molecules: MoleculesName = MoleculesName.MORGAN,
    pretraining: bool = True,
    objective: ObjectiveName = ObjectiveName.MATCHING,
    pretrain_epochs: int | None = None,
    finetune_epochs: int | None = None,
) -> "NetworkSettings":
    """Return what the options of a training verb ask for."""
    from cladmop.encoders.base import Unit
    from cladmop.pipeline import EncodingSettings, NetworkSettings

    learned = {} if objective is ObjectiveName.MATCHING else {"objective": objective.value}
    return NetworkSettings(
        encoding=EncodingSettings(encoder, revision, Unit(units.value), structures.value, molecules=molecules.value),
        preset=preset.value,
        phase=phase.value,
        pretraining=pretraining,
        pretrain={**learned, **_epochs(pretrain_epochs)},
        finetune=_epochs(finetune_epochs),
        seed=seed,
    )


def _epochs(number: int | None) -> dict[str, int]:
    """Return an option's number of epochs as a change to a preset; no change if it was not given."""
    return {} if number is None else {"epochs": number}


def drug_resolver(drugs: Path | None, chembl: Path | None, *, pubchem: bool) -> "DrugResolver":
    """Return the default resolver, with the further sources that were asked for."""
    from cladmop.drugs.chembl import Chembl
    from cladmop.drugs.pubchem import PubChem
    from cladmop.drugs.resolve import DrugResolver
    from cladmop.drugs.table import UserTable

    sources: list[StructureSource] = []
    if drugs is not None:
        sources.append(UserTable.read(drugs))
    if chembl is not None:
        sources.append(Chembl.open(chembl))
    if pubchem:
        sources.append(PubChem())
    return DrugResolver.with_sources(*sources) if sources else DrugResolver.default()


def print_table(table: "Table") -> None:
    """Print a table on standard output, as wide as the terminal, or 80 columns without one; blocks if it is wider."""
    from rich.console import Console

    Console().print(table.rich(), crop=False)


def show_table(table: "Table", *, markdown: bool) -> None:
    """Print a table for a terminal, or as Markdown."""
    if markdown:
        say(table.markdown())
    else:
        print_table(table)


def say(text: str) -> None:
    """Print a line of the answer on standard output."""
    typer.echo(text)


def note(text: str) -> None:
    """Print a remark on standard error, where it never mixes with results."""
    typer.echo(text, err=True)
