"""What the score would be of a trial written differently: edits, the change they make, and the search for the best."""

from cladmop.whatif.applying import apply_edits
from cladmop.whatif.edits import Edit, edit_from_json
from cladmop.whatif.ranking import Ranking, Removal, rank_removals
from cladmop.whatif.what_if import Asked, WhatIf, what_if, what_ifs

__all__ = [
    "Asked",
    "Edit",
    "Ranking",
    "Removal",
    "WhatIf",
    "apply_edits",
    "edit_from_json",
    "rank_removals",
    "what_if",
    "what_ifs",
]
