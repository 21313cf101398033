"""
What takes two persons is never done by one: over HTTP, on the command line, and at the same moment.

Each refusal names its rule, and leaves the store as it was.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from hub.clock import iso
from hub.identity.officers.carriers import Carrier
from tests.conftest import STORES
from tests.journeys.officers import (
    AMEND,
    APPROVE,
    DRAFT,
    FOUNDING,
    GLASS,
    SHOW,
    SUBMIT,
    Bureau,
    ByCommand,
    ByGraph,
    Surface,
    labels,
    refusal_of,
)
from tests.journeys.serving import serving

GROUP = "91510100MA6CTE400T"
STRICTER = {"labelField": {"coordinate": "Penalty.facts", "tier": "G"}}
NEW_PARTNER = {"putPartner": {"id": "newcomer", "name": "新来者(模拟)", "actor": "GC", "organisation": GROUP}}
EMERGENCY = {
    "partner": "jinjiang",
    "purpose": "PROCUREMENT_CHECK",
    "category": "C14",
    "tier": "I",
    "minutes": 30,
    "reason": "the tender closes at noon",
}


def grant(tier: str) -> dict[str, object]:
    """A grant of a week; one that opens A or R takes two approvers."""
    now = datetime.now(UTC)
    return {
        "giveGrant": {
            "partner": "jinjiang",
            "category": "C14",
            "purpose": "PROCUREMENT_CHECK",
            "tier": tier,
            "validFrom": iso(now),
            "validTo": iso(now + timedelta(days=7)),
        }
    }


@pytest.fixture(scope="module", params=STORES)
def bureau(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """A running hub with a partner and seven officers, once per kind of store."""
    folder: Path = tmp_path_factory.mktemp("two-persons")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'hub.db'}"
        (folder / "hub.db").write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
    else:
        server = request.getfixturevalue("postgres_server")
        url = server.migrated()
    with serving(folder, url) as hub:
        hub.hub("partner", "add", "jinjiang", "--name", "锦江(模拟)", "--actor", "GC", "--organisation", GROUP)
        hub.hub("officer", "found", *FOUNDING)
        yield Bureau(serving=hub, url=url, folder=folder)
    if request.param == "postgres":
        server.drop(url)


@pytest.fixture(params=[ByGraph, ByCommand], ids=lambda surface: surface.name.replace(" ", "-"))
def surface(request: pytest.FixtureRequest, bureau: Bureau) -> Surface:
    """Each way in which an officer acts."""
    made: Surface = request.param(bureau)
    return made


def submitted(bureau: Bureau, author: str, *items: dict[str, object]) -> tuple[str, str]:
    """A change set that *author* drafted and submitted: its id and digest."""
    secret = bureau.session(author)
    draft = bureau.done(secret, DRAFT, change=labels(*items))
    change = bureau.done(secret, SUBMIT, id=draft["id"])
    return change["id"], change["digest"]


def shown(bureau: Bureau, change_id: str) -> dict[str, object]:
    found: dict[str, object] = bureau.done(bureau.session("shen"), SHOW, id=change_id)
    return found


class TestAuthor:
    def test_does_not_approve_their_own(self, bureau, surface):
        change, digest = submitted(bureau, "bao", STRICTER)
        secret, before = bureau.session("bao"), bureau.state()

        assert "duty.own" == surface.approve(secret, change, digest)
        assert before == bureau.state()

    def test_does_not_approve_their_own_in_the_other_of_two_sessions(self, bureau, surface):
        change, digest = submitted(bureau, "bao", STRICTER)
        one, other = bureau.session("bao"), bureau.session("bao")
        before = bureau.state()

        assert {"duty.own"} == {surface.approve(secret, change, digest) for secret in (one, other)}
        assert before == bureau.state()

    def test_does_not_reject_their_own(self, bureau, surface):
        change, _ = submitted(bureau, "bao", STRICTER)
        secret, before = bureau.session("bao"), bureau.state()

        assert "duty.own" == surface.reject(secret, change)
        assert before == bureau.state()

    def test_alone_puts_nothing_into_force_that_gives(self, bureau, surface):
        secret = bureau.session("bao")
        change = bureau.done(secret, DRAFT, change=labels(grant("I")))["id"]
        before = bureau.state()

        assert "change.not_restraint" == surface.submit_at_once(secret, change)
        assert before == bureau.state()

    def test_administrator_does_not_approve_the_partner_they_drafted(self, bureau, surface):
        change, digest = submitted(bureau, "guan", NEW_PARTNER)
        secret, before = bureau.session("guan"), bureau.state()

        assert "duty.approve_register" == surface.approve(secret, change, digest)
        assert before == bureau.state()

    def test_nobody_else_withdraws_it(self, bureau, surface):
        change, _ = submitted(bureau, "bao", STRICTER)
        secret, before = bureau.session("mi"), bureau.state()

        assert "change.not_drafter" == surface.withdraw(secret, change)
        assert before == bureau.state()


class TestApprover:
    def test_counts_once_where_two_are_needed(self, bureau, surface):
        """The same officer, by the same session and by another: what opens tier R stays submitted."""
        change, digest = submitted(bureau, "bao", grant("R"))
        first = bureau.done(bureau.session("mi"), APPROVE, id=change, digest=digest)
        again, before = bureau.session("mi"), bureau.state()

        assert ("SUBMITTED", [{"officer": "mi"}]) == (first["state"], first["approvals"])
        assert "duty.twice" == surface.approve(again, change, digest)
        assert before == bureau.state()

    @pytest.mark.parametrize(
        ("officer", "item", "rule"),
        [
            ("guan", STRICTER, "duty.approve_policy"),
            ("shen", STRICTER, "duty.approve_policy"),
            ("shen", grant("I"), "duty.approve_policy"),
        ],
    )
    def test_has_the_duty_or_is_refused(self, bureau, surface, officer, item, rule):
        change, digest = submitted(bureau, "bao", item)
        secret, before = bureau.session(officer), bureau.state()

        assert rule == surface.approve(secret, change, digest)
        assert before == bureau.state()

    @pytest.mark.parametrize("officer", ["li", "shen"])
    def test_of_the_register_is_a_security_officer(self, bureau, surface, officer):
        change, digest = submitted(bureau, "guan", NEW_PARTNER)
        secret, before = bureau.session(officer), bureau.state()

        assert "duty.approve_register" == surface.approve(secret, change, digest)
        assert before == bureau.state()

    def test_shows_a_fresh_proof_of_presence(self, bureau, surface):
        change, digest = submitted(bureau, "bao", STRICTER)
        secret = bureau.session("an")
        bureau.age("an")
        before = bureau.state()

        assert "officer.step_up" == surface.approve(secret, change, digest)
        assert before == bureau.state()

    def test_approves_what_they_looked_at_and_nothing_else(self, bureau, surface):
        """The author amends between the look and the approval, and submits again."""
        change, digest = submitted(bureau, "bao", STRICTER)
        author = bureau.session("bao")
        bureau.done(author, AMEND, id=change, change=labels(grant("R")))
        bureau.done(author, SUBMIT, id=change)
        secret, before = bureau.session("mi"), bureau.state()

        assert "change.digest" == surface.approve(secret, change, digest)
        assert before == bureau.state()

    def test_does_not_approve_a_draft(self, bureau, surface):
        draft = bureau.done(bureau.session("bao"), DRAFT, change=labels(STRICTER))
        secret, before = bureau.session("mi"), bureau.state()

        assert "change.moved" == surface.approve(secret, draft["id"], draft["digest"])
        assert before == bureau.state()

    def test_does_not_approve_what_was_drafted_against_another_policy(self, bureau, surface):
        stale, digest = submitted(bureau, "bao", {"labelField": {"coordinate": "Penalty.facts", "tier": "S"}})
        other, of_other = submitted(bureau, "an", _turned(bureau))
        bureau.done(bureau.session("mi"), APPROVE, id=other, digest=of_other)
        secret, before = bureau.session("mi"), bureau.state()

        assert "change.moved" == surface.approve(secret, stale, digest)
        assert before == bureau.state()

    def test_cannot_do_again_what_has_been_done(self, bureau, surface):
        """A replayed approval, by the approver or by another."""
        change, digest = submitted(bureau, "bao", grant("I"))
        done = bureau.done(bureau.session("mi"), APPROVE, id=change, digest=digest)
        secret, other, before = bureau.session("mi"), bureau.session("an"), bureau.state()

        assert "IN_FORCE" == done["state"]
        assert {"change.moved"} == {surface.approve(each, change, digest) for each in (secret, other)}
        assert before == bureau.state()


class TestAmended:
    def test_approval_of_what_was_amended_counts_no_more(self, bureau):
        """One approval of the first revision and one of the second are one, not two."""
        change, digest = submitted(bureau, "bao", grant("R"))
        bureau.done(bureau.session("mi"), APPROVE, id=change, digest=digest)
        author = bureau.session("bao")
        bureau.done(author, AMEND, id=change, change=labels(grant("R"), reason="a week less"))
        digest = bureau.done(author, SUBMIT, id=change)["digest"]
        after = bureau.done(bureau.session("an"), APPROVE, id=change, digest=digest)

        assert ("SUBMITTED", [{"officer": "an"}]) == (after["state"], after["approvals"])

    def test_three_persons_open_tier_r(self, bureau):
        change, digest = submitted(bureau, "bao", grant("R"))
        bureau.done(bureau.session("mi"), APPROVE, id=change, digest=digest)
        done = bureau.done(bureau.session("an"), APPROVE, id=change, digest=digest)

        assert ("IN_FORCE", [{"officer": "mi"}, {"officer": "an"}]) == (done["state"], done["approvals"])


class TestDrafter:
    @pytest.mark.parametrize(
        ("officer", "item", "rule"),
        [
            ("guan", STRICTER, "duty.draft_policy"),
            ("guan", grant("I"), "duty.draft_policy"),
            ("shen", STRICTER, "duty.draft_policy"),
            ("shen", NEW_PARTNER, "duty.draft_register"),
            ("bao", NEW_PARTNER, "duty.draft_register"),
        ],
    )
    def test_has_the_duty_or_is_refused(self, bureau, surface, officer, item, rule):
        secret, before = bureau.session(officer), bureau.state()

        assert rule == surface.draft(secret, labels(item))
        assert before == bureau.state()


class TestSessions:
    def test_suspended_officer_acts_no_more(self, bureau, surface):
        """Two administrators: one suspends; the approval the suspended one gave before counts no more either."""
        change, digest = submitted(bureau, "bao", grant("R"))
        held = bureau.session("ye")
        bureau.done(held, APPROVE, id=change, digest=digest)
        suspend = 'mutation { suspendOfficer(id: "ye", reason: "on leave") { state } }'
        assert bureau.done(bureau.session("guan"), suspend) == {"state": "SUSPENDED"}
        before = bureau.state()
        after = bureau.done(bureau.session("mi"), APPROVE, id=change, digest=digest)
        later = bureau.state()
        assert "officer.session" == surface.approve(held, change, digest)

        assert "SUBMITTED" == after["state"]
        assert before["access_grant"] == later["access_grant"]
        assert later == bureau.state()
        restore(bureau, "ye")

    def test_session_that_was_ended_is_nobodys(self, bureau, surface):
        change, digest = submitted(bureau, "bao", STRICTER)
        secret = bureau.session("mi")
        ended = bureau.done(secret, "query { me { session } }")["session"]
        bureau.done(bureau.session("guan"), "mutation($id: ID!) { revokeSession(id: $id) { state } }", id=ended)
        before = bureau.state()

        assert "officer.session" == surface.approve(secret, change, digest)
        assert before == bureau.state()

    def test_secret_of_a_browser_is_useless_anywhere_else(self, bureau, surface):
        change, digest = submitted(bureau, "bao", STRICTER)
        secret, before = bureau.session("mi", Carrier.COOKIE), bureau.state()

        assert "officer.session" == surface.approve(secret, change, digest)
        assert before == bureau.state()

    @pytest.mark.parametrize(
        ("officer", "other", "rule"),
        [
            ("guan", "li", "duty.suspend_administrator"),
            ("guan", "guan", "duty.suspend_administrator"),
            ("bao", "bao", "duty.suspend_officer"),
            ("bao", "mi", "duty.suspend_officer"),
            ("shen", "bao", "duty.suspend_officer"),
        ],
    )
    def test_no_role_suspends_its_own_kind_or_itself(self, bureau, surface, officer, other, rule):
        secret, before = bureau.session(officer), bureau.state()

        assert rule == surface.suspend_officer(secret, other)
        assert before == bureau.state()

    def test_session_file_that_others_may_read_is_not_used(self, bureau, tmp_path):
        """A session left lying about is not taken up, whoever runs the command."""
        change, digest = submitted(bureau, "bao", STRICTER)
        file = tmp_path / "session"
        file.write_text(bureau.session("mi"), encoding="utf-8")
        file.chmod(0o644)
        before = bureau.state()
        words = ("change", "approve", change, "--digest", digest, "--comment", "seen")
        done = bureau.run("", *words, environment={"HUB_OFFICER_SESSION_FILE": str(file)})

        assert (1, "") == (done.returncode, done.stdout)
        assert "open to others" in done.stderr
        assert before == bureau.state()

    def test_operator_of_an_attended_hub_acts_no_more(self, bureau):
        before = bureau.state()
        done = bureau.run("", "change", "draft", bureau.file(labels(STRICTER)))

        assert (1, "") == (done.returncode, done.stdout)
        assert before == bureau.state()


class TestBreakGlass:
    @pytest.fixture
    def asked(self, bureau) -> Iterator[str]:
        """An emergency access that bao asked for; reviewed afterwards if it was given, so that there can be another."""
        glass: str = bureau.done(bureau.session("bao"), GLASS, request=EMERGENCY)["id"]
        yield glass
        review = 'mutation($id: ID!) { reviewBreakGlass(id: $id, verdict: JUSTIFIED, comment: "over") { id } }'
        bureau.ask(bureau.session("shen"), review, id=glass)

    @pytest.mark.parametrize(
        ("officer", "rule"),
        [("bao", "duty.own"), ("guan", "duty.approve_glass"), ("shen", "duty.approve_glass")],
    )
    def test_is_given_by_another_security_officer(self, bureau, surface, asked, officer, rule):
        secret, before = bureau.session(officer), bureau.state()

        assert rule == surface.approve_glass(secret, asked)
        assert before == bureau.state()

    @pytest.mark.parametrize("officer", ["bao", "mi", "guan"])
    def test_is_reviewed_by_an_auditor(self, bureau, surface, asked, officer):
        bureau.done(bureau.session("mi"), "mutation($id: ID!) { approveBreakGlass(id: $id) { id } }", id=asked)
        secret, before = bureau.session(officer), bureau.state()

        assert "duty.review_glass" == surface.review_glass(secret, asked)
        assert before == bureau.state()

    def test_is_given_once(self, bureau, surface, asked):
        bureau.done(bureau.session("mi"), "mutation($id: ID!) { approveBreakGlass(id: $id) { id } }", id=asked)
        secret, before = bureau.session("an"), bureau.state()

        assert "glass.moved" == surface.approve_glass(secret, asked)
        assert before == bureau.state()


class TestOneDocument:
    """What one request can try by itself."""

    @pytest.mark.parametrize(
        "document",
        [
            """mutation($c: NewChangeSet!, $i: ID!, $d: String!) {
              one: draftChangeSet(change: $c) { id }
              two: approveChangeSet(id: $i, digest: $d, comment: "x") { id } }""",
            """mutation($c: NewChangeSet!, $i: ID!, $d: String!) { draftChangeSet(change: $c) { id } ...F }
              fragment F on Mutation { approveChangeSet(id: $i, digest: $d, comment: "x") { id } }""",
            """mutation($c: NewChangeSet!, $i: ID!, $d: String!) { draftChangeSet(change: $c) { id }
              ... on Mutation { approveChangeSet(id: $i, digest: $d, comment: "x") { id } } }""",
            """mutation($c: NewChangeSet!, $i: ID!, $d: String!) { draftChangeSet(change: $c) @include(if: false) { id }
              a: approveChangeSet(id: $i, digest: $d, comment: "x") { id }
              b: approveChangeSet(id: $i, digest: $d, comment: "x") { id } }""",
        ],
        ids=["aliases", "fragment", "inline", "switched-off"],
    )
    def test_does_one_act(self, bureau, document):
        change, digest = submitted(bureau, "bao", STRICTER)
        secret, before = bureau.session("mi"), bureau.state()
        answer = bureau.ask(secret, document, c=labels(STRICTER), i=change, d=digest)

        assert "request.one_act" == refusal_of(answer).rule
        assert "data" not in answer.json()
        assert before == bureau.state()

    def test_batch_is_refused(self, bureau):
        change, digest = submitted(bureau, "bao", STRICTER)
        secret, before = bureau.session("mi"), bureau.state()
        answer = bureau.post(secret, [{"query": APPROVE, "variables": {"id": change, "digest": digest}}] * 2)

        assert 400 == answer.status_code
        assert before == bureau.state()

    def test_two_operations_run_one(self, bureau):
        """Of several operations the one that is named runs; the author's is refused, and the other does not run."""
        change, digest = submitted(bureau, "bao", STRICTER)
        secret, before = bureau.session("bao"), bureau.state()
        document = APPROVE.replace("mutation(", "mutation A(", 1) + " query B { me { session } }"
        body = {"query": document, "operationName": "A", "variables": {"id": change, "digest": digest}}

        assert "duty.own" == refusal_of(bureau.post(secret, body)).rule
        assert before == bureau.state()


