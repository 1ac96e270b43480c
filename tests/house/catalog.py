#!/usr/bin/python3
"""Writes tests/data/catalog.txt: the arguments of Alloy's components as facts, from the catalog's JSON.

usage: tests/house/catalog.py [CATALOG_JSON] > tests/data/catalog.txt

Lines:  component NAME BODY
        exports NAME KIND            (of the component above)
        body BODY
        attr NAME required|optional KIND DEFAULT     (of the body above; DEFAULT as Alloy text, "-" = none)
        block NAME required|optional one|many BODY   (0 = a block that holds itself)
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def default_of(field):
    text = field.get("default_alloy")
    if field["required"] or text is None or text == "null" or "\n" in text:
        return "-"
    return text


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared/catalog/components.dedup.json"
    catalog = json.loads(pathlib.Path(path).read_text())
    bodies = catalog["bodies"]
    numbers, queue, out = {}, [], []

    def number(body):
        facts = bodies[body] if isinstance(body, str) else body
        if facts.get("recursive"):
            return 0
        key = body if isinstance(body, str) else json.dumps(body, sort_keys=True)
        if key not in numbers:
            numbers[key] = len(numbers) + 1
            queue.append((numbers[key], facts))
        return numbers[key]

    for component in sorted(catalog["components"], key=lambda c: c["name"]):
        out.append(f"component {component['name']} {number(component['arguments'])}")
        for export in component.get("exports", []):
            out.append(f"exports {export['name']} {export['t']['kind']}")
    while queue:
        name, body = queue.pop(0)
        out.append(f"body {name}")
        for field in body["fields"]:
            need = "required" if field["required"] else "optional"
            if field["kind"] == "attr":
                out.append(f"attr {field['name']} {need} {field['t']['kind']} {default_of(field)}")
            else:
                many = "many" if field["repeatable"] else "one"
                out.append(f"block {field['name']} {need} {many} {number(field['body'])}")
    print(f"# Arguments of {len(catalog['components'])} components, made by tests/house/catalog.py.")
    print("\n".join(out))


if __name__ == "__main__":
    main()
