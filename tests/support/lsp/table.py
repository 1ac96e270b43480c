"""What the tables of cases share: one session for many small cases, folders of files, expectations."""
import json
import pathlib
import tempfile

from session import Session, applied, marked, offset_of, position_of, slice_of, uri_of

SHARED = {}


def session():
    """The session of the cases that only ask."""
    if "session" not in SHARED:
        SHARED["session"] = Session(capabilities={
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}}})
        SHARED["count"] = 0
    return SHARED["session"]


def fresh_uri():
    SHARED["count"] = SHARED.get("count", 0) + 1
    return "file:///nowhere/%d/config.alloy" % SHARED["count"]


def equal(got, want):
    assert got == want, "got  %s\nwant %s" % (json.dumps(got, ensure_ascii=False), json.dumps(want, ensure_ascii=False))


def opened(text):
    """A document with the cursor where the bar is: session, URI, text, position."""
    s = session()
    uri = fresh_uri()
    text, position = marked(text) if "\u2502" in text else (text, None)
    s.open(uri, text)
    return s, uri, text, position


def asked(text, method, **more):
    s, uri, text, position = opened(text)
    params = {"textDocument": {"uri": uri}, **more}
    if position:
        params["position"] = position
    result = s.ask("textDocument/" + method, params)
    s.close(uri)
    return text, uri, result


class Folder:
    """Files of a configuration in a folder of their own; the bar marks the cursor in one of them."""

    def __init__(self, files, open_all=False, **options):
        self.place = tempfile.TemporaryDirectory(prefix="invar-lsp-")
        self.root = pathlib.Path(self.place.name).resolve()
        self.texts = {}
        self.session = Session(root=self.root, **options)
        for name, text in files.items():
            if "\u2502" in text:
                text, self.position = marked(text)
                self.name = name
            self.texts[name] = text
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if hasattr(self, "name"):
            self.uri = self.of(self.name)
            self.session.open(self.uri, self.texts[self.name])
        for name in files if open_all else []:
            if self.of(name) not in self.session.versions:
                self.session.open(self.of(name), self.texts[name])

    def of(self, name):
        return uri_of(self.root / name)

    def named(self, uri):
        return str(pathlib.Path(uri[7:]).relative_to(self.root))

    def at(self, method, **more):
        return self.session.at("textDocument/" + method, self.uri, self.position, **more)

    def places(self, locations):
        """FILE:LINE:TEXT of each."""
        result = []
        for l in locations:
            name = self.named(l["uri"])
            result.append("%s:%d:%s" % (name, l["range"]["start"]["line"] + 1, slice_of(self.texts[name], l["range"])))
        return result

    def end(self):
        equal(self.session.end(), 0)
        self.place.cleanup()


def shown(text, range_):
    return "%d:%s" % (range_["start"]["line"] + 1, slice_of(text, range_))
