import threading

import pytest

from departures.board import Train
from departures.store import MemoryStore, SqliteStore

YORK = Train("1A23", "York", "09:30")


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "trains.db")


def test_what_is_put_is_found_again(store):
    assert store.put(YORK) is True
    assert store.get("1A23") == YORK
    assert store.get("9Z99") is None


def test_a_second_put_replaces(store):
    store.put(YORK)
    assert store.put(YORK.delayed_by(5)) is False
    assert store.all() == [YORK.delayed_by(5)]


def test_a_train_is_removed_once(store):
    store.put(YORK)
    assert store.remove("1A23") is True
    assert store.remove("1A23") is False
    assert store.all() == []


def test_many_threads_may_write(store):
    def announce(line):
        for n in range(25):
            store.put(Train(f"{line}A{n:02}", "York", "09:30"))

    threads = [threading.Thread(target=announce, args=(line,)) for line in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.all()) == 200


def test_a_file_outlives_its_store(tmp_path):
    SqliteStore(tmp_path / "trains.db").put(YORK)
    assert SqliteStore(tmp_path / "trains.db").get("1A23") == YORK
