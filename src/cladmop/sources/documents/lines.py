"""A document as lines of text with their place and look: what PDF, Word and plain text have in common."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """One line of a PDF or text, or one paragraph of a Word document."""

    text: str
    """The text, never blank."""
    place: int
    """Page of a PDF, paragraph of a Word document, line of a text; from 1."""
    left: float = 0.0
    """Left edge: points from the page's edge in a PDF, depth of the list in a Word document."""
    height: float = 0.0
    """Baseline of a PDF's line in points, upwards."""
    size: float = 0.0
    """Font size in points, 0 where unknown."""
    bold: bool = False
    level: int = 0
    """Level of a Word heading style, 1 being the highest; 0 for other text."""
    row: int = 0
    """Which row of all the tables of a Word document it stands in; 0 outside."""
    cell: int = 0
    """Which cell of that row, from 1; 0 outside."""

    @property
    def look(self) -> tuple[float, bool, int]:
        """What a reader tells headings by: size to half a point, weight and style level."""
        return (round(2 * self.size) / 2, self.bold, self.level)


@dataclass(frozen=True)
class Document:
    """All lines of a document, in reading order."""

    lines: tuple[Line, ...]
    unit: str
    """What a place is: ``page``, ``paragraph`` or ``line``."""
    title: str = ""
    """Title of its metadata or title style, empty where it has none."""
    remarks: tuple[str, ...] = field(default=())
    """Plain sentences on what could not be read."""
