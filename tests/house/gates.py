#!/usr/bin/python3
"""The gates of the house, checked on our own C sources; there is no list of exceptions.

usage: gates.py [ROOT] [--stats]

Sizes and shapes: lines of a file and of a function, cyclomatic number, parameters, line width.
Structure: includes are spelled from the root, point to rooms that may be known, and form no cycle.
Words: no marks of unfinished work, no struct typedefs, no mutable variables at file scope.
Generated sources (grammar/src) are not read. Prints one line a finding, exits 1 if there is one.
"""
import pathlib
import re
import subprocess
import sys

KNOWS = {
    "base": "base",
    "grammar": "base grammar",
    "compiler": "base grammar compiler",
    "stdlib": "base grammar compiler stdlib",
    "runtime": "base grammar compiler stdlib runtime",
    "components": "base grammar compiler stdlib runtime components",
    "fleet": "base grammar compiler stdlib runtime fleet",
    "cli": "base grammar compiler stdlib runtime components fleet cli",
    "tests": "base grammar compiler stdlib runtime components fleet cli tests",
}
MAX_FILE = 800
MAX_HEADER = 300
MAX_FUNCTION = 70
MAX_COMPLEXITY = 20
MAX_PARAMETERS = 6
MAX_COLUMNS = 100
SHELLS = re.compile(r"\b(system|popen|execlp|execvp)\s*\(")
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Types that only the callbacks of a library have among their parameters: it chose how many there are.
FOREIGN = re.compile(r"(nghttp2_session|CURL|uv_\w+_t|yaml_parser_t|ProtobufC\w+)$")
ALLOW_MALLOC = {"base/memory.c", "tests/support/fuzz/replay.c"}
TOKEN = re.compile(r"""
    (?P<space>[ \t\f\v\r]+|\\\n) | (?P<line>\n)
  | (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"|[uUL]?'(?:\\.|[^'\\\n])*')
  | (?P<name>[A-Za-z_]\w*) | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<op>&&|\|\||->|\#\#|\.\.\.|[^\w\s])
""", re.X | re.S)
BRANCHES = {"if", "for", "while", "case", "&&", "||", "?"}
# What makes a name at file scope harmless: the once types hold nothing but "has it run", a memory owner
# is a pair of atomic counters, and what the process shares starts with its own lock or once.
QUALIFIERS = {"const", "_Thread_local", "extern", "_Static_assert", "pthread_once_t", "uv_once_t",
              "mem_owner"}
TAGS = {"struct", "union", "enum"}


class Token:
    __slots__ = ("kind", "text", "line")

    def __init__(self, kind, text, line):
        self.kind, self.text, self.line = kind, text, line


def tokens_of(text):
    """C tokens without blanks and comments, preprocessor lines left out."""
    out = []
    line = 1
    at_start = True
    skipping = False
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        value = match.group()
        if kind == "line":
            line += 1
            at_start, skipping = True, False
            continue
        if kind == "op" and value == "#" and at_start:
            skipping = True
        if kind not in ("space", "comment"):
            at_start = False
            if not skipping:
                out.append(Token(kind, value, line))
        line += value.count("\n")
    return out


