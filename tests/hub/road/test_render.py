"""The reference executor's last promise: whatever a value is, the answer is JSON."""

import pytest

from schema.catalogue import Licence
from schema.render.compiled import Compiled
from schema.render.runtime import HandOverError
from tests.support.people import standing
from tests.support.worlds import SUBJECT, World, build_ground, dossier, render, stored

DOCUMENT = f'{{ subject(code: "{SUBJECT}") {{ records {{ nodes {{ ... on Licence {{ documentNo }} }} }} }} }}'


class TestReference:
    def test_value_that_cannot_be_sent_leaves_nothing_and_says_so(self):
        """Half a character in one row must not take the request down, nor be sent."""
        world = World(build_ground(), {SUBJECT: dossier(stored(Licence(document_no="\ud800"), "k"))})
        plan, decider, prepared = world._compile(standing(), DOCUMENT, {})
        asking = world._asking(plan, decider)
        schema, specs = world.ground.exchange.schema, world.ground.exchange.specs
        compiled = Compiled(
            schema, prepared.document, prepared.operation, prepared.variables, decider=decider, specs=specs
        )
        with pytest.raises(HandOverError, match="encoding"):
            compiled.run(asking, plan, prepared.variables)
        rendered = render(schema, prepared, asking)

        assert (b"null", b"null") == rendered.data
        assert ["INTERNAL"] == [error["extensions"]["code"] for error in rendered.errors]
        assert 1 == len(rendered.faults)

    def test_argument_of_introspection_that_a_variable_made_null_is_the_askers_error(self):
        """Not ours: nothing failed, and nobody must look for it in the operator's log."""
        world = World(build_ground())
        document = """query($all: Boolean = true) { __type(name: "CreditRecord") {
            fields { name args(includeDeprecated: $all) { name } } } }"""
        plan, decider, prepared = world._compile(standing(), document, {"all": None})

        rendered = render(world.ground.exchange.schema, prepared, world._asking(plan, decider))

        assert () == rendered.faults
        assert {"BAD_USER_INPUT"} == {error["extensions"]["code"] for error in rendered.errors}
