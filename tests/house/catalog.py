#!/usr/bin/python3
"""Writes compiler/catalog/alloy.txt: every component of Alloy as facts, from the catalog's JSON and rules.txt.

usage: tests/house/catalog.py [CATALOG_JSON] > compiler/catalog/alloy.txt

The format is described in compiler/catalog.h. Bodies keep the order of the catalog; equal ones are written once.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LEVELS = {"generally-available": "ga", "public-preview": "preview", "experimental": "experimental"}
FORMATS = {"duration": "duration", "size": "size", "url": "url", "regex": "regex", "time": "time"}
NUMBERS = {"int": "i64", "uint": "u64", "float64": "f64", "float32": "f32"}


class Writer:
    def __init__(self, catalog, rules):
        self.catalog, self.rules = catalog, rules
        self.numbers, self.queue, self.used = {}, [], set()

    def number(self, body):
        facts = self.catalog["bodies"][body] if isinstance(body, str) else body
        if facts.get("recursive"):  # repeats the body of the same type around it
            facts = next(b for b in self.catalog["bodies"].values() if b["go"] == facts["go"] and not b.get("recursive"))
        key = json.dumps(facts, sort_keys=True)
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers) + 1
            self.queue.append((self.numbers[key], facts))
        return self.numbers[key]

    def capsule(self, name):
        go = self.catalog["capsules"].get(name, {}).get("go", name)
        if name == "otelcol.ExtensionHandler":  # the name that Alloy shows
            return name
        return go.split("/")[-1].lstrip("*")

    def type(self, t):
        kind, go = t["kind"], t["go"].lstrip("*")
        if go.endswith("discovery.Target") and kind != "list":
            text = "target"
        elif kind == "string":
            text = FORMATS.get(t.get("format"), "string") if go != "string" else "string"
        elif kind == "number":
            name = go.split(".")[-1]
            text = NUMBERS.get(name) or (name[0] + re.sub(r"\D", "", name) if re.fullmatch(r"u?int\d+", name) else None)
            text = text or ("i64" if t.get("integer") else "f64")
        elif kind in ("list", "map"):
            inner = self.type(t["elem"]) if "elem" in t else "any"
            text = "targets" if inner == "target" and kind == "list" else f"{kind}({inner})"
        elif kind == "capsule":
            return f"capsule({self.capsule(t['capsule'])})"
        elif kind == "object":
            text = f"object({self.number({'go': t['go'], 'fields': t.get('fields', [])})})"
        else:
            text = kind
        nullable = t.get("nullable") and kind in ("string", "number", "bool", "secret") and text not in ("url", "regex")
        return f"null({text})" if nullable else text

    def default(self, field):
        text = field.get("default_alloy")
        if field["required"] or text is None or text == "null":
            return ""
        if field.get("default_is_zero") and text != '"0B"':
            return ""
        if "capsule(" in text:
            return ""
        return " = " + " ".join(text.split())

    def enum(self, field):
        enum = field.get("enum")
        if not enum:
            return ""
        values = sorted(set(enum["values"]) | ({""} if enum["allows_empty"] else set()))
        assert not any(" " in v or "|" in v for v in values), values
        closed = enum["enforced"] in ("load", "build") and not enum.get("open") and enum["source"] != "docs"
        if not closed:
            return ""
        if enum["case_insensitive"]:
            values = sorted({w for v in values for w in (v, v.lower(), v.upper(), v.capitalize())})
        return " one:" + "|".join(values)

    def bounds(self, field):
        span = field.get("range") or {}
        out = ""
        is_time = field["t"].get("format") == "duration"
        for word, ok, bad in (("min", "lowest_accepted", "highest_rejected_below"),
                              ("max", "highest_accepted", "lowest_rejected_above")):
            if bad in span and ok in span:
                low, high = span[ok], span[bad]
                if word == "min" and (low, high) in (("1ns", "0s"), ("1ms", "1ns"), ("1s", "1ms")):
                    out += " above:0"      # the samples stand next to zero
                elif is_time:
                    out += f" {word}:0" if low == "0s" else ""
                elif low not in ("1000000", "1.5"):
                    out += f" {word}:{low}"
        return out

    def line(self, field):
        if field["kind"] == "attr":
            words = [field["name"], self.type(field["t"]) + (" !" if field["required"] else "")]
            if field.get("rejects_empty"):
                words[1] += " full"
            return "a " + " ".join(words) + self.enum(field) + self.bounds(field) + self.default(field)
        kind = "b" if field["kind"] == "block" else "e"
        flags = (" !" if field["required"] else "") + (" *" if field["repeatable"] and kind == "b" else "")
        return f"{kind} {field['name']} {self.number(field['body'])}{flags}"

    def write(self):
        out = []
        for component in sorted(self.catalog["components"], key=lambda c: c["name"]):
            level = "community" if component["community"] else LEVELS[component["stability"]]
            exports = "".join(f" {e['name']}:{self.type(e['t'])}" for e in component.get("exports", []))
            out.append(f"component {component['name']} {level} {self.number(component['arguments'])}{exports}")
        while self.queue:
            number, body = self.queue.pop(0)
            out.append(f"body {number}" + (" label" if body.get("label") else ""))
            out += [self.line(f) for f in body["fields"]]
            names = {f["name"] for f in body["fields"]}
            types = {body.get("go", "")} | {f.get("squashed_from", "") for f in body["fields"]}
            for i, (go, rule) in enumerate(self.rules):
                if any(t.endswith("/" + go) for t in types) and names >= set(rule.split(" ")[1:]):
                    out.append("r " + rule)
                    self.used.add(i)
        for i, rule in enumerate(self.rules):
            assert i in self.used, f"no body has the names of {rule}"
        return out


def read_rules(path):
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split(" ", 1) for line in lines if line and not line.startswith("#")]


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared/catalog/components.dedup.json"
    catalog = json.loads(pathlib.Path(path).read_text())
    lines = Writer(catalog, read_rules(ROOT / "compiler/catalog/rules.txt")).write()
    print("# The components of Alloy 1.18, written by tests/house/catalog.py; compiler/catalog.h has the format.")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