def close_of(tokens, start):
    """Index of the bracket that closes the one at start."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    stack = []
    for i in range(start, len(tokens)):
        text = tokens[i].text
        if tokens[i].kind == "string":
            continue
        if text in pairs:
            stack.append(pairs[text])
        elif stack and text == stack[-1]:
            stack.pop()
            if not stack:
                return i
    return len(tokens) - 1


def statements(tokens):
    """Top-level pieces: (head tokens, index of '{' or None, index of the end)."""
    start = i = 0
    while i < len(tokens):
        text = tokens[i].text
        if tokens[i].kind == "string":
            i += 1
        elif text in "([":
            i = close_of(tokens, i) + 1
        elif text == "{":
            end = close_of(tokens, i)
            is_function = i > start and tokens[i - 1].text == ")"
            if is_function:
                yield tokens[start:i], i, end
                start = i = end + 1
            else:
                i = end + 1
        elif text == ";":
            yield tokens[start:i], None, i
            i += 1
            start = i
        else:
            i += 1


def outline_of(head):
    """The words of a declaration, with what stands between brackets left out."""
    words = []
    i = 0
    while i < len(head):
        if head[i].text == "__attribute__" and i + 1 < len(head):
            i = close_of(head, i + 1) + 1
            continue
        words.append(head[i].text)
        if head[i].kind == "op" and head[i].text in "([{":
            i = close_of(head, i)
            words.append(head[i].text)
        i += 1
    return words


def parameters_of(head):
    """Name and number of parameters of a function head."""
    i = 0
    while i < len(head):
        if head[i].text == "__attribute__":
            i = close_of(head, i + 1) + 1
            continue
        if head[i].text == "(" and i and head[i - 1].kind == "name":
            end = close_of(head, i)
            inner = head[i + 1:end]
            depth, count = 0, 1 if inner else 0
            for token in inner:
                depth += (token.text in "([{") - (token.text in ")]}") if token.kind == "op" else 0
                count += token.text == "," and depth == 0
            if len(inner) == 1 and inner[0].text == "void":
                count = 0
            return head[i - 1].text, count, head[i - 1].line
        i += 1
    return "?", 0, head[0].line if head else 0


class Gates:
    def __init__(self, root):
        self.root = root
        self.findings = []
        self.includes = {}
        self.functions = []
        self.files = []

    def say(self, path, line, text):
        self.findings.append("%s:%d: %s" % (path, line, text))

    def read_includes(self, path, text):
        room = path.split("/", 1)[0]
        allowed = KNOWS.get(room, "").split()
        edges = []
        for number, line in enumerate(text.split("\n"), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not match:
                continue
            target = match.group(1)
            if ".." in target.split("/"):
                self.say(path, number, 'include "%s" climbs; spell it from the root' % target)
            elif "/" not in target and not path.startswith("tests/support/tsan/"):
                self.say(path, number, 'include "%s" is not spelled from the root' % target)
            elif target.split("/")[0] in KNOWS and target.split("/")[0] not in allowed:
                self.say(path, number, "%s must not know of %s" % (room, target))
            edges.append((target, number))
        self.includes[path] = edges

    def read_words(self, path, text):
        for number, line in enumerate(text.split("\n"), 1):
            if MARKS.search(line):
                self.say(path, number, "mark of unfinished work")
            # Tests quote data that cannot be broken; clang-format still holds their code.
            if len(line) > MAX_COLUMNS and not path.startswith("tests/"):
                self.say(path, number, "%d columns, at most %d" % (len(line), MAX_COLUMNS))
            if SHELLS.search(line) and not path.startswith("tests/"):
                self.say(path, number, "no shell and no search of PATH")
            if "INVAR_ALLOW_MALLOC" in line and path not in ALLOW_MALLOC | {"base/banned.h"}:
                self.say(path, number, "only base/memory.c may allocate by itself")

    def read_variable(self, path, head):
        """A definition at file scope must be constant, thread-local or a declaration."""
        words = outline_of(head)
        if not words or path.startswith("tests/"):
            return
        if words[0] == "typedef":
            if words[1] in ("struct", "union") and "(" not in words:
                self.say(path, head[0].line, "typedef of a struct")
            return
        before = words[:words.index("=")] if "=" in words else words
        if any(t.text in ("PTHREAD_MUTEX_INITIALIZER", "PTHREAD_ONCE_INIT") for t in head):
            return
        if QUALIFIERS & set(words) or before[-1] == "}":
            return
        if "=" not in words and ("(" in words or words[0] in TAGS and len(words) < 3):
            return
        if len([w for w in before if re.match(r"[A-Za-z_]", w)]) >= 2:
            self.say(path, head[0].line, "mutable variable at file scope")

    def read_functions(self, path, tokens):
        for head, body, end in statements(tokens):
            if body is None:
                self.read_variable(path, head)
                continue
            name, count, line = parameters_of(head)
            last = tokens[end].line
            lines = last - head[0].line + 1
            # An assertion of a test joins what it expects; that is a list, not a branch.
            counted = BRANCHES - {"&&", "||"} if path.startswith("tests/") else BRANCHES
            branches = 1 + sum(t.text in counted and t.kind != "string" for t in tokens[body:end])
            self.functions.append((lines, branches, count))
            if lines > MAX_FUNCTION:
                self.say(path, line, "%s has %d lines, at most %d" % (name, lines, MAX_FUNCTION))
            if branches > MAX_COMPLEXITY:
                self.say(path, line, "%s has complexity %d, at most %d"
                         % (name, branches, MAX_COMPLEXITY))
            if count > MAX_PARAMETERS and not any(FOREIGN.match(t.text) for t in head):
                self.say(path, line, "%s has %d parameters, at most %d"
                         % (name, count, MAX_PARAMETERS))

    def read(self, path):
        text = (self.root / path).read_text(encoding="utf-8")
        lines = text.count("\n")
        self.read_words(path, text)
        if path.endswith(".def"):
            return
        self.read_includes(path, text)
        if path.endswith(".re"):
            return
        limit = MAX_HEADER if path.endswith(".h") else MAX_FILE
        self.files.append((path, lines))
        if lines > limit:
            self.say(path, 1, "%d lines, at most %d" % (lines, limit))
        if not text.lstrip().startswith(("/*", "#ifndef", "//")):
            self.say(path, 1, "a file opens with what it is for")
        self.read_functions(path, tokens_of(text))

    def find_cycles(self):
        """Cycles among headers, found by a walk with colours."""
        state = {}
        for start in self.includes:
            if start in state:
                continue
            stack = [(start, iter(self.includes[start]))]
            state[start] = "open"
            while stack:
                path, edges = stack[-1]
                for target, line in edges:
                    if target not in self.includes:
                        continue
                    if state.get(target) == "open":
                        self.say(path, line, "include cycle through %s" % target)
                    elif target not in state:
                        state[target] = "open"
                        stack.append((target, iter(self.includes[target])))
                        break
                else:
                    state[path] = "done"
                    stack.pop()

    def stats(self):
        def middle(values):
            values = sorted(values)
            return values[len(values) // 2] if values else 0
        print("%d files, median %d lines; %d functions, median %d lines, complexity %d, longest %d"
              % (len(self.files), middle([n for _, n in self.files]), len(self.functions),
                 middle([f[0] for f in self.functions]), middle([f[1] for f in self.functions]),
                 max([f[0] for f in self.functions], default=0)))


def sources(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout.split("\n")
    return [p for p in listed if p.endswith((".c", ".h", ".re", ".def", ".cc"))
            and p.split("/")[0] in KNOWS and not p.startswith("grammar/src/")
            and (root / p).is_file()]


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("--")]
    root = pathlib.Path(words[0] if words else ".").resolve()
    gates = Gates(root)
    for path in sources(root):
        gates.read(path)
    gates.find_cycles()
    for finding in gates.findings:
        print(finding)
    if "--stats" in sys.argv:
        gates.stats()
    return 1 if gates.findings else 0


if __name__ == "__main__":
    sys.exit(main())
