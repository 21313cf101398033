import csv
import io
import re
import zipfile
from base64 import b64decode
from datetime import date

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from lxml import etree
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from connectors.sandbox import Platform, World
from connectors.sandbox.columns import FILE_KINDS, TABLES
from connectors.sandbox.packages import sm3
from connectors.sandbox.province import FAULTS, ProvinceFiles

NAME = re.compile(r"UP_([0-9A-Z]{18})_(XZXK|XZCF|YZSX|XYCN)_(\d{14})_(\d{6})_(full|inc)\.zip")


class Opened:
    """A package read the way docs/sandbox.md says."""

    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}
        self.manifest = orjson.loads(self.parts["manifest.json"])
        ((self.part, self.digest),) = self.manifest["parts"].items()

    @property
    def data(self):
        return self.parts[self.part]

    def verify(self, public_key):
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key))
        key.verify(b64decode(self.parts["sig.ed25519"]), self.parts["manifest.json"])

    def rows(self):
        if self.manifest["format"] == "csv":
            return list(csv.reader(io.StringIO(self.data.decode(self.manifest["encoding"]), newline="")))
        if self.manifest["format"] == "xlsx":
            return CalamineWorkbook.from_filelike(io.BytesIO(self.data)).get_sheet_by_name("data").to_python()
        columns = self.manifest["columns"]
        records = etree.fromstring(self.data).findall("body/record")
        found = [{item.get("code"): item.text for item in record} | {"OP": record.get("op")} for record in records]
        return [columns, *([one.get(code) or "" for code in columns] for one in found)]


def delivered(tmp_path, **world):
    files = ProvinceFiles(World(**{"size": 300} | world), tmp_path, rows_per_package=60)
    return files, [Opened(path) for path in files.deliver()]


class TestDeliver:
    def test_every_package_is_whole_signed_and_named_by_rule(self, tmp_path):
        files, packages = delivered(tmp_path)
        names = sorted(path.name for path in files.outbox.iterdir())

        assert len(packages) == len(names)
        for name, package in zip(names, sorted(packages, key=self.name_of), strict=True):
            found = NAME.fullmatch(name)
            assert found is not None
            assert name == self.name_of(package)
            assert found[1] == package.manifest["source"] == files.source_code
            assert package.digest == sm3(package.data)
            package.verify(files.public_key)

    def name_of(self, package):
        source, catalog, at, number = package.manifest["batch_id"].split("-")
        return f"UP_{source}_{catalog}_{at}_{number}_{package.manifest['mode']}.zip"

    def test_every_form_reads_back_to_its_columns_and_count(self, tmp_path):
        _, packages = delivered(tmp_path)
        forms = {(one.manifest["format"], one.manifest["encoding"]) for one in packages}

        assert {("csv", "utf-8"), ("csv", "gb18030"), ("xlsx", "utf-8"), ("xml", "utf-8")} == forms
        for package in packages:
            header, *rows = package.rows()
            kind = next(kind for kind in FILE_KINDS if TABLES[kind].catalog == package.manifest["catalog"])
            assert ["ROW_ID", "OP", "SRC_UPDATE_TIME", *TABLES[kind].codes] == header == package.manifest["columns"]
            assert package.manifest["rows"] == len(rows)

    def test_spreadsheets_open_in_the_usual_reader_too(self, tmp_path):
        _, packages = delivered(tmp_path)
        package = next(one for one in packages if one.manifest["format"] == "xlsx")
        sheet = load_workbook(io.BytesIO(package.data), read_only=True)["data"]

        assert package.rows() == [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]

    def test_what_is_delivered_is_what_the_world_holds(self, tmp_path):
        _, packages = delivered(tmp_path, dirt=False)
        world = World(size=300, dirt=False)

        for kind in FILE_KINDS:
            told = [
                row for one in packages if one.manifest["catalog"] == TABLES[kind].catalog for row in one.rows()[1:]
            ]
            expected = [
                [row.row_id, "I", row.updated.strftime("%Y-%m-%d %H:%M:%S")]
                + [row.text(code) or "" for code in TABLES[kind].codes]
                for row in world.rows(Platform.FILES, kind)
            ]
            assert expected == told

    def test_only_a_delivery_in_one_package_calls_itself_full(self, tmp_path):
        _, packages = delivered(tmp_path)
        licences = [one.manifest["mode"] for one in packages if one.manifest["catalog"] == "XZXK"]

        assert len(licences) > 2
        assert {"inc"} == set(licences)
        assert "full" in {one.manifest["mode"] for one in packages if one.manifest["catalog"] == "YZSX"}

    def test_corrections_tombstones_and_duplicates_come_at_their_rates(self, tmp_path):
        files = ProvinceFiles(World(size=6_000), tmp_path)
        rows = [row for path in files.deliver() if "_XZXK_" in path.name for row in Opened(path).rows()[1:]]
        first = [row for row in rows if row[1] == "I"]
        corrected = {row[0] for row in rows if row[1] == "U"}
        withdrawn = {row[0] for row in rows if row[1] == "D"}

        assert 0.015 <= len(corrected) / len(first) <= 0.025
        assert 0.003 <= len(withdrawn) / len(first) <= 0.008
        assert 0.003 <= 1 - len({row[0] for row in first}) / len(first) <= 0.008
        assert corrected | withdrawn <= {row[0] for row in first}

    def test_a_correction_differs_from_what_it_corrects(self, tmp_path):
        files = ProvinceFiles(World(size=3_000), tmp_path)
        rows = [row for path in files.deliver() if "_XZXK_" in path.name for row in Opened(path).rows()[1:]]
        first = {row[0]: row for row in rows if row[1] == "I"}

        assert all(first[row[0]][3:] != row[3:] for row in rows if row[1] == "U")

    def test_the_same_seed_writes_the_same_bytes(self, tmp_path):
        one, _ = delivered(tmp_path / "one")
        other, _ = delivered(tmp_path / "other")

        assert {path.name: path.read_bytes() for path in one.outbox.iterdir()} == {
            path.name: path.read_bytes() for path in other.outbox.iterdir()
        }

    def test_the_xml_head_counts_and_digests_its_body(self, tmp_path):
        _, packages = delivered(tmp_path)
        package = next(one for one in packages if one.manifest["format"] == "xml")
        head = etree.fromstring(package.data).find("head")
        body = package.data[package.data.index(b"<body>") : package.data.index(b"</body>") + len(b"</body>")]

        assert head is not None
        assert sm3(body) == head.get("digest")
        assert str(package.manifest["rows"]) == head.get("count")
        assert package.manifest["batch_id"] == head.get("batchId")


