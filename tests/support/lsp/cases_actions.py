"""Diagnostics, code actions, lenses, the call hierarchy, commands."""
import os
import subprocess

from session import Session, applied, offset_of, position_of, slice_of
from table import Folder, asked, equal, fresh_uri, opened, session, shown


def range_of(text, fragment):
    at = text.index(fragment)
    return {"start": position_of(text, at), "end": position_of(text, at + len(fragment))}


def actions(text, fragment, only=None):
    s, uri, text, _ = opened(text)
    context = {"diagnostics": [], **({"only": only} if only else {})}
    result = s.ask("textDocument/codeAction",
                   {"textDocument": {"uri": uri}, "range": range_of(text, fragment), "context": context})
    s.close(uri)
    return uri, result


def action(text, fragment, title, want):
    """The text after the action of that title."""
    def run():
        uri, result = actions(text, fragment)
        found = [a for a in result if a["title"] == title]
        assert len(found) == 1, [a["title"] for a in result]
        equal(applied(text, found[0]["edit"]["changes"][uri]), want)
    return run


def titles(text, fragment, want, only=None):
    def run():
        equal([a["title"] for a in actions(text, fragment, only)[1]], want)
    return run


def problems(diagnostics):
    """Without what is a hint alone."""
    return [d["code"] for d in diagnostics if d["severity"] < 3]


def as_validate(text):
    """The diagnostics are those of `invar validate`."""
    def run():
        f = Folder({"a.alloy": text + "\u2502"})
        got = f.session.diagnostics(f.uri)
        output = subprocess.run([os.environ["INVAR_BIN"], "validate", str(f.root / "a.alloy")],
                                capture_output=True).stderr.decode()
        assert got
        for d in got:
            first = d["message"].split("\n")[0]
            if d["severity"] < 3:
                assert first in output, (first, output)
        f.end()
    return run


def diagnosed(text, want):
    def run():
        s, uri, text_, _ = opened(text)
        got = s.diagnostics(uri)
        equal([(d["code"], d["severity"], shown(text_, d["range"])) for d in got], want)
        for d in got:
            assert d["codeDescription"]["href"].endswith("/errors/%s.md" % d["code"])
            equal(d["source"], "invar")
        s.close(uri)
    return run


def tags():
    s, uri, _, _ = opened('local.file "x" {\n\tfilename = env("A")\n}\n')
    equal([d.get("tags") for d in s.diagnostics(uri) if d["code"] == "W2002"], [[2]])
    s.close(uri)


def unused():
    s, uri, text, _ = opened('loki.process "p" {\n\tforward_to = []\n}\n')
    equal([(d.get("tags"), d["severity"]) for d in s.diagnostics(uri) if d["code"] == "W2101"], [([1], 3)])
    s.close(uri)


def related():
    s, uri, text, _ = opened('local.file "x" {\n\tfilename = "a"\n}\n\nlocal.file "x" {\n\tfilename = "a"\n}\n')
    one = [d for d in s.diagnostics(uri) if d["code"] == "E2002"][0]
    equal(shown(text, one["range"])[:1], "5")
    info = one["relatedInformation"][0]
    equal((info["location"]["uri"], info["location"]["range"]["start"]["line"]), (uri, 0))
    s.close(uri)


def pull():
    s = Session(capabilities={"textDocument": {"diagnostic": {}}})
    uri = "file:///x/a.alloy"
    s.open(uri, "x = 1\n")
    report = s.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    equal((report["kind"], [d["code"] for d in report["items"]]), ("full", ["E2001"]))
    s.set(uri, "logging {\n}\n")
    equal(s.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})["items"], [])
    whole = s.ask("workspace/diagnostic", {"previousResultIds": []})
    equal([(i["uri"], i["version"], i["items"]) for i in whole["items"]], [(uri, 2, [])])
    equal([n for n in s.notes if "publish" in n["method"]], [])
    equal(s.end(), 0)


