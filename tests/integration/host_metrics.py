#!/usr/bin/python3
"""The seed pipeline on real programs: the metrics of this host, scraped, relabelled and written into
Debian's prometheus, against what Debian's node_exporter shows of the same host. Series labelled
env="dev" must not arrive. Needs INVAR_BIN; skipped (77) without prometheus and
prometheus-node-exporter."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

BIN = os.environ["INVAR_BIN"]
DEADLINE = time.monotonic() + 55
CONFIG = """
prometheus.exporter.unix "host" { }

prometheus.scrape "host" {
	targets         = prometheus.exporter.unix.host.targets
	scrape_interval = "1s"
	scrape_timeout  = "1s"
	forward_to      = [prometheus.relabel.prod.receiver]
}

prometheus.scrape "static" {
	targets = [
		{"__address__" = "127.0.0.1:PROMETHEUS", "job" = "watched", "env" = "prod"},
		{"__address__" = "127.0.0.1:EXPORTER", "job" = "watched", "env" = "dev"},
	]
	scrape_interval = "1s"
	scrape_timeout  = "1s"
	forward_to      = [prometheus.relabel.prod.receiver]
}

prometheus.relabel "prod" {
	rule {
		source_labels = ["env"]
		regex         = "dev"
		action        = "drop"
	}

	forward_to = [prometheus.remote_write.near.receiver]
}

