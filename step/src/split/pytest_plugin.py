"""pytest as a worker of a split job: lists tests, runs those that it is given, tells how each ended."""

import json
import os

import pytest

# Tests that start pytest themselves are to find nothing of this.
LIST = os.environ.pop("SPLIT_LIST", None)
WANTED = os.environ.pop("SPLIT_FILE0", None)
EVENTS = os.environ.pop("SPLIT_EVENTS", None)
STREAM = os.environ.pop("SPLIT_STREAM", None)
# pytest gives tests another standard input.
BATCHES = os.dup(0) if STREAM else None
os.environ["PYTEST_ADDOPTS"] = os.environ.get("PYTEST_ADDOPTS", "").replace("-p sidings_split", "").strip()

WORSE = {"passed": 0, "skipped": 1, "failed": 2}


def wanted():
    with open(WANTED, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return [test for test in file.read().split("\0") if test]


def tell(**event):
    with open(EVENTS, "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


class Listing:
    def pytest_collection_finish(self, session):
        with open(LIST, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.writelines(item.nodeid + "\0" for item in session.items)


class Telling:
    def __init__(self):
        self.ends = {}

    def pytest_runtest_logstart(self, nodeid):
        self.ends[nodeid] = ["passed", 0.0]
        tell(start=nodeid)

    def pytest_runtest_logreport(self, report):
        end = self.ends.setdefault(report.nodeid, ["passed", 0.0])
        end[0] = max(end[0], report.outcome, key=lambda outcome: WORSE.get(outcome, 2))
        end[1] += report.duration * 1000

    def pytest_runtest_logfinish(self, nodeid):
        outcome, ms = self.ends.pop(nodeid, ["failed", 0.0])
        tell(end=nodeid, outcome=outcome if outcome in WORSE else "failed", ms=round(ms, 3))


class Working(Telling):
    def __init__(self, tests):
        super().__init__()
        self.tests = tests

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        known = {item.nodeid: item for item in items}
        items[:] = [known[test] for test in self.tests if test in known]


class Beyond(pytest.Item):
    """What may come after a batch: it shares the session with what was before, and for all that is known nothing else."""

    def runtest(self):
        raise AssertionError("it is never run")


class Streaming(Telling):
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            raise session.Interrupted("tests could not be collected")
        known = {item.nodeid: item for item in session.items}
        with os.fdopen(BATCHES, encoding="utf-8", errors="surrogateescape") as batches:
            for line in batches:
                tests = json.loads(line)["atoms"]
                self.work_off([known[test] for test in tests if test in known], session)
                for test in tests:
                    if test not in known:
                        self.is_unknown(test, session)
        return True

    def is_unknown(self, test, session):
        """Whoever waits for its end is told of one."""
        session.config.pluginmanager.get_plugin("terminalreporter").write_line(f"{test}: this process did not collect it")
        tell(start=test)
        tell(end=test, outcome="failed", ms=0)

    def work_off(self, items, session):
        beyond = Beyond.from_parent(session, name="sidings_split_beyond")
        for item, following in zip(items, items[1:] + [beyond]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)


def pytest_configure(config):
    if LIST:
        config.pluginmanager.register(Listing(), "sidings_split_listing")
    if STREAM and EVENTS:
        config.pluginmanager.register(Streaming(), "sidings_split_streaming")
    if WANTED and EVENTS:
        tests = wanted()
        config.pluginmanager.register(Working(tests), "sidings_split_working")
        # Other files need not be collected.
        files = dict.fromkeys(test.split("::", 1)[0] for test in tests)
        config.args = [os.path.join(str(config.rootpath), file) for file in files]
