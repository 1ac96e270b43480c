"""What a server has to endure: binary files, huge ones, deep ones, thousands of edits, malformed messages."""
import json
import random
import sys
import time

from session import Session, position_of
from table import equal

URI = "file:///nowhere/robust/a.alloy"
T = {"textDocument": {"uri": URI}}
GOOD = "logging {\n\tlevel = \"info\"\n}\n"
sys.setrecursionlimit(10000)  # answers nest as the text does
SECONDS = 50  # for one answer, under the sanitizer, on a machine that is shared


def body(data):
    return b"Content-Length: %d\r\n\r\n" % len(data) + data


def asks(s, text, positions=(0.0, 0.5, 1.0)):
    """Everything is answered, in time; what is asked at places is asked at several."""
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 1 << 30, "character": 0}}
    at = [position_of(text, int(len(text) * p)) for p in positions]
    plan = [("semanticTokens/full", {}), ("foldingRange", {}), ("documentSymbol", {}), ("documentLink", {}), ("codeLens", {}),
            ("inlayHint", {"range": whole}), ("codeAction", {"range": {"start": at[0], "end": at[0]}, "context": {"diagnostics": []}}),
            ("selectionRange", {"positions": at})]
    for method in ("hover", "completion", "definition", "references", "signatureHelp", "documentHighlight", "prepareRename"):
        plan += [(method, {"position": p, "context": {"includeDeclaration": True}}) for p in at]
    for method, more in plan:
        start = time.monotonic()
        answer = s.wait(s.start("textDocument/" + method, {**T, **more}))
        assert "result" in answer or answer["error"]["code"] == -32803, (method, answer)
        assert time.monotonic() - start < SECONDS, (method, time.monotonic() - start)
    answer = s.wait(s.start("textDocument/formatting", {**T, "options": {}}))
    assert "result" in answer or answer["error"]["code"] == -32803, answer


def endures(make, edit=True):
    def run():
        text = make()
        s = Session()
        s.open(URI, text)
        s.diagnostics(URI)
        asks(s, text)
        if edit:
            s.change(URI, [{"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "x = [\n"}])
            s.diagnostics(URI)
            s.ask("textDocument/semanticTokens/full", T)
            s.ask("textDocument/foldingRange", T)
        s.set(URI, GOOD)
        equal(s.diagnostics(URI), [])
        equal(s.end(), 0)
    return run


def binary():
    return "".join(chr(random.Random(1).randrange(256)) for _ in range(1000)) + "\x7fELF\x02\x01\x00" + "\x00" * 5000 + "\xff\xfe" * 20000


def random_bytes():
    r = random.Random(2)
    return "".join(map(chr, r.choices(range(1, 256), k=300000)))


def random_tokens():
    r = random.Random(3)
    words = ["a", "prometheus.scrape", "=", "{", "}", "[", "]", "(", ")", ",", ".", "\"x\"", "1", "\n", "//c\n", "+", "-", "true", "`"]
    return " ".join(r.choices(words, k=100000))


def ten_megabytes():
    return "".join("a%d \"b\" {\n\tc = [%d, \n}\n" % (i, i) for i in range(450000))


def many_edits():
    """Thousands of edits with questions between them that are withdrawn: each is answered once, and the last text counts."""
    s = Session()
    s.open(URI, GOOD)
    s.diagnostics(URI)
    r = random.Random(4)
    text, asked, data = GOOD, set(), b""
    for i in range(3000):
        at = r.randrange(len(text) + 1)
        end = min(len(text), at + r.choice((0, 0, 1, 3)))
        piece = r.choice(("{", "}", "\"", "a", "\n", "=", "[", "x = 1\n", ""))
        if len(text) > 4000:
            at, end, piece = 0, len(text), GOOD
        change = {"range": {"start": position_of(text, at), "end": position_of(text, end)}, "text": piece}
        text = text[:at] + piece + text[end:]
        s.versions[URI] += 1
        messages = [{"method": "textDocument/didChange", "params": {
            "textDocument": {"uri": URI, "version": s.versions[URI]}, "contentChanges": [change]}}]
        if i % 3 == 0:
            number = 10000 + i
            asked.add(number)
            messages.append({"id": number, "method": r.choice(("textDocument/semanticTokens/full", "textDocument/foldingRange")), "params": T})
            if i % 2:
                messages.append({"method": "$/cancelRequest", "params": {"id": number}})
        for m in messages:
            data += body(json.dumps({"jsonrpc": "2.0", **m}).encode())
        if i % 500 == 499:
            s.send_raw(data)
            data = b""
            while asked:
                answer = s.read()
                if "id" in answer:
                    asked.remove(answer["id"])
                    assert "result" in answer or answer["error"]["code"] == -32800, answer
    s.versions[URI] += 1
    s.tell("textDocument/didChange", {"textDocument": {"uri": URI, "version": s.versions[URI]}, "contentChanges": [
        {"range": {"start": position_of(text, len(text)), "end": position_of(text, len(text))}, "text": "\n/* end"}]})
    text += "\n/* end"
    last = s.diagnostics(URI)
    s.notes.clear()
    other = "file:///nowhere/robust/b.alloy"
    s.open(other, text)
    equal(s.diagnostics(other), last)
    equal(s.ask("textDocument/semanticTokens/full", T)["data"], s.ask("textDocument/semanticTokens/full", {"textDocument": {"uri": other}})["data"])
    equal(s.end(), 0)


def malformed():
    """Messages with bytes changed at random: an error or nothing, and the session goes on."""
    s = Session()
    s.open(URI, GOOD)
    r = random.Random(5)
    seeds = [json.dumps({"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {**T, "position": {"line": 1, "character": 2}}}),
             json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
                 "textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"range": {"start": {"line": 0, "character": 0},
                                                                                          "end": {"line": 0, "character": 0}}, "text": "a"}]}}),
             json.dumps({"jsonrpc": "2.0", "id": "x", "method": "workspace/executeCommand", "params": {"command": "invar.server.graph", "arguments": [URI]}}),
             json.dumps({"jsonrpc": "2.0", "id": 2, "method": "textDocument/codeAction", "params": {**T, "range": 5, "context": None}})]
    for _ in range(1500):
        data = bytearray(r.choice(seeds).encode())
        for _ in range(r.randrange(1, 6)):
            where = r.randrange(len(data))
            kind = r.randrange(3)
            if kind == 0:
                data[where] = r.randrange(256)
            elif kind == 1:
                del data[where]
            else:
                data[where:where] = bytes([r.choice(b'{}[]":,0\\')])
        if b'"exit"' not in data and b'"shutdown"' not in data:
            s.send_raw(body(bytes(data)))
    s.set(URI, GOOD)
    s.versions[URI] = 1000000
    s.tell("textDocument/didChange", {"textDocument": {"uri": URI, "version": 1000000}, "contentChanges": [{"text": GOOD}]})
    equal(s.diagnostics(URI), [])
    s.next_id = 500000
    equal(s.end(), 0)