class TestAtOnce:
    """Many requests at the same moment."""

    def test_one_officer_in_many_sessions_is_one_approval(self, bureau):
        change, digest = submitted(bureau, "bao", grant("R"))
        secrets = [bureau.session("mi") for _ in range(3)] * 4
        answers = _together(bureau, secrets, change, digest)

        assert 1 == sum("errors" not in answer for answer in answers)
        assert {"duty.twice"} == {_rule(answer) for answer in answers if "errors" in answer}
        assert ("SUBMITTED", [{"officer": "mi"}]) == (
            (found := shown(bureau, change))["state"],
            found["approvals"],
        )

    def test_author_among_them_changes_nothing(self, bureau):
        change, digest = submitted(bureau, "bao", grant("R"))
        secrets = [bureau.session("bao") for _ in range(3)] * 4
        before = bureau.state()
        answers = _together(bureau, secrets, change, digest)

        assert {"duty.own"} == {_rule(answer) for answer in answers}
        assert before == bureau.state()

    def test_two_approvers_apply_it_once(self, bureau):
        """Where one is needed and two come, one applies it and the other finds it done: one grant, not two."""
        change, digest = submitted(bureau, "bao", grant("I"))
        before = len(bureau.state()["access_grant"])
        answers = _together(bureau, [bureau.session("mi"), bureau.session("an")] * 3, change, digest)

        assert 1 == sum("errors" not in answer for answer in answers)
        assert {"change.moved"} == {_rule(answer) for answer in answers if "errors" in answer}
        assert before + 1 == len(bureau.state()["access_grant"])

    def test_two_sets_against_one_policy_make_one_version(self, bureau):
        sets = [submitted(bureau, author, _turned(bureau, place)) for place, author in enumerate(("bao", "an"))]
        before = len(bureau.state()["policy_version"])
        secrets = [bureau.session("mi") for _ in sets]
        with ThreadPoolExecutor(len(sets)) as pool:
            asked = [
                pool.submit(bureau.ask, secret, APPROVE, id=change, digest=digest)
                for secret, (change, digest) in zip(secrets, sets, strict=True)
            ]
            answers = [each.result().json() for each in asked]

        assert 1 == sum("errors" not in answer for answer in answers)
        assert {"change.moved"} == {_rule(answer) for answer in answers if "errors" in answer}
        assert before + 1 == len(bureau.state()["policy_version"])

    def test_approval_while_the_author_amends_is_of_what_was_seen(self, bureau):
        """Whoever comes first: what is in force is what the approver gave the digest of, or nothing is."""
        change, digest = submitted(bureau, "bao", grant("I"))
        author, approver = bureau.session("bao"), bureau.session("mi")
        amended = labels(grant("S"), reason="another one")
        with ThreadPoolExecutor(2) as pool:
            amending = pool.submit(bureau.ask, author, AMEND, id=change, change=amended)
            approving = pool.submit(bureau.ask, approver, APPROVE, id=change, digest=digest)
            results = [amending.result().json(), approving.result().json()]
        found = shown(bureau, change)

        assert 1 == sum("errors" not in answer for answer in results)
        assert found["state"] in {"IN_FORCE", "DRAFT"}
        assert (digest == found["digest"]) == (found["state"] == "IN_FORCE")


