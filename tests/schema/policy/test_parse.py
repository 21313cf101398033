import json

import pytest

from schema.catalogue.model import Category, Mask
from schema.policy.entries import PolicyDataError
from schema.policy.model import ActorKind, Fact, Policy
from schema.policy.parse import FILES, SPEC, parse_policy, policy_from_json, policy_json
from schema.tiers import Audience, Tier
from tests.schema.policy.conftest import plain_digest, seed_texts


def parse(**changes: tuple[str, str]) -> Policy:
    """The seed with one text of one file replaced; the text must occur, and only its first place changes."""
    texts = seed_texts()
    for name, (old, new) in changes.items():
        assert old in texts[f"{name}.toml"]
        texts[f"{name}.toml"] = texts[f"{name}.toml"].replace(old, new, 1)
    return parse_policy(texts, version=1, digest_of=plain_digest)


def read(value: object) -> Policy:
    return policy_from_json(value, version=1, digest_of=plain_digest)


@pytest.fixture
def body(seed: Policy) -> dict:
    """The seed's JSON, to damage."""
    return json.loads(json.dumps(policy_json(seed)))


class TestSeed:
    def test_has_a_tier_for_every_category(self, seed: Policy):
        assert set(Category) == set(seed.tiers)

    @pytest.mark.parametrize(
        ("tier", "categories"),
        [
            ("P", "C01 C02 C04 C05 C09 C10 C11 C12 C13"),
            ("S", "C16 C19"),
            ("G", "C06 C18"),
            ("G-CON", "C07 C17"),
            ("I", "C14"),
            ("A", "C15"),
            ("R", "C03 C08 C20"),
        ],
    )
    def test_tiers_are_the_loosest_a_row_can_bear(self, seed: Policy, tier: str, categories: str):
        """C10 and C11 begin at P and C18 at G: list, publication and rawness make a row stricter."""
        assert set(categories.split()) == {category.value for category in seed.tiers if seed.tiers[category] == tier}

    def test_columns_stand_as_the_paper_says(self, seed: Policy):
        audiences = {code: reader.audience for code, reader in seed.readers.items()}

        assert Audience.PUB is audiences["PU"]
        assert {Audience.IND} == {audiences[code] for code in ("GC", "AS")}
        assert {Audience.CON} == {audiences[code] for code in ("GC_CON", "FI")}
        assert {Audience.GOV} == {audiences[code] for code in ("LD", "OD", "BR")}
        assert {Audience.OWN} == {audiences[code] for code in ("SU", "SRC", "BR_OWN")}

    def test_nobody_without_content_stands_in_a_column(self, seed: Policy):
        assert all(not reader.actors & {ActorKind.OP, ActorKind.AU} for reader in seed.readers.values())

    def test_the_public_column_is_everybodys_else(self, seed: Policy):
        assert set(ActorKind) - {ActorKind.OP, ActorKind.AU} == seed.readers["PU"].actors

    def test_consent_is_asked_of_every_consent_column(self, seed: Policy):
        assert all(Fact.CONSENT in reader.needs for reader in seed.readers.values() if reader.audience is Audience.CON)

    def test_excepted_fields_are_catalogued(self, seed: Policy):
        """A coordinate that is misspelt excepts nothing."""
        from schema.catalogue.grade import Grade
        from schema.catalogue.model import fields_of

        known = {spec.coordinate for spec in fields_of(Grade)}

        assert set().union(*(cell.except_fields for cell in seed.cells)) <= known

    def test_every_cell_is_named_after_its_place(self, seed: Policy):
        assert all(cell.id.startswith(f"{cell.category}.{cell.reader}") for cell in seed.cells)


class TestRoundTrip:
    def test_through_json(self, seed: Policy, body: dict):
        assert seed == read(body)

    def test_the_digest_is_of_the_content_only(self, seed: Policy, body: dict):
        later = policy_from_json(body, version=7, digest_of=plain_digest)

        assert seed.digest == later.digest
        assert 7 == later.version

    def test_the_digest_does_not_depend_on_the_order_of_sets(self, seed: Policy, body: dict):
        for reader in body["readers"].values():
            reader["actors"].reverse()

        assert seed.digest == read(body).digest

    @pytest.mark.parametrize(
        ("name", "old", "new"),
        [
            ("categories", 'tier = "G"', 'tier = "S"'),
            ("readers", 'needs = ["in_region"]', "needs = []"),
            ("purposes", 'requires = ["tender", "lot", "stage"]', 'requires = ["tender"]'),
            ("matrix", 'masks = ["m4"]', "masks = []"),
            ("matrix", 'reader = "GC_CON"\n', 'reader = "GC_CON"\npermit = false\n'),
        ],
    )
    def test_every_change_changes_the_digest(self, seed: Policy, name: str, old: str, new: str):
        assert seed.digest != parse(**{name: (old, new)}).digest

    def test_what_an_officer_writes_is_what_is_read(self):
        line = """[[C05]]
            reader = "GC"
            name = "night"
            needs = ["granted", "counterparty"]
            audience = "OWN"
            masks = ["m3", "m4"]
            except = ["Penalty.facts"]
            """
        policy = parse(matrix=('[[C05]]\nreader = "GC"\n', line))
        cell = next(cell for cell in policy.cells if cell.id == "C05.GC.night")

        assert {Fact.GRANTED, Fact.COUNTERPARTY} == cell.needs
        assert {Mask.M3, Mask.M4} == cell.masks
        assert {"Penalty.facts"} == cell.except_fields
        assert Audience.OWN is cell.audience
        assert cell.permit

    def test_a_bound_of_a_purpose_is_read(self):
        policy = parse(purposes=("[ADMIN_APPROVAL]", '[ADMIN_APPROVAL]\nmax_tier = "G"'))

        assert Tier.G is policy.purposes["ADMIN_APPROVAL"].max_tier


