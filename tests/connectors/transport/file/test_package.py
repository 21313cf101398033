"""A package is opened with suspicion."""

import io
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.errors import SourceError, StopStream
from connectors.transport.file.body import is_as_announced, rows_of
from connectors.transport.file.names import parse_name
from connectors.transport.file.package import Package, open_package
from tests.connectors.transport.file import packages as made


def opened(path: Path, max_bytes: int = 1 << 20):
    return open_package("s", path, made.name(), made.KEY.public_key(), max_bytes=max_bytes)


def refused(path: Path, **terms) -> StopStream:
    with pytest.raises(StopStream) as raised, opened(path, **terms) as package:
        is_as_announced(package)
    return raised.value


def announced(path: Path) -> bool:
    with opened(path) as package:
        return is_as_announced(package)


def read(package: Package):
    with package.data() as file:
        return list(rows_of(package.manifest, file))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / made.NAME


class TestNames:
    def test_reads_the_parts(self):
        name = made.name()

        assert ("UP", made.SENDER, "XZCF", "20261120000000", 1, "inc") == (
            name.direction, name.source_code, name.catalog, name.made_at, name.number, name.mode,
        )  # fmt: skip

    def test_packages_are_ordered_by_time_then_number(self):
        texts = [
            made.NAME.replace("000001", "000010"),
            made.NAME.replace("000001", "000009"),
            made.NAME.replace("20261120", "20261119").replace("000001", "000099"),
        ]

        assert list(reversed(texts)) == sorted(texts, key=lambda each: made.name(each).order)

    @pytest.mark.parametrize(
        "text",
        [
            "", "x.zip", "../" + made.NAME, made.NAME + "/", made.NAME.upper(), made.NAME + "\n", " " + made.NAME,
            made.NAME.replace("UP", "SIDEWAYS"), made.NAME.replace(made.SENDER, "1251"),
            made.NAME.replace("XZCF", "xzcf"), made.NAME.replace("XZCF", ""), made.NAME.replace("inc", "delta"),
            made.NAME.replace("20261120000000", "2026112000000"), made.NAME.replace("000001", "一"),
            made.NAME.replace("000001", "١"), made.NAME.replace(".zip", ".zip.tmp"), made.NAME.replace(".zip", ".rar"),
        ],
    )  # fmt: skip
    def test_anything_else_is_no_name(self, text: str):
        assert parse_name(text) is None


