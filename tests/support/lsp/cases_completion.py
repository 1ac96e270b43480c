"""Completion and resolve: every kind of place, in whole and in broken texts."""
import os

from session import Session
from table import Folder, applied, asked, equal, opened, session

BLOCKS = '''prometheus.remote_write "m" {
}

loki.write "l" {
}

local.file "f" {
	filename = "x"
}

discovery.relabel "d" {
	targets = []
}
'''


def labels(result):
    return [i["label"] for i in sorted(result["items"], key=lambda i: i["sortText"])]


def exactly(text, want):
    """All labels, best first."""
    def run():
        equal(labels(asked(text, "completion")[2]), want)
    return run


def first(text, want, absent=(), present=()):
    def run():
        got = labels(asked(text, "completion")[2])
        equal(got[:len(want)], list(want))
        equal([a for a in absent if a in got], [])
        equal([p for p in present if p not in got], [])
    return run


def item(text, label):
    text, uri, result = asked(text, "completion")
    found = [i for i in result["items"] if i["label"] == label]
    equal(len(found), 1)
    return text, found[0]


def inserted(text, label, want):
    """The text after the item was taken, as a snippet."""
    def run():
        got, one = item(text, label)
        equal(applied(got, [one["textEdit"]]), want)
    return run


def detail(text, label, want):
    def run():
        equal(item(text, label)[1].get("detail"), want)
    return run


def resolved(text, label, want):
    def run():
        one = item(text, label)[1]
        answer = session().ask("completionItem/resolve", one)
        equal(answer["documentation"], {"kind": "markdown", "value": want})
        equal({k: v for k, v in answer.items() if k != "documentation"},
              {k: v for k, v in one.items() if k != "documentation"})
    return run


def plain_text():
    """A client without snippets gets names."""
    s = Session()
    s.open("file:///x/a.alloy", "logg")
    one = s.at("textDocument/completion", "file:///x/a.alloy", {"line": 0, "character": 4})["items"][0]
    equal((one["label"], one["textEdit"]["newText"], one["insertTextFormat"]), ("logging", "logging", 1))
    equal(s.end(), 0)


def environment():
    os.environ["INVAR_TEST_NAME"] = "secret"
    s = Session()
    text = 'local.file "x" {\n\tfilename = sys.env("INVAR_TEST")\n}\n'
    s.open("file:///x/a.alloy", text)
    result = s.at("textDocument/completion", "file:///x/a.alloy", {"line": 1, "character": 31})
    equal([(i["label"], applied(text, [i["textEdit"]]).split("\n")[1]) for i in result["items"]],
          [("INVAR_TEST_NAME", '\tfilename = sys.env("INVAR_TEST_NAME")')])
    equal(s.end(), 0)


def folder(files, want, unit=None):
    def run():
        f = Folder(files, settings={"live": False, **({"unit": unit} if unit else {})})
        equal(labels(f.at("completion")), want)
        f.end()
    return run


def settings(options, text, label, there):
    """Stability and community decide what is offered."""
    def run():
        s = Session(settings={"live": False, **options})
        s.open("file:///x/a.alloy", text)
        result = s.at("textDocument/completion", "file:///x/a.alloy", {"line": 0, "character": len(text)})
        equal(label in labels(result), there)
        equal(s.end(), 0)
    return run


def many():
    """A list that is cut says so."""
    text = "".join('local.file "f%d" {\n}\n' % i for i in range(1500))
    result = asked(text + 'local.file "x" {\n\tfilename = \u2502\n}\n', "completion")[2]
    equal((len(result["items"]), result["isIncomplete"]), (1000, True))


LIB = 'declare "sender" {\n\targument "url" { }\n\n\targument "extra" {\n\t\toptional = true\n\t}\n\n\texport "receiver" {\n\t\tvalue = prometheus.remote_write.w.receiver\n\t}\n\n\tprometheus.remote_write "w" {\n\t}\n}\n'
IMPORT = 'import.file "lib" {\n\tfilename = "lib.alloy"\n}\n\n'
CUSTOM = 'declare "d" {\n\targument "a" { }\n\n\targument "b" {\n\t\toptional = true\n\t}\n\n\texport "e" {\n\t\tvalue = loki.write.w.receiver\n\t}\n\n\tloki.write "w" {\n\t}\n}\n\nd "one" {\n\ta = 1\n}\n\n'


