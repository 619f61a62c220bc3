"""The board over HTTP: JSON in, JSON out, and a status that says what happened."""

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from .board import BadTrain, Train, board

MAX_BODY = 64 * 1024


class Answer(Exception):
    """Ends a request with this status and this body."""

    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer(self._get)

    def do_PUT(self):
        self._answer(self._put)

    def do_POST(self):
        self._answer(self._post)

    def do_DELETE(self):
        self._answer(self._delete)

    @property
    def store(self):
        return self.server.store

    def _get(self, path, query):
        match path:
            case ["health"]:
                return 200, {"status": "ok"}
            case ["board"]:
                return 200, board(self.store.all(), query.get("after", "00:00"))
            case ["trains", number]:
                return 200, self._known(number).row()
        raise Answer(404, {"error": "no such page"})

    def _put(self, path, _query):
        match path:
            case ["trains", number]:
                body = self._body({"destination", "scheduled"})
                train = Train(number, body.get("destination"), body.get("scheduled"))
                return (201 if self.store.put(train) else 200), train.row()
        raise Answer(404, {"error": "no such page"})

    def _post(self, path, _query):
        match path:
            case ["trains", number, "delay"]:
                train = self._known(number).delayed_by(self._body({"minutes"}).get("minutes", 0))
            case ["trains", number, "cancel"]:
                train = replace(self._known(number), cancelled=True)
            case _:
                raise Answer(404, {"error": "no such page"})
        self.store.put(train)
        return 200, train.row()

    def _delete(self, path, _query):
        match path:
            case ["trains", number] if self.store.remove(number):
                return 204, None
        raise Answer(404, {"error": "no such train"})

    def _known(self, number):
        train = self.store.get(number)
        if train is None:
            raise Answer(404, {"error": f"no train {number}"})
        return train

    def _body(self, allowed):
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            raise Answer(413, {"error": "too long"})
        body = json.loads(self.rfile.read(length) or b"{}")
        if not isinstance(body, dict) or not set(body) <= allowed:
            raise Answer(400, {"error": f"expected an object of {', '.join(sorted(allowed))}"})
        return body

    def _answer(self, action):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            status, body = action(url.path.strip("/").split("/"), query)
        except Answer as answer:
            status, body = answer.status, answer.body
        except (BadTrain, TypeError, ValueError) as wrong:
            status, body = 400, {"error": str(wrong)}
        self._send(status, body)

    def _send(self, status, body):
        payload = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if body is not None:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        """A board is read every few seconds; its log would hold nothing else."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # The default of 5 makes the kernel refuse connections when many ask at once.
    request_queue_size = 128

    def __init__(self, address, store):
        super().__init__(address, Handler)
        self.store = store
