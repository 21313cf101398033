"""The rule files that ship are found and are whole."""

from datetime import date
from importlib.resources import files

from hub.rulebook import load_rules
from schema.rules.parsing import FILES


class TestLoadRules:
    def test_the_shipped_rules_are_in_force_today(self):
        assert "order-36" == load_rules().on(date(2026, 11, 20)).publicity_periods["一般"].regime

    def test_every_rule_file_in_the_package_is_read(self):
        """A file that nobody reads would be a rule that nobody follows."""
        shipped = {one.name for one in files("schema.rules").iterdir() if one.name.endswith(".toml")}

        assert set(FILES) == shipped
