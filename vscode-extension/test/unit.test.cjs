const test = require("node:test");
const assert = require("node:assert");
const { createServer } = require("node:http");
const { chmodSync, mkdtempSync, writeFileSync, readFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { load, makeHost } = require("./host.cjs");

test("the program is the setting's, else the first on PATH", () => {
    const { findProgram } = load("program", makeHost());
    const folder = mkdtempSync(join(tmpdir(), "invar-"));
    const path = join(folder, "invar");
    writeFileSync(path, "#!/bin/sh\n");
    assert.match(findProgram("", folder).problem, /not found on PATH/);
    chmodSync(path, 0o755);
    assert.strictEqual(findProgram("", `/nowhere:${folder}`).path, path);
    assert.strictEqual(findProgram(path, "").path, path);
    assert.match(findProgram("/nowhere/invar", folder).problem, /is not a program/);
    assert.match(findProgram(folder, "").problem, /is not a program/);
});

async function withInstance(answers, run) {
    const server = createServer((request, response) => {
        const [status, body] = answers[request.url] ?? [404, ""];
        response.writeHead(status).end(body);
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    try {
        await run(`127.0.0.1:${server.address().port}`);
    } finally {
        server.close();
    }
}

test("the status bar tells how the instance is", async () => {
    const { askInstance, statusText } = load("instance", makeHost());
    const list = [
        { localID: "a.b", health: { state: "healthy" } },
        { localID: "c.d", health: { state: "unhealthy" } },
    ];
    await withInstance({ "/-/ready": [200, ""], "/api/v0/web/components": [200, JSON.stringify(list)] }, async (at) => {
        const now = statusText(at, await askInstance(at));
        assert.match(now.text, /1\/2/);
        assert.match(now.tooltip, /c\.d/);
        assert.ok(now.isWarning);
    });
    await withInstance({ "/-/ready": [200, ""], "/api/v0/web/components": [200, "[]"] }, async (at) => {
        assert.strictEqual((await askInstance(at)).state, "healthy");
    });
    await withInstance({ "/-/ready": [503, ""] }, async (at) => {
        assert.strictEqual((await askInstance(at)).state, "starting");
    });
    await withInstance({ "/-/ready": [200, ""], "/api/v0/web/components": [200, "{"] }, async (at) => {
        assert.strictEqual((await askInstance(at)).state, "absent");
    });
    assert.strictEqual((await askInstance("127.0.0.1:1")).state, "absent");
});

test("the status bar's item shows it, and hides when the setting says so", async () => {
    const list = [{ localID: "a.b", health: { state: "unhealthy" } }];
    await withInstance({ "/-/ready": [200, ""], "/api/v0/web/components": [200, JSON.stringify(list)] }, async (at) => {
        const host = makeHost({ "invar.endpoint": at, "invar.live": true });
        const context = { subscriptions: [] };
        const shown = new Promise((done) => (host.status.show = done));
        host.vscode.window.createStatusBarItem = () => Object.assign(host.status, { dispose() {} });
        load("status", host).startStatus(context);
        await shown;
        assert.strictEqual(host.status.text, "$(warning) invar 1/1");
        assert.strictEqual(host.status.command, "invar.openUI");
        assert.strictEqual(host.status.backgroundColor.id, "statusBarItem.warningBackground");
        context.subscriptions.forEach((one) => one.dispose());
    });
    const host = makeHost({ "invar.live": false });
    const context = { subscriptions: [] };
    let hidden = 0;
    host.vscode.window.createStatusBarItem = () => ({ hide: () => hidden++, dispose() {} });
    load("status", host).startStatus(context);
    assert.strictEqual(hidden, 1);
    context.subscriptions.forEach((one) => one.dispose());
});

test("the graph's page runs nothing but Mermaid, and shows text as text", () => {
    const { graphPage } = load("graphPage", makeHost());
    const page = graphPage({ mermaidUri: "m.js", cspSource: "c", nonce: "n1", chart: 'a["</pre><script>"]', isDark: true });
    assert.match(page, /default-src 'none'/);
    assert.ok(!page.includes("</pre><script>"));
    assert.match(page, /theme: "dark"/);
    assert.strictEqual(page.match(/<script/g).length, 2);
});

test("tasks run validate and fmt --check with the problem matcher", () => {
    const host = makeHost();
    const { registerTasks } = load("tasks", host);
    host.vscode.workspace.workspaceFolders = [{ uri: { fsPath: "/w" } }];
    registerTasks(() => "/bin/invar");
    const tasks = host.tasks.provideTasks();
    assert.deepStrictEqual(tasks.map((t) => t.execution.args), [["validate", "/w"], ["fmt", "--check", "/w"]]);
    assert.deepStrictEqual(tasks[0].matchers, ["$invar"]);
    const own = { scope: { uri: { fsPath: "/w" } }, definition: { type: "invar", command: "validate", path: "a.alloy" } };
    assert.deepStrictEqual(host.tasks.resolveTask(own).execution.args, ["validate", "a.alloy"]);
    registerTasks(() => undefined);
    assert.deepStrictEqual(host.tasks.provideTasks(), []);
});

test("a missing program is told, with what to do", async () => {
    const host = makeHost({ "invar.path": "/nowhere/invar", "invar.live": false });
    const extension = load("extension", host);
    const context = { subscriptions: [], extensionUri: host.vscode.Uri.file("/x") };
    await extension.activate(context);
    assert.match(host.shown[0], /\/nowhere\/invar, which is not a program/);
    await extension.deactivate();
    context.subscriptions.forEach((one) => one.dispose());
});

test("the manifest, the code and the grammar agree", () => {
    const manifest = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8"));
    const code = readFileSync(join(__dirname, "../src/extension.ts"), "utf8");
    for (const { command } of manifest.contributes.commands) assert.ok(code.includes(`"${command}"`), command);
    const matcher = manifest.contributes.problemMatchers[0].pattern;
    const found = new RegExp(matcher.regexp).exec("Error: dir/a.alloy:3:14: unrecognized attribute name \"x\"");
    assert.deepStrictEqual(found.slice(1), ["Error", "dir/a.alloy", "3", "14", 'unrecognized attribute name "x"']);
    const grammar = JSON.parse(readFileSync(join(__dirname, "../syntaxes/alloy.tmLanguage.json"), "utf8"));
    const patterns = JSON.stringify(grammar).match(/"(?:match|begin|end)":"(?:[^"\\]|\\.)*"/g);
    for (const one of patterns) new RegExp(JSON.parse(`{${one}}`)[one.split('"')[1]]);
    assert.ok(patterns.length > 10);
});
