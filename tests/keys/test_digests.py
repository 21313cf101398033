import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.digests import Algorithm, algorithm_of, digest, is_digest_of
from keys.errors import DigestError

SM3_ABC = "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905, A.1


class TestDigest:
    def test_sm3_of_the_standard(self):
        assert SM3_ABC == digest(b"abc")
        assert "sm3:debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732" == digest(b"abcd" * 16)

    @given(st.binary())
    def test_sha256_is_that_of_the_standard_library(self, data):
        assert "sha256:" + hashlib.sha256(data).hexdigest() == digest(data, Algorithm.SHA256)


class TestIsDigestOf:
    @given(st.binary(), st.sampled_from(Algorithm))
    def test_a_digest_is_of_its_data_and_of_no_other(self, data, algorithm):
        assert is_digest_of(digest(data, algorithm), data)
        assert not is_digest_of(digest(data, algorithm), data + b"\x00")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "sm3",
            SM3_ABC[4:],
            SM3_ABC.upper(),
            SM3_ABC[:-1],
            SM3_ABC + "0",
            SM3_ABC.replace("sm3", "SM3"),
            SM3_ABC.replace("sm3:", "sm3: "),
            SM3_ABC.replace("sm3:", "md5:"),
            SM3_ABC[:-1] + "g",
            SM3_ABC[:-1] + "０",
            SM3_ABC + "\n",
        ],
    )
    def test_a_text_that_is_no_digest_is_refused(self, text):
        with pytest.raises(DigestError):
            is_digest_of(text, b"abc")

    def test_a_digest_names_its_algorithm(self):
        assert Algorithm.SM3 is algorithm_of(SM3_ABC)
