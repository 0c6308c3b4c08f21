#!/usr/bin/python3
"""A guest book in one SQLite file: `sign NAME`, `list`, or `serve PORT` for a read-only page."""

import contextlib
import html
import http.server
import os
import sqlite3
import sys


def book():
    db = sqlite3.connect(os.environ.get("GUESTBOOK_DB", "book.sqlite"))
    db.execute("CREATE TABLE IF NOT EXISTS guest (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    return contextlib.closing(db)


def sign(name):
    with book() as db, db:
        db.execute("INSERT INTO guest (name) VALUES (?)", (name,))


def guests():
    with book() as db:
        return [name for (name,) in db.execute("SELECT name FROM guest ORDER BY id")]


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        rows = "".join(f"<li>{html.escape(name)}</li>" for name in guests())
        body = f"<!doctype html><title>Guests</title><ul>{rows}</ul>\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(args):
    match args:
        case ["sign", name]:
            sign(name)
        case ["list"]:
            print("\n".join(guests()) or "no guests yet")
        case ["serve", port] if port.isdigit():
            http.server.ThreadingHTTPServer(("", int(port)), Page).serve_forever()
        case _:
            sys.exit("usage: guestbook sign NAME | list | serve PORT")


if __name__ == "__main__":
    main(sys.argv[1:])