TWO = {"a.alloy": 'loki.process "p" {\n\tforward_to = [loki.write.w.receiver]\n}\n\u2502', "b.alloy": 'loki.write "w" {\n}\n'}


def across_files():
    """A folder whose files use each other's names is one configuration."""
    f = Folder(TWO)
    equal(problems(f.session.diagnostics(f.uri)), [])
    b = f.of("b.alloy")
    f.session.open(b, f.texts["b.alloy"])
    equal(f.session.diagnostics(b), [])
    f.session.set(b, 'loki.write "v" {\n}\n')
    f.session.note("textDocument/publishDiagnostics",
                   lambda p: p["uri"] == f.uri and problems(p["diagnostics"]) == ["E2012"])
    f.session.close(b)
    equal(f.session.note("textDocument/publishDiagnostics", lambda p: p["uri"] == f.uri and not problems(p["diagnostics"]))["version"], 1)
    f.end()


def unit(kind, codes):
    def run():
        f = Folder(TWO, settings={"live": False, "unit": kind})
        equal(problems(f.session.diagnostics(f.uri)), codes)
        f.end()
    return run


def new_settings():
    """Settings that change are applied to what is open."""
    f = Folder(TWO)
    equal(problems(f.session.diagnostics(f.uri)), [])
    f.session.tell("workspace/didChangeConfiguration", {"settings": {"invar": {"unit": "file", "live": False}}})
    equal(problems(f.session.diagnostics(f.uri)), ["E2012"])
    f.end()


def saved_elsewhere():
    """A file that changes on the disk is read again."""
    f = Folder(TWO)
    equal(problems(f.session.diagnostics(f.uri)), [])
    (f.root / "b.alloy").write_text('loki.write "other" {\n}\n')
    f.session.tell("workspace/didChangeWatchedFiles", {"changes": []})
    equal(problems(f.session.diagnostics(f.uri)), ["E2012"])
    f.end()


FLOW = '''discovery.relabel "d" {
	targets = []
}

prometheus.scrape "s" {
	targets    = discovery.relabel.d.output
	forward_to = [prometheus.relabel.r.receiver, prometheus.remote_write.w.receiver]
}

prometheus.relabel "r" {
	forward_to = [prometheus.remote_write.w.receiver]
}

prometheus.remote_write "w" {
}
'''


def calls(fragment, incoming, outgoing):
    def run():
        s, uri, text, _ = opened(FLOW)
        at = position_of(text, text.index(fragment) + 1)
        item = s.at("textDocument/prepareCallHierarchy", uri, at)[0]

        def list_of(direction, key):
            result = s.ask("callHierarchy/" + direction, {"item": item})
            return [(c[key]["name"], [shown(text, r) for r in c["fromRanges"]]) for c in result]
        equal(list_of("incomingCalls", "from"), incoming)
        equal(list_of("outgoingCalls", "to"), outgoing)
        s.close(uri)
    return run


def lenses(text, want):
    def run():
        text_, uri, result = asked(text, "codeLens")
        equal([(shown(text_, l["range"]), l["command"]["title"]) for l in result], want)
        for l in result:
            equal((l["command"]["command"], l["command"]["arguments"][0]), ("invar.showReferences", uri))
    return run


def command(name, text, want):
    def run():
        s, uri, _, _ = opened(text)
        equal(s.ask("workspace/executeCommand", {"command": name, "arguments": [uri]}), want)
        s.close(uri)
    return run


def bad_commands():
    s = session()
    equal(s.error("workspace/executeCommand", {"command": "invar.nonsense"})["code"], -32602)
    equal(s.error("workspace/executeCommand", {"command": "invar.server.validate"})["code"], -32602)
    equal(s.error("workspace/executeCommand", {"command": "invar.server.graph", "arguments": ["file:///no"]})["code"], -32602)


