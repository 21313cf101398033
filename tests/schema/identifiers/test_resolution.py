"""Subject resolution: the order of DOMAIN 1.5, and everything a name must not do."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.identifiers.evidence import BorneName, Candidate, Evidence
from schema.identifiers.links import CONFIDENCE, MOST_PROPOSALS, Doubt, Method
from schema.identifiers.names import NameTier, name_key
from schema.identifiers.resolution import keys_for, propose_parent, resolve
from schema.identifiers.uscc import PLACEHOLDER, compose

DAY = date(2026, 6, 1)
HONGDA = compose("91510100", "MA61R5A1")
OTHER = compose("91510100", "MA61R5B2")
THIRD = compose("91440100", "MA61R5C3")
NAME = "四川宏达电力有限公司"


def borne(name: str, *, former: bool = False, since: date | None = None, until: date | None = None) -> BorneName:
    return BorneName(key=name_key(name), former=former, valid_from=since, valid_to=until)


def subject(code: str = HONGDA, name: str = NAME, **more) -> Candidate:
    return Candidate(code=code, names=(borne(name),), **{"province": code[2:4], **more})


def praise(**more) -> Evidence:
    """Evidence that speaks for its subject, so that names may tie it."""
    return Evidence(negative=False, on_day=DAY, **more)


class TestByCode:
    def test_known_code_decides(self):
        found = resolve(Evidence(code=HONGDA, name=NAME), [subject()])

        assert found.link is not None
        assert (Method.USCC, 1.0, HONGDA, True) == (
            found.link.method,
            found.link.confidence,
            found.link.subject_code,
            found.link.automatic,
        )
        assert NameTier.EXACT is found.link.name_tier
        assert () == found.proposals

    def test_unknown_code_is_its_own_subject(self):
        found = resolve(Evidence(code=HONGDA, name=NAME), [])

        assert found.link is not None
        assert not found.link.known
        assert found.link.name_tier is None

    def test_code_beats_a_name_that_is_another_subjects(self):
        """The same name with two valid codes is two organisations."""
        found = resolve(Evidence(code=OTHER, name=NAME), [subject(), subject(OTHER, "绵阳天府能源有限公司")])

        assert found.link is not None
        assert OTHER == found.link.subject_code
        assert NameTier.NONE is found.link.name_tier

    def test_code_with_wrong_organisation_part_still_decides(self):
        published = "91140622770121181X"

        assert published == resolve(Evidence(code=published), []).link.subject_code

    def test_former_name_beside_the_code_is_named_so(self):
        known = replace(subject(), names=(borne("四川恒通电力有限公司"), borne(NAME, former=True)))

        assert NameTier.FORMER is resolve(Evidence(code=HONGDA, name=NAME), [known]).link.name_tier

    def test_codes_that_contradict_each_other_are_only_proposed(self):
        found = resolve(Evidence(code=HONGDA, organisation_code=OTHER[8:17]), [subject(), subject(OTHER)])

        assert found.link is None
        assert Doubt.CODES_DISAGREE is found.doubt
        assert [HONGDA, OTHER] == [proposal.subject_code for proposal in found.proposals]
        assert not any(proposal.automatic for proposal in found.proposals)


class TestByNumber:
    def test_organisation_code_of_one_subject(self):
        found = resolve(Evidence(organisation_code=f"{HONGDA[8:16]}-{HONGDA[16]}"), [subject(), subject(OTHER)])

        assert (Method.ORGANISATION_CODE, HONGDA) == (found.link.method, found.link.subject_code)
        assert CONFIDENCE[Method.ORGANISATION_CODE] == found.link.confidence

    def test_organisation_code_of_two_subjects_ties_nothing(self):
        twin = compose("93510100", HONGDA[8:16])
        found = resolve(Evidence(organisation_code=HONGDA[8:17], name=NAME), [subject(), subject(twin)])

        assert found.link is None
        assert Doubt.SEVERAL is found.doubt
        assert {HONGDA, twin} == {proposal.subject_code for proposal in found.proposals}

    def test_organisation_code_kept_beside_another_code(self):
        """A subject whose published code carries a wrong organisation part may keep the true one beside it."""
        odd = replace(subject("91140622770121181X"), organisation_code=OTHER[8:17])

        assert odd.code == resolve(Evidence(organisation_code=OTHER[8:17]), [odd]).link.subject_code

    def test_registration_number_of_one_subject(self):
        found = resolve(Evidence(registration_no="510100000123456"), [subject(registration_no="510100000123456")])

        assert (Method.REGISTRATION_NO, HONGDA) == (found.link.method, found.link.subject_code)

    def test_registration_number_of_two_subjects_ties_nothing(self):
        both = [subject(registration_no="510100000123456"), subject(OTHER, registration_no="510100000123456")]

        assert Doubt.SEVERAL is resolve(Evidence(registration_no="510100000123456"), both).doubt

    def test_numbers_that_contradict_each_other_are_only_proposed(self):
        found = resolve(
            Evidence(organisation_code=HONGDA[8:17], registration_no="510100000123456"),
            [subject(registration_no="510100000999999")],
        )

        assert found.link is None
        assert Doubt.CODES_DISAGREE is found.doubt

    def test_registration_number_never_overrules_the_organisation_code(self):
        found = resolve(
            Evidence(organisation_code=OTHER[8:17], registration_no="510100000123456"),
            [subject(registration_no="510100000123456")],
        )

        assert found.link is None
        assert () == found.proposals

    @pytest.mark.parametrize("code", ["9151O100MA61R5A11Y", HONGDA[:-1] + "0", "乱码"])
    def test_beside_an_unreadable_code_nothing_is_tied(self, code):
        found = resolve(praise(code=code, organisation_code=HONGDA[8:17], name=NAME, province="51"), [subject()])

        assert found.link is None
        assert Doubt.UNREADABLE_CODE is found.doubt
        assert [HONGDA] == [proposal.subject_code for proposal in found.proposals]

    def test_placeholder_is_no_code_and_no_fault(self):
        found = resolve(Evidence(code=PLACEHOLDER, organisation_code=HONGDA[8:17]), [subject()])

        assert HONGDA == found.link.subject_code


class TestByName:
    def test_present_name_in_the_same_province(self):
        found = resolve(praise(name="四川 宏達電力有限公司", province="510000"), [subject()])

        assert (Method.NAME, CONFIDENCE[Method.NAME]) == (found.link.method, found.link.confidence)
        assert found.link.automatic

    @pytest.mark.parametrize("province", [None, "", "44"])
    def test_without_the_province_it_is_a_proposal(self, province):
        found = resolve(praise(name=NAME, province=province), [subject()])

        assert found.link is None
        assert Doubt.NO_PROVINCE is found.doubt
        assert Method.NAME is found.proposals[0].method

    def test_province_of_the_subject_unknown(self):
        assert Doubt.NO_PROVINCE is resolve(praise(name=NAME, province="51"), [subject(province=None)]).doubt

    def test_two_bearers_tie_nothing(self):
        found = resolve(praise(name=NAME, province="51"), [subject(), subject(OTHER)])

        assert found.link is None
        assert Doubt.SEVERAL is found.doubt

    def test_name_not_yet_borne_on_the_day(self):
        late = replace(subject(), names=(borne(NAME, since=date(2026, 7, 1)),))

        assert Doubt.NO_DAY is resolve(praise(name=NAME, province="51"), [late]).doubt

    def test_former_name_borne_on_the_day(self):
        renamed = replace(subject(), names=(borne("新"), borne(NAME, former=True, until=date(2026, 6, 1))))
        found = resolve(praise(name=NAME, province="51"), [renamed])

        assert (Method.FORMER_NAME, CONFIDENCE[Method.FORMER_NAME]) == (found.link.method, found.link.confidence)
        assert NameTier.FORMER is found.link.name_tier

    @pytest.mark.parametrize(
        ("since", "until"),
        [(None, None), (None, date(2026, 5, 31)), (date(2026, 6, 2), date(2026, 12, 31))],
    )
    def test_former_name_not_borne_on_the_day_is_a_proposal(self, since, until):
        renamed = replace(subject(), names=(borne("新"), borne(NAME, former=True, since=since, until=until)))
        found = resolve(praise(name=NAME, province="51"), [renamed])

        assert found.link is None
        assert Doubt.NO_DAY is found.doubt

    def test_former_name_without_a_day_is_a_proposal(self):
        renamed = replace(subject(), names=(borne(NAME, former=True, until=DAY),))

        assert Doubt.NO_DAY is resolve(Evidence(name=NAME, negative=False), [renamed]).doubt

    def test_former_name_in_another_province_is_a_proposal(self):
        renamed = replace(subject(), names=(borne(NAME, former=True, until=DAY),))

        assert Doubt.NO_PROVINCE is resolve(praise(name=NAME, province="44"), [renamed]).doubt

    def test_former_name_needs_no_province(self):
        renamed = replace(subject(), names=(borne(NAME, former=True, until=DAY),))

        assert resolve(praise(name=NAME), [renamed]).link is not None

    def test_a_name_that_passed_on_ties_nothing(self):
        """One gave the name up after the day, another bears it now."""
        before = replace(subject(OTHER), names=(borne("新"), borne(NAME, former=True, until=date(2026, 6, 30))))
        found = resolve(praise(name=NAME, province="51"), [subject(), before])

        assert Doubt.SEVERAL is found.doubt

    @pytest.mark.parametrize(
        ("name", "method", "doubt"),
        [
            ("四川宏达电力有限责任公司", Method.EQUIVALENT_NAME, Doubt.NOT_EXACT),
            ("四川宏大电力有限公司", Method.NEAR_NAME, Doubt.NOT_EXACT),
        ],
    )
    def test_equivalent_and_near_names_only_propose(self, name, method, doubt):
        found = resolve(praise(name=name, province="51"), [subject()])

        assert found.link is None
        assert (method, doubt) == (found.proposals[0].method, found.doubt)
        assert found.proposals[0].confidence <= CONFIDENCE[method]

    @pytest.mark.parametrize("name", ["", "　", "国网四川省电力公司", f"{NAME}成都分公司", None])
    def test_nothing_alike_proposes_nothing(self, name):
        found = resolve(praise(name=name, province="51"), [subject()])

        assert (None, (), Doubt.NOTHING) == (found.link, found.proposals, found.doubt)

    def test_unreadable_code_and_no_like_name(self):
        assert Doubt.UNREADABLE_CODE is resolve(praise(code="乱码", name="国网"), [subject()]).doubt

    def test_subject_without_a_name_is_not_matched(self):
        assert Doubt.NOTHING is resolve(praise(name=NAME), [Candidate(code=HONGDA)]).doubt


class TestNegative:
    @given(
        st.sampled_from(
            [NAME, "四川宏达电力有限责任公司", "四川宏大电力有限公司", "四川旧电力有限公司", f"{NAME}成都分公司"]
        ),
        st.sampled_from([None, "51", "44"]),
        st.sampled_from([None, DAY]),
        st.sampled_from([None, "", "乱码", PLACEHOLDER]),
        st.sets(st.sampled_from([HONGDA, OTHER, THIRD])),
    )
    def test_no_name_ever_ties_a_negative_record(self, name, province, day, code, codes):
        known = [
            replace(subject(code), names=(borne(NAME), borne("四川旧电力有限公司", former=True, until=DAY)))
            for code in sorted(codes)
        ]
        found = resolve(Evidence(code=code, name=name, province=province, on_day=day, negative=True), known)

        assert found.link is None
        assert not any(proposal.automatic for proposal in found.proposals)

    def test_an_exact_name_says_why_it_was_held_back(self):
        found = resolve(Evidence(name=NAME, province="51", on_day=DAY), [subject()])

        assert Doubt.NEGATIVE_BY_NAME is found.doubt
        assert Method.NAME is found.proposals[0].method

    def test_evidence_is_negative_unless_someone_says_otherwise(self):
        assert Evidence().negative


class TestVeto:
    def test_another_organisation_code_vetoes_an_exact_name(self):
        found = resolve(praise(name=NAME, province="51", organisation_code=OTHER[8:17]), [subject()])

        assert (None, ()) == (found.link, found.proposals)

    def test_another_registration_number_vetoes_an_exact_name(self):
        known = subject(registration_no="510100000123456")
        found = resolve(praise(name=NAME, province="51", registration_no="510100000999999"), [known])

        assert (None, ()) == (found.link, found.proposals)

    def test_an_unreadable_organisation_code_ties_nothing_by_name(self):
        found = resolve(praise(name=NAME, province="51", organisation_code="MA61R5A1-0"), [subject()])

        assert found.link is None
        assert Doubt.UNREADABLE_CODE is found.doubt


class TestProposals:
    def test_surest_first_and_not_too_many(self):
        serials = [f"MA61R{number}A1" for number in range(10, 20)]
        known = [
            subject(
                compose("91510100", serial[:8]),
                "四川宏达电力有限责任公司" if number == 4 else f"四川宏{number}电力有限公司",
            )
            for number, serial in enumerate(serials)
        ]
        found = resolve(praise(name=NAME, province="51"), known)

        assert MOST_PROPOSALS == len(found.proposals)
        assert Method.EQUIVALENT_NAME is found.proposals[0].method
        assert sorted((p.confidence for p in found.proposals), reverse=True) == [p.confidence for p in found.proposals]

    @given(st.permutations([HONGDA, OTHER, THIRD]))
    def test_order_of_candidates_does_not_matter(self, codes):
        evidence = praise(name=NAME)

        assert resolve(evidence, [subject(code) for code in sorted(codes)]) == resolve(
            evidence, [subject(code) for code in codes]
        )

    def test_every_method_has_a_confidence(self):
        assert set(Method) == set(CONFIDENCE)
        assert all(0 < confidence <= 1 for confidence in CONFIDENCE.values())


class TestParent:
    BRANCH = compose("91510100", "MA61R5D4")

    def test_own_field_comes_first(self):
        link = propose_parent(Evidence(code=self.BRANCH, name=f"{NAME}成都分公司", parent_code=OTHER), [subject()])

        assert (Method.PARENT_FIELD, OTHER, False, False) == (
            link.method,
            link.subject_code,
            link.automatic,
            link.known,
        )

    def test_by_name_it_is_a_proposal_beside_the_branch(self):
        found = resolve(Evidence(code=self.BRANCH, name=f"{NAME}成都分公司"), [subject()])

        assert self.BRANCH == found.link.subject_code
        assert (Method.PARENT_NAME, HONGDA, False) == (
            found.parent.method,
            found.parent.subject_code,
            found.parent.automatic,
        )

    def test_two_bearers_of_the_parents_name_propose_none(self):
        assert propose_parent(Evidence(name=f"{NAME}成都分公司"), [subject(), subject(OTHER)]) is None

    def test_former_name_of_the_parent_proposes_none(self):
        renamed = replace(subject(), names=(borne(NAME, former=True),))

        assert propose_parent(Evidence(name=f"{NAME}成都分公司"), [renamed]) is None

    def test_nobody_is_their_own_parent(self):
        assert propose_parent(Evidence(code=HONGDA, parent_code=HONGDA), [subject()]) is None
        assert propose_parent(Evidence(code=HONGDA, name=f"{NAME}成都分公司"), [subject()]) is None

    @pytest.mark.parametrize("code", ["乱码", PLACEHOLDER, HONGDA[:-1]])
    def test_unreadable_parent_code_is_not_proposed(self, code):
        assert propose_parent(Evidence(code=OTHER, name=NAME, parent_code=code), [subject()]) is None

    def test_no_branch_no_parent(self):
        assert propose_parent(Evidence(code=HONGDA, name=NAME), [subject()]) is None


class TestKeysFor:
    def test_a_readable_code_asks_for_nothing_else(self):
        keys = keys_for(Evidence(code=HONGDA.lower(), name=NAME, registration_no="510100000123456"))

        assert (HONGDA,) == keys.codes
        assert ((), (), (), ()) == (keys.organisation_codes, keys.registration_nos, keys.name_keys, keys.initials)

    def test_a_branch_asks_for_its_parent_by_name(self):
        assert (NAME,) == keys_for(Evidence(code=HONGDA, name=f"{NAME}成都分公司")).name_keys

    def test_a_branch_with_its_parents_code_asks_by_code(self):
        keys = keys_for(Evidence(code=HONGDA, name=f"{NAME}成都分公司", parent_code=OTHER))

        assert ((HONGDA, OTHER), ()) == (keys.codes, keys.name_keys)

    def test_without_a_code_it_asks_by_everything_it_has(self):
        keys = keys_for(Evidence(organisation_code=HONGDA[8:17], registration_no="510100000123456", name=NAME))

        assert (HONGDA[8:17],) == keys.organisation_codes
        assert ("510100000123456",) == keys.registration_nos
        assert (NAME,) == keys.name_keys
        assert ("四川宏达电力",) == keys.name_parts
        assert ("schddlyxgs",) == keys.initials

    @pytest.mark.parametrize("name", ["", "　", "国网", "川能公司"[:3], None])
    def test_a_short_name_is_not_asked_by_its_parts(self, name):
        keys = keys_for(Evidence(name=name))

        assert ((), ()) == (keys.name_parts, keys.initials)

    def test_nothing_sent_nothing_asked(self):
        keys = keys_for(Evidence())

        assert ((), (), (), ()) == (keys.codes, keys.organisation_codes, keys.registration_nos, keys.name_keys)
