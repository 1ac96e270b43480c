"""Hover, signatures, hints, symbols, folding, selection, links, formatting, semantic tokens."""
import os
import subprocess

from session import Session, applied, slice_of
from table import Folder, asked, equal, fresh_uri, opened, session, shown

LEGEND = ["type", "struct", "namespace", "keyword", "property", "variable", "function", "string", "number", "comment"]


def hover(text, want, at=None):
    def run():
        text_, _, result = asked(text, "hover")
        got = result["contents"]["value"] if result else None
        # An ellipsis stands for a sentence of the schema.
        equal(got[:len(want) - 1] + "\u2026" if want and want.endswith("\u2026") else got, want)
        if at:
            equal(slice_of(text_, result["range"]), at)
    return run


def signature(text, label, active):
    def run():
        result = asked(text, "signatureHelp")[2]
        equal((result["signatures"][0]["label"], result["activeParameter"]) if result else None,
              (label, active) if label else None)
    return run


def parameters():
    result = asked('local.file "x" {\n\tfilename = string.replace(\u2502)\n}\n', "signatureHelp")[2]
    one = result["signatures"][0]
    for p in one["parameters"]:
        assert p["label"] in one["label"], p
    equal(len(one["parameters"]), 3)


ALL = {"start": {"line": 0, "character": 0}, "end": {"line": 9999, "character": 0}}


def hints(text, want, settings=None, rng=ALL):
    def run():
        s = Session(settings={"live": False, **(settings or {})})
        s.open("file:///x/a.alloy", text)
        result = s.ask("textDocument/inlayHint", {"textDocument": {"uri": "file:///x/a.alloy"}, "range": rng})
        equal([(h["position"]["line"] + 1, h["label"]) for h in result], want)
        equal(s.end(), 0)
    return run


def flat(symbols, text, depth=0):
    for s in symbols:
        yield "%s%s|%s|%d|%s" % ("  " * depth, s["name"], s.get("detail", ""), s["kind"], slice_of(text, s["selectionRange"]))
        yield from flat(s.get("children", []), text, depth + 1)


def symbols(text, want):
    def run():
        text_, _, result = asked(text, "documentSymbol")
        equal(list(flat(result, text_)), want)
    return run


def workspace(query, want):
    def run():
        f = Folder({"a.alloy": 'logging {\n}\n\nprometheus.scrape "one" {\n}\n', "sub/b.alloy":
                    'declare "two" {\n\tlocal.file "three" {\n\t}\n}\n', ".hidden/c.alloy": 'local.file "four" {\n}\n'})
        result = f.session.ask("workspace/symbol", {"query": query})
        equal(sorted("%s:%s:%s" % (f.named(s["location"]["uri"]), s["name"], s.get("containerName", "")) for s in result), want)
        f.end()
    return run


def folding(text, want):
    def run():
        result = asked(text, "foldingRange")[2]
        equal([(f["startLine"], f["endLine"], f.get("kind")) for f in result], want)
    return run


def selection(text, want):
    def run():
        s, uri, text_, position = opened(text)
        at = s.ask("textDocument/selectionRange", {"textDocument": {"uri": uri}, "positions": [position]})[0]
        got = []
        while at:
            got.append(slice_of(text_, at["range"]))
            at = at.get("parent")
        equal(got, want)
        s.close(uri)
    return run


def links():
    f = Folder({"a.alloy": 'import.file "l" {\n\tfilename = "lib/\u2502l.alloy"\n}\n\nlocal.file "x" {\n\tfilename = "nothing.txt"\n}\n\n'
                           'local.file "y" {\n\tfilename = "a.alloy"\n}\n', "lib/l.alloy": ""})
    result = f.session.ask("textDocument/documentLink", {"textDocument": {"uri": f.uri}})
    equal([(shown(f.texts["a.alloy"], l["range"]), f.named(l["target"])) for l in result],
          [("2:lib/l.alloy", "lib/l.alloy"), ("10:a.alloy", "a.alloy")])
    f.end()


def formatted(text):
    """As `invar fmt` prints it."""
    return subprocess.run([os.environ["INVAR_BIN"], "fmt", "-"], input=text.encode(), capture_output=True, check=True).stdout.decode()


def formatting(text):
    def run():
        _, _, edits = asked(text, "formatting", options={"tabSize": 4, "insertSpaces": True})
        equal(applied(text, edits), formatted(text))
        assert len(edits) <= 1
    return run


def broken_formatting():
    equal(asked("a {\n\tb = \n", "formatting", options={})[2], [])


