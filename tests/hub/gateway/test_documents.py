"""Trusted documents: named by what they say, on both stores."""

from datetime import UTC, datetime

import pytest

from hub.errors import BadInputError
from hub.gateway.documents import Remembered, TrustedDocuments, document_id_of, is_document_id

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def shelf(store, entries=10):
    return TrustedDocuments(store, Remembered(entries_max=entries, document_max_bytes=1000))


class TestTrustedDocuments:
    async def test_registered_text_is_found_by_its_hash(self, store):
        document_id = await shelf(store).register("{ me { actor } }", NOW)

        assert document_id_of("{ me { actor } }") == document_id
        assert "{ me { actor } }" == await shelf(store).find(document_id)
        assert "{ me { actor } }" == await shelf(store, entries=0).find(document_id)

    async def test_same_text_again_changes_nothing(self, store):
        one = await shelf(store).register("{ a }", NOW)

        assert one == await shelf(store).register("{ a }", NOW)

    @pytest.mark.parametrize("text", ["", "{", "nonsense", "{" * 3000])
    async def test_what_is_no_document_is_not_registered(self, store, text):
        with pytest.raises(BadInputError):
            await shelf(store).register(text, NOW)

    async def test_what_was_found_is_not_asked_for_twice(self, store):
        documents = shelf(store)
        document_id = await documents.register("{ a }", NOW)
        await documents.find(document_id)
        await store.dispose()

        assert 1 == len(documents._remembered)
        assert "{ a }" == await documents.find(document_id)

    @pytest.mark.parametrize("document_id", ["", "x", "sha256:", "sha256:" + "A" * 64, "sha256:" + "a" * 65, "a" * 64])
    async def test_other_forms_name_nothing(self, store, document_id):
        assert not is_document_id(document_id)
        assert await shelf(store).find(document_id) is None
