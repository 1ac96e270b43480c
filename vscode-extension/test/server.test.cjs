// The compiled client and the real server: INVAR_BIN says where the program is.
const test = require("node:test");
const assert = require("node:assert");
const { spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { load, makeHost, Uri } = require("./host.cjs");

const program = process.env.INVAR_BIN;

/* The extension, started in an editor that shows one file. */
async function withExtension(text, settings, run) {
    const folder = mkdtempSync(join(tmpdir(), "invar-"));
    const path = join(folder, "a.alloy");
    writeFileSync(path, text);
    const host = makeHost({ "invar.path": program, "invar.live": false, ...settings });
    const document = {
        uri: Uri.file(path), languageId: "grafana-alloy", version: 1, isClosed: false, getText: () => text,
    };
    host.documents.push(document);
    host.vscode.window.activeTextEditor = { document };
    const arrived = new Promise((done) => (host.changed = done));
    const extension = load("dist/extension.js", host);
    const context = { subscriptions: [], extensionUri: Uri.file("/x") };
    await extension.activate(context);
    try {
        assert.deepStrictEqual(host.shown, []);
        await run({ host, path, uri: document.uri.toString(), arrived, execute: (name, ...args) => host.commands.get(`invar.${name}`)(...args) });
    } finally {
        await extension.deactivate();
        context.subscriptions.forEach((one) => one.dispose());
        rmSync(folder, { recursive: true });
    }
}

const options = { skip: !program, timeout: 60000 };
const BROKEN = 'prometheus.scrape "a" {\n\ttargets = []\n\tforward_t = []\n}\n';
const FLOW = 'loki.process "p" {\n\tforward_to = [loki.write.w.receiver]\n}\n\nloki.write "w" {\n}\n';

test("diagnostics of the real server arrive, and commands answer", options, () =>
    withExtension(BROKEN, {}, async ({ host, uri, arrived, execute }) => {
        await arrived;
        const list = host.diagnostics.get(uri);
        assert.ok(list.some((d) => d.range.start.line === 2 && /forward_t/.test(d.message)), JSON.stringify(list));
        await execute("validate");
        assert.match(host.opened[0], /forward_t/);
        await execute("openPage", "http://127.0.0.1:12345/component/a");
        assert.strictEqual(host.opened[1], "http://127.0.0.1:12345/component/a");
    }));

test("a review says what the text would change of the saved file", options, () =>
    withExtension(FLOW, {}, async ({ host, path, execute }) => {
        await execute("review");
        assert.deepStrictEqual(host.shown, ["The change has no effect."]);
        writeFileSync(path, FLOW.replace('"w"', '"other"'));
        await execute("review");
        assert.match(host.opened[0], /\+ loki\.write\.w /);
        assert.match(host.opened[0], /- loki\.write\.other /);
    }));

test("a review against the running configuration asks the instance", options, async () => {
    const asked = [];
    const instance = createServer((request, response) => {
        let body = "";
        request.on("data", (piece) => (body += piece)).on("end", () => {
            asked.push([request.method, request.url, JSON.parse(body).files[0].text]);
            response.end('{"same":false,"report":"from the instance"}');
        });
    });
    await new Promise((done) => instance.listen(0, "127.0.0.1", done));
    const endpoint = `127.0.0.1:${instance.address().port}`;
    await withExtension(FLOW, { "invar.endpoint": endpoint }, async ({ host, execute }) => {
        await execute("reviewRunning");
        assert.deepStrictEqual(asked, [["POST", "/api/v0/web/review", FLOW]]);
        assert.deepStrictEqual(host.opened, ["from the instance"]);
    });
    instance.close();
});

test("without an instance a review and a reload say so", options, () =>
    withExtension(FLOW, { "invar.endpoint": "127.0.0.1:1" }, async ({ host, execute }) => {
        await execute("reviewRunning");
        assert.deepStrictEqual(host.shown, ["invar: no instance answers at 127.0.0.1:1"]);
        await execute("reload");
    }));

test("the graph is drawn, again at a save, and stays while the text has errors", options, () =>
    withExtension(FLOW, {}, async ({ host, execute }) => {
        await execute("graph");
        const panel = host.panels[0];
        assert.strictEqual(panel.title, "Graph of a.alloy");
        assert.match(panel.webview.html, /flowchart LR/);
        assert.match(panel.webview.html, /n0 --&gt; n1/);
        panel.webview.html = "";
        host.saved.forEach((run) => run(host.documents[0]));
        const limit = Date.now() + 20000;
        while (panel.webview.html === "" && Date.now() < limit) await new Promise((done) => setImmediate(done));
        assert.match(panel.webview.html, /flowchart LR/);
    }));

test("a graph of a text with errors is refused in words", options, () =>
    withExtension("a {\n", {}, async ({ host, execute }) => {
        await execute("graph");
        assert.match(host.shown[0], /^invar: the configuration has errors: .*a\.alloy:2: /);
    }));

test("the problem matcher reads what validate prints", options, () => {
    const manifest = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8"));
    const { pattern } = manifest.contributes.problemMatchers[0];
    const folder = mkdtempSync(join(tmpdir(), "invar-"));
    writeFileSync(join(folder, "b.alloy"), BROKEN);
    const run = spawnSync(program, ["validate", "b.alloy"], { cwd: folder, encoding: "utf8" });
    const found = run.stderr.split("\n").map((line) => new RegExp(pattern.regexp).exec(line)).filter(Boolean);
    assert.notStrictEqual(run.status, 0);
    const at = found.map((m) => [m[pattern.severity], m[pattern.file], m[pattern.line], m[pattern.column]]);
    assert.ok(at.some((one) => one.join() === "Error,b.alloy,3,2"), run.stderr);
    rmSync(folder, { recursive: true });
});
