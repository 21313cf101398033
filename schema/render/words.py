"""
Where every field that holds no catalogued value is read: the expressions that generated code is made of.

`{inner}` stands for the function, or the site, that shows the field's own selection. A site is named in capitals.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ROOTS: Mapping[str, str] = {
    "subject": 'one(run, {key}, {inner}, subject(run, run.arguments[{key}]["code"]))',
    "subjects": 'many(run, {key}, {inner}, subjects(run, run.arguments[{key}]["codes"]))',
    "searchSubjects": "both({inner}(search(run, run.arguments[{key}]), run))",
    "node": 'one(run, {key}, {inner}, node(run, run.arguments[{key}]["id"]))',
    "sources": "both([{inner}(each.values, run) for each in run.asking.sources])",
    "accessPreview": "both({inner}(preview(run, run.arguments[{key}]), run))",
    "me": "both({inner}(run.asking.me.values, run))",
    "_entities": 'many(run, {key}, {inner}, entities(run, run.arguments[{key}]["representations"]))',
    "_service": "both({inner}(run))",
}
"""Root field -> its part of the answer."""

OPEN_RECORD: Mapping[str, str] = {
    "id": 'shown["id"]',
    "kind": "row.stored.kind",
    "category": 'shown["category"]',
    "subjectCode": "row.stored.subject",
    "publicityState": "row.state_name",
    "severity": "row.severity_name",
    "severityBasis": "row.basis_name",
    "day": 'shown["day"]',
    "publicityFrom": 'shown["publicity_from"]',
    "publicityTo": 'shown["publicity_to"]',
    "repairableFrom": 'shown["repairable_from"]',
    "objected": "row.stored.objected",
    "provenance": "{inner}(row, run)",
}
"""Open field of a record -> expression over `row` and `shown`."""

SUBJECT: Mapping[str, str] = {
    "id": "row.node_id",
    "code": "row.code",
    "holdings": "[{inner}(each, run) for each in row.holdings]",
    "name": 'told["name"]',
    "status": 'told["status"]',
    "region": 'told["region"]',
    "sector": 'told["sector"]',
    "parentCode": 'told["parent_code"]',
    "formerNames": 'None if (x := told["former_names"]) is None else [{inner}(each, run) for each in x]',
    "timeline": 'None if (x := told["timeline"]) is None else [{inner}(each, run) for each in x]',
    "registration": 'None if (x := told["registration"]) is None else shown_one({inner}, x, run)',
}
"""Field of a subject -> expression over `row` and `told`; `records` is written with its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """
    How an object of an open type is read.

    Attributes:
        parameters: Of the function, before `run`.
        fields: Field -> expression.
        prelude: Statements before the object is built.
    """

    parameters: str
    fields: Mapping[str, str]
    prelude: tuple[str, ...] = ()


_PAGE_INFO = {
    "hasNextPage": "page.has_next",
    "hasPreviousPage": "page.has_previous",
    "startCursor": "page.first_cursor",
    "endCursor": "page.last_cursor",
}