def range_formatting(text, first, last, want):
    def run():
        rng = {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
        _, _, edits = asked(text, "rangeFormatting", range=rng, options={})
        equal(applied(text, edits), want)
    return run


def on_type(text, ch, want):
    def run():
        text_, _, edits = asked(text, "onTypeFormatting", ch=ch, options={})
        equal(applied(text_, edits), want)
    return run


def decoded(text, data):
    line = column = 0
    lines = text.split("\n")
    for i in range(0, len(data), 5):
        line, column = line + data[i], data[i + 1] + (column if data[i] == 0 else 0)
        raw = lines[line].encode("utf-16-le")[column * 2:(column + data[i + 2]) * 2].decode("utf-16-le")
        yield "%s:%s:%d" % (raw, LEGEND[data[i + 3]], data[i + 4])


TOKENS = '/* a\nb */ logging {\n\tlevel = "é\U0001f600"\n}\n\nprometheus.scrape "x" {\n\tf = concat(sys.env("A"), [1, 2.5], true, a.b, constants.os)\n\tc {\n\t}\n}\n'
TOKENS_WANT = ["/* a:comment:0", "b */:comment:0", "logging:keyword:0", "level:property:0", '"é\U0001f600":string:0',
               "prometheus.scrape:type:0", '"x":variable:1', "f:property:0", "concat:function:6", "sys.env:function:4", '"A":string:0', "1:number:0",
               "2.5:number:0", "true:keyword:0", "a.b:variable:0", "constants.os:variable:12", "c:struct:0"]


def tokens():
    result = asked(TOKENS, "semanticTokens/full")[2]
    equal(list(decoded(TOKENS, result["data"])), TOKENS_WANT)


def tokens_range():
    result = asked(TOKENS, "semanticTokens/range", range={"start": {"line": 5, "character": 0}, "end": {"line": 6, "character": 3}})[2]
    equal(list(decoded(TOKENS, result["data"])), TOKENS_WANT[5:8])


def tokens_delta():
    s, uri, text, _ = opened(TOKENS)
    doc = {"textDocument": {"uri": uri}}
    before = s.ask("textDocument/semanticTokens/full", doc)
    new = text.replace("2.5", "2.5, 77").replace("\tc {", "\tdd {")
    s.set(uri, new)
    delta = s.ask("textDocument/semanticTokens/full/delta", {**doc, "previousResultId": before["resultId"]})
    data = before["data"]
    for edit in delta["edits"]:
        data = data[:edit["start"]] + edit["data"] + data[edit["start"] + edit["deleteCount"]:]
    equal(data, s.ask("textDocument/semanticTokens/full", doc)["data"])
    assert len(delta["edits"]) == 1
    assert "data" in s.ask("textDocument/semanticTokens/full/delta", {**doc, "previousResultId": "999999"})
    s.close(uri)


NESTED = 'declare "d" {\n\targument "a" {\n\t\toptional = true\n\t}\n\n\tlocal.file "f" {\n\t\tfilename = "x"\n\t}\n}\n\nlogging {\n\tlevel = "info"\n}\n'


def cases():
    yield "hover of a component", hover('prometheus.sc\u2502rape "x" {\n}\n',
                                        "**prometheus.scrape** (generally-available)\n\nScrapes metrics over HTTP and forwards them.", "prometheus.scrape")
    yield "hover of an argument", hover('prometheus.scrape "x" {\n\tscrape_\u2502interval = "5s"\n}\n',
                                        '**scrape_interval** `duration`, default `"1m0s"`\n\n\u2026', "scrape_interval")
    yield "hover of a required argument", hover('prometheus.scrape "x" {\n\tt\u2502argets = []\n}\n', "**targets** `list(target)`, required\n\nTargets to scrape.")
    yield "hover of an inner block", hover('prometheus.scrape "x" {\n\tbasic\u2502_auth {\n\t}\n}\n', "**basic_auth** `block`\n\n\u2026", "basic_auth")
    yield "hover of an enumeration", hover('prometheus.remote_write "m" {\n\tendpoint {\n\t\tprotobuf_\u2502message = ""\n\t}\n}\n',
                                           '**protobuf_message** `string`, default `"prometheus.WriteRequest"`\n\n\u2026')
    yield "hover of a function", hover('local.file "x" {\n\tfilename = string.to_l\u2502ower("X")\n}\n',
                                       "`string.to_lower(text string) string`\n\n\u2026", "string.to_lower")
    yield "hover of a deprecated function", hover('local.file "x" {\n\tfilename = to_l\u2502ower("X")\n}\n',
                                                  "`string.to_lower(text string) string`\n\nTurns all letters to lower case.\n\nDeprecated.")
    yield "hover of a constant", hover('local.file "x" {\n\tfilename = constants.\u2502os\n}\n', "`constants.os`\n\nA constant of the library.")
    yield "hover of a reference", hover('loki.write "w" {\n}\n\nloki.process "p" {\n\tforward_to = [loki.write.\u2502w.receiver]\n}\n',
                                        '`loki.write "w"`\n\n**loki.write** (generally-available)\n\nSends log entries to Loki.', "w")
    yield "hover of an export", hover('loki.write "w" {\n}\n\nloki.process "p" {\n\tforward_to = [loki.write.w.rec\u2502eiver]\n}\n',
                                      "**receiver** `loki.LogsReceiver`\n\nTakes log entries.", "receiver")
    yield "hover of an argument of a declare", hover('declare "d" {\n\targument "a" {\n\t\tcomment = "The A."\n\t}\n}\n\nd "x" {\n\t\u2502a = 1\n}\n',
                                                     '`argument "a"`\n\n"The A."', "a")
    yield "hover of a computed value", hover('local.file "x" {\n\tfile\u2502name = string.to_lower("/A") + "b"\n}\n',
                                             '**filename** `string`, required\n\nFile to read.\n\nValue: `"/ab"`')
    yield "hover of nothing", hover('logging {\n\u2502\n}\n', None)
    yield "hover in a broken text", hover('prometheus.scrape "x" {\n\ttargets = [\n\tscrape_\u2502interval = \n', '**scrape_interval** `duration`, default `"1m0s"`\n\n\u2026')
    yield "hover of an unknown name", hover('nonsense.th\u2502ing "x" {\n}\n', None)
    yield "signature", signature('local.file "x" {\n\tfilename = string.replace(\u2502)\n}\n', "string.replace(text string, old string, new string) string", 0)
    yield "signature of the second parameter", signature('local.file "x" {\n\tfilename = string.replace("a", \u2502)\n}\n', "string.replace(text string, old string, new string) string", 1)
    yield "signature in an open call", signature('local.file "x" {\n\tfilename = string.replace("a", "b", \u2502', "string.replace(text string, old string, new string) string", 2)
    yield "signature of the outer call", signature('local.file "x" {\n\tfilename = coalesce(string.to_lower("a"), \u2502)\n}\n', "coalesce(values ...any) any", 0)
    yield "signature of the inner call", signature('local.file "x" {\n\tfilename = coalesce("x", string.to_lower(\u2502))\n}\n', "string.to_lower(text string) string", 0)
    yield "signature outside a call", signature('local.file "x" {\n\tfilename = string.to_lower("a")\u2502\n}\n', None, None)
    yield "signature's parameters", parameters
    yield "hints of computed values", hints('a "x" {\n\tb = 2 * 3\n\tc = string.to_lower("X") + "y"\n\td = 5\n\te = "x"\n\tf = sys.env("HOME")\n\tg = [1 + 1]\n\th = constants.os\n\ti = -1\n\tj = x.y\n}\n',
                                            [(2, "= 6"), (3, '= "xy"'), (9, "= -1")])
    yield "hints of a call over a list", hints('a "x" {\n\tb = string.join(["p", "q"], ".") + "/r"\n\tc = [string.to_lower("X")]\n}\n', [(2, '= "p.q/r"')])
    yield "hints within a range", hints('a "x" {\n\tb = 2 * 3\n}\n\na "y" {\n\tb = 2 * 4\n}\n', [(6, "= 8")],
                                        rng={"start": {"line": 4, "character": 0}, "end": {"line": 7, "character": 0}})
    yield "hints that fail", hints('a "x" {\n\tb = 1 / "x"\n\tc = string.to_lower()\n\td = 1 +\n}\n', [])
    yield "hints of defaults", hints('logging {\n\tlevel = "info"\n}\n', [(1, "1 default")], {"inlayHints": {"defaults": True}})
    yield "hints switched off", hints('a "x" {\n\tb = 2 * 3\n}\n', [], {"inlayHints": {"values": False}})
    yield "symbols", symbols(NESTED, ['declare "d"||2|"d"', '  argument "a"||13|"a"', "    optional|true|7|optional", '  local.file "f"||19|"f"',
                                      '    filename|"x"|7|filename', "logging||19|logging", '  level|"info"|7|level'])
    yield "symbols of a broken text", symbols('a "x" {\n\tb = [\n\nc.d "y" {\n\te = 1\n', ['a "x"||19|"x"', "  b|[|7|b", 'c.d "y"||19|"y"', "  e|1|7|e"])
    yield "symbols of nothing", symbols("", [])
    yield "workspace symbols", workspace("", ['a.alloy:logging:', 'a.alloy:prometheus.scrape "one":', 'sub/b.alloy:declare "two":', 'sub/b.alloy:local.file "three":two'])
    yield "workspace symbols by letters", workspace("PROMone", ['a.alloy:prometheus.scrape "one":'])
    yield "folding", folding(NESTED, [(0, 7, None), (1, 2, None), (5, 6, None), (10, 11, None)])
    yield "folding of lists and comments", folding('// a\n// b\n\n/* c\n d */\na {\n\tb = [\n\t\t1,\n\t]\n}\n',
                                                   [(0, 1, "comment"), (3, 4, "comment"), (5, 8, None), (6, 7, None)])
    yield "folding of a broken text", folding('a {\n\tb = [\n\t\t1,\n', [(0, 2, None), (1, 2, None)])
    yield "selection in a value", selection('a {\n\tb = [x.y\u2502y.z, 2]\n}\n', ["yy", "x.yy", "x.yy.z", "x.yy.z, 2", "[x.yy.z, 2]", "b = [x.yy.z, 2]",
                                                                        "{\n\tb = [x.yy.z, 2]\n}", "a {\n\tb = [x.yy.z, 2]\n}", "a {\n\tb = [x.yy.z, 2]\n}\n"])
    yield "selection in a string", selection('a {\n\tb = "hel\u2502lo"\n}', ["hello", '"hello"', 'b = "hello"', '{\n\tb = "hello"\n}', 'a {\n\tb = "hello"\n}'])
    yield "selection in a label", selection('a.b "la\u2502bel" {\n}\n', ["label", '"label"', 'a.b "label" {\n}', 'a.b "label" {\n}\n'])
    yield "selection at a word's end", selection('a {\n\tb = x.yy\u2502 + 1\n}\n', ["yy", "x.yy", "x.yy + 1", "b = x.yy + 1", "{\n\tb = x.yy + 1\n}",
                                                                             "a {\n\tb = x.yy + 1\n}", "a {\n\tb = x.yy + 1\n}\n"])
    yield "selection in a broken text", selection('a {\n\tb = [1, x.y\u2502y\n\tc = 2\n}\nd {\n}\n', ["yy", "x.yy", "[1, x.yy", "b = [1, x.yy", "b = [1, x.yy\n\tc = 2", "{\n\tb = [1, x.yy\n\tc = 2\n}",
                                                                         "a {\n\tb = [1, x.yy\n\tc = 2\n}", "a {\n\tb = [1, x.yy\n\tc = 2\n}\nd {\n}\n"])
    yield "links", links
    yield "formatting", formatting('prometheus.scrape    "x"   {\ntargets=[]\n  forward_to    = [ ]\n\n\n}\n')
    yield "formatting keeps comments", formatting('// x\na "b" { // y\n  c = 1 // z\n  /* w */ dd = 2\n}\n')
    yield "formatting what is formatted", formatting('a "b" {\n\tc = 1\n}\n')
    yield "formatting an empty text", formatting("")
    yield "formatting the end alone", formatting('a "b" {\n\tc = 1\n}\n\n\n')
    yield "formatting a text with errors", broken_formatting
    yield "formatting a range", range_formatting('a {\nb=1\n}\n\nc {\nd=2\n}\n', 4, 7, 'a {\nb=1\n}\n\nc {\n\td = 2\n}\n')
    yield "formatting lines of a block", range_formatting('a {\n b=1\n\n cc=2\n ddd=3\n}\n', 3, 3, 'a {\n\tb = 1\n\n\tcc  = 2\n\tddd = 3\n}\n')
    yield "formatting an inner block", range_formatting('a {\n b=1\n c {\n d=1\n }\n}\n', 3, 3, 'a {\n b=1\n c {\n\t\td = 1\n }\n}\n')
    yield "formatting on a brace", on_type('a {\n b=1\n c {\n  d=1\n  }\u2502\n}\n', "}", 'a {\n b=1\n\n\tc {\n\t\td = 1\n\t}\n}\n'.replace(" b=1\n\n", " b=1\n"))
    yield "formatting on a newline", on_type('a {\n b=1\n\u2502\n}\n', "\n", 'a {\n\tb = 1\n\n}\n')
    yield "tokens", tokens
    yield "tokens of a range", tokens_range
    yield "tokens as a difference", tokens_delta
