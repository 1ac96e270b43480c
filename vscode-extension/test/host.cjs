// A stand-in for the editor: whatever the extension asks for exists and does nothing, but for what a test replaces.
const Module = require("node:module");
const { buildSync } = require("esbuild");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

/* Callable, constructible, and every member is one like it. */
function nothing() {
    const members = new Map();
    const target = function () {};
    return new Proxy(target, {
        get(_, key) {
            if (key === "prototype") return target.prototype;
            if (key === Symbol.toPrimitive) return () => 0;
            if (key === Symbol.iterator) return [][Symbol.iterator].bind([]);
            if (key === "then" || typeof key === "symbol") return undefined;
            if (!members.has(key)) members.set(key, nothing());
            return members.get(key);
        },
        set: (_, key, value) => (members.set(key, value), true),
        apply: () => nothing(),
        construct: (_t, _args, made) => Object.create(made.prototype ?? target.prototype),
    });
}

class Disposable {
    constructor(run) {
        this.run = run;
    }
    dispose() {
        this.run?.();
    }
    static from(...all) {
        return new Disposable(() => all.forEach((one) => one.dispose()));
    }
}

class EventEmitter {
    listeners = [];
    event = (listener) => {
        this.listeners.push(listener);
        return new Disposable();
    };
    fire(value) {
        this.listeners.forEach((one) => one(value));
    }
    dispose() {}
}

class Position {
    constructor(line, character) {
        Object.assign(this, { line, character });
    }
}

class Range {
    constructor(a, b, c, d) {
        this.start = typeof a === "number" ? new Position(a, b) : a;
        this.end = typeof a === "number" ? new Position(c, d) : b;
    }
}

class Uri {
    constructor(text) {
        this.text = text;
        this.scheme = text.split(":")[0];
        this.path = this.fsPath = text.replace(/^file:\/\//, "");
    }
    static parse = (text) => new Uri(text);
    static file = (path) => new Uri("file://" + path);
    static joinPath = (base, ...parts) => new Uri([base.text, ...parts].join("/"));
    toString() {
        return this.text;
    }
}

class Diagnostic {
    constructor(range, message, severity) {
        Object.assign(this, { range, message, severity });
    }
}

function makeHost(settings = {}) {
    const host = {
        commands: new Map(),
        shown: [],
        diagnostics: new Map(),
        tasks: undefined,
        opened: [],
        panels: [],
        saved: [],
        documents: [],
        status: {},
    };
    /* Every name that the editor's interface has at its top. */
    const types = readFileSync(require.resolve("@types/vscode/index.d.ts"), "utf8");
    const names = types.matchAll(/^\texport (?:abstract )?(?:class|enum|namespace|const|function) (\w+)/gm);
    const vscode = Object.fromEntries([...names].map((found) => [found[1], nothing()]));
    Object.assign(vscode, { Disposable, EventEmitter, Position, Range, Uri, Diagnostic });
    vscode.version = "1.82.0";
    vscode.CancellationTokenSource = class {
        token = { isCancellationRequested: false, onCancellationRequested: () => new Disposable() };
        cancel() {}
        dispose() {}
    };
    vscode.CancellationError = class extends Error {};
    vscode.DiagnosticSeverity = { Error: 0, Warning: 1, Information: 2, Hint: 3 };
    vscode.ThemeColor = class {
        constructor(id) {
            this.id = id;
        }
    };
    /* The settings are members too, as the client sends them. */
    vscode.workspace.getConfiguration = (section) => ({
        ...Object.fromEntries(
            Object.entries(settings)
                .filter(([name]) => section && name.startsWith(`${section}.`))
                .map(([name, value]) => [name.slice(section.length + 1), value]),
        ),
        get: (name, other) => settings[section ? `${section}.${name}` : name] ?? other,
    });
    vscode.workspace.textDocuments = host.documents;
    vscode.workspace.notebookDocuments = [];
    vscode.workspace.workspaceFolders = undefined;
    vscode.workspace.openTextDocument = async (what) => (host.opened.push(what.content), what);
    vscode.window.visibleTextEditors = [];
    vscode.window.state = { focused: true };
    vscode.window.tabGroups = { all: [], onDidChangeTabs: () => new Disposable() };
    vscode.window.createStatusBarItem = () => Object.assign(host.status, { show() {}, hide() {}, dispose() {} });
    for (const kind of ["showErrorMessage", "showInformationMessage"])
        vscode.window[kind] = async (text) => void host.shown.push(text);
    vscode.commands.registerCommand = (name, run) => (host.commands.set(name, run), new Disposable());
    vscode.commands.executeCommand = async () => undefined;
    vscode.languages.match = () => 10;
    vscode.languages.createDiagnosticCollection = () => ({
        set: (uri, list) => (host.diagnostics.set(uri.toString(), list), host.changed?.()),
        delete: (uri) => host.diagnostics.delete(uri.toString()),
        clear() {},
        dispose() {},
    });
    vscode.workspace.asRelativePath = (uri) => uri.fsPath.split("/").pop();
    vscode.workspace.onDidSaveTextDocument = (run) => (host.saved.push(run), new Disposable());
    vscode.ColorThemeKind = { Light: 1, Dark: 2, HighContrast: 3 };
    vscode.window.activeColorTheme = { kind: 2 };
    vscode.window.createWebviewPanel = (type, title) => {
        const panel = {
            type,
            title,
            webview: { html: "", cspSource: "here:", asWebviewUri: (uri) => uri },
            onDidDispose: () => new Disposable(),
        };
        host.panels.push(panel);
        return panel;
    };
    vscode.tasks.registerTaskProvider = (_, provider) => ((host.tasks = provider), new Disposable());
    vscode.ProcessExecution = class {
        constructor(process, args) {
            Object.assign(this, { process, args });
        }
    };
    vscode.Task = class {
        constructor(definition, scope, name, source, execution, matchers) {
            Object.assign(this, { definition, scope, name, source, execution, matchers });
        }
    };
    vscode.env.openExternal = async (uri) => void host.opened.push(uri.toString());
    host.vscode = vscode;
    return host;
}

/* Loads a file of dist/, or a module of src/, with the host in the place of the editor. */
function load(name, host) {
    const source = name.startsWith("dist/");
    const path = join(__dirname, "..", source ? name : `src/${name}.ts`);
    const before = Module._load;
    Module._load = (request, ...rest) => (request === "vscode" ? host.vscode : before(request, ...rest));
    try {
        if (source) {
            delete require.cache[require.resolve(path)];
            return require(path);
        }
        const built = buildSync({
            entryPoints: [path], bundle: true, write: false, platform: "node", format: "cjs", external: ["vscode"],
        });
        const module = new Module(path);
        module.filename = path;
        module.paths = Module._nodeModulePaths(join(__dirname, ".."));
        module._compile(built.outputFiles[0].text, path);
        return module.exports;
    } finally {
        Module._load = before;
    }
}

module.exports = { makeHost, load, Uri };
