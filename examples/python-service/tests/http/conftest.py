"""Starts the service as a user would, on the port and with the storage that the environment names."""

import json
import os
import subprocess
import sys
from http.client import HTTPConnection

import pytest

PORT = int(os.environ.get("DEPARTURES_PORT", "8080"))
STORE = os.environ.get("DEPARTURES_STORE", "memory")


class Client:
    def __call__(self, method, path, body=None):
        """The status and the decoded body of one request."""
        connection = HTTPConnection("127.0.0.1", PORT, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            payload = response.read()
            return response.status, json.loads(payload) if payload else None
        finally:
            connection.close()


@pytest.fixture(scope="session")
def service():
    command = [sys.executable, "-m", "departures", "--port", str(PORT), "--store", STORE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert line == f"listening on 127.0.0.1:{PORT}\n", "the service did not start"
        yield Client()
        process.terminate()


@pytest.fixture
def api(service):
    """The service with an empty board."""
    # The board is only ten rows long: clear it until none is left.
    while rows := service("GET", "/board")[1]:
        for row in rows:
            service("DELETE", f"/trains/{row['number']}")
    return service