PLAIN: Mapping[str, Words] = {
    "CreditRecordConnection": Words(
        parameters="page",
        fields={
            "edges": "[{inner}(page, place, run) for place in range(len(page.chosen))]",
            "nodes": "shown_all({inner}, page.chosen, run)",
            "pageInfo": "{inner}(page, run)",
            "totalCount": "len(page.rows)",
        },
    ),
    "CreditRecordEdge": Words(
        parameters="page, place",
        fields={"cursor": "page.cursor(place)", "node": "shown_one({inner}, page.chosen[place], run)"},
    ),
    "PageInfo": Words(parameters="page", fields=_PAGE_INFO),
    "SubjectSearchConnection": Words(
        parameters="page",
        fields={
            "edges": "[{inner}(page, place, run) for place in range(len(page.hits))]",
            "nodes": "shown_all({inner}, page.subjects, run)",
            "pageInfo": "{inner}(page, run)",
        },
    ),
    "SubjectSearchEdge": Words(
        parameters="page, place",
        prelude=("hit, found = page.hits[place]",),
        fields={
            "cursor": "page.cursors[place]",
            "node": "shown_one({inner}, found, run)",
            "matchedBy": "hit.matched_by",
        },
    ),
    "Provenance": Words(
        parameters="row",
        prelude=("stored = row.stored", "origin = stored.provenance"),
        fields={
            "source": "origin.source",
            "batch": "origin.batch",
            "version": "whole(origin.version)",
            "asOf": "as_of(row, run.asking.guard) if row.undated else origin.as_of",
            "receivedAt": "received_at(row, run.asking.guard) if origin.batch is None else origin.received_at",
            "catalogueVersion": "origin.catalogue_version",
            "freshness": 'run.asking.guard.freshness.get(origin.source, "STALE")',
            "linkMethod": "stored.link_method",
            "linkConfidence": "number(stored.link_confidence)",
        },
    ),
    "Holding": Words(
        parameters="held",
        fields={"kind": "held.kind", "category": "held.category", "exists": "True", "count": "whole(held.count)"},
    ),
    "SubjectNameSpan": Words(
        parameters="span",
        fields={
            "name": "span.name",
            "validFrom": "span.valid_from",
            "validTo": "span.valid_to",
            "source": "span.source",
        },
    ),
    "SubjectTimelineEvent": Words(
        parameters="step",
        fields={"event": "step.event", "day": "step.day", "source": "step.source"},
    ),
    "SourceStatus": Words(
        parameters="status",
        fields={
            "id": 'status["id"]',
            "nameZh": 'status["name_zh"]',
            "nameEn": 'status["name_en"]',
            "state": 'status["state"].name',
            "isLive": 'status["is_live"]',
            "lastTriedAt": 'status["last_tried_at"]',
            "lastSucceededAt": 'status["last_succeeded_at"]',
            "maxAgeSeconds": 'whole(status["max_age_seconds"])',
        },
    ),
    "Me": Words(
        parameters="me",
        fields={
            "actor": 'me["actor"]',
            "partner": 'me["partner"]',
            "organisation": 'me["organisation"]',
            "ceiling": 'me["ceiling"]',
            "regions": 'me["regions"]',
            "purposes": 'me["purposes"]',
            "purpose": 'me["purpose"]',
            "policyVersion": 'whole(me["policy_version"])',
            "catalogueVersion": 'me["catalogue_version"]',
            "maxCodes": 'whole(me["max_codes"])',
            "maxPage": 'whole(me["max_page"])',
            "limits": '{inner}(me["limits"].values, run)',
        },
    ),
    "Limits": Words(
        parameters="limits",
        fields={
            "requestsPerMinute": 'whole(limits["requests_per_minute"])',
            "subjectsPerDay": 'whole(limits["subjects_per_day"])',
            "subjectsPerQuestion": 'whole(limits["subjects_per_question"])',
            "searchPage": 'whole(limits["search_page"])',
            "rowsPerAnswer": 'whole(limits["rows_per_answer"])',
            "bytesPerAnswer": 'whole(limits["bytes_per_answer"])',
        },
    ),
    "AccessPreview": Words(
        parameters="told",
        fields={
            "purpose": 'told["purpose"]',
            "policyVersion": 'whole(told["policy_version"])',
            "problems": '[{inner}(each.values, run) for each in told["problems"]]',
            "coordinates": '[{inner}(each.values, run) for each in told["coordinates"]]',
            "rows": 'whole(told["rows"])',
            "bytes": 'whole(told["bytes"])',
            "sources": 'told["sources"]',
        },
    ),
    "CoordinatePreview": Words(
        parameters="told",
        fields={
            "coordinate": 'told["coordinate"]',
            "outcome": 'told["outcome"].name',
            "mask": 'told["mask"]',
            "rule": 'told["rule"]',
            "requiredTier": 'told["required_tier"]',
        },
    ),
    "PreviewProblem": Words(
        parameters="told",
        fields={
            "message": 'told["message"]',
            "code": 'told["code"]',
            "coordinate": 'told["coordinate"]',
            "rule": 'told["rule"]',
        },
    ),
    "_Service": Words(parameters="", fields={"sdl": "run.asking.sdl"}),
}
"""Open object type -> how it is read. A type or field that is not here is not compiled."""
