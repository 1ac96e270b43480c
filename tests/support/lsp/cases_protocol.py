"""The protocol itself: framing, errors, order, encodings, the life of a session."""
import json

from session import Session, position_of

URI = "file:///nowhere/protocol/a.alloy"
GOOD = "logging {\n\tlevel = \"info\"\n}\n"
HOVER = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 2}}


def equal(got, want):
    assert got == want, "got  %s\nwant %s" % (json.dumps(got, ensure_ascii=False), json.dumps(want, ensure_ascii=False))


def body(data):
    return b"Content-Length: %d\r\n\r\n" % len(data) + data


def capabilities():
    s = Session(capabilities={"general": {"positionEncodings": ["utf-16", "utf-8"]}})
    caps = s.capabilities["capabilities"]
    equal(caps["positionEncoding"], "utf-8")
    equal(caps["textDocumentSync"], {"openClose": True, "change": 2, "save": True})
    equal(s.capabilities["serverInfo"]["name"], "invar")
    equal(s.end(), 0)


def encoding(offered, want):
    def run():
        s = Session(capabilities={"general": {"positionEncodings": offered}} if offered else {})
        equal(s.capabilities["capabilities"]["positionEncoding"], want)
        equal(s.end(), 0)
    return run


def columns(offered, column):
    """Where a diagnostic behind characters of four bytes stands."""
    def run():
        s = Session(capabilities={"general": {"positionEncodings": [offered]}})
        s.open(URI, "logging {\n\tlevel = \"\U0001f600é\" + nothing\n}\n")
        start = s.diagnostics(URI)[0]["range"]["start"]
        equal(start, {"line": 1, "character": column})
        # An edit behind them lands in the same place.
        s.change(URI, [{"range": {"start": {"line": 1, "character": column},
                                  "end": {"line": 1, "character": column + 7}}, "text": "\"x\""}])
        equal(s.diagnostics(URI)[0]["message"].split("\n")[0], "unrecognized log level \"\U0001f600éx\"")
        equal(s.end(), 0)
    return run


def raw(data, code, message=None):
    """A message that is not one: the error, and the session goes on."""
    def run():
        s = Session()
        s.send_raw(data)
        answer = s.read()
        equal(answer["error"]["code"], code)
        if message:
            equal(answer["error"]["message"], message)
        s.open(URI, GOOD)
        equal(s.diagnostics(URI), [])
        equal(s.end(), 0)
    return run


def broken_framing(data):
    """Framing that cannot be read ends the server, with exit status 1."""
    def run():
        s = Session()
        s.send_raw(data)
        equal(s.read(), None)
        equal(s.process.wait(30), 1)
        s.process.stdin.close()
        s.process.stdout.close()
    return run


def not_initialized():
    s = Session(initialize=False)
    equal(s.error("textDocument/hover", HOVER)["code"], -32002)
    s.ask("initialize", {"capabilities": {}})
    equal(s.error("initialize", {"capabilities": {}})["code"], -32600)
    equal(s.end(), 0)


def unknown_method():
    s = Session()
    equal(s.error("textDocument/nonsense", {})["code"], -32601)
    s.tell("$/nonsense", {})
    s.tell("textDocument/nonsense", {})
    equal(s.end(), 0)


def missing_params():
    s = Session()
    equal(s.error("textDocument/hover", {})["code"], -32602)
    equal(s.error("textDocument/hover", None)["code"], -32602)
    equal(s.error("textDocument/hover", [1])["code"], -32602)
    equal(s.error("textDocument/hover", HOVER)["message"], "the document is not open")
    s.tell("textDocument/didOpen", {})
    s.tell("textDocument/didChange", {"textDocument": {"uri": URI}, "contentChanges": 5})
    s.tell("textDocument/didClose", [])
    equal(s.end(), 0)


def after_shutdown():
    s = Session()
    s.ask("shutdown", None)
    equal(s.error("textDocument/hover", HOVER)["code"], -32600)
    s.tell("exit", None)
    equal(s.process.wait(30), 0)
    s.process.stdin.close()
    s.process.stdout.close()


def exit_without_shutdown():
    s = Session()
    s.tell("exit", None)
    equal(s.process.wait(30), 1)
    s.process.stdin.close()
    s.process.stdout.close()


def split_message():
    """A message that arrives byte by byte."""
    s = Session()
    s.next_id += 1
    data = json.dumps({"jsonrpc": "2.0", "id": s.next_id, "method": "shutdown"}).encode()
    for byte in body(data):
        s.send_raw(bytes([byte]))
    equal(s.wait(s.next_id)["result"], None)
    s.tell("exit", None)
    equal(s.process.wait(30), 0)
    s.process.stdin.close()
    s.process.stdout.close()


def more_headers():
    s = Session()
    data = b'{"jsonrpc":"2.0","id":"a","method":"textDocument/nonsense"}'
    s.send_raw(b"content-type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
    answer = s.read()
    equal((answer["id"], answer["error"]["code"]), ("a", -32601))
    equal(s.end(), 0)


def cancel():
    """A request that waits is cancelled by what came behind it."""
    s = Session()
    s.open(URI, GOOD)
    one = {"jsonrpc": "2.0", "id": 901, "method": "textDocument/hover", "params": HOVER}
    two = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 901}}
    s.send_raw(body(json.dumps(one).encode()) + body(json.dumps(two).encode()))
    equal(s.wait(901)["error"]["code"], -32800)
    # Its number may be used again, and an unknown one does no harm.
    s.tell("$/cancelRequest", {"id": 12345})
    one["id"] = 902
    s.send_raw(body(json.dumps(one).encode()))
    assert s.wait(902)["result"]
    equal(s.end(), 0)


