"""Definition, references, highlights, rename: labels, declares, arguments, exports, imports, across files."""
from table import Folder, asked, equal, session, opened, shown, applied

MAIN = '''import.file "lib" {
	filename = "lib/lib.alloy"
}

declare "pipe" {
	argument "targets" { }

	argument "to" { }

	prometheus.scrape "inner" {
		targets    = argument.targets.value
		forward_to = argument.to.value
	}

	export "out" {
		value = prometheus.scrape.inner
	}
}

pipe "one" {
	targets = [{"__address__" = "a:1"}]
	to      = [prometheus.remote_write.main.receiver]
}

lib.sender "two" {
	url = pipe.one.out
}

prometheus.remote_write "main" {
	endpoint {
		url = "http://x"
	}
}

prometheus.scrape "outer" {
	targets    = []
	forward_to = [prometheus.remote_write.main.receiver, lib.sender.two.receiver]
}

foreach "each" {
	collection = [1, 2]
	var        = "item"

	template {
		local.file "f" {
			filename = item
		}

		prometheus.scrape "s" {
			targets    = [{"x" = local.file.f.content}]
			forward_to = [prometheus.remote_write.main.receiver]
		}
	}
}
'''
LIB = '''declare "sender" {
	argument "url" { }

	export "receiver" {
		value = argument.url.value
	}
}
'''
FILES = {"main.alloy": MAIN, "lib/lib.alloy": LIB}


def at(fragment, name="main.alloy", files=None):
    """The files with the cursor (a bar) in the fragment, which stands once."""
    files = dict(files or FILES)
    plain = fragment.replace("\u2502", "")
    assert files[name].count(plain) == 1, plain
    files[name] = files[name].replace(plain, fragment)
    return files


def definition(files, want):
    def run():
        f = Folder(files)
        result = f.at("definition")
        equal(f.places([result])[0] if result else None, want)
        f.end()
    return run


def references(files, want, declaration=True):
    def run():
        f = Folder(files)
        result = f.at("references", context={"includeDeclaration": declaration})
        equal(sorted(f.places(result)), sorted(want))
        f.end()
    return run


def rename(files, new, want):
    """`want`: replacements that give the new texts, by file."""
    def run():
        f = Folder(files)
        f.at("prepareRename")
        changes = f.at("rename", newName=new)["changes"]
        got = {f.named(uri): applied(f.texts[f.named(uri)], edits) for uri, edits in changes.items()}
        wanted = {}
        for name, pairs in want.items():
            text = f.texts[name]
            for old, fresh in pairs:
                assert old in text, old
                text = text.replace(old, fresh)
            wanted[name] = text
        equal(got, wanted)
        f.end()
    return run


def prepare(text, want):
    def run():
        s, uri, text_, position = opened(text)
        params = {"textDocument": {"uri": uri}, "position": position}
        if want is None:
            equal(s.error("textDocument/prepareRename", params)["message"], "nothing here can be renamed")
            equal(s.error("textDocument/rename", {**params, "newName": "x"})["message"], "nothing here can be renamed")
        else:
            result = s.ask("textDocument/prepareRename", params)
            equal((shown(text_, result["range"]), result["placeholder"]), want)
        s.close(uri)
    return run


def bad_name(new):
    def run():
        s, uri, _, position = opened('local.file "\u2502a" {\n}\n')
        message = s.error("textDocument/rename",
                          {"textDocument": {"uri": uri}, "position": position, "newName": new})["message"]
        equal(message, "the new name is not an identifier")
        s.close(uri)
    return run


def highlight(text, want):
    def run():
        text_, _, result = asked(text, "documentHighlight")
        equal([(shown(text_, h["range"]), h["kind"]) for h in result], want)
    return run


def stays_behind():
    """A name that is taken already is refused."""
    s, uri, _, position = opened('local.file "\u2502a" {\n}\nlocal.file "b" {\n}\n')
    message = s.error("textDocument/rename",
                      {"textDocument": {"uri": uri}, "position": position, "newName": "b"})["message"]
    equal(message, "the name is taken already")
    s.close(uri)


