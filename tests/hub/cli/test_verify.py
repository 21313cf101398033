import json

import pytest
import typer
from typer.testing import CliRunner

from hub.cli.verify import verify
from tests.hub.audit.conftest import DATA, receipt, signer_of, sqlite_store  # noqa: F401  fixtures

VKEY = signer_of().verifier.vkey()


@pytest.fixture
def run(tmp_path):
    """Run the command over a file with the given content."""
    app = typer.Typer()
    app.command()(verify)

    def run(content, *options, name="receipt.json", keys=("--vkey", VKEY), **kwargs):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return CliRunner().invoke(app, [str(path), *keys, *options], **kwargs)

    return run


class TestVerify:
    def test_an_honest_receipt_ends_with_0_in_both_languages(self, run, receipt):  # noqa: F811  a fixture
        result = run(receipt)

        assert 0 == result.exit_code
        assert "回执有效" in result.output
        assert "VALID" in result.output
        assert "Penalty.fineAmount=R-17" in result.output

    def test_a_whole_response_is_compared(self, run, receipt):  # noqa: F811  a fixture
        honest = run({"data": DATA, "extensions": {"receipt": receipt}}, "--language", "en")
        forged = run({"data": {}, "extensions": {"receipt": receipt}}, "--language", "en")

        assert (0, 1) == (honest.exit_code, forged.exit_code)
        assert "the response's data is the one" in honest.output
        assert "NOT VALID" in forged.output
        assert "回执" not in honest.output

    def test_a_tampered_receipt_ends_with_1(self, run, receipt):  # noqa: F811  a fixture
        receipt["opening"]["purpose"]["value"] = "PUBLIC_LOOKUP"
        result = run(receipt, "--language", "zh")

        assert 1 == result.exit_code
        assert "回执无效" in result.output
        assert "VALID" not in result.output

    def test_keys_may_stand_in_a_file_or_in_the_environment(self, run, receipt, tmp_path):  # noqa: F811  a fixture
        keys = tmp_path / "log.vkey"
        keys.write_text(f"# the hub's log\n\n{signer_of(2, 'other').verifier.vkey()}\n{VKEY}\n")

        assert 0 == run(receipt, keys=("--vkey", str(keys))).exit_code
        assert 0 == run(receipt, keys=(), env={"HUB_VKEY": VKEY}).exit_code

    def test_a_bare_proof_needs_its_leaf(self, run, receipt, tmp_path):  # noqa: F811  a fixture
        (tmp_path / "leaf").write_bytes(b"another")
        proof = receipt["proof"].encode()

        assert 2 == run(proof).exit_code
        assert 1 == run(proof, "--leaf", str(tmp_path / "leaf")).exit_code

    @pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"not json", b"[1]", b'{"data":{"a":1}}'])
    def test_what_is_no_receipt_ends_with_2(self, run, content):
        result = run(content)

        assert 2 == result.exit_code
        assert result.stderr.startswith("hub verify: ")
        assert "Traceback" not in result.output

    @pytest.mark.parametrize("keys", [(), ("--vkey", "no/such/file"), ("--vkey", VKEY[:-1]), ("--vkey", "/")])
    def test_without_a_key_it_ends_with_2(self, run, receipt, keys):  # noqa: F811  a fixture
        assert 2 == run(receipt, keys=keys).exit_code

    def test_a_file_beyond_reason_ends_with_2(self, run, tmp_path, receipt):  # noqa: F811  a fixture
        with (tmp_path / "huge").open("wb") as huge:
            huge.truncate(64 * 1024 * 1024 + 1)

        assert 2 == run(receipt["proof"].encode(), "--leaf", str(tmp_path / "huge")).exit_code

    def test_a_file_that_is_not_there_ends_with_2(self, run):
        result = run({}, "--leaf", "no/such/leaf")

        assert 2 == result.exit_code

    def test_it_reads_standard_input(self, receipt):  # noqa: F811  a fixture
        app = typer.Typer()
        app.command()(verify)
        result = CliRunner().invoke(app, ["-", "--vkey", VKEY], input=json.dumps(receipt))

        assert 0 == result.exit_code
