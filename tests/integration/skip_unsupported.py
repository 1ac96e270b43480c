#!/usr/bin/python3
"""A configuration with components that are known and not offered: run refuses it, and with --feature.skip-unsupported
runs the rest; the stand-ins are unhealthy and say why, and what they are given is counted as dropped."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

CONFIG = """
discovery.kubernetes "pods" { role = "pod" }
loki.source.kafka "in" {
    brokers    = ["127.0.0.1:1"]
    topics     = ["a"]
    forward_to = [loki.echo.out.receiver]
}
loki.source.api "in" {
    http {
        listen_address = "127.0.0.1"
        listen_port    = PORT
    }
    forward_to = [loki.enrich.x.receiver]
}
loki.enrich "x" {
    targets            = discovery.kubernetes.pods.targets
    target_match_label = "name"
    forward_to         = [loki.echo.out.receiver]
}
loki.echo "out" { }
prometheus.scrape "none" {
    targets    = discovery.kubernetes.pods.targets
    forward_to = []
}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url, data=None):
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.read().decode()


def push(port):
    line = {"streams": [{"stream": {"a": "b"}, "values": [[str(time.time_ns()), "hello"]]}]}
    try:
        get(f"http://127.0.0.1:{port}/loki/api/v1/push", json.dumps(line).encode())
    except urllib.error.HTTPError:
        pass  # a rejection is an answer


def wait_for(check):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            if check():
                return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("timed out")


def main():
    binary = os.environ["INVAR_BIN"]
    with tempfile.TemporaryDirectory() as folder:
        ports = free_port(), free_port()
        path = pathlib.Path(folder, "c.alloy")
        path.write_text(CONFIG.replace("PORT", str(ports[1])))
        common = [binary, "run", f"--server.http.listen-addr=127.0.0.1:{ports[0]}", f"--storage.path={folder}/data",
                  "--stability.level=experimental", str(path)]
        refused = subprocess.run(common, capture_output=True, text=True, timeout=30)
        assert refused.returncode == 1 and 'component "loki.enrich" is not supported' in refused.stderr, refused.stderr
        with subprocess.Popen(common + ["--feature.skip-unsupported"], stderr=subprocess.DEVNULL) as process:
            try:
                base = f"http://127.0.0.1:{ports[0]}"
                wait_for(lambda: "ready" in get(base + "/-/ready"))
                items = {c["localID"]: c["health"] for c in json.loads(get(base + "/api/v0/web/components"))}
                for name in ("discovery.kubernetes.pods", "loki.source.kafka.in", "loki.enrich.x"):
                    assert items[name]["state"] == "unhealthy", (name, items[name])
                    assert "not supported by invar yet" in items[name]["message"], items[name]
                for name in ("loki.echo.out", "prometheus.scrape.none", "loki.source.api.in"):
                    assert items[name]["state"] == "healthy", (name, items[name])
                push(ports[1])
                count = 'invar_unsupported_dropped_items_total{component_id="loki.enrich.x"'
                wait_for(lambda: any(line.startswith(count) and line.endswith(" 1")
                                     for line in get(base + "/metrics").splitlines()))
            finally:
                process.terminate()
                assert process.wait(30) == 0


if __name__ == "__main__":
    main()
