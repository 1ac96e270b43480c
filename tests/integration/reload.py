#!/usr/bin/python3
"""The scrape interval changes by SIGHUP; no other component is evaluated, stopped or started for that, and
every page that was served arrives. A broken edit leaves everything running and says why with file, line and excerpt.
Needs INVAR_BIN."""
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

BIN = os.environ["INVAR_BIN"]
DEADLINE = time.monotonic() + 50
CONFIG = """
logging {
	level = "debug"
}

prometheus.scrape "edited" {
	targets         = [{"__address__" = "127.0.0.1:PORT", "__metrics_path__" = "/edited"}]
	scrape_interval = "INTERVAL"
	scrape_timeout  = "500ms"
	forward_to      = [prometheus.relabel.both.receiver]
}

prometheus.scrape "other" {
	targets         = [{"__address__" = "127.0.0.1:PORT", "__metrics_path__" = "/other"}]
	scrape_interval = "500ms"
	scrape_timeout  = "500ms"
	forward_to      = [prometheus.relabel.both.receiver]
}

prometheus.relabel "both" {
	rule {
		target_label = "seen"
		replacement  = "yes"
	}

	forward_to = [prometheus.echo.shown.receiver]
}

prometheus.echo "shown" { }
"""
BROKEN = {
    "a word that is no argument": CONFIG.replace("scrape_timeout", "scrape_timeuot", 1),
    "text that does not parse": CONFIG.replace("forward_to      = [", "forward_to      = ", 1),
    "a reference to nothing": CONFIG.replace("relabel.both.receiver", "relabel.bth.receiver", 1),
}


class Pages:
    """Pages of one counter, which says how often the page was asked for."""

    def __init__(self):
        self.times = {"/edited": [], "/other": []}
        self.lock = threading.Lock()
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with pages.lock:
                    pages.times[self.path].append(time.monotonic())
                    number = len(pages.times[self.path])
                body = b"tick%s %d\n" % (self.path.replace("/", "_").encode(), number)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that has gone
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, path):
        with self.lock:
            return len(self.times[path])


