#!/usr/bin/python3
"""Times the language server with the keystrokes of an author, and gopls with the same on Go files of the same size.

usage: lsp.py INVAR [GOPLS]

Sizes: 2,000 lines, 10,000 lines, 10,000 components. A keystroke is one inserted or deleted character in the middle of a
name; its time ends when the diagnostics of that version have arrived. Times are of the client, pipes included.
"""
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

KEYS = 100


class Client:
    def __init__(self, command, root):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root)
        self.input = b""
        self.id = 0
        self.version = 1

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def read(self):
        while True:
            head, mark, rest = self.input.partition(b"\r\n\r\n")
            if mark:
                length = int(head.split(b"Content-Length:")[1].split()[0])
                if len(rest) >= length:
                    self.input = rest[length:]
                    return json.loads(rest[:length])
            if not select.select([self.process.stdout], [], [], 60)[0]:
                raise SystemExit("no answer in a minute")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                raise SystemExit("the server has ended")
            self.input += data

    def until(self, good):
        while True:
            message = self.read()
            if "id" in message and "method" in message:
                count = len(message["params"].get("items", [])) if isinstance(message.get("params"), dict) else 0
                self.send({"id": message["id"], "result": [{}] * count if message["method"] == "workspace/configuration" else None})
            elif good(message):
                return message

    def ask(self, method, params):
        self.id += 1
        number = self.id
        self.send({"id": number, "method": method, "params": params})
        return self.until(lambda m: m.get("id") == number)

    def published(self, uri):
        return self.until(lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri
                          and m["params"].get("version", self.version) == self.version)

    def cpu(self):
        """Seconds of the processor that the server has used."""
        fields = open("/proc/%d/stat" % self.process.pid).read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        for line in open("/proc/%d/status" % self.process.pid):
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024

    def end(self):
        self.ask("shutdown", None)
        self.tell("exit", None)
        self.process.stdin.close()
        self.process.wait(60)


COMPONENT = '''prometheus.scrape "c%d" {
	targets         = [{"__address__" = "10.0.0.%d:9100"}]
	scrape_interval = "15s"
	forward_to      = [prometheus.relabel.r%d.receiver]
}

prometheus.relabel "r%d" {
	forward_to = [prometheus.remote_write.w.receiver]

	rule {
		source_labels = ["job"]
		target_label  = "j"
	}
}

'''
FUNCTION = '''func c%d(targets []string) (int, error) {
	total := 0
	for i, t := range targets {
		if len(t) > %d {
			total += i
		}
	}
	if total == 0 {
		return 0, errors.New("none")
	}
	return total, nil
}

'''


def alloy(lines=0, components=0):
    text = 'prometheus.remote_write "w" {\n\tendpoint {\n\t\turl = "http://127.0.0.1:9009/api/v1/push"\n\t}\n}\n\n'
    count = components // 2 if components else (lines - 6) // COMPONENT.count("\n")
    return text + "".join(COMPONENT % (i, i % 256, i, i) for i in range(count)), "scrape_interval = \"15s\""


def go(lines):
    return "package main\n\nimport \"errors\"\n\nfunc main() {}\n\n" + "".join(FUNCTION % (i, i % 200) for i in range(lines // FUNCTION.count("\n"))), "total += i"


def quantile(times, q):
    return sorted(times)[min(len(times) - 1, int(len(times) * q))] * 1000


def measure(name, command, language, file, text, needle, complete):
    with tempfile.TemporaryDirectory() as place:
        root = pathlib.Path(place)
        (root / file).write_text(text)
        if language == "go":
            (root / "go.mod").write_text("module x\n\ngo 1.19\n")
        uri = (root / file).as_uri()
        start = time.perf_counter()
        c = Client(command, place)
        c.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {}, "initializationOptions": {"live": False} if language != "go" else {"diagnosticsDelay": "0ms"}})
        c.tell("initialized", {})
        c.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}})
        c.published(uri)
        first = time.perf_counter() - start
        at = text.index(needle, len(text) // 2)
        line, column = text.count("\n", 0, at), at - text.rindex("\n", 0, at) - 1 + 4
        keys, completions = [], []
        used = c.cpu()
        for i in range(KEYS):
            here = {"line": line, "character": column}
            there = {"line": line, "character": column + (i % 2)}
            c.version += 1
            begin = time.perf_counter()
            c.tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": c.version},
                                              "contentChanges": [{"range": {"start": here, "end": there}, "text": "" if i % 2 else "x"}]})
            c.published(uri)
            keys.append(time.perf_counter() - begin)
        used = (c.cpu() - used) / KEYS
        at = text.index(complete, len(text) // 2) + len(complete)
        position = {"line": text.count("\n", 0, at), "character": at - text.rindex("\n", 0, at) - 1}
        for i in range(KEYS // 4):
            begin = time.perf_counter()
            c.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})
            completions.append(time.perf_counter() - begin)
        print("| %s | %d | %.0f | %.1f / %.1f | %.1f | %.1f / %.1f | %.0f |" % (
            name, text.count("\n"), first * 1000, quantile(keys, .5), quantile(keys, .99), used * 1000, quantile(completions, .5),
            quantile(completions, .99), c.memory()), flush=True)
        c.end()


def main():
    print("| | lines | start to first diagnostics, ms | keystroke p50 / p99, ms | processor a keystroke, ms | completion p50 / p99, ms | peak memory, MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    invar = [os.path.abspath(sys.argv[1]), "lsp", "--stdio"]
    for name, text in (("2,000 lines", alloy(2000)), ("10,000 lines", alloy(10000)), ("10,000 components", alloy(components=10000))):
        measure("invar, " + name, invar, "grafana-alloy", "a.alloy", *text, "forward_to      = [prom")
    for gopls in sys.argv[2:]:
        for lines in (2000, 10000, alloy(components=10000)[0].count("\n")):
            measure("gopls, %d lines" % lines, [gopls, "serve"], "go", "a.go", *go(lines), "total += ")


main()
