"""What a departure board knows: trains, their delays, and which leave next."""

import re
from dataclasses import dataclass, replace

MINUTES_OF_A_DAY = 24 * 60


class BadTrain(ValueError):
    """What was announced cannot be a train; the message says why."""


def minutes(clock):
    """The minute of the day that a clock time such as "09:30" names."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", clock) if isinstance(clock, str) else None
    if match is None:
        raise BadTrain(f"not a time of day: {clock!r}")
    return int(match[1]) * 60 + int(match[2])


def clock(minute):
    """The clock time of a minute; a delay may carry it past midnight."""
    minute %= MINUTES_OF_A_DAY
    return f"{minute // 60:02}:{minute % 60:02}"


@dataclass(frozen=True)
class Train:
    number: str
    destination: str
    scheduled: str
    delay: int = 0
    cancelled: bool = False

    def __post_init__(self):
        if not re.fullmatch(r"\d[A-Z]\d\d", self.number):
            raise BadTrain(f"not a train number: {self.number!r}")
        if not isinstance(self.destination, str) or not self.destination.strip():
            raise BadTrain("a train needs a destination")
        if isinstance(self.delay, bool) or not isinstance(self.delay, int) or self.delay < 0:
            raise BadTrain(f"not a delay in minutes: {self.delay!r}")
        minutes(self.scheduled)

    @property
    def leaves(self):
        """The minute of its timetable day in which it leaves: over 1440 when it is late past midnight."""
        return minutes(self.scheduled) + self.delay

    @property
    def expected(self):
        if self.cancelled:
            return "cancelled"
        return "on time" if self.delay == 0 else clock(self.leaves)

    def delayed_by(self, more):
        return replace(self, delay=self.delay + more)

    def row(self):
        return {"number": self.number, "destination": self.destination,
                "scheduled": self.scheduled, "expected": self.expected}


def board(trains, after="00:00", limit=10):
    """The rows of the board: what has not left at `after`, by the time it leaves; cancelled trains keep their place."""
    start = minutes(after)
    waiting = [train for train in trains if train.leaves >= start]
    waiting.sort(key=lambda train: (train.leaves, train.number))
    return [train.row() for train in waiting[:limit]]
