"""The seed policy, and the askers of DOMAIN 13.2 as the matrix names its columns."""

import hashlib
import json
from dataclasses import replace
from importlib.resources import files

import pytest

from schema.catalogue.model import Category
from schema.policy.model import Policy
from schema.policy.parse import FILES, parse_policy
from tests.schema.policy.asking import ANYTHING, Askers


def plain_digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def seed_texts() -> dict[str, str]:
    folder = files("schema.policy") / "seed"
    return {name: (folder / name).read_text(encoding="utf-8") for name in FILES}


@pytest.fixture(scope="session")
def seed() -> Policy:
    """The policy that ships."""
    return parse_policy(seed_texts(), version=1, digest_of=plain_digest)


@pytest.fixture(scope="session")
def matrix(seed: Policy) -> Policy:
    """The seed's matrix under one more purpose, which reads every category: what is denied, the matrix denies."""
    rule = replace(seed.purposes["SUPERVISION"], code=ANYTHING, requires=(), categories=frozenset(Category), needs={})
    # The column of the subject is open under the subject's purposes only: they must not narrow it here either.
    own = replace(seed.purposes["SELF_QUERY"], needs_always=frozenset())
    return replace(seed, purposes={**seed.purposes, ANYTHING: rule, "SELF_QUERY": own})


@pytest.fixture
def askers(matrix: Policy) -> Askers:
    """Askers who stand before the matrix alone."""
    return Askers(matrix)