class Check:
    def __init__(self, folder):
        self.folder = folder
        self.pages = Pages()
        self.failed = 0
        self.program = None

    def expect(self, ok, what):
        print(("ok     " if ok else "FAILED ") + what)
        self.failed += not ok

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def wait(self, what, ask):
        while time.monotonic() < DEADLINE and self.program.poll() is None:
            found = ask()
            if found:
                return found
            time.sleep(0.02)
        raise TimeoutError("no " + what)

    def write(self, text, interval):
        text = text.replace("PORT", str(self.pages.port)).replace("INTERVAL", interval)
        (self.folder / "new").write_text(text)
        os.replace(self.folder / "new", self.folder / "main.alloy")

    def start(self, *flags):
        with open(self.folder / "log", "wb") as log:
            self.program = subprocess.Popen(
                [BIN, "run", *flags, "--server.http.listen-addr=127.0.0.1:0",
                 f"--storage.path={self.folder}/data", "main.alloy"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        self.address = self.wait("address", lambda: re.search(
            r'now listening for http traffic" addr=(\S+)', self.log()))[1]

    def ask(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as answer:
            return answer.read().decode()

    def more_pages(self, path, count):
        """Waits for so many more requests; returns the median time between them."""
        first = self.pages.count(path)
        self.wait("pages", lambda: self.pages.count(path) >= first + count)
        with self.pages.lock:
            times = self.pages.times[path][first:first + count]
        gaps = sorted(b - a for a, b in zip(times, times[1:]))
        return gaps[len(gaps) // 2]

    def evaluations(self):
        counts = re.findall(r"^alloy_component_evaluation_seconds_count\S* (\d+)$", self.ask("/metrics"), re.M)
        return sum(map(int, counts))

    def good_edit(self):
        mark, evaluations = len(self.log()), self.evaluations()
        self.write(CONFIG, "500ms")
        self.program.send_signal(signal.SIGHUP)
        self.wait("reload", lambda: 'msg="config reloaded"' in self.log()[mark:])
        gap = self.more_pages("/edited", 6)
        self.expect(gap < 1.5, "the interval is the new one: a page every %.0f ms" % (gap * 1e3))
        moved = re.findall(r'msg="(St\w+ing task)".*\bid=(\S+)', self.log()[mark:])
        self.expect(not moved, "no component stops or starts: %s" % moved)
        evaluations = self.evaluations() - evaluations
        self.expect(evaluations == 1, "one node is evaluated: %d" % evaluations)
        seen = re.findall(r'msg="finished node evaluation".*\bnode_id=(\S+)', self.log()[mark:])
        self.expect(seen == ["prometheus.scrape.edited"], "it is the one that was edited: %s" % seen)
        line = next(l for l in self.log()[mark:].splitlines() if 'msg="config reloaded"' in l)
        self.expect(re.search(r"added=0 changed=1 removed=0 kept=3 .*changed_components=prometheus.scrape.edited ",
                              line), "the log says what changed: " + line)
        wish = urllib.request.Request(f"http://{self.address}/-/reload", headers={"Accept": "application/json"})
        with urllib.request.urlopen(wish, timeout=5) as answer:
            report = json.load(answer)
        self.expect(report["status"] == "ok" and report["message"] == "config reloaded"
                    and report["added"] == report["changed"] == report["removed"] == []
                    and len(report["kept"]) == 4, "the answer as JSON says so too: %s" % report)

    def broken_edit(self, what, text):
        mark = len(self.log())
        self.write(text, "500ms")
        self.program.send_signal(signal.SIGHUP)
        self.wait("refusal", lambda: "failed to reload config" in self.log()[mark:])
        old, new = CONFIG.splitlines(), text.splitlines()
        line = next(i for i, (a, b) in enumerate(zip(old, new)) if a != b) + 1
        said = self.log()[mark:]
        place = re.search(r"main\.alloy:(\d+):", said)
        self.expect(place and int(place[1]) in (line, line + 1),
                    "%s: %s is named, line %d is it" % (what, place and place[0], line))
        self.expect(new[line - 1].strip().replace('"', '\\"') in said, what + ": the excerpt is shown")
        try:
            answer = self.ask("/-/reload")
        except urllib.error.HTTPError as error:
            answer = "%d %s" % (error.code, error.read().decode())
        self.expect(answer.startswith("400 ") and place and place[0] in answer,
                    "/-/reload says " + answer.strip().splitlines()[0])
        gap = self.more_pages("/edited", 4)
        self.expect(gap < 1.5, what + ": all goes on, a page every %.0f ms" % (gap * 1e3))
        moved = re.findall(r'msg="(St\w+ing task)".*\bid=(\S+)', self.log()[mark:])
        self.expect(not moved, "no component stops or starts: %s" % moved)
        self.expect(re.search(r"config_last_load_successful(\{\})? 0", self.ask("/metrics")),
                    "the metrics tell of the failed load")

    def nothing_lost(self):
        """Every page that was served is in what arrived, once and in order."""
        self.program.send_signal(signal.SIGTERM)
        self.program.wait(10)
        text = self.log()
        for path in ("/edited", "/other"):
            served = self.pages.count(path)
            numbers = [int(n) for n in re.findall(
                r"tick%s\{[^}]*\} (\d+)" % path.replace("/", "_"), text)]
            # A page that came too late says so in "up"; the last may have been under way at the end.
            late = len(re.findall(r'\bup\{[^}]*job=\\"prometheus\.scrape\.%s[^}]*\} 0 ' % path[1:], text))
            self.expect(numbers == sorted(set(numbers)) and served >= 8
                        and len(numbers) >= served - late - 1,
                        "%s: %d pages, %d arrived, %d too late" % (path, served, len(numbers), late))

    def watched(self):
        """With --config.watch nobody has to ask."""
        self.write('prometheus.echo "a" { }\n', "")
        self.start("--config.watch")
        self.wait("answer", lambda: "now listening" in self.log())
        self.write('prometheus.echo "b" { }\n', "")
        self.wait("reload", lambda: re.search(r"added=1 changed=0 removed=1 kept=0 added_components=prometheus.echo.b "
                                              r".*removed_components=prometheus.echo.a", self.log()))
        self.write('prometheus.echo "b" { \n', "")
        self.wait("refusal", lambda: "failed to reload config" in self.log())
        self.program.send_signal(signal.SIGTERM)
        self.expect(self.program.wait(10) == 0, "a watched file is loaded when it changes")

    def run(self):
        self.write(CONFIG, "3s")
        self.start()
        gap = self.more_pages("/edited", 3)
        self.expect(gap > 2, "a page every %.0f ms before the edit" % (gap * 1e3))
        self.good_edit()
        for what, text in BROKEN.items():
            self.broken_edit(what, text)
        self.nothing_lost()


def check_in_folder(what):
    with tempfile.TemporaryDirectory() as name:
        check = Check(pathlib.Path(name))
        try:
            what(check)
        except TimeoutError as error:
            check.expect(False, str(error))
        finally:
            if check.program and check.program.poll() is None:
                check.program.kill()
                check.program.wait()
            if check.failed and check.program:
                print("\n".join(l[:400] for l in check.log().splitlines()[-60:]))
    return check.failed


def main():
    failed = check_in_folder(Check.run) + check_in_folder(Check.watched)
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