def edits_in_a_row():
    """Of many edits that wait, only the last state is checked."""
    s = Session()
    s.open(URI, GOOD)
    s.diagnostics(URI)
    data = b""
    for version in range(2, 302):
        text = GOOD if version == 301 else "logging {\n\tlevel = %d" % version
        data += body(json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
            "textDocument": {"uri": URI, "version": version}, "contentChanges": [{"text": text}]}}).encode())
    s.send_raw(data)
    s.versions[URI] = 301
    equal(s.diagnostics(URI), [])
    s.ask("shutdown", None)
    published = [n for n in s.notes if n["method"] == "textDocument/publishDiagnostics"]
    assert len(published) < 30, len(published)
    s.tell("exit", None)
    equal(s.process.wait(30), 0)
    s.process.stdin.close()
    s.process.stdout.close()


def incremental():
    """Edits by ranges give the text that the editor has."""
    s = Session()
    s.open(URI, "logging {\n}\n")
    s.change(URI, [
        {"range": {"start": {"line": 0, "character": 9}, "end": {"line": 0, "character": 9}},
         "text": "\n  level = \"info\""},
        {"range": {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 15}}, "text": "debug"},
        {"range": {"start": {"line": 99, "character": 0}, "end": {"line": 99, "character": 7}}, "text": "// end\n"},
    ])
    edits = s.ask("textDocument/formatting", {"textDocument": {"uri": URI}, "options": {}})
    equal(edits[0]["newText"], "\tlevel = \"debug\"\n")
    equal(s.end(), 0)


def closing():
    """A document that is closed loses its diagnostics."""
    s = Session()
    s.open(URI, "x = 1\n")
    equal(len(s.diagnostics(URI)), 1)
    s.close(URI)
    equal(s.note("textDocument/publishDiagnostics")["diagnostics"], [])
    equal(s.error("textDocument/hover", HOVER)["code"], -32602)
    equal(s.end(), 0)


def garbage():
    """Texts that are no configuration at all are answered."""
    s = Session()
    texts = ["", "\x00\x01\x02", "}" * 1000, "{[(" * 1000, "\"" * 999, "/*", "a.b \"", "`", "a {" * 1500, "é\U0001f600" * 100,
             "\ufeffx", "\r\n\r\n", "a = [" * 1200 + "1" + "]" * 1200]
    s.open(URI, "")
    equal(s.diagnostics(URI), [])
    for text in texts:
        s.set(URI, text)
        s.diagnostics(URI)
        s.at("textDocument/hover", URI, {"line": 0, "character": 1})
        s.at("textDocument/hover", URI, position_of(text, len(text)))
    equal(s.end(), 0)


def large():
    """10 MB are read and answered."""
    s = Session()
    text = "// x\n" + "logging {\n\tlevel = \"info\"\n}\n" * 1 + "// filler of no meaning at all ....\n" * 290000
    s.open(URI, text)
    equal(s.diagnostics(URI), [])
    s.change(URI, [{"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 7}}, "text": "logger"}])
    equal(s.diagnostics(URI)[0]["message"].split("\n")[0], "component \"logger\" must have a label")
    equal(s.end(), 0)


def cases():
    yield "capabilities", capabilities
    yield "encoding utf-8 of several", encoding(["utf-16", "utf-8", "utf-32"], "utf-8")
    yield "encoding utf-16 by default", encoding(None, "utf-16")
    yield "encoding utf-16", encoding(["utf-16"], "utf-16")
    yield "encoding utf-32", encoding(["utf-32"], "utf-32")
    yield "encoding unknown", encoding(["latin-1"], "utf-16")
    yield "columns utf-8", columns("utf-8", 20)
    yield "columns utf-16", columns("utf-16", 17)
    yield "columns utf-32", columns("utf-32", 16)
    yield "not JSON", raw(body(b"{nonsense"), -32700)
    yield "empty body", raw(body(b""), -32700, "unexpected end of JSON input")
    yield "a list", raw(body(b"[]"), -32600)
    yield "a number", raw(body(b"7"), -32600)
    yield "no method", raw(body(b'{"jsonrpc":"2.0","id":1}'), -32600)
    yield "method is no text", raw(body(b'{"jsonrpc":"2.0","id":1,"method":5}'), -32600)
    yield "no version", raw(body(b'{"id":1,"method":"shutdown"}'), -32600)
    yield "deeply nested", raw(body(b"[" * 5000 + b"]" * 5000), -32700)
    yield "length is no number", broken_framing(b"Content-Length: x\r\n\r\n{}")
    yield "length is missing", broken_framing(b"Content-Type: x\r\n\r\n{}")
    yield "length beyond the limit", broken_framing(b"Content-Length: 99999999999\r\n\r\n{}")
    yield "endless header", broken_framing(b"a" * 20000)
    yield "not initialized", not_initialized
    yield "unknown method", unknown_method
    yield "missing params", missing_params
    yield "after shutdown", after_shutdown
    yield "exit without shutdown", exit_without_shutdown
    yield "byte by byte", split_message
    yield "other headers", more_headers
    yield "cancel", cancel
    yield "edits in a row", edits_in_a_row
    yield "incremental edits", incremental
    yield "closing", closing
    yield "garbage", garbage
    yield "ten megabytes", large
