"""What a running instance adds: health, evaluated arguments and exports, rates, unhealthy components, reload."""
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

from session import Session, position_of, slice_of, uri_of
from table import equal, shown

CONFIG = '''local.file "name" {
	filename  = "PLACE/name.txt"
	is_secret = true
}

local.file "open" {
	filename = string.format("%s", "PLACE/open.txt")
}

prometheus.scrape "s" {
	targets         = [{"__address__" = "127.0.0.1:PORT", "x" = local.file.open.content}]
	job_name        = local.file.open.content
	scrape_interval = "500ms"
	scrape_timeout  = "400ms"
	forward_to      = [prometheus.echo.shown.receiver]
}

prometheus.echo "shown" { }

declare "reader" {
	argument "file" { }

	argument "key" { }

	local.file "inside" {
		filename  = argument.file.value
		is_secret = argument.key.value == "hunter3"
	}

	export "content" {
		value = local.file.inside.content
	}
}

reader "one" {
	file = "PLACE/name.txt"
	key  = "hunter3"
}

reader "two" {
	file = "PLACE/two.txt"
	key  = "none"
}

import.file "lib" {
	filename = "PLACE/lib.alloy"
}

lib.copy "c" {
	file = "PLACE/open.txt"
}
'''
LIB = '''declare "copy" {
	argument "file" { }

	local.file "source" {
		filename = argument.file.value
	}
}
'''
STATE = {}


