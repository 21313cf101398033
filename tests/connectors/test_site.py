"""A site description is read whole or refused with its file, its key and what was expected."""

from pathlib import Path

import pytest

from connectors.site import AuthKind, SiteConfigError, TransportKind, load_site, load_sites, parse_site
from connectors.templates import SITES, sandbox_variables, template

TEXT = """
spec = "creditlink.site/v1"
[site]
id = "cn-5101"
connector = "service"
name = { zh = "信用中国（四川成都）", en = "Credit China (Chengdu)" }
owner = { org = "12510000XNKU7WLW9B", contact = "028" }
region = "5101"
[transport]
kind = "service"
base_url = "https://site.example/api"
auth = { type = "bearer", secret = "env:CN5101_SECRET" }
rate = "5/s"
timeout = "10s"
budget = { daily = 20000 }
[streams.penalty]
kind = "Penalty"
request = { method = "POST", path = "/xzcf/page", json = { since = "{cursor}", page = "{page}" } }
records = "$.data.rows[*]"
paginate = { type = "page", start = 1, stop = "empty" }
cursor = { field = "gxsj", format = "%Y%m%d%H%M%S", lag = "2h", tz = "Asia/Shanghai" }
key = ["document_no", "counterparty_code"]
schedule = { full = "monthly by day 5", delta = "*/10 * * * *" }
expect = { rows = ">=1 per 7d", null_rate = { counterparty_code = 0.02 } }
[streams.penalty.map]
counterparty_code = "shxym | uscc"
document_no = "wsh"
decided_on = "cfrq | date:%Y/%m/%d"
[streams.penalty.tombstone]
when = "sfxf == '1'"
type = "credit.repair.v1"
"""


def refused(text: str) -> SiteConfigError:
    with pytest.raises(SiteConfigError) as raised:
        parse_site(text, file="cn-5101.toml")
    return raised.value


