from concurrent.futures import ThreadPoolExecutor

YORK = {"destination": "York", "scheduled": "09:30"}


def test_it_is_healthy(api):
    assert api("GET", "/health") == (200, {"status": "ok"})


def test_a_train_is_announced_delayed_and_cancelled(api):
    assert api("PUT", "/trains/1A23", YORK)[0] == 201
    assert api("PUT", "/trains/1A23", YORK)[0] == 200
    assert api("POST", "/trains/1A23/delay", {"minutes": 12})[1]["expected"] == "09:42"
    assert api("POST", "/trains/1A23/cancel")[1]["expected"] == "cancelled"
    assert api("DELETE", "/trains/1A23") == (204, None)
    assert api("GET", "/trains/1A23")[0] == 404


def test_the_board_is_in_order_of_departure(api):
    api("PUT", "/trains/1A23", YORK)
    api("PUT", "/trains/2B10", {"destination": "Leeds", "scheduled": "09:10"})
    api("POST", "/trains/2B10/delay", {"minutes": 30})
    assert [row["number"] for row in api("GET", "/board?after=09:00")[1]] == ["1A23", "2B10"]


def test_bad_requests_are_told_why(api):
    assert api("PUT", "/trains/1A23", {"destination": "York"})[0] == 400
    assert api("PUT", "/trains/1A23", {**YORK, "platform": 9})[0] == 400
    assert api("PUT", "/trains/York", YORK) == (400, {"error": "not a train number: 'York'"})
    assert api("GET", "/board?after=soon") == (400, {"error": "not a time of day: 'soon'"})


def test_what_is_not_there_is_not_found(api):
    assert api("POST", "/trains/9Z99/cancel")[0] == 404
    assert api("GET", "/timetable")[0] == 404


def test_many_may_ask_at_once(api):
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda n: api("PUT", f"/trains/1A{n:02}", YORK)[0], range(64)))
    assert statuses == [201] * 64
    assert len(api("GET", "/board")[1]) == 10