BROKEN = {"a.alloy": 'prometheus.scrape "x" {\n\ttargets = [\n\n\tforward_to = [prometheus.remote_write.y.receiver]\n\n'
                     'prometheus.remote_write "y" {\n\tendpoint {\n'}
TWO = {"a.alloy": 'prometheus.scrape "x" {\n\ttargets    = []\n\tforward_to = [prometheus.remote_write.y.receiver]\n}\n',
       "b.alloy": 'prometheus.remote_write "y" {\n}\n',
       "sub/c.alloy": 'prometheus.remote_write "y" {\n}\n'}
NESTED = {"a.alloy": '''declare "outer" {
	declare "inner" {
		argument "x" { }
	}

	inner "i" {
		x = 1
	}
}

inner "j" {
	x = 1
}
'''}


def cases():
    yield "definition of a label", definition(at("prometheus.remote_write.ma\u2502in.receiver, "), "main.alloy:29:main")
    yield "definition from the component's name", definition(at("[prometheus.remote_\u2502write.main.receiver, "), "main.alloy:29:main")
    yield "definition of an argument", definition(at("= argument.targ\u2502ets.value"), "main.alloy:6:targets")
    yield "definition of an argument from an instance", definition(at("\tt\u2502o      = ["), "main.alloy:8:to")
    yield "definition of an argument across files", definition(at("\tur\u2502l = pipe"), "lib/lib.alloy:2:url")
    yield "definition of an export", definition(at("pipe.one.ou\u2502t"), "main.alloy:15:out")
    yield "definition of an export across files", definition(at("lib.sender.two.rece\u2502iver"), "lib/lib.alloy:4:receiver")
    yield "definition of a declare", definition(at("pi\u2502pe \"one\""), "main.alloy:5:pipe")
    yield "definition of a declare across files", definition(at("lib.sen\u2502der \"two\""), "lib/lib.alloy:1:sender")
    yield "definition of an import", definition(at("li\u2502b.sender \"two\""), "main.alloy:1:lib")
    yield "definition of an instance", definition(at("url = pipe.on\u2502e.out"), "main.alloy:20:one")
    yield "definition of a variable", definition(at("filename = it\u2502em"), "main.alloy:42:item")
    yield "definition inside a template", definition(at("local.file.\u2502f.content"), "main.alloy:45:f")
    yield "definition around a template", definition(at("content}]\n\t\t\tforward_to = [prometheus.remote_write.mai\u2502n"), "main.alloy:29:main")
    yield "definition of a file", definition(at("\"lib/li\u2502b.alloy\""), "lib/lib.alloy:1:")
    yield "definition on the definition", definition(at("declare \"pi\u2502pe\""), "main.alloy:5:pipe")
    yield "definition of nothing", definition(at("targets = [{\"__add\u2502ress__\""), None)
    yield "definition of an attribute of a component", definition(at("\ttar\u2502gets    = []"), None)
    yield "definition in a broken text", definition(at("prometheus.remote_write.\u2502y", "a.alloy", BROKEN), "a.alloy:6:y")
    yield "definition across a folder", definition(at("prometheus.remote_write.\u2502y", "a.alloy", TWO), "b.alloy:1:y")
    yield "definition in a nested declare", definition(at("inn\u2502er \"i\"", "a.alloy", NESTED), "a.alloy:2:inner")
    yield "definition outside a nested declare", definition(at("inn\u2502er \"j\"", "a.alloy", NESTED), None)
    yield "references of a label", references(at("remote_write \"ma\u2502in\""), [
        "main.alloy:22:main", "main.alloy:29:main", "main.alloy:37:main", "main.alloy:51:main"])
    yield "references without the definition", references(at("remote_write \"ma\u2502in\""), [
        "main.alloy:22:main", "main.alloy:37:main", "main.alloy:51:main"], False)
    yield "references of a declare across files", references(at("\"sen\u2502der\"", "lib/lib.alloy"), [
        "lib/lib.alloy:1:sender", "main.alloy:25:sender", "main.alloy:37:sender"])
    yield "references of an argument across files", references(at("argument.ur\u2502l", "lib/lib.alloy"), [
        "lib/lib.alloy:2:url", "lib/lib.alloy:5:url", "main.alloy:26:url"])
    yield "references of an export across files", references(at("export \"rec\u2502eiver\"", "lib/lib.alloy"), [
        "lib/lib.alloy:4:receiver", "main.alloy:37:receiver"])
    yield "references of an import", references(at("import.file \"l\u2502ib\""), [
        "main.alloy:1:lib", "main.alloy:25:lib", "main.alloy:37:lib"])
    yield "references across a folder", references(at("\"\u2502y\"", "b.alloy", TWO), ["a.alloy:3:y", "b.alloy:1:y"])
    yield "references of a variable", references(at("\"it\u2502em\""), ["main.alloy:42:item", "main.alloy:46:item"])
    yield "references of an unknown name", references(at("[1, \u25022]"), [])
    yield "rename a label", rename(at("remote_write \"ma\u2502in\""), "store", {
        "main.alloy": [("remote_write.main.", "remote_write.store."), ("\"main\"", "\"store\"")]})
    yield "rename from a reference", rename(at("prometheus.scrape.\u2502inner"), "s2", {
        "main.alloy": [("scrape.inner", "scrape.s2"), ("\"inner\"", "\"s2\"")]})
    yield "rename a declare", rename(at("declare \"pi\u2502pe\""), "tube", {
        "main.alloy": [("declare \"pipe\"", "declare \"tube\""), ("\npipe \"one\"", "\ntube \"one\""), ("pipe.one", "tube.one")]})
    yield "rename a declare of a module", rename(at("\"sen\u2502der\"", "lib/lib.alloy"), "writer", {
        "lib/lib.alloy": [("sender", "writer")],
        "main.alloy": [("lib.sender \"two\"", "lib.writer \"two\""), ("lib.sender.two", "lib.writer.two")]})
    yield "rename an argument of a module", rename(at("\"ur\u2502l\"", "lib/lib.alloy"), "address", {
        "lib/lib.alloy": [("url", "address")], "main.alloy": [("url = pipe", "address = pipe")]})
    yield "rename an export", rename(at("export \"o\u2502ut\""), "outlet", {
        "main.alloy": [("\"out\"", "\"outlet\""), ("one.out", "one.outlet")]})
    yield "rename an import", rename(at("import.file \"l\u2502ib\""), "mods", {
        "main.alloy": [("file \"lib\"", "file \"mods\""), ("lib.sender", "mods.sender")]})
    yield "rename a variable", rename(at("\"it\u2502em\""), "thing", {
        "main.alloy": [("\"item\"", "\"thing\""), ("= item", "= thing")]})
    yield "rename across a folder", rename(at("\"\u2502y\"", "b.alloy", TWO), "z", {
        "a.alloy": [("write.y", "write.z")], "b.alloy": [("\"y\"", "\"z\"")]})
    yield "rename in a broken text", rename(at("prometheus.remote_write.\u2502y", "a.alloy", BROKEN), "z", {
        "a.alloy": [("write.y", "write.z"), ("\"y\"", "\"z\"")]})
    yield "prepare rename of a label", prepare('local.file "ab\u2502c" {\n}\n', ("1:abc", "abc"))
    yield "prepare rename of a keyword", prepare('local.f\u2502ile "abc" {\n}\n', None)
    yield "prepare rename of a comment", prepare('// ab\u2502c\n', None)
    yield "rename to a keyword", bad_name("true")
    yield "rename to two words", bad_name("a b")
    yield "rename to nothing", bad_name("")
    yield "rename to a name that is taken", stays_behind
    yield "highlight", highlight('local.file "a" {\n\tfilename = "x"\n}\nlogging {\n\tlevel = local.file.\u2502a.content\n}\n',
                                 [("1:a", 3), ("5:a", 2)])
    yield "highlight of nothing", highlight('logging {\n\t\u2502level = 1\n}\n', [])
