"""
Time-based codes (动态口令), the fallback where no authenticator is at hand.

SHA-1, six digits, 30 seconds: what every authenticator program supports. One step either side is accepted, and no
step twice.

Source: RFC 6238; NIST SP 800-63B-4, 3.1.4.
"""

import base64
import re

import pyotp

SECRET_SIZE = 20
_STEP_S = 30
_WINDOW = 1
_CODE = re.compile(r"[0-9]{6}")


def step_of(secret: bytes, code: str, at_s: float) -> int | None:
    """
    Find the time step whose code is *code*.

    Args:
        secret: 20 bytes.
        code: As typed; spaces are not taken away.
        at_s: Seconds since 1970.

    Returns:
        The step, whole 30 seconds since 1970; None: of no step that is accepted at *at_s*. All steps are tried
        whichever fits, and each comparison takes the same time.
    """
    if _CODE.fullmatch(code) is None:
        code = "------"
    totp = pyotp.TOTP(base64.b32encode(secret).decode())
    now = int(at_s) // _STEP_S
    fits = [step for step in range(now - _WINDOW, now + _WINDOW + 1) if _same(totp.generate_otp(max(step, 0)), code)]
    return fits[-1] if fits else None


def uri_of(secret: bytes, officer: str, issuer: str) -> str:
    """The `otpauth://` URI that an authenticator program reads, as text or as a picture."""
    return pyotp.TOTP(base64.b32encode(secret).decode()).provisioning_uri(name=officer, issuer_name=issuer)


def _same(one: str, other: str) -> bool:
    return pyotp.utils.strings_equal(one, other)
