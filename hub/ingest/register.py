"""
The organisations a batch speaks of: loaded once, changed in memory, written once.

Rules:
    - A record with a valid code makes its subject if nobody knows it yet, with the name as sent (a bare subject).
    - Only a registration in force changes what a subject is; other records never rename anybody.
    - What a subject was is kept: former names, and a timeline of names and states.
    - `version` is raised once per batch for a subject that changed or whose records did.

Source: DOMAIN 1.5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy import bindparam, insert, select, update

from hub.store import tables
from hub.store.engine import Reader, Writer
from hub.store.tables import table_of
from keys.canonical import canonical_json
from schema.catalogue import Registration
from schema.identifiers.names import initials, name_key
from schema.identifiers.uscc import check_uscc

_SUBJECT = table_of(tables.Subject)
_NAME = table_of(tables.SubjectName)
_EVENT = table_of(tables.SubjectEvent)
_CHUNK = 500
_ORGANISATION_PART = slice(8, 17)
_REGION_PART = slice(2, 8)
_KNOWN = select(_SUBJECT).where(_SUBJECT.c.code.in_(bindparam("codes", expanding=True)))
_EVENT_ID_LENGTH = 32
_CHANGING = (
    "name",
    "name_key",
    "initials",
    "registration_no",
    "parent_code",
    "region",
    "sector",
    "status",
    "changed_at",
)
_TOUCH = (
    update(_SUBJECT)
    .where(_SUBJECT.c.code == bindparam("the_code"))
    .values(version=_SUBJECT.c.version + 1, changed_at=bindparam("changed_at"))
)
_CHANGE = _TOUCH.values({name: bindparam(name) for name in _CHANGING})


def _event_id(event: str, day: str | None, detail: str) -> str:
    """By content, so that the same step told twice is one step."""
    return sha256(canonical_json([event, day, detail])).hexdigest()[:_EVENT_ID_LENGTH]


_SEEN_ID = _event_id("seen", None, "{}")


@dataclass(slots=True, kw_only=True)
class Entry:
    """A subject in memory, between load and write. Owned by the `Register` of one batch."""

    code: str
    name: str
    name_key: str
    initials: str
    registration_no: str | None
    parent_code: str | None
    region: str | None
    sector: str | None
    status: str | None
    is_new: bool = False
    touched: bool = False
    changed: bool = False


@dataclass(slots=True, kw_only=True)
class Register:
    """The subjects of one batch. `source` and `at` (UTC text) stand on whatever it records."""

    source: str
    at: str
    _entries: dict[str, Entry] = field(default_factory=dict)
    _names: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    _events: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)

    async def load(self, reader: Reader, codes: Iterable[str]) -> None:
        """Load those of *codes* that are known."""
        wanted = sorted(set(codes))
        for start in range(0, len(wanted), _CHUNK):
            for row in await reader.rows(_KNOWN, {"codes": wanted[start : start + _CHUNK]}):
                self._entries[row.code] = Entry(
                    code=row.code,
                    name=row.name,
                    name_key=row.name_key,
                    initials=row.initials,
                    registration_no=row.registration_no,
                    parent_code=row.parent_code,
                    region=row.region,
                    sector=row.sector,
                    status=row.status,
                )

    async def load_missing(self, reader: Reader, codes: Iterable[str]) -> None:
        """Load those of *codes* that are known and were not loaded yet."""
        await self.load(reader, set(codes) - self._entries.keys())

    def find(self, code: str) -> Entry | None:
        """The subject with *code*, None if nobody knows it."""
        return self._entries.get(code)

    def meet(self, code: str, name: str | None) -> Entry:
        """Get the subject with *code*; make it, under *name* as sent, if nobody knows it."""
        entry = self._entries.get(code)
        if entry is not None:
            return entry
        said = (name or "").strip() or code
        entry = Entry(
            code=code,
            name=said,
            name_key=name_key(said),
            initials=initials(said),
            registration_no=None,
            parent_code=None,
            # The registering office's region, until a register tells the present address.
            region=region_of(code),
            sector=None,
            status=None,
            is_new=True,
        )
        self._entries[code] = entry
        self._events[code, _SEEN_ID] = self._event(code, _SEEN_ID, "seen", None, "{}")
        return entry

    def touch(self, code: str) -> None:
        """Note that a record of the subject changed."""
        self._entries[code].touched = True

    def enrol(self, code: str, registration: Registration, *, registered_before: bool, day: str) -> None:
        """
        Make the subject what *registration*, now in force, says it is.

        Args:
            code: The subject.
            registration: The registration in force.
            registered_before: Whether the present name came from a registration: then a new one is a change of name,
                else it only corrects what some record called the subject.
            day: ISO day of the content, for what carries no day of its own.
        """
        entry = self.meet(code, registration.name)
        name = (registration.name or "").strip() or entry.name
        key = name_key(name)
        if key != entry.name_key and registered_before:
            self._former(code, entry.name, valid_to=day)
            self._record(code, "renamed", day, {"from": entry.name, "to": name})
        if registration.status and registration.status != entry.status:
            began = registration.status_on or day
            self._record(code, "status", began, {"from": entry.status, "to": registration.status})
        if name != entry.name:
            entry.name, entry.name_key, entry.initials = name, key, initials(name)
        entry.status = registration.status or entry.status
        entry.registration_no = registration.registration_no or entry.registration_no
        entry.region = registration.region or entry.region
        entry.sector = registration.sector or entry.sector
        entry.parent_code = _parent_of(code, registration) or entry.parent_code
        entry.changed = True
        for former in registration.former_names or ():
            self._former(code, former, valid_to=None)

    def recall(self, code: str, registration: Registration, *, day: str) -> None:
        """Note from a *registration* that came too late to be in force the name the subject bore on *day*."""
        if registration.name and name_key(registration.name) != self._entries[code].name_key:
            self._former(code, registration.name, valid_to=day)

    async def write(self, writer: Writer) -> None:
        """Write what changed: subjects, former names, timeline."""
        entries = self._entries.values()
        await writer.insert(_SUBJECT, [self._row(entry) for entry in entries if entry.is_new])
        # Sorted, so that two writers that meet the same subjects lock them in the same order.
        changed = sorted((e for e in entries if e.changed and not e.is_new), key=lambda e: e.code)
        await writer.write(_CHANGE, [self._change(entry) for entry in changed])
        touched = sorted(e.code for e in entries if e.touched and not e.changed and not e.is_new)
        await writer.write(_TOUCH, [{"the_code": code, "changed_at": self.at} for code in touched])
        await _add_names(writer, list(self._names.values()))
        await _add_events(writer, list(self._events.values()))

    def _row(self, entry: Entry) -> dict[str, object]:
        return {
            "code": entry.code,
            "name": entry.name,
            "name_key": entry.name_key,
            "initials": entry.initials,
            "organisation_code": entry.code[_ORGANISATION_PART],
            "registration_no": entry.registration_no,
            "parent_code": entry.parent_code,
            "region": entry.region,
            "sector": entry.sector,
            "status": entry.status,
            "version": 1,
            "first_seen_at": self.at,
            "changed_at": self.at,
        }

    def _change(self, entry: Entry) -> dict[str, object]:
        return {
            "the_code": entry.code,
            "name": entry.name,
            "name_key": entry.name_key,
            "initials": entry.initials,
            "registration_no": entry.registration_no,
            "parent_code": entry.parent_code,
            "region": entry.region,
            "sector": entry.sector,
            "status": entry.status,
            "changed_at": self.at,
        }

    def _former(self, code: str, name: str, *, valid_to: str | None) -> None:
        key = name_key(name)
        if not key:
            return
        known = self._names.get((code, key))
        if known is not None and (valid_to is None or known["valid_to"] is not None):
            return
        self._names[code, key] = {
            "subject_code": code,
            "name_key": key,
            "name": name.strip(),
            "initials": initials(name),
            "valid_from": None,
            "valid_to": valid_to,
            "source": self.source,
        }

    def _record(self, code: str, event: str, day: str | None, detail: dict[str, object]) -> None:
        text = canonical_json(detail).decode()
        identity = _event_id(event, day, text)
        self._events[code, identity] = self._event(code, identity, event, day, text)

    def _event(self, code: str, identity: str, event: str, day: str | None, detail: str) -> dict[str, object]:
        return {
            "subject_code": code,
            "event_id": identity,
            "event": event,
            "day": day,
            "detail": detail,
            "source": self.source,
            "recorded_at": self.at,
        }


def region_of(code: str) -> str | None:
    """GB/T 2260 code of the office that registered *code*; None where the code holds none."""
    region = code[_REGION_PART]
    return region if region.isdigit() else None


def _parent_of(code: str, registration: Registration) -> str | None:
    found = check_uscc(registration.parent_code).code if registration.parent_code else None
    return found if found != code else None


async def _add_names(writer: Writer, names: Sequence[dict[str, object]]) -> None:
    """Add former names that are not there yet; a day that was not known before is filled in."""
    if not names:
        return
    known: dict[tuple[str, str], str | None] = {}
    codes = sorted({str(name["subject_code"]) for name in names})
    statement = select(_NAME.c.subject_code, _NAME.c.name_key, _NAME.c.valid_to).where(
        _NAME.c.subject_code.in_(bindparam("codes", expanding=True))
    )
    for start in range(0, len(codes), _CHUNK):
        for row in await writer.rows(statement, {"codes": codes[start : start + _CHUNK]}):
            known[row.subject_code, row.name_key] = row.valid_to
    places = [(str(name["subject_code"]), str(name["name_key"])) for name in names]
    await writer.write(insert(_NAME), [name for name, place in zip(names, places, strict=True) if place not in known])
    filled = [
        {"the_code": place[0], "the_key": place[1], "until": name["valid_to"]}
        for name, place in zip(names, places, strict=True)
        if place in known and known[place] is None and name["valid_to"] is not None
    ]
    await writer.write(
        update(_NAME)
        .where(_NAME.c.subject_code == bindparam("the_code"), _NAME.c.name_key == bindparam("the_key"))
        .values(valid_to=bindparam("until")),
        filled,
    )


async def _add_events(writer: Writer, events: Sequence[dict[str, object]]) -> None:
    """Add steps of the timeline that are not there yet."""
    if not events:
        return
    codes = sorted({str(event["subject_code"]) for event in events if event["event"] != "seen"})
    known: set[tuple[str, str]] = set()
    statement = select(_EVENT.c.subject_code, _EVENT.c.event_id).where(
        _EVENT.c.subject_code.in_(bindparam("codes", expanding=True))
    )
    for start in range(0, len(codes), _CHUNK):
        for row in await writer.rows(statement, {"codes": codes[start : start + _CHUNK]}):
            known.add((row.subject_code, row.event_id))
    await writer.write(insert(_EVENT), [e for e in events if (str(e["subject_code"]), str(e["event_id"])) not in known])
