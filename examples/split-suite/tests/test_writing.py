import time

import pytest
from roman import to_roman


@pytest.mark.parametrize("number, text", [(1, "I"), (4, "IV"), (9, "IX"), (40, "XL"), (1999, "MCMXCIX"), (3999, "MMMCMXCIX")])
def test_numbers_are_written(number, text):
    assert to_roman(number) == text


class TestBounds:
    @pytest.mark.parametrize("number", [0, -1, 4000])
    def test_others_are_refused(self, number):
        with pytest.raises(ValueError):
            to_roman(number)


def test_one_that_takes_its_time():
    time.sleep(0.5)
    assert to_roman(2026) == "MMXXVI"