class TestParseSite:
    def test_reads_every_part(self):
        site = parse_site(TEXT, file="cn-5101.toml")
        stream = site.streams["penalty"]

        assert ("cn-5101", "5101", "12510000XNKU7WLW9B", 100, False, 86400) == (
            site.id, site.region, site.owner, site.rank, site.live, site.max_age_s,
        )  # fmt: skip
        assert (TransportKind.SERVICE, AuthKind.BEARER, 5.0, 10, 20000) == (
            site.transport.kind, site.transport.auth.kind, site.transport.rate_per_s, site.transport.timeout_s,
            site.transport.daily,
        )  # fmt: skip
        assert (7200, 1, 7 * 86400, {"counterparty_code": 0.02}) == (
            stream.cursor.lag_s, stream.expect.rows, stream.expect.per_s, dict(stream.expect.null_rate),
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("old", "new", "key"),
        [
            ('"creditlink.site/v1"', '"creditlink.site/v2"', "spec"),
            ("[site]", "surprise = 1\n[site]", "surprise"),
            ('id = "cn-5101"', 'id = "CN 5101"', "site.id"),
            ('id = "cn-5101"', "id = 5101", "site.id"),
            ('id = "cn-5101"\n', "", "site.id"),
            ('connector = "service"', 'conector = "service"', "site.connector"),
            ('zh = "信用中国（四川成都）", ', "", "site.name.zh"),
            ('org = "12510000XNKU7WLW9B"', 'org = "1251"', "site.owner.org"),
            ('region = "5101"', 'region = "Chengdu"', "site.region"),
            ('region = "5101"', "rank = -1", "site.rank"),
            ('region = "5101"', "rank = true", "site.rank"),
            ('region = "5101"', 'live = "yes"', "site.live"),
            ('region = "5101"', 'max_age = "a while"', "site.max_age"),
            ('region = "5101"', 'live = true\nlive_cache = "61m"', "site.live_cache"),
            ('region = "5101"', 'live_cache = "30s"', "site.live_cache"),
            ('region = "5101"', "live = true\nlive_cache = 30", "site.live_cache"),
            ('region = "5101"', "live_cache_s = 30", "site.live_cache_s"),
            ('kind = "service"', 'kind = "pigeon"', "transport.kind"),
            ('kind = "service"', 'kind = "file"', "transport.packages"),
            ("https://site.example/api", "ftp://site.example", "transport.base_url"),
            ("https://site.example/api", "https://me:pw@site.example", "transport.base_url"),
            ("https://site.example/api", "https://[", "transport.base_url"),
            ('type = "bearer"', 'type = "magic"', "transport.auth.type"),
            ('"env:CN5101_SECRET"', '"hunter2"', "transport.auth.secret"),
            ('"env:CN5101_SECRET"', '"env:lower case"', "transport.auth.secret"),
            ('"env:CN5101_SECRET"', '"env:"', "transport.auth.secret"),
            ('"env:CN5101_SECRET" }', '"env:A", user = "u" }', "transport.auth.user"),
            ('rate = "5/s"', 'rate = "0/s"', "transport.rate"),
            ('rate = "5/s"', 'rate = "fast"', "transport.rate"),
            ('timeout = "10s"', 'timeout = "0s"', "transport.timeout"),
            ('timeout = "10s"', 'max_bytes = "0MB"', "transport.max_bytes"),
            ('timeout = "10s"', "connections = 0", "transport.connections"),
            ('timeout = "10s"', "connections = 65", "transport.connections"),
            ('timeout = "10s"', "lookup_max = 0", "transport.lookup_max"),
            ('timeout = "10s"', "lookup_max = 10001", "transport.lookup_max"),
            ("daily = 20000", "daily = -1", "transport.budget.daily"),
            ("daily = 20000", "weekly = 1", "transport.budget.weekly"),
            ('kind = "Penalty"', 'kind = "Weather"', "streams.penalty.kind"),
            ('method = "POST"', 'method = "DELETE"', "streams.penalty.request.method"),
            ('method = "POST"', 'method = "GET"', "streams.penalty.request.json"),
            ('path = "/xzcf/page"', 'path = "xzcf"', "streams.penalty.request.path"),
            ('path = "/xzcf/page"', 'path = "/a?b=c"', "streams.penalty.request.path"),
            ('"{page}"', '"{secret}"', "streams.penalty.request.path"),
            ("$.data.rows[*]", "data.rows[*]", "streams.penalty.records"),
            ("$.data.rows[*]", "$.data.rows", "streams.penalty.records"),
            ("$.data.rows[*]", "$.data[?][*]", "streams.penalty.records"),
            ('type = "page"', 'type = "scroll"', "streams.penalty.paginate.type"),
            ('type = "page"', 'type = "token"', "streams.penalty.paginate.next"),
            ('stop = "empty"', 'stop = "total"', "streams.penalty.paginate.total"),
            ('stop = "empty"', "size = 0", "streams.penalty.paginate.size"),
            ('tz = "Asia/Shanghai"', 'tz = "Mars/Base"', "streams.penalty.cursor.tz"),
            ('tz = "Asia/Shanghai"', 'tz = "+99:00"', "streams.penalty.cursor.tz"),
            ('"%Y%m%d%H%M%S"', '"yyyyMMdd"', "streams.penalty.cursor.format"),
            ('"document_no", "counterparty_code"]', '"wsh"]', "streams.penalty.key"),
            ('">=1 per 7d"', '"some"', "streams.penalty.expect.rows"),
            ("counterparty_code = 0.02", "counterparty_code = 2", "streams.penalty.expect.null_rate.counterparty_code"),
            ("counterparty_code = 0.02", "uscc = 0.02", "streams.penalty.expect.null_rate.uscc"),
            ('document_no = "wsh"', 'docNo = "wsh"', "streams.penalty.map.docNo"),
            ('document_no = "wsh"', 'document_no = ""', "streams.penalty.map.document_no"),
            ('document_no = "wsh"', 'document_no = "wsh |"', "streams.penalty.map.document_no"),
            ('document_no = "wsh"', 'document_no = "date:%Y"', "streams.penalty.map.document_no"),
            ('document_no = "wsh"', 'document_no = "wsh | date"', "streams.penalty.map.document_no"),
            ('document_no = "wsh"', 'document_no = "wsh | wan:3"', "streams.penalty.map.document_no"),
            ('document_no = "wsh"', 'document_no = "wsh | wan | b"', "streams.penalty.map.document_no"),
            ('document_no = "wsh"', 'document_no = { from = ["a"], by = ["exec"] }', "streams.penalty.map.document_no"),
            ('document_no = "wsh"', "document_no = 5", "streams.penalty.map.document_no"),
            ("sfxf == '1'", "sfxf = 1", "streams.penalty.tombstone.when"),
            ("sfxf == '1'", "__import__('os')", "streams.penalty.tombstone.when"),
            ("credit.repair.v1", "credit.repair.v9", "streams.penalty.tombstone.type"),
            ('when = "sfxf', 'wenn = "sfxf', "streams.penalty.tombstone.when"),
        ],
    )  # fmt: skip
    def test_each_mistake_names_its_key_in_both_languages(self, old: str, new: str, key: str):
        assert old in TEXT
        error = refused(TEXT.replace(old, new, 1))

        assert ("cn-5101.toml", key) == (error.file, error.key)
        assert error.zh
        assert error.en
        assert "hunter2" not in str(error)
        assert "pw@" not in str(error)

    def test_no_streams_is_no_site(self):
        assert "streams" == refused(TEXT[: TEXT.index("[streams.penalty]")] + "[streams]\n").key

    def test_an_empty_map_is_no_map(self):
        assert "streams.penalty.map" == refused(TEXT[: TEXT.index('counterparty_code = "shxym')]).key

    def test_bad_toml_names_the_place_and_quotes_nothing(self):
        error = refused(TEXT + '\nsecret = "hunter2\n')

        assert "line" in error.en
        assert "hunter2" not in str(error)

    def test_a_database_address_with_a_password_is_refused(self):
        text = TEXT.replace('kind = "service"\nbase_url = "https://site.example/api"', 'kind = "database"\nurl = "{}"')

        assert "transport.url" == refused(text.replace("{}", "postgresql://u:pw@h/d")).key
        assert "transport.url" == refused(text.replace("{}", "front.db")).key
        assert parse_site(text.replace("{}", "env:FRONT_URL"), file="x")