def odd_positions():
    s = Session()
    s.open(URI, GOOD)
    for position in ({"line": -1, "character": -1}, {"line": 1 << 40, "character": 1 << 40}, {"line": 1, "character": 1 << 31}, {"line": "a"}, {}, [],
                     {"line": 1.5, "character": 2.5}, {"line": 3, "character": 0}):
        for method in ("hover", "completion", "definition", "references", "signatureHelp"):
            s.wait(s.start("textDocument/" + method, {**T, "position": position, "context": {}}))
        s.wait(s.start("textDocument/selectionRange", {**T, "positions": [position]}))
        s.wait(s.start("textDocument/semanticTokens/range", {**T, "range": {"start": position, "end": position}}))
        s.change(URI, [{"range": {"start": position, "end": position}, "text": ""}])
    equal(s.diagnostics(URI), [])
    equal(s.end(), 0)


def half_surrogates():
    """A text with what UTF-16 alone cannot say is read, and its columns are the editor's."""
    s = Session()
    s.send_raw(body(b'{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"%s","languageId":"grafana-alloy","version":1,'
                    b'"text":"// \\ud800 x\\nlogging {\\n\\tlevle = \\"\\ud83d\\ude00\\"\\n}\\n"}}}' % URI.encode()))
    s.versions[URI] = 1
    found = s.diagnostics(URI)[0]
    equal((found["range"]["start"], found["message"].split("\n")[0]), ({"line": 2, "character": 1}, 'unrecognized attribute name "levle"'))
    equal(s.end(), 0)


def cases():
    yield "a binary file", endures(binary)
    yield "random bytes", endures(random_bytes)
    yield "random tokens", endures(random_tokens)
    yield "ten megabytes of errors", endures(ten_megabytes, edit=False)
    yield "100,000 brackets", endures(lambda: "a = " + "[" * 100000)
    yield "100,000 blocks", endures(lambda: "a {\n" * 100000)
    yield "a sum of 50,000", endures(lambda: "a = 1" + " + 1" * 50000)
    yield "50,000 signs", endures(lambda: "a = " + "-" * 50000 + "1")
    yield "one long line", endures(lambda: "a = \"" + "x" * 1500000 + "\"")
    yield "thousands of edits", many_edits
    yield "malformed messages", malformed
    yield "odd positions", odd_positions
    yield "half surrogates", half_surrogates