def cases():
    yield "the file", first("\u2502", ["declare", "discovery.relabel"],
                            present=["logging", "prometheus.scrape", "loki.process"],
                            absent=["argument", "export", "template", "foreach"])
    yield "components by prefix", exactly("prometheus.re\u2502", [
        "prometheus.receive_http", "prometheus.relabel", "prometheus.remote_write"])
    yield "a component's snippet", inserted("prometheus.scr\u2502", "prometheus.scrape",
                                            'prometheus.scrape "${1:default}" {\n\ttargets = $2\n\tforward_to = [$3]\n}')
    yield "a block's snippet", inserted("logg\u2502\n", "logging", "logging {\n\t$1\n}\n")
    yield "a component with a required block", inserted(
        "otelcol.exporter.otlph\u2502", "otelcol.exporter.otlphttp",
        'otelcol.exporter.otlphttp "${1:default}" {\n\tclient {\n\t\t$2\n\t}\n}')
    yield "a component's detail", detail("prometheus.scr\u2502", "prometheus.scrape", "generally-available")
    yield "a component resolved", resolved("prometheus.scr\u2502", "prometheus.scrape",
                                           "Scrapes metrics over HTTP and forwards them.")
    yield "after a block", first('logging {\n}\n\nprometheus.echo\u2502\n', ["prometheus.echo"])
    yield "before a broken block", first('prometheus.s\u2502\n\nloki.write "x" {\n\tendpoint {\n', ["prometheus.scrape"])
    yield "experimental is not offered", settings({}, "fore", "foreach", False)
    yield "without snippets", plain_text
    yield "arguments, required first", first('prometheus.scrape "x" {\n\t\u2502\n}\n', ["forward_to", "targets", "bearer_token"],
                                             present=["basic_auth", "scrape_interval"])
    yield "arguments that are there", first('prometheus.scrape "x" {\n\ttargets = []\n\t\u2502\n}\n', ["forward_to"], absent=["targets"])
    yield "arguments in an open block", first('prometheus.scrape "x" {\n\tforward_to = []\n\t\u2502', ["targets"], absent=["forward_to"])
    yield "arguments by prefix", exactly('prometheus.scrape "x" {\n\tscrape_i\u2502\n}\n', ["scrape_interval"])
    yield "an argument of text", inserted('prometheus.scrape "x" {\n\tscrape_i\u2502\n}\n', "scrape_interval",
                                          'prometheus.scrape "x" {\n\tscrape_interval = "$1"\n}\n')
    yield "an argument of truth", inserted('prometheus.scrape "x" {\n\thonor_l\u2502\n}\n', "honor_labels",
                                           'prometheus.scrape "x" {\n\thonor_labels = ${1|true,false|}\n}\n')
    yield "an argument of a list", inserted('prometheus.scrape "x" {\n\tforw\u2502\n}\n', "forward_to",
                                            'prometheus.scrape "x" {\n\tforward_to = [$1]\n}\n')
    yield "an argument's detail", detail('prometheus.scrape "x" {\n\tscrape_i\u2502\n}\n', "scrape_interval", 'duration, default "1m0s"')
    yield "a required argument's detail", detail('prometheus.scrape "x" {\n\ttarg\u2502\n}\n', "targets", "list(target), required")
    yield "an inner block", inserted('prometheus.remote_write "m" {\n\tendp\u2502\n}\n', "endpoint",
                                     'prometheus.remote_write "m" {\n\tendpoint {\n\t$1\n}\n}\n')
    yield "arguments of an inner block", first('prometheus.remote_write "m" {\n\tendpoint {\n\t\t\u2502\n\t}\n}\n', ["url"],
                                               present=["basic_auth", "remote_timeout", "queue_config"])
    yield "arguments of a deep open block", first('prometheus.remote_write "m" {\n\tendpoint {\n\t\tbasic_auth {\n\t\t\t\u2502', [],
                                                  present=["username", "password"])
    yield "a block that is there", first('prometheus.scrape "x" {\n\tbasic_auth {\n\t}\n\t\u2502\n}\n', [], absent=["basic_auth"])
    yield "a block that repeats", first('discovery.relabel "x" {\n\trule {\n\t}\n\tru\u2502\n}\n', ["rule"])
    yield "stages", first('loki.process "x" {\n\tstage.\u2502\n}\n', ["stage.cri", "stage.docker", "stage.drop", "stage.json"])
    yield "arguments of a stage", first('loki.process "x" {\n\tstage.json {\n\t\t\u2502\n\t}\n}\n', [], present=["expressions", "source"])
    yield "stages inside a stage", first('loki.process "x" {\n\tstage.match {\n\t\tstage.re\u2502\n\t}\n}\n', ["stage.regex", "stage.replace"])
    yield "in an unknown block", exactly('prometheus.scrape "x" {\n\tnonsense {\n\t\t\u2502\n\t}\n}\n', [])
    yield "behind a value", exactly('logging {\n\tlevel = "info" \u2502\n}\n', [])
    yield "in a comment", exactly('logging {\n\t// lev\u2502\n}\n', [])
    yield "in a label", exactly('prometheus.scrape "pro\u2502" {\n}\n', [])
    yield "receivers of metrics", exactly(BLOCKS + 'prometheus.scrape "x" {\n\tforward_to = [\u2502]\n}\n', ["prometheus.remote_write.m.receiver"])
    yield "receivers of logs", exactly(BLOCKS + 'loki.process "x" {\n\tforward_to = [\u2502]\n}\n', ["loki.write.l.receiver"])
    yield "receivers in an open list", exactly(BLOCKS + 'loki.process "x" {\n\tforward_to = [\u2502\n', ["loki.write.l.receiver"])
    yield "receivers before another argument", exactly(BLOCKS + 'prometheus.scrape "x" {\n\tforward_to = [\u2502\n\ttargets = []\n}\n',
                                                       ["prometheus.remote_write.m.receiver"])
    yield "receivers get their brackets", inserted(BLOCKS + 'loki.process "x" {\n\tforward_to = \u2502\n}\n', "loki.write.l.receiver",
                                                   BLOCKS + 'loki.process "x" {\n\tforward_to = [loki.write.l.receiver]\n}\n')
    yield "a second receiver", exactly(BLOCKS + 'loki.process "x" {\n\tforward_to = [loki.write.l.receiver, lo\u2502]\n}\n', ["loki.write.l.receiver"])
    yield "targets", exactly(BLOCKS + 'prometheus.scrape "x" {\n\ttargets = disc\u2502\n}\n', ["discovery.relabel.d.output"])
    yield "targets and what joins them", exactly(BLOCKS + 'prometheus.scrape "x" {\n\ttargets = \u2502\n}\n',
                                                 ["discovery.relabel.d.output", "array.concat"])
    yield "targets inside a call", first(BLOCKS + 'prometheus.scrape "x" {\n\ttargets = array.concat(disc\u2502\n}\n',
                                         [], present=["discovery.relabel.d.output"])
    yield "relabel rules", exactly(BLOCKS + 'loki.relabel "x" {\n}\nloki.source.file "y" {\n\trelabel_rules = \u2502\n}\n'.replace("loki.source.file", "loki.source.api"),
                                   ["discovery.relabel.d.rules", "loki.relabel.x.rules"])
    yield "texts", first(BLOCKS + 'prometheus.scrape "x" {\n\tmetrics_path = \u2502\n}\n', ["local.file.f.content"],
                         absent=["prometheus.remote_write.m.receiver", "discovery.relabel.d.output"], present=["sys.env", "constants.hostname"])
    yield "truth", exactly(BLOCKS + 'prometheus.scrape "x" {\n\thonor_labels = \u2502\n}\n', ["false", "true"])
    yield "not the block itself", exactly('prometheus.relabel "x" {\n\tforward_to = [\u2502]\n}\n', [])
    yield "an enumeration in quotes", exactly('logging {\n\tlevel = "\u2502"\n}\n', ["debug", "error", "info", "warn"])
    yield "an enumeration by prefix", exactly('logging {\n\tformat = "lo\u2502"\n}\n', ["logfmt"])
    yield "an enumeration without quotes", first('logging {\n\tlevel = \u2502\n}\n', ['"debug"', '"error"', '"info"', '"warn"'])
    yield "an enumeration of the schema", exactly(
        'prometheus.remote_write "m" {\n\tendpoint {\n\t\tprotobuf_message = "io\u2502"\n\t}\n}\n', ["io.prometheus.write.v2.Request"])
    yield "relabel actions", exactly('discovery.relabel "x" {\n\trule {\n\t\taction = "label\u2502"\n\t}\n}\n', ["labeldrop", "labelkeep", "labelmap"])
    yield "an open string", exactly('discovery.relabel "x" {\n\trule {\n\t\taction = "hash\u2502\n\t}\n}\n', ["hashmod"])
    yield "labels of targets", exactly('discovery.relabel "x" {\n\trule {\n\t\tsource_labels = ["__param\u2502"]\n\t}\n}\n', ["__param_module"])
    yield "labels of what is wired", exactly(
        'discovery.docker "dd" {\n}\n\ndiscovery.relabel "a" {\n\ttargets = discovery.docker.dd.targets\n}\n\n'
        'discovery.relabel "b" {\n\ttargets = discovery.relabel.a.output\n\n\trule {\n\t\tsource_labels = ["docker_container_name\u2502"]\n\t}\n}\n',
        ["__meta_docker_container_name"])
    yield "keys of a target", inserted('prometheus.scrape "x" {\n\ttargets = [{addr\u2502}]\n}\n', '"__address__"',
                                       'prometheus.scrape "x" {\n\ttargets = [{"__address__" = "$1"}]\n}\n')
    yield "names of the environment", environment
    yield "functions", exactly('local.file "x" {\n\tfilename = string.to_\u2502\n}\n', ["string.to_lower", "string.to_upper"])
    yield "a function's snippet", inserted('local.file "x" {\n\tfilename = string.to_l\u2502\n}\n', "string.to_lower",
                                           'local.file "x" {\n\tfilename = string.to_lower($1)\n}\n')
    yield "a function resolved", resolved('local.file "x" {\n\tfilename = coal\u2502\n}\n', "coalesce",
                                          "`coalesce(values ...any) any`\n\nGives the first value that is neither null nor zero nor empty, else the last.")
    yield "deprecated functions come last", lambda: equal(
        [(i["sortText"][0], i.get("tags")) for i in asked('local.file "x" {\n\tfilename = env\u2502\n}\n', "completion")[2]["items"]
         if i["label"] == "env"], [("5", [1])])
    yield "in a declare", first('declare "d" {\n\t\u2502\n}\n', ["argument", "declare"], present=["export", "prometheus.scrape"], absent=["logging", "http", "d"])
    yield "arguments of a declare's argument", exactly('declare "d" {\n\targument "a" {\n\t\t\u2502\n\t}\n}\n', ["comment", "default", "optional"])
    yield "instances of a declare", inserted(CUSTOM + "d\u2502\n", "d", CUSTOM + 'd "${1:default}" {\n\ta = $2\n}\n')
    yield "arguments of an instance", exactly(CUSTOM + 'd "two" {\n\t\u2502\n}\n', ["a", "b"])
    yield "exports of an instance", exactly(CUSTOM + 'loki.process "x" {\n\tforward_to = [\u2502]\n}\n', ["d.one.e"])
    yield "exports of another type", exactly(CUSTOM + 'prometheus.relabel "x" {\n\tforward_to = [\u2502]\n}\n', [])
    yield "arguments inside a declare", exactly('declare "d" {\n\targument "to" { }\n\n\tloki.process "x" {\n\t\tforward_to = arg\u2502\n\t}\n}\n',
                                                ["argument.to.value"])
    yield "a declare sees nothing around it", exactly(BLOCKS + 'declare "d" {\n\tloki.process "x" {\n\t\tforward_to = [\u2502]\n\t}\n}\n', [])
    yield "a template sees what is around it", exactly(
        BLOCKS + 'foreach "e" {\n\tvar = "it"\n\n\ttemplate {\n\t\tloki.process "x" {\n\t\t\tforward_to = [\u2502]\n\t\t}\n\t}\n}\n', ["it", "loki.write.l.receiver"][::-1])
    yield "imported names", folder({"a.alloy": IMPORT + "lib\u2502", "lib.alloy": LIB}, ["lib.sender"])
    yield "arguments of an imported declare", folder({"a.alloy": IMPORT + 'lib.sender "x" {\n\t\u2502\n}\n', "lib.alloy": LIB}, ["url", "extra"])
    yield "exports of an imported declare", folder(
        {"a.alloy": IMPORT + 'lib.sender "x" {\n\turl = 1\n}\n\nprometheus.scrape "y" {\n\tforward_to = [\u2502]\n}\n', "lib.alloy": LIB}, ["lib.sender.x.receiver"])
    yield "names of another file", folder({"a.alloy": 'loki.process "x" {\n\tforward_to = [\u2502]\n}\n', "b.alloy": 'loki.write "w" {\n}\n'},
                                          ["loki.write.w.receiver"], unit="folder")
    yield "files are apart", folder({"a.alloy": 'loki.process "x" {\n\tforward_to = [\u2502]\n}\n', "b.alloy": 'loki.write "w" {\n}\n'}, [])
    yield "files", folder({"a.alloy": 'local.file "x" {\n\tfilename = "\u2502"\n}\n', "b.txt": "", "sub/c.txt": ""}, ["a.alloy", "b.txt", "sub/"])
    yield "files in a folder", folder({"a.alloy": 'import.file "x" {\n\tfilename = "sub/\u2502"\n}\n', "sub/c.alloy": ""}, ["sub/c.alloy"])
    yield "too many", many