class TestLoadSites:
    def test_reads_a_folder_in_the_order_of_names(self, tmp_path: Path):
        for site in SITES:
            (tmp_path / f"{site}.toml").write_text(template(site))

        assert sorted(SITES) == [site.id for site in load_sites(tmp_path)]

    def test_two_descriptions_of_one_site_are_refused(self, tmp_path: Path):
        (tmp_path / "a.toml").write_text(TEXT)
        (tmp_path / "b.toml").write_text(TEXT)
        with pytest.raises(SiteConfigError, match=r"a\.toml has it"):
            load_sites(tmp_path)

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (1 << 20) + b"x"])
    def test_a_file_that_is_no_text_is_refused(self, tmp_path: Path, content: bytes):
        (tmp_path / "a.toml").write_bytes(content)
        with pytest.raises(SiteConfigError):
            load_site(tmp_path / "a.toml")

    def test_a_file_that_is_not_there_is_refused(self, tmp_path: Path):
        with pytest.raises(SiteConfigError, match="readable"):
            load_site(tmp_path / "a.toml")


class TestDocumentation:
    def test_the_manuals_example_is_a_site(self):
        manual = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")
        example = manual.partition("```toml\n")[2].partition("```")[0]

        assert "cn-5101" == parse_site(example, file="docs/connectors.md").id


class TestTemplates:
    @pytest.mark.parametrize("site", SITES)
    def test_every_shipped_description_reads(self, site: str):
        assert site == parse_site(template(site), file=site).id

    def test_variables_of_platforms_that_do_not_run_are_left_out(self):
        assert {"JINJIANG_URL": "u", "JINJIANG_KEY": "k"} == sandbox_variables(
            {"jinjiang": {"graphql": "u", "key": "k"}}
        )


class TestLiveTerms:
    def test_a_live_site_is_asked_every_time_unless_it_says_otherwise(self):
        site = parse_site(template("jinjiang"), file="x.toml")

        assert (True, 0, 8, 500) == (
            site.live, site.live_cache_s, site.transport.connections, site.transport.lookup_max,
        )  # fmt: skip

    def test_what_it_says_otherwise_is_read(self):
        text = template("jinjiang").replace('max_age = "5m"', 'max_age = "5m"\nlive_cache = "1h"')
        text = text.replace('timeout = "5s"', 'timeout = "5s"\nconnections = 2\nlookup_max = 50')
        site = parse_site(text, file="x.toml")

        assert (3600, 2, 50) == (site.live_cache_s, site.transport.connections, site.transport.lookup_max)


class TestLiveKinds:
    @pytest.mark.parametrize("kind", ["Penalty", "ListEntry"])
    def test_kind_with_a_publicity_period_is_never_asked_live(self, kind):
        """
        By asking a live source for less, a withdrawn penalty would look like a public one.
        """
        text = template("jinjiang").replace('kind = "SupplierSanction"', f'kind = "{kind}"')

        with pytest.raises(SiteConfigError, match="must be collected"):
            parse_site(text, file="x.toml")
