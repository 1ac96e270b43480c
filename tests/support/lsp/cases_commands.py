"""Commands that look at a whole configuration: the graph, and reviews against what is saved."""
import os
import subprocess

from session import uri_of
from table import Folder, equal, fresh_uri, session

PIPELINE = '''prometheus.scrape "s" {
	targets    = [{"__address__" = "127.0.0.1:1"}]
	forward_to = [d.one.in]
}

declare "d" {
	argument "to" { }

	prometheus.relabel "r" {
		forward_to = argument.to.value
	}

	export "in" {
		value = prometheus.relabel.r.receiver
	}
}

d "one" {
	to = [prometheus.remote_write.w.receiver]
}

prometheus.remote_write "w" {
	endpoint {
		url = "http://127.0.0.1:1/"

		basic_auth {
			username = "u"
			password = "hunter2"
		}
	}
}
'''


def execute(s, name, *arguments):
    return s.ask("workspace/executeCommand", {"command": "invar.server." + name, "arguments": list(arguments)})


def fails(s, name, *arguments):
    return s.error("workspace/executeCommand", {"command": "invar.server." + name, "arguments": list(arguments)})


def printed(*arguments):
    return subprocess.run([os.environ["INVAR_BIN"], *map(str, arguments)], capture_output=True, text=True).stdout


def graph():
    """The drawing is that of `invar graph`: modules are frames, references are dashed."""
    f = Folder({"a.alloy": PIPELINE}, open_all=True)
    got = execute(f.session, "graph", f.of("a.alloy"))["mermaid"]
    equal(got, printed("graph", "--format=mermaid", f.root / "a.alloy"))
    assert "subgraph" in got and "-->" in got, got
    f.end()


def graph_of_folder():
    """What the editor has, over all files of the configuration."""
    f = Folder({"a.alloy": 'loki.process "p" {\n\tforward_to = [loki.write.w.receiver]\n}\n', "b.alloy": 'loki.write "w" {\n}\n'}, open_all=True)
    equal(execute(f.session, "graph", f.of("a.alloy"))["mermaid"], printed("graph", "--format=mermaid", f.root))
    f.session.set(f.of("b.alloy"), 'loki.write "w" {\n}\n\nloki.write "second" {\n}\n')
    assert "second" in execute(f.session, "graph", f.of("a.alloy"))["mermaid"]
    f.end()


def graph_of_errors():
    s, uri = session(), fresh_uri()
    s.open(uri, "a {\n\tb = \n}\n")
    error = fails(s, "graph", uri)
    equal(error, {"code": -32803, "message": "the configuration has errors: %s:3: expected expression, got }" % uri[7:]})
    equal(fails(s, "review", uri)["code"], -32803)
    s.close(uri)


def review():
    """As `invar review` of the saved file and of the text."""
    f = Folder({"a.alloy": PIPELINE, "sub/a.alloy": ""}, open_all=True)
    uri = f.of("a.alloy")
    equal(execute(f.session, "review", uri), {"same": True, "report": "0 added, 0 changed, 0 removed, 0 affected, 7 kept\n"})
    text = PIPELINE.replace("hunter2", "hunter3").replace("127.0.0.1:1\"", "127.0.0.1:2\"").replace('prometheus.scrape "s"', 'prometheus.scrape "t"')
    f.session.set(uri, text)
    answer = execute(f.session, "review", uri, "saved")
    (f.root / "sub/a.alloy").write_text(text)
    want = printed("review", f.root / "a.alloy", f.root / "sub/a.alloy").replace("/sub/", "/")
    equal(answer, {"same": False, "report": want})
    for part in ("+ prometheus.scrape.t", "- prometheus.scrape.s", "~ prometheus.remote_write.w", "(secret)"):
        assert part in want, want
    assert "hunter" not in answer["report"], answer
    # Blanks and comments are no change.
    f.session.set(uri, "// c\n" + PIPELINE.replace("\t", "  "))
    equal(execute(f.session, "review", uri)["same"], True)
    f.end()


def review_of_folder():
    f = Folder({"a.alloy": 'loki.process "p" {\n\tforward_to = [loki.write.w.receiver]\n}\n', "b.alloy": 'loki.write "w" {\n}\n'}, open_all=True)
    f.session.set(f.of("b.alloy"), 'loki.write "w" {\n\tmax_streams = 5\n}\n')
    lines = execute(f.session, "review", f.of("a.alloy"))["report"].splitlines()
    equal(lines[0], "0 added, 1 changed, 0 removed, 1 affected, 0 kept")
    f.end()


def review_of_nothing():
    """A file that is not saved, another that is broken on the disk, a word that is none of the two."""
    f = Folder({"a.alloy": "a {\n"})
    new = f.of("new.alloy")
    f.session.open(new, PIPELINE)
    assert "no such file" in fails(f.session, "review", new)["message"]
    f.session.open(f.of("a.alloy"), PIPELINE)
    equal(fails(f.session, "review", f.of("a.alloy"))["message"], "the saved configuration has errors")
    equal(fails(f.session, "review", new, "nonsense")["code"], -32602)
    equal(fails(f.session, "review", "file:///no")["code"], -32602)
    equal(fails(f.session, "review")["code"], -32602)
    f.end()


def cases():
    yield "graph", graph
    yield "graph of a folder", graph_of_folder
    yield "graph of a text with errors", graph_of_errors
    yield "review against the saved file", review
    yield "review of a folder", review_of_folder
    yield "review that cannot be made", review_of_nothing