class TestOpenPackage:
    def test_a_good_one_opens(self, path: Path):
        made.pack(path, made.members(made.csv_data()))
        with opened(path) as package:
            assert is_as_announced(package)
            assert ["r0", "r1", "r2"] == [sent.cells["ROW_ID"] for sent in read(package)]

    def test_a_changed_manifest_has_no_signature(self, path: Path):
        members = made.members(made.csv_data())
        members["manifest.json"] = members["manifest.json"].replace(b"XZCF", b"XZXK")

        assert "FILE_SIGNATURE" == refused(made.pack(path, members)).code

    @pytest.mark.parametrize("line", [b"", b"not base64", b"AAAA", b"A" * 5000])
    def test_a_signature_that_is_none(self, path: Path, line: bytes):
        members = {**made.members(made.csv_data()), "sig.ed25519": line}

        assert "FILE_SIGNATURE" == refused(made.pack(path, members)).code

    def test_anothers_signature_is_none(self, path: Path):
        members = made.members(made.csv_data(), signer=Ed25519PrivateKey.generate())

        assert "FILE_SIGNATURE" == refused(made.pack(path, members)).code

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"source": "12510000XNKU7WLW9A"}, "FILE_NAME"),
            ({"catalog": "XZXK"}, "FILE_NAME"),
            ({"mode": "some"}, "FILE_MANIFEST"),
            ({"rows": -1}, "FILE_MANIFEST"),
            ({"rows": "3"}, "FILE_MANIFEST"),
            ({"rows": 10**9}, "FILE_MANIFEST"),
            ({"columns": ["A", "A"]}, "FILE_MANIFEST"),
            ({"format": "pdf"}, "FILE_MANIFEST"),
            ({"format": "xml"}, "FILE_MANIFEST"),
            ({"encoding": "utf-16"}, "FILE_MANIFEST"),
            ({"parts": {}}, "FILE_MANIFEST"),
            ({"parts": {"data.csv": "sm3:0", "other": "sm3:0"}}, "FILE_MANIFEST"),
            ({"signature": "elsewhere"}, "FILE_MANIFEST"),
            ({"batch_id": "../../etc/passwd"}, "FILE_MANIFEST"),
            ({"batch_id": ""}, "FILE_MANIFEST"),
            ({"batch_id": "a#1.2"}, "FILE_MANIFEST"),
            ({"batch_id": "x" * 200}, "FILE_MANIFEST"),
        ],
    )
    def test_a_signed_manifest_that_makes_no_sense(self, path: Path, changes: dict[str, object], code: str):
        assert code == refused(made.pack(path, made.members(made.csv_data(), **changes))).code

    @pytest.mark.parametrize(
        "extra",
        [
            {"../evil": b""}, {"/etc/x": b""}, {"a/b": b""}, {"a\\b": b""}, {"folder/": b""}, {"data.xml": b""},
            {"sig.other": b""}, {"readme.txt": b""},
        ],
    )  # fmt: skip
    def test_members_that_do_not_belong(self, path: Path, extra: dict[str, bytes]):
        assert "FILE_SHAPE" == refused(made.pack(path, {**made.members(made.csv_data()), **extra})).code

    @pytest.mark.parametrize("member", ["manifest.json", "data.csv", "sig.ed25519"])
    def test_members_that_are_missing(self, path: Path, member: str):
        members = made.members(made.csv_data())
        del members[member]

        assert "FILE_SHAPE" == refused(made.pack(path, members)).code

    def test_a_traversing_name_in_place_of_the_data(self, path: Path):
        members = made.members(made.csv_data())
        members["../data.csv"] = members.pop("data.csv")

        assert "FILE_SHAPE" == refused(made.pack(path, members)).code

    def test_the_same_member_twice(self, path: Path):
        members = made.members(made.csv_data())
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("manifest.json", members["manifest.json"])
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("manifest.json", members["manifest.json"])
            archive.writestr("sig.ed25519", members["sig.ed25519"])

        assert "FILE_SHAPE" == refused(path).code

    def test_a_link_as_member(self, path: Path):
        members = made.members(made.csv_data())
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                info = zipfile.ZipInfo(name)
                if name == "data.csv":
                    info.external_attr = 0o120777 << 16
                archive.writestr(info, content)

        assert "FILE_SHAPE" == refused(path).code

    @pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_another_compression(self, path: Path, compression: int):
        assert "FILE_SHAPE" == refused(made.pack(path, made.members(made.csv_data()), compression)).code

    def test_a_bomb_is_refused_before_it_is_unpacked(self, path: Path):
        data = b"ROW_ID\r\n" + b" " * (8 << 20)

        assert "FILE_BOMB" == refused(made.pack(path, made.members(data)), max_bytes=1 << 30).code

    def test_data_over_the_cap(self, path: Path):
        data = made.csv_data(40_000)

        assert "FILE_OVERSIZE" == refused(made.pack(path, made.members(data))).code

    def test_a_manifest_over_its_cap(self, path: Path):
        assert (
            "FILE_OVERSIZE"
            == refused(
                made.pack(path, made.members(made.csv_data(), filler=[str(n) for n in range(200_000)])),
                max_bytes=1 << 30,
            ).code
        )

    @pytest.mark.parametrize("keep", [0, 1, 10, 100, -1, -10, -100])
    def test_a_cut_file_is_damaged(self, path: Path, keep: int):
        made.pack(path, made.members(made.csv_data(100)))
        path.write_bytes(path.read_bytes()[:keep])

        assert refused(path).code in {"FILE_DAMAGED", "FILE_SHAPE"}

    def test_a_lying_size_is_found_while_unpacking(self, path: Path):
        """The directory of the archive says fewer bytes than there are: the check sum tells."""
        data = made.csv_data(100)
        made.pack(path, made.members(data), zipfile.ZIP_STORED)
        raw = bytearray(path.read_bytes())
        start = raw.rindex(b"data.csv") - 46
        raw[start + 20 : start + 28] = (len(data) - 9).to_bytes(4, "little") * 2
        path.write_bytes(raw)

        assert "FILE_DAMAGED" == refused(path).code

    @pytest.mark.parametrize("position", range(0, 100, 7))
    def test_no_flipped_byte_gives_anything_but_a_typed_end(self, path: Path, position: int):
        made.pack(path, made.members(made.csv_data(20)))
        raw = bytearray(path.read_bytes())
        raw[len(raw) * position // 100] ^= 0x55
        path.write_bytes(raw)
        try:
            with opened(path) as package:
                if is_as_announced(package):
                    assert len(read(package)) == package.manifest.rows
        except SourceError as error:
            assert error.code.startswith("FILE_")  # noqa: PT017  either end is good; the type is what counts

    def test_a_directory_or_a_missing_file(self, path: Path):
        assert "FILE_VANISHED" == refused(path).code
        path.mkdir()
        assert "FILE_SHAPE" == refused(path).code

    def test_an_encrypted_member(self, path: Path):
        made.pack(path, made.members(made.csv_data()), zipfile.ZIP_STORED)
        raw = bytearray(path.read_bytes())
        start = raw.rindex(b"data.csv") - 46
        raw[start + 8] |= 1
        path.write_bytes(raw)

        assert "FILE_SHAPE" == refused(path).code


class TestIsAsAnnounced:
    @pytest.mark.parametrize(
        ("data", "count", "changes"),
        [
            (made.csv_data(3), 4, {}),
            (made.csv_data(3), 2, {}),
            (made.csv_data(3), 3, {"parts": {"data.csv": "sm3:" + "0" * 64}}),
            (made.csv_data(3), 3, {"parts": {"data.csv": "sha256:" + "0" * 64}}),
            (made.csv_data(3, columns=("ROW_ID", "OP", "SRC_UPDATE_TIME", "CF_SY", "CF_WSH")), 3, {}),
            (made.csv_data(3, columns=(*made.COLUMNS, "X")), 3, {}),
            (made.csv_data(3, columns=made.COLUMNS[:-1]), 3, {}),
            (b"", 0, {}),
            (b"\xef\xbb\xbf" + made.csv_data(3), 3, {}),
        ],
    )
    def test_a_csv_that_is_not(self, path: Path, data: bytes, count: int, changes: dict[str, object]):
        assert not announced(made.pack(path, made.members(data, count=count, **changes)))

    @pytest.mark.parametrize(
        "table",
        [
            [made.COLUMNS[:-1], *made.rows(3)],
            [[]],
            made.rows(3),
        ],
    )
    def test_a_workbook_that_is_not(self, path: Path, table: list[list[object]]):
        assert not announced(made.pack(path, made.members(made.xlsx_data(table), "data.xlsx")))

    def test_another_sheet_or_no_workbook_at_all(self, path: Path):
        other = made.xlsx_data([made.COLUMNS, *made.rows(3)], sheet="Tabelle1")

        assert not announced(made.pack(path, made.members(other, "data.xlsx")))
        assert not announced(made.pack(path, made.members(b"PK nonsense", "data.xlsx")))

    def test_a_workbook_that_unpacks_too_large(self, path: Path):
        inner = io.BytesIO()
        with (
            zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as file,
        ):
            for _ in range(520):
                file.write(b" " * (1 << 20))
        assert not announced(made.pack(path, made.members(inner.getvalue(), "data.xlsx")))

    @pytest.mark.parametrize(
        "data",
        [
            made.xml_data(made.xml_records(3), count=3, head="<head/>"),
            made.xml_data(made.xml_records(3), count=4),
            made.xml_data(made.xml_records(2), count=3),
            made.xml_data(made.xml_records(3) + "<record>", count=3),
            made.xml_data(made.xml_records(3) + "<surprise/>", count=3),
            made.xml_data(made.xml_records(3), count=3).replace(b"sm3:", b"sm3:0"),
            made.xml_data(made.xml_records(3), count=3, before='<!DOCTYPE package SYSTEM "file:///etc/passwd">'),
            made.xml_data(made.xml_records(3), count=3, before='<!DOCTYPE package [<!ENTITY a "b">]>'),
            made.xml_data(made.xml_records(3), count=3).replace(b"package>", b"parcel>"),
            b"",
            b"<package/>",
            b"not xml",
        ],
    )
    def test_an_xml_that_is_not(self, path: Path, data: bytes):
        assert not announced(made.pack(path, made.members(data, "data.xml")))

    def test_an_xml_that_is(self, path: Path):
        assert announced(made.pack(path, made.members(made.xml_data(made.xml_records(3), count=3), "data.xml")))

    def test_nothing_to_report_is_a_good_package(self, path: Path):
        """An empty month is said, not left out."""
        assert announced(made.pack(path, made.members(made.csv_data(0), count=0)))
