"""What an operator says is usually on file."""

import pytest

from schema.plan.sizes import Profile


class TestProfileOf:
    def test_kinds_left_out_stay_as_they_are(self):
        usual = Profile().records

        assert {**usual, "Penalty": 12.5} == Profile.of({"Penalty": 12.5}).records
        assert usual == Profile.of({}).records

    @pytest.mark.parametrize("records", [{"penalty": 1}, {"CreditSubject": 1}, {"": 1}])
    def test_kind_that_the_catalogue_does_not_have_is_refused(self, records):
        with pytest.raises(ValueError, match="expected one of Registration"):
            Profile.of(records)

    @pytest.mark.parametrize("mean", [-0.1, float("nan"), float("-inf")])
    def test_mean_that_is_no_number_of_records_is_refused(self, mean):
        with pytest.raises(ValueError, match="Penalty: expected a number"):
            Profile.of({"Penalty": mean})