prometheus.remote_write "near" {
	endpoint {
		url = "http://127.0.0.1:PROMETHEUS/api/v1/write"
	}
}
"""
# Debian 12 ships node_exporter 1.5.0 with collectors of its own choice; the exporter here is 1.6.1's.
ONLY_THEIRS = {"node_cpu_guest_seconds_total", "node_network_receive_nohandler_total"}
ONLY_OURS = {"node_softnet_backlog_len", "node_softnet_cpu_collision_total",
             "node_softnet_flow_limit_count_total", "node_softnet_received_rps_total"}
LABELS_OURS = {"node_network_info": {"adminstate"}, "node_exporter_build_info": {"tags"}}
OWN_LABELS = {"job", "instance"}
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def wait_for(what, programs, ask):
    """Asks until the answer is true; the test fails when the time is over or a program ended."""
    while time.monotonic() < DEADLINE and all(p.poll() is None for p in programs.started):
        try:
            answer = ask()
            if answer:
                return answer
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("no " + what)


def families(series):
    """name -> (label names of all its series, collectors of those that name one)"""
    found = {}
    for name, labels in series:
        names, collectors = found.setdefault(name, (set(), {}))
        names.update(set(labels) - OWN_LABELS - {"__name__"})
        if "collector" in labels:
            collectors[labels["collector"]] = True
    return found


def page_series(text):
    for line in text.splitlines():
        match = SAMPLE.match(line) if not line.startswith("#") else None
        if match:
            # A label without a value is no label once it is stored.
            labels = {k: v for k, v in LABEL.findall(match[2] or "") if v}
            yield match[1], labels


class Programs:
    def __init__(self, folder):
        self.folder = folder
        self.started = []

    def start(self, name, *command):
        with open(self.folder / (name + ".log"), "wb") as log:
            self.started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                                 stderr=subprocess.STDOUT, cwd=self.folder))

    def stop(self):
        for process in reversed(self.started):
            process.terminate()
        for process in reversed(self.started):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ask_series(port, match):
    query = urllib.parse.urlencode({"match[]": match})
    answer = json.loads(fetch(f"http://127.0.0.1:{port}/api/v1/series?{query}"))
    return [(s["__name__"], s) for s in answer["data"]]


def collectors_of(found):
    return set(found.get("node_scrape_collector_success", (set(), {}))[1])


def compare(ours, theirs):
    """Prints what differs and was not expected; returns how many."""
    bad = []
    ran_ours, ran_theirs = collectors_of(ours), collectors_of(theirs)
    print("collectors only here:", " ".join(sorted(ran_ours - ran_theirs)) or "-")
    print("collectors only in node_exporter:", " ".join(sorted(ran_theirs - ran_ours)) or "-")
    if len(ran_ours & ran_theirs) < 30:
        bad.append("only %d collectors in common" % len(ran_ours & ran_theirs))
    alone = ["node_processes_"] if "processes" not in ran_theirs else []
    alone_theirs = ["node_%s_" % c for c in ran_theirs - ran_ours]
    for name in sorted(set(ours) | set(theirs)):
        if name not in theirs:
            if name not in ONLY_OURS and not name.startswith(tuple(alone)):
                bad.append("only here: " + name)
        elif name not in ours:
            if name not in ONLY_THEIRS and not name.startswith(tuple(alone_theirs)):
                bad.append("only in node_exporter: " + name)
        else:
            more = ours[name][0] - theirs[name][0] - LABELS_OURS.get(name, set())
            less = theirs[name][0] - ours[name][0]
            # Debian's program says a branch; one that is built without has none.
            less -= {"branch"} if name == "node_exporter_build_info" else set()
            if more or less:
                bad.append("%s: labels more %s, less %s" % (name, sorted(more), sorted(less)))
    print("\n".join(bad))
    return len(bad)


def check(folder, programs):
    prometheus, exporter, own = free_port(), free_port(), free_port()
    (folder / "prometheus.yml").write_text("{}\n")
    config = CONFIG.replace("PROMETHEUS", str(prometheus)).replace("EXPORTER", str(exporter))
    (folder / "main.alloy").write_text(config)
    programs.start("prometheus", "prometheus", "--web.enable-remote-write-receiver",
                   "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                   f"--web.listen-address=127.0.0.1:{prometheus}")
    programs.start("exporter", "prometheus-node-exporter",
                   f"--web.listen-address=127.0.0.1:{exporter}")
    wait_for("prometheus", programs, lambda: fetch(f"http://127.0.0.1:{prometheus}/-/ready"))
    page = wait_for("node_exporter", programs, lambda: fetch(f"http://127.0.0.1:{exporter}/metrics"))
    programs.start("invar", BIN, "run", f"--server.http.listen-addr=127.0.0.1:{own}",
                   f"--storage.path={folder}/data", "main.alloy")
    # Two rounds of each: whatever env="dev" would bring has been there by then.
    wait_for("samples of both scrapes", programs, lambda: len(ask_values(prometheus, "up[1m]")) >= 2 and all(
        len(r["values"]) >= 3 for r in ask_values(prometheus, "up[1m]")))
    job = ask_values(prometheus, 'up{job!="watched"}')[0]["metric"]["job"]
    ours = families(ask_series(prometheus, '{__name__=~"node_.*",job="%s"}' % job))
    theirs = families((n, l) for n, l in page_series(page) if n.startswith("node_"))
    print("%d families here, %d in node_exporter" % (len(ours), len(theirs)))
    bad = compare(ours, theirs)
    dev, prod = ask_series(prometheus, '{env="dev"}'), ask_series(prometheus, '{env="prod"}')
    scraped = wait_for("target of env=dev that is up", programs, lambda: dropped_target_is_up(own))
    print("%d series of env=dev (its target is up: %s), %d of env=prod" % (len(dev), scraped, len(prod)))
    return bad + len(dev) + (not prod)


def ask_values(port, query):
    query = urllib.parse.urlencode({"query": query})
    return json.loads(fetch(f"http://127.0.0.1:{port}/api/v1/query?{query}"))["data"]["result"]


def dropped_target_is_up(port):
    """Whether the target of env=dev has been scraped: its series were there to be dropped."""
    text = fetch(f"http://127.0.0.1:{port}/api/v0/web/components/prometheus.scrape.static")
    for target in json.loads(text)["debugInfo"]:
        fields = {f["name"]: f["value"]["value"] for f in target["body"]}
        labels = {l["key"]: l["value"]["value"] for l in fields["labels"]}
        if labels.get("env") == "dev":
            return fields["health"] == "up"
    return False


def main():
    if not shutil.which("prometheus") or not shutil.which("prometheus-node-exporter"):
        print("prometheus or prometheus-node-exporter is not installed")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        programs = Programs(folder)
        bad = 1
        try:
            bad = check(folder, programs)
        finally:
            programs.stop()
            if bad:
                for log in sorted(folder.glob("*.log")):
                    print("--- %s\n%s" % (log.name, log.read_text(errors="replace")[-2000:]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