EXTRACT = FLOW.replace('prometheus.relabel "r" {', 'prometheus.relabel "r" {', 1)
EXTRACTED = '''discovery.relabel "d" {
	targets = []
}

prometheus.scrape "s" {
	targets    = discovery.relabel.d.output
	forward_to = [extracted.default.r_receiver, prometheus.remote_write.w.receiver]
}

declare "extracted" {
	argument "w_receiver" { }

	prometheus.relabel "r" {
		forward_to = [argument.w_receiver.value]
	}

	export "r_receiver" {
		value = prometheus.relabel.r.receiver
	}
}

extracted "default" {
	w_receiver = prometheus.remote_write.w.receiver
}

prometheus.remote_write "w" {
}
'''


def cases():
    yield "diagnostics are those of validate", as_validate('prometheus.scrape "x" {\n\tfoo = 1\n}\n\nnonsense "y" {\n}\n')
    yield "diagnostics of syntax are those of validate", as_validate('a = [1 2]\nb {\n\tc = \n}\n#\n')
    yield "diagnostics, code and place", diagnosed('logging {\n\tlevel = x.y\n}\n', [("E2012", 1, "2:x.y")])
    yield "diagnostics of syntax", diagnosed('logging {\n\tlevel = \n}\n', [("E1110", 1, "3:}")])
    yield "deprecated tag", tags
    yield "unused tag", unused
    yield "related places", related
    yield "pulled diagnostics", pull
    yield "diagnostics across files", across_files
    yield "a file alone by setting", unit("file", ["E2012"])
    yield "a folder by setting", unit("folder", [])
    yield "settings that change", new_settings
    yield "files that change", saved_elsewhere
    yield "add missing arguments", action('prometheus.scrape "x" {\n}\n', 'scrape "x"', "Add missing required arguments",
                                          'prometheus.scrape "x" {\n\ttargets = []\n\tforward_to = []\n}\n')
    yield "add missing arguments on one line", action('prometheus.scrape "x" { }\n', 'scrape "x"', "Add missing required arguments",
                                                      'prometheus.scrape "x" {\n\ttargets = []\n\tforward_to = []\n}\n')
    yield "add one missing argument", action('prometheus.scrape "x" {\n\ttargets = []\n}\n', 'scrape "x"', "Add missing required arguments",
                                             'prometheus.scrape "x" {\n\tforward_to = []\n\ttargets = []\n}\n')
    yield "did you mean this argument", action('logging {\n\tlevle = "info"\n}\n', "levle", 'Change to "level"', 'logging {\n\tlevel = "info"\n}\n')
    yield "did you mean this block", action('prometheus.scrape "x" {\n\ttargets = []\n\tforward_to = []\n\tbasc_auth {\n\t}\n}\n', "basc_auth",
                                            'Change to "basic_auth"', 'prometheus.scrape "x" {\n\ttargets = []\n\tforward_to = []\n\tbasic_auth {\n\t}\n}\n')
    yield "did you mean this component", action('prometheus.scrap "x" {\n}\n', "scrap ", 'Change to "prometheus.scrape"', 'prometheus.scrape "x" {\n}\n')
    yield "did you mean this stage", action('loki.process "x" {\n\tforward_to = []\n\tstage.jsn {\n\t}\n}\n', "stage.jsn", 'Change to "stage.json"',
                                            'loki.process "x" {\n\tforward_to = []\n\tstage.json {\n\t}\n}\n')
    yield "did you mean this declare", action('declare "pipeline" {\n}\n\npipelin "x" {\n}\n', 'pipelin "x"', 'Change to "pipeline"',
                                              'declare "pipeline" {\n}\n\npipeline "x" {\n}\n')
    yield "did you mean this label", action('loki.write "main" {\n}\n\nloki.process "x" {\n\tforward_to = [loki.write.mian.receiver]\n}\n', "mian",
                                            'Change to "loki.write.main"', 'loki.write "main" {\n}\n\nloki.process "x" {\n\tforward_to = [loki.write.main.receiver]\n}\n')
    yield "create the component", action('loki.process "x" {\n\tforward_to = [loki.process.other.receiver]\n}\n', "loki.process.other", "Create loki.process.other",
                                         'loki.process "x" {\n\tforward_to = [loki.process.other.receiver]\n}\n\nloki.process "other" {\n\tforward_to = []\n}\n')
    yield "deprecated function", action('local.file "x" {\n\tfilename = env("A")\n}\n', "env", "Replace with sys.env", 'local.file "x" {\n\tfilename = sys.env("A")\n}\n')
    yield "hash comment", action('# x\nlogging {\n}\n', "# x", "Write the comment with //", '// x\nlogging {\n}\n')
    yield "missing comma in a list", action('local.file "x" {\n\tfilename = [1 2]\n}\n', "[1 2]", "Insert the missing comma", 'local.file "x" {\n\tfilename = [1, 2]\n}\n')
    yield "missing comma at a line's end", action('a "x" {\n\tb = [\n\t\t1,\n\t\t2\n\t]\n}\n', "2\n\t]", "Insert the missing comma", 'a "x" {\n\tb = [\n\t\t1,\n\t\t2,\n\t]\n}\n')
    yield "missing comma in an object", action('a "x" {\n\tb = {\n\t\tc = 1\n\t}\n}\n', "c = 1\n", "Insert the missing comma", 'a "x" {\n\tb = {\n\t\tc = 1,\n\t}\n}\n')
    yield "single quotes", action("logging {\n\tlevel = 'in\"fo'\n}\n", "'in", "Use double quotes", 'logging {\n\tlevel = "in\\"fo"\n}\n')
    yield "open string", action('logging {\n\tlevel = "info\n}\n', '"info', "Close the string", 'logging {\n\tlevel = "info"\n}\n')
    yield "extract to a declare", action(EXTRACT, 'prometheus.relabel "r" {\n\tforward_to = [prometheus.remote_write.w.receiver]\n}', "Extract to a declare", EXTRACTED)
    yield "extract nothing", titles(FLOW, 'relabel "r" {\n\tforward_to', [])
    yield "only refactorings", titles('prometheus.scrape "x" {\n}\n', 'prometheus.scrape "x" {\n}', ["Extract to a declare"], only=["refactor"])
    yield "only fixes", titles('prometheus.scrape "x" {\n}\n', 'prometheus.scrape "x" {\n}', ["Add missing required arguments"], only=["quickfix"])
    yield "no actions", titles('logging {\n}\n', "logging", [])
    yield "lenses", lenses(FLOW, [("1:discovery.relabel", "1 reference"), ("5:prometheus.scrape", "0 references"),
                                  ("10:prometheus.relabel", "1 reference"), ("14:prometheus.remote_write", "2 references")])
    yield "lenses of declares", lenses('declare "d" {\n}\n\nd "a" {\n}\n\nd "b" {\n}\n', [("1:declare", "2 references"), ("4:d", "0 references"), ("7:d", "0 references")])
    yield "calls of a source", calls('d" {\n\ttargets = []', [], [("prometheus.scrape.s", ["6:discovery.relabel.d.output"])])
    yield "calls in the middle", calls('s" {', [("discovery.relabel.d", ["6:discovery.relabel.d.output"])], [
        ("prometheus.relabel.r", ["7:prometheus.relabel.r.receiver"]), ("prometheus.remote_write.w", ["7:prometheus.remote_write.w.receiver"])])
    yield "calls of a sink", calls('w" {', [("prometheus.scrape.s", ["7:prometheus.remote_write.w.receiver"]),
                                            ("prometheus.relabel.r", ["11:prometheus.remote_write.w.receiver"])], [])
    yield "command validate", command("invar.server.validate", "logging {\n}\n", {"valid": True, "errors": 0, "warnings": 0, "report": ""})
    yield "bad commands", bad_commands
