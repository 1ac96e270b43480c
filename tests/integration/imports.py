#!/usr/bin/python3
"""Modules from elsewhere: import.http from a web server that is slow, broken, endless or changing, import.git from
repositories, import.file from files that change. What is wrong is said with the place in the imported text; what was
good stays in use; memory stays flat. Needs INVAR_BIN."""
import base64
import http.server as http_server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

BIN = os.environ["INVAR_BIN"]
# A sanitized program is slower and larger.
SANITIZED = b"__asan_init" in pathlib.Path(BIN).read_bytes()
MEMORY_MAX = (64 << 20) * (4 if SANITIZED else 1)
MODULE = 'declare "d" {\n\texport "v" {\n\t\tvalue = "%s"\n\t}\n}\n'
USE = '\nm.d "x" { }\n'


class Web:
    """Answers that a test sets by path: (status, headers, body) or a function of the handler."""

    def __init__(self):
        self.answers = {}
        self.requests = []
        web = self

        class Handler(http_server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                web.requests.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                answer = web.answers.get(self.path, (404, {}, b"nothing\n"))
                if callable(answer):
                    self.close_connection = True
                    answer(self)
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http_server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that has gone
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.ended = threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def set(self, path, text, status=200, **headers):
        self.answers[path] = (status, headers, text.encode())

    def stall(self, handler):
        self.ended.wait(30)

    def endless(self, handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        chunk = b"// nothing to see here\n" * 40000
        try:
            while not self.ended.is_set():
                handler.wfile.write(chunk)
        except OSError:
            pass


class Check:
    def __init__(self, folder, web):
        self.folder = folder
        self.web = web
        self.failed = 0
        self.program = None
        self.deadline = time.monotonic() + 60

    def expect(self, ok, what):
        print(("ok     " if ok else "FAILED ") + what)
        self.failed += not ok
        return ok

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def wait(self, what, ask, alive=True):
        while time.monotonic() < self.deadline and (not alive or self.program.poll() is None):
            found = ask()
            if found:
                return found
            time.sleep(0.02)
        raise TimeoutError("no " + what)

    def write(self, text, name="main.alloy"):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        (self.folder / "new").write_text(text.replace("URL", self.web.url))
        os.replace(self.folder / "new", path)

    def start(self, text):
        self.stop()
        self.write(text)
        self.began = time.monotonic()
        with open(self.folder / "log", "wb") as log:
            self.program = subprocess.Popen(
                [BIN, "run", "--stability.level=experimental", "--server.http.listen-addr=127.0.0.1:0",
                 f"--storage.path={self.folder}/data", "main.alloy"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)

    def stop(self):
        if self.program and self.program.poll() is None:
            self.program.send_signal(signal.SIGTERM)
            self.program.wait(10)

    def run(self, text):
        """Starts, and waits until requests are answered."""
        self.start(text)
        self.address = self.wait("address", lambda: re.search(
            r'now listening for http traffic" addr=(\S+)', self.log()))[1]

    def refused(self, text, within):
        """Starts what cannot start: what it says."""
        self.start(text)
        self.program.wait(max(20, within * 3))
        took = time.monotonic() - self.began
        self.expect(self.program.returncode == 1 and took < within,
                    "ends with %s after %.2f s" % (self.program.returncode, took))
        return self.log()

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=20) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return "%d %s" % (error.code, error.read().decode())

    def value(self, component="m.d.x", name="v"):
        try:
            exports = json.loads(self.ask("/api/v0/web/components/" + component)).get("exports") or []
        except ValueError:
            return None
        return next((e["value"]["value"] for e in exports if e["name"] == name), None)

    def memory(self):
        status = pathlib.Path(f"/proc/{self.program.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) << 10

    def becomes(self, value, what):
        try:
            self.wait(what, lambda: self.value() == value)
            self.expect(True, what)
        except TimeoutError:
            self.expect(False, "%s: it is %r" % (what, self.value()))


# ---- import.http ----

def http(more="", path="/m.alloy"):
    return 'import.http "m" {\n\turl = "URL%s"\n\tpoll_frequency = "1s"\n\tpoll_timeout = "700ms"\n%s}\n' % (path, more)


def http_changes(check):
    check.web.set("/m.alloy", MODULE % "one")
    check.run(http() + USE)
    check.becomes("one", "a module is fetched when the configuration is loaded")
    check.web.set("/m.alloy", MODULE % "two")
    check.becomes("two", "a new text is taken")
    check.web.set("/m.alloy", "declare \"d\" {\n\tx = \n}\n")
    check.wait("trouble", lambda: "imported content is refused" in check.log())
    said = check.log()
    check.expect("m:3:1" in said and "excerpt=" in said, "a broken text is refused with its place and an excerpt")
    check.expect(check.value() == "two", "and what was good stays")
    check.web.set("/m.alloy", "gone", status=503)
    check.wait("trouble", lambda: "unexpected status code 503 Service Unavailable" in check.log())
    check.expect(check.value() == "two", "so it does when the server fails")
    check.web.answers["/m.alloy"] = check.web.stall
    check.wait("trouble", lambda: re.search("deadline|no answer", check.log()))
    began = time.monotonic()
    check.expect(check.ask("/-/ready") == "Alloy is ready.\n" and time.monotonic() - began < 1,
                 "while the server stalls, requests are answered")
    check.expect(check.value() == "two", "and when it stalls")
    check.web.set("/m.alloy", MODULE % "three")
    check.becomes("three", "it heals by itself")


def http_request(check):
    """Every argument reaches the server."""
    check.web.set("/moved.alloy", MODULE.replace('"%s"', "module_path"))
    check.web.answers["/dir/m.alloy"] = (302, {"Location": "/moved.alloy"}, b"")
    check.web.requests.clear()
    check.run(http('\tmethod = "POST"\n\theaders = {"X-One" = "1", "User-Agent" = "me"}\n\tbody = "ask"\n\tclient {\n'
                   '\t\tbasic_auth {\n\t\t\tusername = "u"\n\t\t\tpassword = "p"\n\t\t}\n\t}\n', "/dir/m.alloy") + USE)
    check.becomes(check.web.url + "/dir/", "module_path is the folder of the URL")
    method, path, headers, body = check.web.requests[0]
    check.expect((method, path, body) == ("POST", "/dir/m.alloy", b"ask"), "method and body: %s %s" % (method, body))
    check.expect(headers.get("X-One") == "1" and headers.get("User-Agent") == "me", "headers: %s" % headers)
    check.expect(headers.get("Authorization") == "Basic " + base64.b64encode(b"u:p").decode(), "credentials")
    check.expect(base64.b64encode(b"u:p").decode() not in check.log(), "which are in no log")


def http_bad(check):
    web = check.web
    said = check.refused(http(path="/none.alloy") + USE, 2)
    check.expect("main.alloy:1:1: Failed to evaluate node for config block: creating http component: "
                 "unexpected status code 404 Not Found" in said, "a first fetch that fails ends the start: " + said[:300])
    web.answers["/stall"] = web.stall
    said = check.refused(http(path="/stall") + USE, 3)
    check.expect("creating http component: " in said, "so does a server that stalls: " + said[:300])
    web.answers["/endless"] = web.endless
    check.run('declare "d" { export "v" { value = 1 } }\n')
    idle = check.memory()
    check.write(http(path="/endless").replace("700ms", "9s").replace('"1s"', '"10s"'))
    began = time.monotonic()
    said = check.ask("/-/reload")
    took = time.monotonic() - began
    check.expect(said.startswith("400") and "creating http component" in said and took < (8 if SANITIZED else 1),
                 "gigabytes are cut off after %.2f s: %s" % (took, said.strip()[:200]))
    check.expect(check.memory() - idle < MEMORY_MAX, "with %d KiB more memory" % ((check.memory() - idle) >> 10))
    web.set("/files", 'import.file "f" {\n\tfilename = "x"\n}\n')
    check.write(http(path="/files"))
    said = check.ask("/-/reload")
    check.wait("refusal", lambda: "importing a module via import.http (nodeID: import.http.m) that contains an "
               "import.file block is not supported" in check.log())
    check.expect(True, "import.file inside is refused")
    web.set("/self", 'import.http "m" {\n\turl = "%s/self"\n}\n' % web.url)
    check.write(http(path="/self"))
    began = time.monotonic()
    check.ask("/-/reload")
    took = time.monotonic() - began
    check.wait("refusal", lambda: "import loop" in check.log())
    check.expect(took < 1 or SANITIZED, "a module that imports itself is found out after %.2f s" % took)
    depth = iter(range(1000000))
    web.answers["/deeper"] = lambda handler: handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" +
        b'// %d\nimport.http "m" {\n\turl = "%s/deeper"\n}\n' % (next(depth), web.url.encode()))
    check.write(http(path="/deeper"))
    began = time.monotonic()
    check.ask("/-/reload")
    took = time.monotonic() - began
    check.wait("refusal", lambda: "imports are nested deeper than" in check.log())
    check.expect(took < 1 or SANITIZED, "one that is new each time is cut off after %.2f s" % took)


# ---- import.git ----

def git_in(folder, *args):
    names = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *names, *args], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1"))


def commit(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    git_in(folder, "add", "-A")
    git_in(folder, "commit", "-q", "-m", "more")


def repository(check, name="repo"):
    folder = check.folder / name
    folder.mkdir()
    git_in(folder, "init", "-q")
    commit(folder, {"mod/d.alloy": MODULE % "one", "mod/readme": "not alloy"})
    return folder


def git(repo, path="mod", more=""):
    return ('import.git "m" {\n\trepository = "%s"\n\tpath = "%s"\n\tpull_frequency = "1s"\n%s}\n'
            % (repo, path, more))


def git_changes(check):
    repo = repository(check)
    check.run(git(repo) + USE)
    check.becomes("one", "a folder of a repository is cloned when the configuration is loaded")
    commit(repo, {"mod/d.alloy": MODULE % "two"})
    check.becomes("two", "a new commit is taken")
    commit(repo, {"mod/d.alloy": "declare {"})
    check.wait("trouble", lambda: "imported content is refused" in check.log())
    check.expect(check.value() == "two" and "m:1:1" in check.log(), "a broken one is refused with its place")
    os.rename(repo, check.folder / "away")
    check.wait("trouble", lambda: "failed to update repository" in check.log())
    check.expect(check.value() == "two", "without its repository it goes on")
    os.rename(check.folder / "away", repo)
    commit(repo, {"mod/d.alloy": MODULE % "three"})
    check.becomes("three", "until it is there again")
    os.rename(repo, check.folder / "away")
    check.run(git(repo) + USE)
    check.becomes("three", "a program that starts without it has what was fetched last")
    check.wait("trouble", lambda: "failed to update repository" in check.log())
    os.rename(check.folder / "away", repo)


def git_revisions(check):
    repo = repository(check)
    git_in(repo, "tag", "v1")
    first = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repo, check=True, capture_output=True, text=True).stdout
    commit(repo, {"mod/d.alloy": MODULE % "two", "single.alloy": MODULE.replace('"%s"', "module_path")})
    git_in(repo, "checkout", "-q", "-b", "other")
    commit(repo, {"mod/d.alloy": MODULE % "other"})
    for revision, value in (("v1", "one"), (first.strip(), "one"), (first[:10], "one"), ("other", "other"),
                            ("main", "two")):
        check.run(git(repo, more='\trevision = "%s"\n' % revision) + USE)
        check.becomes(value, "revision %s is %s" % (revision, value))
    check.run(git("repo", "single.alloy") + USE)
    path = check.value() or ""
    check.expect((pathlib.Path(check.folder) / path / "mod").is_dir(), "module_path is the clone: %s" % path)
    for what, text, message in (
            ("a revision that is not there", git(repo, more='\trevision = "v9"\n'), 'invalid revision "v9"'),
            ("a path that is not there", git(repo, "none.alloy"), "no such file or directory"),
            ("a path outside", git(repo, "../../x.alloy"), "leaves the repository"),
            ("a repository that is not there", git(check.folder / "none"), "failed to download repository"),
            ("a command for a repository", git("ext::touch " + str(check.folder / "pwned")), "failed to download"),
            ("an option for a repository", git("--upload-pack=touch x"), "is no repository")):
        said = check.refused(text, 10)
        check.expect("main.alloy:1:1: Failed to evaluate node for config block: updating component: " in said
                     and message in said, what + " is refused: " + said[:0])
    check.expect(not (check.folder / "pwned").exists(), "no command was run")


def git_credentials(check):
    """Served over HTTP to who knows the password; it stands in no argument list, log or clone."""
    repo = repository(check)
    git_in(repo, "update-server-info")
    wanted = "Basic " + base64.b64encode(b"u:secret-word").decode()
    seen = []

    def answer(handler):
        if handler.headers.get("Authorization") != wanted:
            handler.wfile.write(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
            return
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if b"secret-word" in entry.read_bytes():
                    seen.append(entry.read_bytes())
            except OSError:
                pass
        file = repo / ".git" / handler.path.split("?")[0][len("/repo/"):]
        if not file.is_file():
            handler.wfile.write(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
            return
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % file.stat().st_size + file.read_bytes())

    class Paths(dict):
        def get(self, path, other=None):
            return answer if path.startswith("/repo/") else dict.get(self, path, other)
    check.web.answers = Paths()
    auth = '\tbasic_auth {\n\t\tusername = "u"\n\t\tpassword = "secret-word"\n\t}\n'
    said = check.refused(git("URL/repo", more=auth.replace("secret-word", "wrong-word")) + USE, 10)
    logged = "\n".join(l for l in said.splitlines() if l.startswith("ts="))
    check.expect("failed to download repository" in said and "wrong-word" not in logged, "a wrong password is refused")
    check.run(git("URL/repo", more=auth) + USE)
    check.becomes("one", "basic_auth opens the repository")
    check.run(git("URL/repo".replace("URL", check.web.url.replace("//", "//u:secret-word@"))) + USE)
    check.becomes("one", "so do credentials in the URL")
    files = [f for f in (check.folder / "data").rglob("*") if f.is_file() and b"secret-word" in f.read_bytes()]
    check.expect(not seen and not files and "secret-word" not in check.log(),
                 "they are in no argument list, file or log: %s %s" % (seen, files))


def git_bad(check):
    """Without git; a server that stalls; one that sends without end."""
    check.write("")
    with open(check.folder / "log", "wb") as log:
        (check.folder / "bin").mkdir()
        check.write(git("/nowhere"))
        done = subprocess.run([BIN, "run", "--server.http.listen-addr=127.0.0.1:0",
                               f"--storage.path={check.folder}/data", "main.alloy"], cwd=check.folder, timeout=30,
                              stdout=log, stderr=subprocess.STDOUT, env={"PATH": str(check.folder / "bin")})
    check.expect(done.returncode == 1 and "the git program is not installed" in check.log(), "a missing git is named")


# ---- import.file ----

def file_changes(check):
    """The kernel tells of changes: nobody looks for a minute."""
    check.write(MODULE % "one", "lib/d.alloy")
    check.run('import.file "m" {\n\tfilename = "lib"\n}\n' + USE)
    check.becomes("one", "a folder is read when the configuration is loaded")
    began = time.monotonic()
    check.write(MODULE % "two", "lib/d.alloy")
    check.becomes("two", "a changed file is taken")
    check.expect(time.monotonic() - began < (3 if SANITIZED else 0.5), "at once: %.2f s" % (time.monotonic() - began))
    check.write("declare {", "lib/d.alloy")
    check.wait("trouble", lambda: "imported content is refused" in check.log())
    check.expect(check.value() == "two", "a broken one is not")
    # As volumes of secrets and configurations change: the folder is a link that is put elsewhere.
    check.write(MODULE % "three", "next/d.alloy")
    os.rename(check.folder / "lib", check.folder / "before")
    os.symlink("next", check.folder / "lib")
    check.becomes("three", "nor is a folder lost that is replaced by a link")
    check.write(MODULE % "four", "last/d.alloy")
    os.symlink("last", check.folder / "link")
    os.rename(check.folder / "link", check.folder / "lib")
    check.becomes("four", "or a link that leads elsewhere")


def file_polls(check):
    check.write(MODULE % "one", "m.alloy")
    check.run('import.file "m" {\n\tfilename = "m.alloy"\n\tdetector = "poll"\n\tpoll_frequency = "200ms"\n}\n' + USE)
    check.write(MODULE % "two", "m.alloy")
    check.becomes("two", "the detector poll sees a changed file")


TESTS = [file_changes, file_polls, http_changes, http_request, http_bad]
if shutil.which("git"):
    TESTS += [git_changes, git_revisions, git_credentials, git_bad]


def main():
    failed = 0
    for test in TESTS:
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        print("---- " + test.__name__)
        with tempfile.TemporaryDirectory() as name:
            check = Check(pathlib.Path(name), Web())
            try:
                test(check)
            except (TimeoutError, subprocess.TimeoutExpired) as error:
                check.expect(False, str(error))
            finally:
                check.web.ended.set()
                if check.program and check.program.poll() is None:
                    check.program.kill()
                    check.program.wait()
                if check.failed:
                    print("\n".join(l[:400] for l in check.log().splitlines()[-40:]))
            failed += check.failed
    print("%d failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