class TestFiles:
    @pytest.mark.parametrize("name", FILES)
    def test_a_missing_file_is_refused(self, name: str):
        texts = seed_texts()
        del texts[name]

        with pytest.raises(PolicyDataError, match=f"expected .*{name}"):
            parse_policy(texts, version=1, digest_of=plain_digest)

    def test_a_file_too_many_is_refused(self):
        with pytest.raises(PolicyDataError, match=r"got files .*more\.toml"):
            parse_policy({**seed_texts(), "more.toml": ""}, version=1, digest_of=plain_digest)

    @pytest.mark.parametrize("name", FILES)
    def test_a_file_that_is_no_toml_is_refused(self, name: str):
        with pytest.raises(PolicyDataError, match=f"{name}: got .*expected TOML"):
            parse_policy({**seed_texts(), name: "= ="}, version=1, digest_of=plain_digest)

    @pytest.mark.parametrize("name", FILES)
    def test_an_empty_file_is_refused(self, name: str):
        """Empty is a refusal, not an empty policy."""
        with pytest.raises(PolicyDataError, match=f"{name}: spec: got nothing"):
            parse_policy({**seed_texts(), name: ""}, version=1, digest_of=plain_digest)


class TestFaults:
    """Each names the file, the entry, the key, what was got and what was expected."""

    @pytest.mark.parametrize(
        ("name", "old", "new", "message"),
        [
            ("categories", "v1", "v2", r"categories\.toml: spec: got 'credit-exchange/policy-categories/v2'"),
            ("categories", 'effective_from = "2026-04-01"', "", r"categories\.toml: effective_from: got nothing"),
            ("categories", 'effective_from = "2026-04-01"', "effective_from = 2026", "effective_from: got int"),
            ("categories", 'tier = "P"', 'tier = "Q"', r"tiers: C01: got 'Q', expected one of P, P-CON, S"),
            ("categories", 'tier = "P"', "", "tiers: C01: got nothing"),
            ("categories", "[C20]", "[C21]", "tiers: C20: got nothing"),
            ("categories", 'zh = "登记注册基本信息"', "", r"categories\.toml: C01: zh: got nothing"),
            ("categories", 'mark = "P"', 'mark = " "', r"categories\.toml: C01: mark: got ' '"),
            ("categories", 'mark = "P"', 'mark = "P"\nmask = "m1"', r"categories\.toml: C01: got unknown key mask"),
            ("categories", "[C01]", "C00 = 1\n[C01]", r"categories\.toml: C00: got int, expected a table"),
            (
                "readers",
                'actors = ["GC"]',
                'actors = ["XX"]',
                r"readers\.toml: GC: actors: got 'XX', expected one of NEA",
            ),
            ("readers", 'actors = ["GC"]', "actors = []", r"readers\.toml: GC: actors: got nobody"),
            ("readers", 'actors = ["GC"]', 'actors = ["GC", "AU"]', r"readers\.toml: GC: actors: got AU, GC, expected"),
            ("readers", 'actors = ["GC"]', 'actors = ["GC", "GC"]', r"readers\.toml: GC: actors: got a value twice"),
            ("readers", 'actors = ["GC"]', 'actors = "GC"', r"readers\.toml: GC: actors: got 'GC', expected a list"),
            ("readers", 'actors = ["GC"]', "actors = [1]", r"readers\.toml: GC: actors: got int"),
            ("readers", 'audience = "PUB"', 'audience = "ALL"', r"readers\.toml: PU: audience: got 'ALL'"),
            ("readers", 'audience = "PUB"', "audience = 1", r"readers\.toml: PU: audience: got int"),
            ("readers", 'needs = ["consent"]', 'needs = ["luck"]', r"readers\.toml: GC_CON: needs: got 'luck'"),
            (
                "readers",
                'purposes = ["SELF_QUERY"',
                'purposes = ["SELF"',
                r"readers\.toml: SU: purposes: got an unknown one",
            ),
            ("readers", 'needs = ["consent"]', 'need = ["consent"]', r"readers\.toml: GC_CON: got unknown key need"),
            ("purposes", "[PUBLIC_LOOKUP]", "[LOOKUP]", r"purposes\.toml: got no PUBLIC_LOOKUP"),
            ("purposes", '"C01"', '"C99"', r"purposes\.toml: PUBLIC_LOOKUP: categories: got 'C99'"),
            ("purposes", '"tender", "lot"', '"Tender ID"', r"PROCUREMENT_CHECK: requires: got 'Tender ID'"),
            ("purposes", "C15 = [", "C17 = [", r"FINANCING: needs: got a category the purpose does not read"),
            ("purposes", "C15 = [", "C99 = [", r"FINANCING: needs: got unknown key C99"),
            ("purposes", "needs = { C03", "needs = 3 #", r"SUPERVISION: needs: got int, expected a table"),
            ("purposes", 'max_tier = "P"', 'max_tier = "X"', r"PUBLIC_LOOKUP: max_tier: got 'X'"),
            ("purposes", 'en = "public look-up"', "", r"PUBLIC_LOOKUP: en: got nothing"),
            ("purposes", "requires = []", "require = []", r"PUBLIC_LOOKUP: got unknown key require"),
            ("matrix", "[[C01]]", "[[C00]]", r"matrix\.toml: C00\.PU: category: got 'C00'"),
            (
                "matrix",
                '[[C01]]\nreader = "PU"',
                '[[C01]]\nreader = "XX"',
                r"C01\.XX: reader: got 'XX', expected one of PU",
            ),
            ("matrix", '[[C01]]\nreader = "PU"', "[[C01]]", r"matrix\.toml: C01: line 1: reader: got nothing"),
            ("matrix", '[[C01]]\nreader = "GC"', '[[C01]]\nreader = "PU"', r"C01\.PU: got it twice"),
            ("matrix", 'masks = ["m1"]', 'masks = ["m0"]', r"C02\.PU: masks: got 'm0', expected one of m1"),
            (
                "matrix",
                'masks = ["m7"]',
                'masks = ["m7", "m4"]',
                r"C07\.LD: masks: got m4, m7, expected m6 or m7 alone",
            ),
            ("matrix", 'masks = ["m1"]', 'mask = ["m1"]', r"C02\.PU: got unknown key mask"),
            ("matrix", 'name = "matter"', 'name = "Matter 1"', r"C07: line 2: name: got 'Matter 1'"),
            ("matrix", 'name = "matter"', 'id = "C07.X"', r"C07: line 2: id, category: got one of them"),
            (
                "matrix",
                'needs = ["published"]',
                'needs = ["published"]\npermit = false',
                r"C11\.PU: permit: got a prohibition",
            ),
            ("matrix", 'masks = ["m1"]', 'masks = ["m1"]\npermit = false', r"C02\.PU: permit: got a prohibition"),
            ("matrix", 'audience = "OWN"', 'audience = "OWN"\npermit = "no"', r"C14\.LD\.bulletin: permit: got 'no'"),
            ("matrix", 'except = ["Grade.score"', 'except = ["score"', r"C12\.PU: except: got 'score'"),
            ("matrix", '[[C01]]\nreader = "PU"', 'C00 = "x"\n[[C01]]\nreader = "PU"', r"matrix\.toml: C00: got str"),
        ],
    )
    def test_of_files(self, name: str, old: str, new: str, message: str):
        with pytest.raises(PolicyDataError, match=message):
            parse(**{name: (old, new)})

    @pytest.mark.parametrize("value", [None, [], "policy", 1])
    def test_of_json_that_is_no_object(self, value: object):
        with pytest.raises(PolicyDataError, match=r"policy: got .*, expected a table"):
            read(value)

    @pytest.mark.parametrize("key", ["spec", "tiers", "readers", "purposes", "cells"])
    def test_of_json_without_a_part(self, body: dict, key: str):
        del body[key]

        with pytest.raises(PolicyDataError, match="policy"):
            read(body)

    @pytest.mark.parametrize("key", ["tiers", "readers", "purposes", "cells"])
    def test_of_json_with_a_part_of_another_kind(self, body: dict, key: str):
        body[key] = "x"

        with pytest.raises(PolicyDataError, match=f"policy: {key}: got (str|'x'), expected a (list|table)"):
            read(body)

    def test_of_json_with_more_than_it_should_have(self, body: dict):
        with pytest.raises(PolicyDataError, match="got unknown key more"):
            read({**body, "more": 1})

    def test_of_json_of_another_spec(self, body: dict):
        with pytest.raises(PolicyDataError, match=f"spec: got 'other', expected a text like {SPEC}"):
            read({**body, "spec": "other"})

    def test_of_a_cell_that_is_no_object(self, body: dict):
        with pytest.raises(PolicyDataError, match=r"policy: cells: got 'C01\.PU', expected a table"):
            read({**body, "cells": ["C01.PU"]})

    def test_of_a_cell_without_an_id(self, body: dict):
        del body["cells"][0]["id"]

        with pytest.raises(PolicyDataError, match="policy: cells: id: got nothing"):
            read(body)
