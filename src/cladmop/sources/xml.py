"""ClinicalTrials.gov's legacy XML (``AllPublicXML.zip``, one study a member): read where it lies, never unpacked."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from cladmop.errors import InputError
from cladmop.progress import progress_bar
from cladmop.records.study import Intervention, Study
from cladmop.sources.archives import inflated, opened_archive
from cladmop.sources.rejects import Reject
from cladmop.sources.spelling import is_registry_id, iso_date, not_an_id, plain_words, stated_phase, study_type
from cladmop.sources.xml_scanner import NotPlainError, processed_on, scan

_NCT_ID = re.compile(r"NCT\d{8}")


def read_xml_zip(path: Path, reject: Callable[[Reject], None]) -> Iterator[Study]:
    """Read the studies of a zip of XML records, in the order of its directory.

    Parameters
    ----------
    path
        The archive; its members named ``*.xml`` are read, one study each.
    reject
        Told of every such member that is damaged, encrypted, too large, or no study.

    Raises
    ------
    MissingArtefactError
        If there is no such file.
    InputError
        If it is no zip archive, or has no member named ``*.xml``.
    """
    with opened_archive(path, (".xml",)) as archive, progress_bar("read XML", len(archive.members), "studies") as bar:
        name = str(path)
        for member in archive.members:
            bar.advance()
            where = f"{name}: {member.filename}"
            try:
                study = study_from_xml(inflated(archive.stream, member, where), where)
            except InputError as error:
                named = _NCT_ID.search(member.filename)
                reject(Reject(where, named[0] if named else None, str(error).removeprefix(f"{where}: ")))
            else:
                yield study


def study_from_xml(data: bytes, where: str) -> Study:
    """Return the study that one legacy XML record describes.

    A record of the form that the registry writes is scanned; any other is parsed, without document types or entities.

    Raises
    ------
    InputError
        If it is not XML, is cut, is no ``clinical_study``, or has no NCT id or an intervention without a name.
    """
    try:
        study = scan(data)
    except NotPlainError:
        study = _parse(data, where)
    if not is_registry_id(study.nct_id):
        raise InputError(not_an_id(study.nct_id, f"{where}: nct_id"))
    return study


class _Refusing(ET.TreeBuilder):
    """Builds a tree, and refuses document types: no entity is ever declared."""

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        """Refuse."""
        raise InputError(f"document type {name!r}; a record of the registry declares none")


def _parse(data: bytes, where: str) -> Study:
    """Return a study by way of a tree."""
    try:
        root = ET.fromstring(data, ET.XMLParser(target=_Refusing()))  # noqa: S314 (document types are refused)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    except (ET.ParseError, ValueError, LookupError) as error:
        cut = "" if b"</clinical_study>" in data else "; it is cut: it has no </clinical_study>"
        raise InputError(f"{where}: not well-formed XML ({error}){cut}") from error
    if root.tag != "clinical_study":
        raise InputError(f"{where}: {root.tag[:60]!r} is no study; the root of a study is clinical_study")
    return _study(root, where)


def _study(root: ET.Element, where: str) -> Study:
    return Study(
        nct_id=_line(root.find("id_info/nct_id")),
        title=_line(root.find("brief_title")),
        study_type=study_type(_line(root.find("study_type"))),
        status=plain_words(_line(root.find("overall_status"))),
        why_stopped=" ".join(_line(root.find("why_stopped")).split()),
        phase=stated_phase(_line(root.find("phase"))),
        start_date=iso_date(_line(root.find("start_date"))),
        primary_completion_date=iso_date(_line(root.find("primary_completion_date"))),
        completion_date=iso_date(_line(root.find("completion_date"))),
        verified_date=iso_date(_line(root.find("verification_date"))),
        version=processed_on(_line(root.find("required_header/download_date"))),
        conditions=_lines(root, "condition"),
        condition_terms=_lines(root, "condition_browse/mesh_term"),
        interventions=tuple(_intervention(one, where) for one in root.iterfind("intervention")),
        intervention_terms=_lines(root, "intervention_browse/mesh_term"),
        criteria=_text(root.find("eligibility/criteria/textblock")),
    )


def _intervention(element: ET.Element, where: str) -> Intervention:
    name = _line(element.find("intervention_name"))
    if not name:
        raise InputError(f"{where}: intervention_name is missing; every intervention has one")
    return Intervention(plain_words(_line(element.find("intervention_type"))), name, _lines(element, "other_name"))


def _text(element: ET.Element | None) -> str:
    return "" if element is None else "".join(element.itertext()).replace("\r", "")


def _line(element: ET.Element | None) -> str:
    return _text(element).strip()


def _lines(element: ET.Element, tag: str) -> tuple[str, ...]:
    return tuple(filter(None, map(_line, element.iterfind(tag))))
