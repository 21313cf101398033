"""Keys behind URIs: files, variables, a token. Each is found where the operator said, and refused everywhere else."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from keys import vault_pkcs11
from keys.envelope import open_sealed, place_of, seal
from keys.errors import DamagedError, VaultError
from keys.vault import Vault

ID = bytes(8)
PLACE = place_of("subject_key", "91510100MA00000010", "A", 1)
SECRET = bytes(range(32))
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
MISSING = not (Path(MODULE).exists() and shutil.which("softhsm2-util"))
needs_token = pytest.mark.skipif(
    MISSING and os.geteuid() != 0,
    reason="needs Debian's softhsm2 (libsofthsm2.so, softhsm2-util), which only root adds",
)


def works(vault: Vault, tier: str, reference: str, key_id: bytes = ID) -> bool:
    key = vault.take(tier, reference, key_id)
    return SECRET == open_sealed(vault.take(tier, reference, key_id), seal(key, SECRET, PLACE, bytes(12)), PLACE)


class TestVault:
    @pytest.mark.parametrize("uri", ["", "http://x", "vault:x", "/srv/keys", "FILE:x", "file"])
    def test_refuses_what_is_no_uri_of_a_keeper(self, uri):
        with pytest.raises(VaultError):
            Vault([uri], {})

    def test_refuses_none(self):
        with pytest.raises(VaultError):
            Vault([], {})

    def test_a_reference_of_a_scheme_that_is_not_configured_is_refused(self, tmp_path):
        vault = Vault(["env:KEK"], {})
        for reference in ("file:kek-A-00", "pkcs11:object=x", "http:x"):
            with pytest.raises(VaultError):
                vault.take("A", reference, ID)

    def test_keys_of_an_earlier_uri_are_still_found(self, tmp_path):
        before = Vault([f"file:{tmp_path / 'a'}"], {}, create=True)
        reference = before.make("A", ID)
        moved = Vault([f"file:{tmp_path / 'b'}", f"file:{tmp_path / 'a'}"], {}, create=True)
        made = moved.make("A", b"12345678")

        assert works(moved, "A", reference)
        assert works(moved, "A", made, b"12345678")
        assert ["kek-A-3132333435363738.secret.jwk"] == [path.name for path in (tmp_path / "b").iterdir()]


class TestFile:
    def test_a_key_is_a_file_of_its_owner_alone(self, tmp_path):
        vault = Vault([f"file:{tmp_path}/keys-{{tier}}"], {}, create=True)
        reference = vault.make("R", ID)
        (path,) = (tmp_path / "keys-R").iterdir()

        assert works(vault, "R", reference)
        assert "file:kek-R-0000000000000000" == reference
        assert 0o600 == path.stat().st_mode & 0o777
        assert not vault.is_distant(reference)

    def test_is_never_overwritten(self, tmp_path):
        vault = Vault([f"file:{tmp_path}/keys"], {}, create=True)
        vault.make("R", ID)
        with pytest.raises(VaultError):
            vault.make("R", ID)

    def test_is_refused_when_others_may_read_it(self, tmp_path):
        vault = Vault([f"file:{tmp_path}/keys"], {}, create=True)
        reference = vault.make("R", ID)
        next((tmp_path / "keys").iterdir()).chmod(0o640)
        with pytest.raises(VaultError):
            vault.take("R", reference, ID)

    def test_a_folder_that_is_not_there_is_not_made_in_production(self, tmp_path):
        with pytest.raises(VaultError):
            Vault([f"file:{tmp_path}/keys"], {}).make("R", ID)

    @pytest.mark.parametrize("reference", ["file:nothing", "file:../x", "file:/etc/passwd", "file:"])
    def test_a_stored_reference_leads_nowhere_else(self, tmp_path, reference):
        vault = Vault([f"file:{tmp_path}/keys"], {}, create=True)
        with pytest.raises(VaultError):
            vault.take("R", reference, ID)


class TestVariable:
    KEY = base64.b64encode(SECRET).decode()

    def test_holds_a_key(self):
        vault = Vault(["env:KEK_{tier}"], {"KEK_A": self.KEY})

        assert "env:KEK_A" == vault.make("A", ID)
        assert works(vault, "A", "env:KEK_A")

    @pytest.mark.parametrize("value", [None, "", "x", "not base64!", base64.b64encode(bytes(16)).decode(), "A" * 43])
    def test_refuses_what_is_no_key(self, value):
        vault = Vault(["env:KEK"], {} if value is None else {"KEK": value})
        with pytest.raises(VaultError) as refused:
            vault.make("A", ID)

        assert not value or value not in str(refused.value)

    @pytest.mark.parametrize("name", ["", "kek", "1KEK", "KEK-A", "../X", "A" * 200])
    def test_refuses_what_is_no_name(self, name):
        with pytest.raises(VaultError):
            Vault(["env:KEK"], {name: self.KEY}).take("A", f"env:{name}", ID)

    def test_one_that_a_rotation_names_is_found(self):
        assert works(Vault(["env:KEK"], {"KEK_2": self.KEY}), "A", "env:KEK_2")


@pytest.fixture(scope="module")
def token(tmp_path_factory) -> Path:
    """A token of SoftHSM called `hub`, its PIN in a file; made once: the library can be loaded once per process."""
    assert not MISSING, "as root, install Debian's softhsm2 (see .ci/run)"
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir={folder}/tokens\nobjectstore.backend=file\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = ["softhsm2-util", "--init-token", "--free", "--label", "hub", "--pin", "1234", "--so-pin", "12345678"]
    subprocess.run(command, check=True, capture_output=True)
    pin = folder / "pin"
    pin.write_text("1234\n")
    pin.chmod(0o600)
    return folder


def uri_of(token: Path, path: str = "token=hub", pin: str | None = None) -> str:
    return f"pkcs11:{path}?module-path={MODULE}&pin-source={pin or f'file:{token}/pin'}"


@needs_token
class TestToken:
    def test_a_key_is_made_and_works_inside_it(self, token):
        vault = Vault([uri_of(token)], {})
        reference = vault.make("A", b"token-01")

        assert f"pkcs11:token=hub;object=kek-A-{b'token-01'.hex()}" == reference
        assert works(vault, "A", reference, b"token-01")
        assert works(Vault([uri_of(token, pin="env:PIN")], {"PIN": "1234"}), "A", reference, b"token-01")
        assert vault.is_distant(reference)
        vault.close()

    def test_agrees_with_the_same_cipher_outside(self, token):
        """What the token seals has the form of every envelope; only the key differs."""
        vault = Vault([uri_of(token)], {})
        reference = vault.make("A", b"token-02")
        sealed = seal(vault.take("A", reference, b"token-02"), SECRET, PLACE, bytes(12))

        assert b"\x01\x01token-02" == sealed[:10]
        assert 10 + 12 + 48 + 16 == len(sealed)

    @pytest.mark.parametrize("place", [10, 25, -1])
    def test_damage_is_refused_as_damage(self, token, place):
        vault = Vault([uri_of(token)], {})
        key_id = b"token-3" + bytes([place % 256])
        key = vault.take("A", vault.make("A", key_id), key_id)
        sealed = bytearray(seal(key, SECRET, PLACE, bytes(12)))
        sealed[place] ^= 1

        with pytest.raises(DamagedError):
            open_sealed(key, bytes(sealed), PLACE)
        with pytest.raises(DamagedError):
            open_sealed(key, seal(key, SECRET, PLACE, bytes(12)), b"elsewhere")
        assert SECRET == open_sealed(key, seal(key, SECRET, PLACE, bytes(12)), PLACE)

    def test_the_key_cannot_be_taken_out(self, token):
        import pkcs11

        keeper = vault_pkcs11.TokenKeeper(uri_of(token), {})
        keeper.make("kek-A-out")
        key = keeper._do(lambda session: keeper._key(session, "kek-A-out"))

        with pytest.raises((pkcs11.exceptions.AttributeSensitive, pkcs11.exceptions.PKCS11Error)):
            key[pkcs11.Attribute.VALUE]

    def test_a_session_that_broke_is_opened_again(self, token):
        keeper = vault_pkcs11.TokenKeeper(uri_of(token), {})
        reference = keeper.make("kek-A-broken")
        key = keeper.take(reference, ID)
        assert keeper._session is not None
        keeper._session.close()

        assert SECRET == open_sealed(key, seal(key, SECRET, PLACE, bytes(12)), PLACE)

    def test_a_key_that_is_not_there_is_told(self, token):
        vault = Vault([uri_of(token)], {})
        for reference in ("pkcs11:token=hub;object=kek-none", "pkcs11:token=other;object=x", "pkcs11:token=hub"):
            with pytest.raises(VaultError):
                vault.take("A", reference, ID)

    @pytest.mark.parametrize("path", ["token=nobody", "serial=ffff"])
    def test_a_token_that_is_not_there_is_told(self, token, path):
        with pytest.raises(VaultError, match="0 tokens"):
            Vault([uri_of(token, path)], {}).make("A", ID)

    def test_a_pin_open_to_others_is_not_used(self, token, tmp_path):
        pin = tmp_path / "pin"
        pin.write_text("1234")
        pin.chmod(0o644)
        for source in (f"file:{pin}", f"file:{tmp_path}/none", "env:NO_PIN"):
            with pytest.raises(VaultError):
                Vault([uri_of(token, pin=source)], {}).make("A", ID)


class TestTokenUri:
    @pytest.mark.parametrize(
        "uri",
        [
            "pkcs11:token=hub",
            "pkcs11:token=hub?module-path=/x",
            "pkcs11:token=hub?pin-source=file:/x",
            "pkcs11:?module-path=/x&pin-source=file:/x",
            "pkcs11:token?module-path=/x&pin-source=file:/x",
            "pkcs11:object=k?module-path=/x&pin-source=file:/x",
            "pkcs11:token=hub?module-path=/x&pin-source=file:/x&pin-value=1234",
        ],
    )
    def test_that_says_too_little_or_a_pin_is_refused(self, uri):
        with pytest.raises(VaultError) as refused:
            Vault([uri], {}).make("A", ID)

        assert "1234" not in str(refused.value)

    def test_a_library_that_is_none_is_told(self, tmp_path):
        (tmp_path / "pin").write_text("1234")
        (tmp_path / "pin").chmod(0o600)
        uri = f"pkcs11:token=hub?module-path={tmp_path}/none.so&pin-source=file:{tmp_path}/pin"
        with pytest.raises(VaultError):
            Vault([uri], {}).make("A", ID)
