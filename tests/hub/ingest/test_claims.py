"""Which claim is in force does not depend on the order in which claims arrive."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.claims import Claim, Known, Verdict, outranks, rule

RANKS = {"national": 10, "cn-51": 20, "cn-32": 20}


def claim(source="national", as_of="2026-01-01", digest="a") -> Claim:
    return Claim(source=source, rank=RANKS[source], as_of=as_of, digest=digest)


@dataclass
class Record:
    """One record, as the ledger keeps it."""

    head: Claim | None = None
    version: int = 0
    known: list[Known] = field(default_factory=list)

    def enter(self, said: Claim) -> Verdict:
        ruling = rule(said, self.head, self.version, self.known)
        if ruling.verdict in {Verdict.NEW_HEAD, Verdict.NEW_VERSION}:
            self.known.append(Known(version=ruling.version, source=said.source, as_of=said.as_of, digest=said.digest))
        if ruling.verdict in {Verdict.NEW_HEAD, Verdict.RESTORED, Verdict.CONFIRMED}:
            self.head, self.version = said, ruling.version
        return ruling.verdict


def heads(claims: list[Claim]) -> Claim | None:
    record = Record()
    for each in claims:
        record.enter(each)
    return record.head


# One source never says two things of one moment: then the later arrival counts, and order is its meaning.
claims = st.lists(
    st.builds(
        claim,
        source=st.sampled_from(sorted(RANKS)),
        as_of=st.sampled_from([f"2026-01-{day:02}" for day in range(1, 7)]),
        digest=st.sampled_from("abc"),
    ),
    unique_by=lambda each: (each.source, each.as_of),
    max_size=9,
)


class TestOrder:
    @given(claims.flatmap(lambda said: st.tuples(st.just(said), st.permutations(said))))
    def test_any_order_of_claims_gives_the_same_head(self, orders):
        first, second = orders

        assert heads(first) == heads(second)

    @given(claims)
    def test_telling_everything_again_changes_no_head_and_soon_adds_no_version(self, said):
        """
        A repetition may show that a late claim had come between two equal ones, which makes them two; once that is
        on file, telling everything again is nothing new.
        """
        record = Record()
        for each in said * 2:
            record.enter(each)
        head, versions = record.head, list(record.known)
        verdicts = {record.enter(each) for each in said}

        assert heads(said) == head == record.head
        assert verdicts <= {Verdict.REPEATED}
        assert versions == record.known

    @given(claims)
    def test_versions_are_numbered_without_gap_and_never_twice(self, said):
        record = Record()
        for each in said:
            record.enter(each)

        assert list(range(1, len(record.known) + 1)) == [each.version for each in record.known]

    @given(claims)
    def test_the_head_is_always_a_version_that_is_kept_with_its_content(self, said):
        record = Record()
        for each in said:
            record.enter(each)
            kept = {known.version: (known.source, known.digest) for known in record.known}
            assert (record.head.source, record.head.digest) == kept[record.version]


class TestOutranks:
    @pytest.mark.parametrize(
        ("new", "head", "wins"),
        [
            (claim("national", "2020-01-01"), claim("cn-51", "2026-01-01"), True),
            (claim("cn-51", "2026-01-01"), claim("national", "2020-01-01"), False),
            (claim("cn-32", "2026-01-02"), claim("cn-51", "2026-01-01"), True),
            (claim("cn-32", "2026-01-01"), claim("cn-51", "2026-01-01"), True),
            (claim("cn-51", "2026-01-01"), claim("cn-32", "2026-01-01"), False),
            (claim("cn-51", "2026-01-01", "b"), claim("cn-51", "2026-01-01"), True),
            (claim("cn-51", "2025-12-31"), claim("cn-51", "2026-01-01"), False),
        ],
    )
    def test_rank_then_as_of_then_source(self, new, head, wins):
        assert wins is outranks(new, head)


class TestRule:
    def test_a_source_that_goes_back_to_old_content_makes_a_new_version(self):
        record = Record()
        verdicts = [
            record.enter(claim(as_of=f"2026-01-0{day}", digest=digest)) for day, digest in enumerate("aba", start=1)
        ]

        assert [Verdict.NEW_HEAD] * 3 == verdicts
        assert 3 == record.version

    def test_the_same_content_as_of_later_confirms_the_head(self):
        record = Record()
        record.enter(claim(as_of="2026-01-01"))

        assert Verdict.CONFIRMED is record.enter(claim(as_of="2026-01-05"))
        assert Verdict.NEW_VERSION is record.enter(claim(as_of="2026-01-03", digest="late"))
        assert ("a", "2026-01-05", 1) == (record.head.digest, record.head.as_of, record.version)

    def test_between_equals_the_newest_word_counts_without_a_new_version_each_time(self):
        record = Record()
        record.enter(claim("cn-51", "2026-01-01", "a"))
        record.enter(claim("cn-32", "2026-01-02", "b"))

        assert Verdict.RESTORED is record.enter(claim("cn-51", "2026-01-03", "a"))
        assert Verdict.RESTORED is record.enter(claim("cn-32", "2026-01-04", "b"))
        assert 2 == len(record.known)
