"""Where trains are kept. Both stores keep the same contract: get, put, remove, all."""

import sqlite3
import threading

from .board import Train


class MemoryStore:
    def __init__(self):
        self._trains = {}

    def get(self, number):
        return self._trains.get(number)

    def put(self, train):
        """Keeps the train and says whether it is a new one."""
        new = train.number not in self._trains
        self._trains[train.number] = train
        return new

    def remove(self, number):
        return self._trains.pop(number, None) is not None

    def all(self):
        return list(self._trains.values())


class SqliteStore:
    def __init__(self, path):
        # The service answers from several threads and SQLite's connection serves one at a time.
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute(
            "create table if not exists trains (number text primary key, destination text not null,"
            " scheduled text not null, delay integer not null, cancelled integer not null)"
        )

    def get(self, number):
        found = self._query("select * from trains where number = ?", number)
        return _train(found[0]) if found else None

    def put(self, train):
        row = (train.number, train.destination, train.scheduled, train.delay, int(train.cancelled))
        with self._lock:
            known = self._db.execute("select 1 from trains where number = ?", (train.number,)).fetchone()
            self._db.execute("insert or replace into trains values (?, ?, ?, ?, ?)", row)
        return known is None

    def remove(self, number):
        return bool(self._query("delete from trains where number = ? returning number", number))

    def all(self):
        return [_train(row) for row in self._query("select * from trains")]

    def _query(self, sql, *values):
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def _train(row):
    number, destination, scheduled, delay, cancelled = row
    return Train(number, destination, scheduled, delay, bool(cancelled))


def open_store(where):
    return MemoryStore() if where == "memory" else SqliteStore(where)
