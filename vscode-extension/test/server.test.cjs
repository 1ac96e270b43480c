// The compiled client and the real server: INVAR_BIN says where the program is.
const test = require("node:test");
const assert = require("node:assert");
const { load, makeHost, Uri } = require("./host.cjs");

const program = process.env.INVAR_BIN;

function makeDocument(text) {
    return { uri: Uri.parse("file:///w/a.alloy"), languageId: "grafana-alloy", version: 1, isClosed: false, getText: () => text };
}

test("diagnostics of the real server arrive, and commands answer", { skip: !program, timeout: 30000 }, async () => {
    const host = makeHost({ "invar.path": program, "invar.live": false });
    const document = makeDocument('prometheus.scrape "a" {\n\ttargets = []\n\tforward_t = []\n}\n');
    host.documents.push(document);
    host.vscode.window.activeTextEditor = { document };
    const arrived = new Promise((done) => (host.changed = done));
    const extension = load("dist/extension.js", host);
    const context = { subscriptions: [], extensionUri: Uri.file("/x") };
    await extension.activate(context);
    assert.deepStrictEqual(host.shown, []);
    await arrived;
    const list = host.diagnostics.get("file:///w/a.alloy");
    assert.ok(list.some((d) => d.range.start.line === 2 && /forward_t/.test(d.message)), JSON.stringify(list));
    await host.commands.get("invar.validate")();
    assert.match(host.opened[0], /forward_t/);
    await host.commands.get("invar.openPage")("http://127.0.0.1:12345/component/a");
    assert.strictEqual(host.opened[1], "http://127.0.0.1:12345/component/a");
    await extension.deactivate();
    context.subscriptions.forEach((one) => one.dispose());
});