class TestOthers:
    """Who is no officer has nothing here, and does not learn what there is."""

    @pytest.mark.parametrize("document", ["{ __schema { types { name } } }", "{ me { session } }", "{ nonsense }", ""])
    @pytest.mark.parametrize("header", [None, "Bearer x", "Officer hos_" + "A" * 43, "Officer x", "DPoP x", "officer"])
    def test_are_answered_alike(self, bureau, document, header):
        headers = {} if header is None else {"authorization": header}
        url = f"{bureau.serving.url}/administration/graphql"
        answer = httpx2.post(url, json={"query": document}, headers=headers, timeout=30)

        assert (401, "officer.session") == (answer.status_code, refusal_of(answer).rule)
        assert "private, no-store" == answer.headers["cache-control"]
        assert 'Officer realm="credit-exchange-hub"' == answer.headers["www-authenticate"]


def restore(bureau: Bureau, officer: str) -> None:
    """Let a suspended officer act again, as officers do it: by two of them."""
    change, digest = submitted(bureau, "guan", {"putOfficer": {"id": officer}})
    assert "IN_FORCE" == bureau.done(bureau.session("mi"), APPROVE, id=change, digest=digest)["state"]


def _turned(bureau: Bureau, place: int = 0) -> dict[str, object]:
    """A label made stricter that nothing approved before has made so: it takes one approver, whatever came before."""
    fields = bureau.done(bureau.session("shen"), '{ fields(kind: "Penalty") { coordinate tier } }')
    public = [field["coordinate"] for field in fields if field["tier"] == "P"]
    return {"labelField": {"coordinate": public[-1 - place], "tier": "G"}}


def _together(bureau: Bureau, secrets: list[str], change: str, digest: str) -> list[dict[str, object]]:
    with ThreadPoolExecutor(len(secrets)) as pool:
        asked = [pool.submit(bureau.ask, secret, APPROVE, id=change, digest=digest) for secret in secrets]
        return [each.result().json() for each in asked]


def _rule(answer: dict[str, object]) -> str:
    (error,) = answer["errors"]  # type: ignore[misc]  # JSON
    rule: str = error["extensions"]["rule"]  # type: ignore[index]  # JSON
    return rule
