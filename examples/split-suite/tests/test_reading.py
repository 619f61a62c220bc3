import pytest
from roman import from_roman, to_roman


@pytest.mark.parametrize("number", range(1, 40))
def test_what_was_written_is_read(number):
    assert from_roman(to_roman(number)) == number


@pytest.mark.parametrize("text", ["", "IIII", "VX", "ümlaut", "two words", "a::b", 'quoted "x"', "back\\slash"])
def test_what_is_none_is_refused(text):
    with pytest.raises(ValueError):
        from_roman(text)


@pytest.mark.skip(reason="nobody needs it yet")
def test_lower_case():
    assert from_roman("iv") == 4