class TestFlush:
    def test_edits_come_as_an_increment(self, tmp_path):
        world = World(size=60)
        files = ProvinceFiles(world, tmp_path)
        files.deliver()
        row = world.of(Platform.FILES, "Penalty", world.showcase()[0])[0]
        world.withdraw(row, "复议撤销")

        (path,) = files.flush()
        package = Opened(path)
        told = dict(zip(*package.rows(), strict=True))

        assert "inc" == package.manifest["mode"]
        assert (row.row_id, "D", "复议撤销") == (told["ROW_ID"], told["OP"], told["cutreason"])
        assert [] == files.flush()

    def test_edits_of_other_platforms_are_no_business_of_the_province(self, tmp_path):
        world = World(size=60)
        files = ProvinceFiles(world, tmp_path)
        world.put(Platform.NATIONAL, "Penalty", world.showcase()[0])

        assert [] == files.flush()

    def test_numbers_go_on_after_a_new_start(self, tmp_path):
        world = World(size=60, today=date(2026, 11, 20))
        files = ProvinceFiles(world, tmp_path)
        last = max(path.name.split("_")[4] for path in files.deliver())
        again = ProvinceFiles(world, tmp_path)
        again.resume()
        world.put(Platform.FILES, "Penalty", world.showcase()[0])

        assert int(last) + 1 == int(again.flush()[0].name.split("_")[4])


class TestSpoil:
    @pytest.fixture
    def files(self, tmp_path):
        files = ProvinceFiles(World(size=60), tmp_path)
        files.deliver()
        return files

    def test_a_wrong_digest_under_a_right_signature(self, files):
        package = Opened(files.spoil("digest"))
        package.verify(files.public_key)

        assert package.digest != sm3(package.data)

    def test_a_wrong_signature(self, files):
        package = Opened(files.spoil("signature"))

        assert package.digest == sm3(package.data)
        with pytest.raises(InvalidSignature):
            package.verify(files.public_key)

    def test_a_wrong_count(self, files):
        package = Opened(files.spoil("count"))
        package.verify(files.public_key)

        assert package.manifest["rows"] != len(package.rows()) - 1

    def test_a_truncated_zip(self, files):
        with pytest.raises(zipfile.BadZipFile):
            Opened(files.spoil("truncated"))

    @pytest.mark.parametrize("turn", range(4))
    def test_a_wrong_header_row_in_every_form(self, files, turn):
        for _ in range(turn):
            files.spoil("count")
        package = Opened(files.spoil("header"))
        package.verify(files.public_key)

        assert package.digest == sm3(package.data)
        if package.manifest["format"] == "xml":
            assert b'code="WRONG"' not in package.data.split(b"<body>")[0]
        else:
            assert package.manifest["columns"] != package.rows()[0]

    def test_an_old_package_under_a_new_name(self, files):
        package = files.spoil("replay")
        old = min(path for path in files.outbox.glob("*_XZCF_*"))

        assert old != package
        assert old.read_bytes() == package.read_bytes()

    @pytest.mark.parametrize("fault", ["", "flood", *(name.upper() for name in FAULTS)])
    def test_an_unknown_fault_is_refused(self, files, fault):
        with pytest.raises(ValueError, match="expected one of"):
            files.spoil(fault)

    def test_nothing_is_left_half_written(self, files):
        for fault in FAULTS:
            files.spoil(fault)

        assert not list(files.outbox.glob("*.tmp"))


class TestAnswers:
    def test_answers_are_read_by_name(self, tmp_path):
        files = ProvinceFiles(World(size=60), tmp_path)
        (files.inbox / "ack_1.json").write_bytes(b'{"accepted": 3}')
        (files.inbox / "ack_2.json.tmp").write_bytes(b"{")

        assert {"ack_1.json": {"accepted": 3}} == files.answers()
