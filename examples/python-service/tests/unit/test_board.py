import pytest

from departures.board import BadTrain, Train, board, clock, minutes


def numbers(rows):
    return [row["number"] for row in rows]


@pytest.mark.parametrize("text, minute", [("00:00", 0), ("09:30", 570), ("23:59", 1439)])
def test_a_clock_time_is_a_minute_of_the_day(text, minute):
    assert minutes(text) == minute
    assert clock(minute) == text


@pytest.mark.parametrize("text", ["24:00", "9:30", "09:60", "noon", "", None, 930])
def test_anything_else_is_no_time(text):
    with pytest.raises(BadTrain, match="not a time of day"):
        minutes(text)


@pytest.mark.parametrize("number", ["", "A123", "1a23", "1A234"])
def test_a_train_needs_a_proper_number(number):
    with pytest.raises(BadTrain, match="not a train number"):
        Train(number, "York", "09:30")


def test_a_train_needs_a_destination():
    with pytest.raises(BadTrain, match="destination"):
        Train("1A23", "  ", "09:30")


def test_delays_add_up_and_show_the_new_time():
    train = Train("1A23", "York", "09:30")
    assert train.expected == "on time"
    assert train.delayed_by(5).delayed_by(10).expected == "09:45"


def test_a_delay_past_midnight_shows_the_next_day_but_sorts_last():
    late = Train("1A23", "York", "23:50").delayed_by(20)
    assert late.expected == "00:10"
    assert numbers(board([late, Train("2B10", "Leeds", "23:55")])) == ["2B10", "1A23"]


def test_a_train_cannot_be_early():
    with pytest.raises(BadTrain, match="not a delay"):
        Train("1A23", "York", "09:30").delayed_by(-1)


def test_the_board_shows_what_has_not_left_yet():
    trains = [Train("1A23", "York", "09:30"), Train("2B10", "Leeds", "09:00"), Train("1C01", "Hull", "08:00")]
    assert numbers(board(trains, after="09:00")) == ["2B10", "1A23"]


def test_an_empty_board_refuses_a_bad_time_as_well():
    with pytest.raises(BadTrain):
        board([], after="soon")


def test_a_delayed_train_is_still_waiting():
    assert numbers(board([Train("1C01", "Hull", "08:00", delay=90)], after="09:00")) == ["1C01"]


def test_a_cancelled_train_keeps_its_row():
    assert board([Train("1A23", "York", "09:30", cancelled=True)])[0]["expected"] == "cancelled"


def test_the_board_is_only_so_long():
    trains = [Train(f"1A{n:02}", "York", "09:30") for n in range(30)]
    assert numbers(board(trains, limit=3)) == ["1A00", "1A01", "1A02"]
