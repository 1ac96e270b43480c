"""A client of the language server, for tests: speaks the protocol to the real program."""
import json
import os
import pathlib
import select
import subprocess
import time

SECONDS = 60


class Session:
    def __init__(self, program=None, root=None, capabilities=None, settings=None, initialize=True, folders=None):
        self.process = subprocess.Popen([program or os.environ["INVAR_BIN"], "lsp", "--stdio"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.input = bytearray()
        self.next_id = 0
        self.notes = []
        self.requests = []
        self.versions = {}
        self.capabilities = None
        if initialize:
            params = {"processId": None, "rootUri": None, "capabilities": capabilities or {},
                      "initializationOptions": settings or {"live": False}}
            if root:
                params["workspaceFolders"] = [{"uri": uri_of(root), "name": "root"}]
            if folders:
                params["workspaceFolders"] = [{"uri": uri_of(f), "name": str(f)} for f in folders]
            self.capabilities = self.ask("initialize", params)
            self.tell("initialized", {})

    # ---- messages ----

    def send_raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.send_raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def start(self, method, params):
        self.next_id += 1
        self.send({"id": self.next_id, "method": method, "params": params})
        return self.next_id

    def read(self, seconds=SECONDS):
        """The next message, whatever it is; None at the end."""
        limit = time.monotonic() + seconds
        while True:
            start = self.input.find(b"\r\n\r\n", 0, 1000) + 4
            if start >= 4:
                end = start + int(self.input[:start].split(b"Content-Length:")[1].split()[0])
                if len(self.input) >= end:
                    message = json.loads(self.input[start:end])
                    del self.input[:end]
                    return message
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError("the server does not answer")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                return None
            self.input += data

    def wait(self, number):
        """The answer to a request; notifications before it are kept."""
        while True:
            message = self.read()
            assert message is not None, "the server has ended"
            if "method" in message:
                (self.requests if "id" in message else self.notes).append(message)
            elif message.get("id") == number:
                return message

    def ask(self, method, params):
        message = self.wait(self.start(method, params))
        assert "error" not in message, message["error"]
        return message["result"]

    def error(self, method, params):
        return self.wait(self.start(method, params))["error"]

    def note(self, method, matches=lambda params: True):
        """The next notification of that name."""
        while True:
            for i, message in enumerate(self.notes):
                if message["method"] == method and matches(message["params"]):
                    del self.notes[i]
                    return message["params"]
            message = self.read()
            assert message is not None, "the server has ended"
            if "method" in message:
                (self.requests if "id" in message else self.notes).append(message)

    # ---- documents ----

    def open(self, uri, text):
        self.versions[uri] = 1
        self.tell("textDocument/didOpen",
                  {"textDocument": {"uri": uri, "languageId": "grafana-alloy", "version": 1, "text": text}})

    def change(self, uri, changes):
        self.versions[uri] += 1
        self.tell("textDocument/didChange",
                  {"textDocument": {"uri": uri, "version": self.versions[uri]}, "contentChanges": changes})

    def set(self, uri, text):
        self.change(uri, [{"text": text}])

    def close(self, uri):
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    def diagnostics(self, uri):
        """What is published for the document's present version."""
        return self.note("textDocument/publishDiagnostics",
                         lambda p: p["uri"] == uri and p.get("version") == self.versions.get(uri))["diagnostics"]

    def at(self, method, uri, position, **more):
        return self.ask(method, {"textDocument": {"uri": uri}, "position": position, **more})

    def end(self):
        """Ends the session as the protocol wants it; the exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        self.process.stdin.close()
        code = self.process.wait(SECONDS)
        self.process.stdout.close()
        return code


def uri_of(path):
    return pathlib.Path(path).resolve().as_uri()


def position_of(text, offset):
    """Of an offset in code points, in UTF-16."""
    before = text[:offset]
    line = before.count("\n")
    column = before[before.rfind("\n") + 1:]
    return {"line": line, "character": len(column.encode("utf-16-le")) // 2}


def offset_of(text, position):
    lines = text.split("\n")
    line = lines[position["line"]].encode("utf-16-le")[:position["character"] * 2].decode("utf-16-le")
    return sum(len(l) + 1 for l in lines[:position["line"]]) + len(line)


def marked(text):
    """Takes the cursor (a vertical bar, \u2502) out of a text: the text and the position."""
    at = text.index("\u2502")
    text = text[:at] + text[at + 1:]
    return text, position_of(text, at)


def applied(text, edits):
    """A text after the edits of an answer."""
    spans = sorted(((offset_of(text, e["range"]["start"]), offset_of(text, e["range"]["end"]), e["newText"])
                    for e in edits), reverse=True)
    for start, end, new in spans:
        text = text[:start] + new + text[end:]
    return text


def slice_of(text, range_):
    return text[offset_of(text, range_["start"]):offset_of(text, range_["end"])]
