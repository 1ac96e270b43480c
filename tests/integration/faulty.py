#!/usr/bin/python3
"""Faulty configurations (tests/data/faulty): every fault is found, at its file, line and column, with
its code and hint, and nothing else is called an error. expect.tsv has a line for each: path, line,
column, code, a part of the hint. `faulty.py --write` takes the answers of the program as they are: look
at what changed. Also holds the SARIF, rdjson and GitHub forms of the answers to their rules. Needs INVAR_BIN
and INVAR_SOURCE."""
import json
import os
import pathlib
import re
import subprocess
import sys

BIN = os.environ["INVAR_BIN"]
DATA = pathlib.Path(os.environ["INVAR_SOURCE"]) / "tests/data/faulty"
EXPECT = DATA / "expect.tsv"
HINT_SHOWN = 60


def validate(*words):
    done = subprocess.run([BIN, "validate", *words], capture_output=True, check=False, cwd=DATA, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def cases():
    return sorted(p.name for p in DATA.iterdir() if p.suffix == ".alloy" or p.is_dir())


def answers(name):
    status, out, err = validate("--format=json", name)
    document = json.loads(out)
    return status, document, err


def rows(document):
    for d in document["diagnostics"]:
        start = d.get("start", {"line": 0, "col": 0})
        yield [d["file"], str(start["line"]), str(start["col"]), d["code"], d.get("hint", "")]


def check_case(name, expected):
    status, document, err = answers(name)
    wrong = []
    have = list(rows(document))
    for want in expected:
        if not any(h[:4] == want[:4] and want[4] and want[4] in h[4] for h in have):
            wrong.append(f"not found: {want}")
    for row in have:
        if row[:4] not in [w[:4] for w in expected]:
            wrong.append(f"not expected: {row}")
    only_lints = all(w[3].startswith(("W2003", "W21")) for w in expected)
    if status != (0 if only_lints else 1) or validate("--deny-warnings", name)[0] != 1 or err:
        wrong.append(f"exit status {status} {err}")
    if not expected:
        wrong.append("nothing is expected of it")
    return wrong


def region_is_valid(region):
    start = (region["startLine"], region["startColumn"])
    end = (region["endLine"], region["endColumn"])
    return all(isinstance(n, int) and n > 0 for n in start + end) and start <= end


def place_is_valid(place):
    physical = place["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    return re.fullmatch(r"[A-Za-z0-9._~/:%-]+", uri) and region_is_valid(physical.get("region", {
        "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}))


def check_sarif(names):
    """The rules of sarif-schema-2.1.0 for what the program writes."""
    log = json.loads(validate("--format=sarif", *names)[1])
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    rules = [r["id"] for r in driver["rules"]]
    ok = log["version"] == "2.1.0" and len(log["runs"]) == 1 and driver["name"] == "invar"
    ok &= set(log) == {"$schema", "version", "runs"} and set(run) == {"tool", "columnKind", "results"}
    ok &= run["columnKind"] == "unicodeCodePoints" and len(rules) == len(set(rules))
    ok &= all(r["shortDescription"]["text"] and r["help"]["text"] for r in driver["rules"])
    ok &= bool(run["results"])
    for result in run["results"]:
        ok &= set(result) <= {"ruleId", "ruleIndex", "level", "message", "locations", "relatedLocations"}
        ok &= rules[result["ruleIndex"]] == result["ruleId"] and bool(result["message"]["text"])
        ok &= result["level"] in ("error", "warning")
        ok &= all(map(place_is_valid, result["locations"] + result.get("relatedLocations", [])))
        ids = [r["id"] for r in result.get("relatedLocations", [])]
        ok &= len(ids) == len(set(ids))
    schema = os.environ.get("INVAR_SARIF_SCHEMA")
    if schema:
        import jsonschema  # only where a copy of the schema is given
        with open(schema, encoding="utf-8") as file:
            jsonschema.validate(log, json.load(file))
    return [] if ok else ["sarif: a rule of the schema is broken"]


def check_rdjson(names, count):
    document = json.loads(validate("--format=rdjson", *names)[1])
    ok = document["source"]["name"] == "invar" and len(document["diagnostics"]) == count
    for d in document["diagnostics"]:
        span = d["location"]["range"]
        ok &= d["severity"] in ("ERROR", "WARNING") and bool(d["message"]) and bool(d["code"]["value"])
        ok &= (span["start"]["line"], span["start"]["column"]) < (span["end"]["line"], span["end"]["column"])
    return [] if ok else ["rdjson: not as its schema wants it"]


def check_github(names, count):
    lines = validate("--format=github", *names)[1].splitlines()
    pattern = re.compile(r"::(error|warning) file=[^,:]+,line=\d+,endLine=\d+,(col=\d+,endColumn=\d+,)?"
                         r"title=invar [EW]\d{4}::.+")
    ok = len(lines) == count and all(map(pattern.fullmatch, lines))
    return [] if ok else ["github: not a list of workflow commands"]


def check_action(names):
    """The script of the GitHub action says the same and exits the same."""
    script = pathlib.Path(os.environ["INVAR_SOURCE"]) / "packaging/action/validate.sh"
    env = dict(os.environ, PATHS=" ".join(names), INVAR=BIN)
    done = subprocess.run([script], capture_output=True, check=False, cwd=DATA, env=env, timeout=60)
    same = (done.returncode, done.stdout.decode()) == validate("--format=github", *names)[:2]
    return [] if same else ["action: not what validate says"]


def write():
    with open(EXPECT, "w", encoding="utf-8") as file:
        for name in cases():
            for row in rows(answers(name)[1]):
                file.write("\t".join(row[:4] + [row[4][:HINT_SHOWN]]) + "\n")


def main():
    if "--write" in sys.argv:
        write()
    with open(EXPECT, encoding="utf-8") as file:
        expected = [line.rstrip("\n").split("\t") for line in file]
    failed = 0
    names = cases()
    for name in names:
        of_name = [row for row in expected if row[0] == name or row[0].startswith(name + "/")]
        for wrong in check_case(name, of_name):
            print(f"{name}: {wrong}")
            failed += 1
    count = len(json.loads(validate("--format=json", *names)[1])["diagnostics"])
    for wrong in check_sarif(names) + check_rdjson(names, count) + check_github(names, count) + check_action(names):
        print(wrong)
        failed += 1
    if len(names) < 60:
        print(f"only {len(names)} configurations")
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
