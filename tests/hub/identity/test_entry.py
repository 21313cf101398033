"""What an entry of the register may become."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hub.errors import BadInputError
from hub.identity.entry import AMENDABLE, PartnerState, admit, amend, check_key_url
from hub.identity.partners import Partners, refuse_tokens_before
from hub.store.engine import writing
from schema.tiers import Tier
from tests.hub.identity.test_partners import DEPARTMENT, GROUP, NOW

FULL = replace(
    GROUP,
    contact="张三 13800000000",
    valid_from=date(2026, 11, 1),
    valid_to=date(2027, 11, 1),
    jwks_uri="https://jinjiang.example/jwks.json",
    only_trusted_documents=True,
    rows_max=5,
    bytes_max=6,
    requests_per_minute=7,
    subjects_per_day=8,
)


class TestAdmit:
    async def test_all_of_it_is_kept(self, store):
        partner = admit(FULL, NOW)
        await Partners(store).add(partner)

        assert partner == await Partners(store).find(GROUP.id)

    @pytest.mark.parametrize(
        ("wish", "field"),
        [
            (replace(GROUP, contact=""), "contact"),
            (replace(GROUP, contact="a\nb"), "contact"),
            (replace(GROUP, contact="x" * 201), "contact"),
            (replace(GROUP, valid_from=date(2027, 2, 1), valid_to=date(2027, 1, 1)), "valid_to"),
            (replace(GROUP, requests_per_minute=0), "requests_per_minute"),
            (replace(GROUP, subjects_per_day=-1), "subjects_per_day"),
            (replace(GROUP, subjects_per_day=2**31), "subjects_per_day"),
            (replace(GROUP, jwks_uri="http://jinjiang.example/"), "jwks_uri"),
        ],
    )
    def test_refused(self, wish, field):
        with pytest.raises(BadInputError) as caught:
            admit(wish, NOW)

        assert (field,) == caught.value.place

    def test_a_purpose_the_policy_does_not_know_is_refused_by_name(self):
        with pytest.raises(BadInputError, match="PROCUREMENT_CHEKC"):
            admit(replace(GROUP, purposes=("PROCUREMENT_CHEKC",)), NOW, purposes={"PROCUREMENT_CHECK", "PUBLIC_LOOKUP"})

    def test_without_a_policy_its_form_is_enough(self):
        assert "SOMETHING_NEW" in admit(replace(GROUP, purposes=("SOMETHING_NEW",)), NOW).purposes

    def test_the_first_day_counts_in_shanghai(self):
        partner = replace(admit(GROUP, NOW), valid_from=date(2026, 11, 21))

        assert not partner.is_served(datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC))
        assert partner.is_served(datetime(2026, 11, 20, 16, 0, tzinfo=UTC))


class TestAmend:
    def test_what_is_not_named_stays(self):
        partner = replace(admit(FULL, NOW), state=PartnerState.SUSPENDED, tokens_after="2026-11-20T00:00:00.000000Z")
        changed = amend(partner, {"requests_per_minute": 9, "contact": None}, now=NOW)

        assert replace(partner, requests_per_minute=9, contact=None) == changed

    def test_lists_are_replaced(self):
        changed = amend(admit(DEPARTMENT, NOW), {"regions": ("44", "45"), "purposes": ("SUPERVISION",)}, now=NOW)

        assert ({"44", "45"}, {"SUPERVISION", "PUBLIC_LOOKUP"}) == (changed.regions, changed.purposes)

    def test_an_entry_whose_time_is_over_can_still_be_corrected(self):
        partner = replace(admit(GROUP, NOW), valid_to=date(2020, 1, 1))

        assert "新名" == amend(partner, {"name": "新名"}, now=NOW).name

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"id": "other"},
            {"actor": "NEA"},
            {"state": "active"},
            {"tokens_after": None},
            {"ceiling": Tier.G},
            {"regions": ("x",)},
            {"purposes": ("NO_SUCH",)},
            {"valid_to": date(2020, 1, 1)},
            {"jwks_uri": "ftp://x/"},
            {"rows_max": 0},
        ],
    )
    def test_refused(self, changes):
        with pytest.raises(BadInputError):
            amend(admit(GROUP, NOW), changes, now=NOW, purposes={"PUBLIC_LOOKUP", "RISK_WARNING"})

    def test_who_it_is_and_of_which_kind_cannot_change(self):
        assert {"id", "actor"}.isdisjoint(AMENDABLE)

    async def test_it_is_put_in_place_of_the_old_one(self, store):
        partners = Partners(store)
        await partners.add(admit(FULL, NOW))
        changed = amend(admit(FULL, NOW), {"name": "新名"}, now=NOW)
        await partners.put(changed)

        assert changed == await partners.find(GROUP.id)
        with pytest.raises(BadInputError, match="no such partner"):
            await partners.put(replace(changed, id="nobody"))


class TestCheckKeyUrl:
    @pytest.mark.parametrize("url", ["https://a.example/jwks", "https://a.example:8443/x?y=1", "http://127.0.0.1:9/x"])
    def test_taken(self, url):
        check_key_url(url)

    @pytest.mark.parametrize(
        "url",
        ["", "x", "//a/b", "http://a.example/x", "ftp://a/b", "file:///etc/passwd", "https://u:p@a/x", "https://a/x#y",
         "https://a b/x", "https://a/\n", "https://", "https://a:99999/", "https://é/", "https://a\\@b/", "gopher://a",
         "https://" + "a" * 600, "data:application/json,{}"],
    )  # fmt: skip
    def test_refused(self, url):
        with pytest.raises(BadInputError):
            check_key_url(url)


class TestRefuseTokensBefore:
    async def test_it_is_noted(self, store):
        await Partners(store).add(admit(GROUP, NOW))
        async with writing(store) as writer:
            await refuse_tokens_before(writer, GROUP.id, NOW)
        found = await Partners(store).find(GROUP.id)

        assert NOW.timestamp() == found.tokens_from
