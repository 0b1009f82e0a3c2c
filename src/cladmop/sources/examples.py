"""Example trials that ship with the package, invented for demonstration."""

import json
from importlib import resources

from cladmop.records import Trial
from cladmop.sources.fields import trial_from_fields


def example_trials() -> list[Trial]:
    """Return the bundled example trials: phases I to III over several diseases, none of them a real trial.

    They are written in the schema that ``cladmop predict`` reads and have a title and no NCT id. Among their drugs
    are a combination, biologics, placebos and a code name that no dictionary knows.
    """
    file = resources.files("cladmop") / "data" / "examples" / "trials.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    return [trial_from_fields(json.loads(line), f"{file.name}:{number}") for number, line in enumerate(lines, start=1)]
