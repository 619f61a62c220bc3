import argparse

from .server import Server
from .store import open_store


def main():
    options = argparse.ArgumentParser(prog="departures", description="A departure board over HTTP.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8080)
    options.add_argument("--store", default="memory", help="'memory', or the path of a SQLite file")
    chosen = options.parse_args()
    server = Server((chosen.host, chosen.port), open_store(chosen.store))
    # Whoever started the service may wait for this line: from here on it answers.
    print(f"listening on {chosen.host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
