"""The sections that only a snapshot's dbScript holds, and the comparison of those that it and the records hold."""

from collections.abc import Iterable

from aurora_admin.snapshot.dbscript.parser import ScriptError, read_script
from aurora_admin.snapshot.dbscript.rebuild import SECTIONS_OF_SCRIPT, rebuild
from aurora_admin.snapshot.records import Records, Sections, format_keys, keyed_record
from aurora_admin.snapshot.sections import SCRIPT, SECTIONS, IncompleteSnapshot
from aurora_admin.snapshot.upgrade import Upgrader
from aurora_admin.wire import fields
from aurora_admin.wire.canonical import same
from aurora_admin.wire.errors import WireError


def script_statements(value: bytes) -> list[bytes]:
    """Return the statements of an encoded dbScript, a list.

    Raises:
        WireError: it is malformed, or is not a list of strings.
    """
    return SCRIPT.values(SCRIPT.put(fields.STOP, value))


def merge_script(sections: Sections, statements: list[bytes], upgrader: Upgrader, *, allow_partial: bool) -> list[str]:
    """Add the sections that only the script holds, and compare the others; return warnings.

    If both hold a section, its records are kept: schedulers wrote both at the same time (docs/releases.md 3). With
    `allow_partial` an unusable script is left out.

    Raises:
        IncompleteSnapshot: the script is unknown, malformed or incomplete.
    """
    missing = [number for number in SECTIONS_OF_SCRIPT if number not in sections]
    try:
        rebuilt = {
            number: dict(keyed_record(number, raw, upgrader) for raw in records)
            for number, records in rebuild(read_script(statements)).items()
        }
    except (ScriptError, WireError) as error:
        if not allow_partial:
            raise IncompleteSnapshot(str(error)) from None
        return [f"{error}. The script was left out, and these sections are missing: {_names(missing) or 'none'}"]
    warnings = []
    if missing:
        sections.update((number, rebuilt[number]) for number in missing)
        warnings.append(f"rebuilt these sections from its dbScript, which alone has them: {_names(missing)}")
    for number in SECTIONS_OF_SCRIPT:
        if number not in missing:
            warnings.extend(_differences(number, sections[number], rebuilt[number]))
    return warnings


def _names(numbers: Iterable[int]) -> str:
    return ", ".join(SECTIONS[number].name for number in numbers)


def _differences(number: int, records: Records, rebuilt: Records) -> Iterable[str]:
    different = [
        key
        for key in {**records, **rebuilt}
        if key not in records or key not in rebuilt or not same(records[key], rebuilt[key])
    ]
    if different:
        yield (
            f"its dbScript and its records differ in {len(different)} {SECTIONS[number].name}; the records were kept: "
            f"{format_keys(different)}"
        )