class Instance:
    def __init__(self):
        self.place = tempfile.TemporaryDirectory(prefix="invar-live-")
        root = pathlib.Path(self.place.name).resolve()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        (root / "name.txt").write_text("hunter2")
        (root / "open.txt").write_text("hello")
        (root / "two.txt").write_text("second")
        (root / "lib.alloy").write_text(LIB)
        self.path = root / "config.alloy"
        self.text = CONFIG.replace("PLACE", str(root)).replace("PORT", str(self.port))
        self.path.write_text(self.text)
        self.uri = uri_of(self.path)
        self.process = subprocess.Popen([os.environ["INVAR_BIN"], "run", str(self.path), "--storage.path=%s" % (root / "data"),
                                         "--server.http.listen-addr=127.0.0.1:%d" % self.port],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        limit = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen("http://127.0.0.1:%d/-/ready" % self.port, timeout=5)
                break
            except OSError:
                assert time.monotonic() < limit, "the instance does not start"
                time.sleep(0.05)
        self.session = Session(settings={"endpoint": "127.0.0.1:%d" % self.port, "live": True})
        self.session.open(self.uri, self.text)
        self.library = uri_of(root / "lib.alloy")
        self.session.open(self.library, LIB)

    def ask_until(self, ask, good):
        """What the server says once it has heard from the instance."""
        limit = time.monotonic() + 30
        while True:
            result = ask()
            if good(result):
                return result
            assert time.monotonic() < limit, result
            time.sleep(0.1)

    def end(self):
        equal(self.session.end(), 0)
        self.process.terminate()
        self.process.wait(30)
        self.place.cleanup()


def instance():
    if "instance" not in STATE:
        STATE["instance"] = Instance()
    return STATE["instance"]


def hover(fragment, part, *absent):
    def run():
        i = instance()
        at = position_of(i.text, i.text.index(fragment) + 1)

        def ask():
            result = i.session.at("textDocument/hover", i.uri, at)
            return result["contents"]["value"] if result else ""
        value = i.ask_until(ask, lambda v: part in v)
        for a in absent:
            assert a not in value, value
    return run


def hints():
    i = instance()
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    result = i.ask_until(lambda: i.session.ask("textDocument/inlayHint", {"textDocument": {"uri": i.uri}, "range": whole}),
                         lambda r: any("hello" in h["label"] for h in r))
    equal(len(result), 2)  # the size of a list that is written out says nothing
    labels = [h["label"] for h in result]
    assert '= "hello"' in labels, labels
    assert not any("hunter2" in l for l in labels)


def lenses():
    i = instance()
    result = i.ask_until(lambda: i.session.ask("textDocument/codeLens", {"textDocument": {"uri": i.uri}}),
                         lambda r: any("/s" in l["command"]["title"] for l in r))
    opens = [l for l in result if l["command"]["command"] == "invar.openPage"]
    equal(sorted(l["command"]["arguments"][0].split("/component/", 1)[1] for l in opens),
          ["lib.copy.c", "local.file.name", "local.file.open", "prometheus.echo.shown", "prometheus.scrape.s", "reader.one",
           "reader.one/local.file.inside", "reader.two"])
    for l in opens:
        want = "2 running" if l["command"]["arguments"][0].endswith("inside") else "healthy"
        assert l["command"]["title"].startswith(want), l


def unhealthy():
    """A component that fails shows at its block, and no longer when it is well again."""
    i = instance()
    secret = pathlib.Path(i.place.name) / "open.txt"
    secret.unlink()
    i.session.notes.clear()
    found = i.session.note("textDocument/publishDiagnostics",
                           lambda p: any(d["source"] == "invar (running)" for d in p["diagnostics"]))
    one = [d for d in found["diagnostics"] if d["source"] == "invar (running)"][0]
    equal((shown(i.text, one["range"]), one["severity"]), ('6:local.file "open" ', 2))
    secret.write_text("hello")
    i.session.note("textDocument/publishDiagnostics",
                   lambda p: not any(d["source"] == "invar (running)" for d in p["diagnostics"]))


def inside_a_module():
    """Of a block in a declare every instance is told; the diagnostic says which one is ill."""
    i = instance()
    file = pathlib.Path(i.place.name) / "two.txt"
    file.unlink()
    i.session.notes.clear()
    found = i.session.note("textDocument/publishDiagnostics",
                           lambda p: any(d["source"] == "invar (running)" for d in p["diagnostics"]))
    one = [d for d in found["diagnostics"] if d["source"] == "invar (running)"][0]
    equal(shown(i.text, one["range"]), '25:local.file "inside" ')
    assert one["message"].startswith("reader.two: ") and "reader.one" not in one["message"], one
    result = i.ask_until(lambda: i.session.ask("textDocument/codeLens", {"textDocument": {"uri": i.uri}}),
                         lambda r: any("unhealthy" in l["command"]["title"] for l in r))
    ill = [l["command"] for l in result if "unhealthy" in l["command"]["title"]]
    equal([(c["title"].split(" \u00b7")[0], c["arguments"][0].split("/component/")[1]) for c in ill],
          [("1 of 2 unhealthy", "reader.two/local.file.inside")])
    file.write_text("second")
    i.session.note("textDocument/publishDiagnostics",
                   lambda p: not any(d["source"] == "invar (running)" for d in p["diagnostics"]))


def inside_a_library():
    """The file of an import, open in the editor, shows what runs of it."""
    i = instance()
    at = position_of(LIB, LIB.index('local.file "source"') + 1)

    def ask():
        result = i.session.at("textDocument/hover", i.library, at)
        return result["contents"]["value"] if result else ""
    value = i.ask_until(ask, lambda v: "- content" in v)
    assert "in `lib.copy.c`: **healthy**" in value, value
    assert '- content = `"hello"`' in value, value


def nowhere_a_secret():
    """Nothing that the server says has the text of a secret."""
    i = instance()
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    document = {"textDocument": {"uri": i.uri}}
    said = [i.session.ask("textDocument/inlayHint", {**document, "range": whole}), i.session.ask("textDocument/codeLens", document),
            i.session.ask("textDocument/diagnostic", document)]
    for line in range(i.text.count("\n")):
        for column in (1, 4):
            said.append(i.session.at("textDocument/hover", i.uri, {"line": line, "character": column}))
    said.append(i.session.at("textDocument/hover", i.library, position_of(LIB, LIB.index('local.file "source"') + 1)))
    text = repr(said) + repr(i.session.notes)
    assert "(secret)" in text and "hello" in text and "second" in text, text
    assert "hunter2" not in text, text


def reload():
    i = instance()
    i.session.ask("workspace/executeCommand", {"command": "invar.server.reload"})
    equal(i.session.note("window/showMessage"), {"type": 3, "message": "The instance has reloaded its configuration."})
    i.path.write_text("nonsense {\n")
    i.session.ask("workspace/executeCommand", {"command": "invar.server.reload"})
    note = i.session.note("window/showMessage")
    equal(note["type"], 1)
    assert note["message"].startswith("The instance refused to reload: "), note
    i.path.write_text(i.text)


def review():
    """Against the running configuration, which the file on the disk need not be."""
    i = instance()

    def ask(text):
        i.session.set(i.uri, text)
        return i.session.wait(i.session.start("workspace/executeCommand", {"command": "invar.server.review", "arguments": [i.uri, "running"]}))
    equal(ask(i.text)["result"], {"same": True, "report": "0 added, 0 changed, 0 removed, 0 affected, 13 kept\n"})
    result = ask(i.text.replace('"500ms"', '"700ms"') + 'prometheus.echo "more" { }\n')["result"]
    equal(result["same"], False)
    for part in ("~ prometheus.scrape.s", '"500ms" -> "700ms"', "+ prometheus.echo.more"):
        assert part in result["report"], result
    equal(ask("a {\n")["error"]["code"], -32803)
    i.session.set(i.uri, i.text)


def nobody():
    """Without an instance everything else works."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    s = Session(settings={"endpoint": "127.0.0.1:%d" % port, "live": True})
    s.open("file:///x/a.alloy", "logging {\n}\n")
    equal(s.diagnostics("file:///x/a.alloy"), [])
    s.ask("workspace/executeCommand", {"command": "invar.server.reload"})
    equal(s.note("window/showMessage"), {"type": 1, "message": "No instance answers at 127.0.0.1:%d." % port})
    equal(s.error("workspace/executeCommand", {"command": "invar.server.review", "arguments": ["file:///x/a.alloy", "running"]}),
          {"code": -32803, "message": "no instance answers at 127.0.0.1:%d" % port})
    equal(s.end(), 0)


def end():
    instance().end()
    del STATE["instance"]


def cases():
    yield "hover of a block", hover('local.file "open"', "Running at 127.0.0.1:")
    yield "hover of a block, health", hover('prometheus.scrape "s"', "**healthy**")
    yield "hover of a block, exports", hover('local.file "open"', '- content = `"hello"`')
    yield "hover of an argument", hover('job_name', '"hello"')
    yield "hover of an export", hover('content}]', '"hello"')
    yield "secrets stay secret", hover('local.file "name"', "- content = `(secret)`", "hunter2")
    yield "hover inside a declare", hover('local.file "inside"', "in `reader.one`: **healthy**", "hunter2")
    yield "hover inside a declare, every instance", hover('local.file "inside"', '- content = `"second"`', "hunter2")
    yield "hover inside a declare, secrets", hover('local.file "inside"', '- content = `(secret)`', "hunter2")
    yield "hover of an argument inside a declare", hover('filename  = argument.file', "in `reader.two`: `\"", "hunter2")
    yield "inside a library", inside_a_library
    yield "hints of evaluated arguments", hints
    yield "lenses with health and rates", lenses
    yield "unhealthy components", unhealthy
    yield "unhealthy inside a module", inside_a_module
    yield "nowhere a secret", nowhere_a_secret
    yield "reload", reload
    yield "review against the running configuration", review
    yield "no instance", nobody
    yield "the end", end
