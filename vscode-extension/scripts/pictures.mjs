// The pictures of the README: what the server says of real texts, drawn as the editor shows it, and the page of the graph.
//
// usage: npm run pictures     INVAR_BIN = the program, CHROMIUM = a browser without a screen (default: chromium)
import { build } from "esbuild";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const program = process.env.INVAR_BIN ?? "invar";
const browser = process.env.CHROMIUM ?? "chromium";
const work = mkdtempSync(join(tmpdir(), "invar-pictures-"));

/* ---- a client of the server ---- */

class Server {
    constructor(options) {
        this.process = spawn(program, ["lsp", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
        this.input = Buffer.alloc(0);
        this.waiting = new Map();
        this.published = new Map();
        this.next = 0;
        this.process.stdout.on("data", (piece) => this.take(piece));
        this.ready = this.ask("initialize", {
            capabilities: { textDocument: { completion: { completionItem: { snippetSupport: true } } } },
            initializationOptions: options,
        }).then(() => this.send({ method: "initialized", params: {} }));
    }
    take(piece) {
        this.input = Buffer.concat([this.input, piece]);
        for (;;) {
            const end = this.input.indexOf("\r\n\r\n");
            const length = end < 0 ? 0 : Number(/Content-Length: (\d+)/.exec(this.input.toString("latin1", 0, end))[1]);
            if (end < 0 || this.input.length < end + 4 + length) return;
            const message = JSON.parse(this.input.toString("utf8", end + 4, end + 4 + length));
            this.input = this.input.subarray(end + 4 + length);
            if (message.method === "textDocument/publishDiagnostics") this.published.get(message.params.uri)?.(message.params.diagnostics);
            else if ("id" in message) this.waiting.get(message.id)?.(message.result);
        }
    }
    send(message) {
        const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
        this.process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
        this.process.stdin.write(body);
    }
    ask(method, params) {
        const id = ++this.next;
        this.send({ id, method, params });
        return new Promise((done) => this.waiting.set(id, done));
    }
    /* Opens a text; its first diagnostics. */
    open(uri, text) {
        const published = new Promise((done) => this.published.set(uri, done));
        this.send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "grafana-alloy", version: 1, text } } });
        return published;
    }
    end() {
        this.process.kill();
    }
}

/* ---- an editor's window as HTML ---- */

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const TYPES = ["type", "struct", "namespace", "keyword", "property", "variable", "function", "string", "number", "comment"];
const STYLE = `body{margin:0;background:#1e1e1e;color:#d4d4d4;font:15px/22px "DejaVu Sans Mono",monospace;padding:14px 18px}
.l{white-space:pre;position:relative;tab-size:4}.n{display:inline-block;width:34px;color:#858585;text-align:right;margin-right:16px}
.type{color:#4ec9b0}.struct{color:#4fc1ff}.namespace{color:#4ec9b0}.keyword{color:#c586c0}.property{color:#9cdcfe}.variable{color:#dcdcaa}
.function{color:#dcdcaa}.string{color:#ce9178}.number{color:#b5cea8}.comment{color:#6a9955}
.hint{color:#969696;background:#2a2a2e;border-radius:4px;padding:0 4px;font-size:13px;margin-left:6px}
.lens{color:#999;font:12px/20px "DejaVu Sans",sans-serif;padding-left:50px}
.s1{text-decoration:underline wavy #f14c4c 1.5px}.s2{text-decoration:underline wavy #cca700 1.5px}.s3{opacity:.6}
.box{background:#252526;border:1px solid #454545;font-size:14px;margin:2px 0 6px 70px;width:max-content;max-width:760px}
.box div{padding:1px 10px}.box .first{background:#04395e}.box .d{color:#999;margin-left:18px}.hover{padding:6px 10px;white-space:pre-wrap}
.problems{border-top:1px solid #454545;margin:12px -18px 0;padding:8px 18px;font:13px/21px "DejaVu Sans",sans-serif}
.bad{color:#f14c4c}.warn{color:#cca700}`;

/* The pieces of a line: by tokens, cut where a diagnostic begins or ends. */
function drawLine(text, tokens, marks, hints) {
    const cuts = new Set([0, text.length]);
    for (const t of [...tokens, ...marks]) cuts.add(t.start).add(Math.min(t.end, text.length));
    for (const h of hints) cuts.add(h.position.character);
    const places = [...cuts].sort((a, b) => a - b);
    let html = "";
    places.forEach((start, i) => {
        for (const h of hints.filter((one) => one.position.character === start)) html += `<span class="hint">${escaped(h.label)}</span>`;
        const end = places[i + 1];
        if (end === undefined) return;
        const classes = [...tokens, ...marks].filter((t) => t.start <= start && t.end >= end).map((t) => t.name);
        html += `<span class="${classes.join(" ")}">${escaped(text.slice(start, end))}</span>`;
    });
    return html;
}

async function drawEditor({ server, uri, text, diagnostics, boxes = {}, lenses = [], problems = true }) {
    const whole = { start: { line: 0, character: 0 }, end: { line: text.split("\n").length, character: 0 } };
    const { data } = await server.ask("textDocument/semanticTokens/full", { textDocument: { uri } });
    const hints = await server.ask("textDocument/inlayHint", { textDocument: { uri }, range: whole });
    const tokens = [];
    for (let i = 0, line = 0, character = 0; i < data.length; i += 5) {
        character = data[i] === 0 ? character + data[i + 1] : data[i + 1];
        line += data[i];
        tokens.push({ line, start: character, end: character + data[i + 2], name: TYPES[data[i + 3]] });
    }
    let html = "";
    text.replace(/\n$/, "").split("\n").forEach((content, line) => {
        const own = lenses.filter((l) => l.range.start.line === line).map((l) => l.command.title);
        if (own.length) html += `<div class="lens">${escaped(own.join("  |  "))}</div>`;
        const marks = diagnostics
            .filter((d) => d.range.start.line === line)
            .map((d) => ({ start: d.range.start.character, end: d.range.end.line === line ? d.range.end.character : content.length, name: `s${d.severity}` }));
        const body = drawLine(content, tokens.filter((t) => t.line === line), marks, hints.filter((h) => h.position.line === line));
        html += `<div class="l"><span class="n">${line + 1}</span>${body}</div>${boxes[line] ?? ""}`;
    });
    const list = diagnostics.filter((d) => d.severity < 3).map((d) => {
        const kind = d.severity === 1 ? `<span class="bad">✖</span>` : `<span class="warn">⚠</span>`;
        return `<div>${kind} ${escaped(d.message.split("\n")[0])} <span class="d">${escaped(d.source)}${d.code ? `(${d.code})` : ""} [Ln ${d.range.start.line + 1}]</span></div>`;
    });
    const below = problems && list.length ? `<div class="problems">${list.join("")}</div>` : "";
    return `<!DOCTYPE html><meta charset="utf-8"><style>${STYLE}</style>${html}${below}`;
}

/* ---- the browser ---- */

function photograph(name, html, width, height, more = []) {
    const page = join(work, `${name}.html`);
    writeFileSync(page, html);
    execFileSync(browser, ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", `--user-data-dir=${join(work, "profile")}`,
        `--window-size=${width},${height}`, "--force-device-scale-factor=1", `--screenshot=images/${name}.png`, ...more, pathToFileURL(page).href],
    { stdio: ["ignore", "ignore", "ignore"], timeout: 120000 });
}

const completionBox = (items, count) => `<div class="box">${items.slice(0, count).map((item, i) =>
    `<div class="${i ? "" : "first"}">${escaped(item.label)}<span class="d">${escaped(item.detail ?? "")}</span></div>`).join("")}</div>`;
const hoverBox = (hover) => `<div class="box hover">${escaped(hover.contents.value.replace(/\n\n---\n\n/g, "\n\n").replace(/[*`]/g, ""))}</div>`;

/* ---- the pictures ---- */

const TYPING = `prometheus.remote_write "cloud" {
	endpoint {
		url = "https://" + string.join(["metrics", "example", "com"], ".") + "/push"
	}
}

loki.write "logs" {
	endpoint {
		url = "https://logs.example.com/push"
	}
}

prometheus.scrape "node" {
	targets         = [{"__address__" = "127.0.0.1:9100"}]
	scrape_intervall = "15s"
	scrape_timeout  = 10
	forward_to      = []
}
`;

async function typing(server) {
    const uri = "file:///pictures/typing.alloy";
    const diagnostics = await server.open(uri, TYPING);
    const lines = TYPING.split("\n");
    const line = lines.findIndex((l) => l.includes("forward_to"));
    const { items } = await server.ask("textDocument/completion", { textDocument: { uri }, position: { line, character: lines[line].indexOf("[") + 1 } });
    photograph("typing", await drawEditor({ server, uri, text: TYPING, diagnostics, boxes: { [line]: completionBox(items, 3) } }), 900, 520);
}

const PIPELINE = `local.file "address" {
	filename = "PLACE/address.txt"
}

local.file "gone" {
	filename = "PLACE/gone.txt"
}

prometheus.scrape "self" {
	targets         = [{"__address__" = local.file.address.content}]
	job_name        = string.to_lower(local.file.gone.content)
	scrape_interval = "1s"
	scrape_timeout  = "500ms"
	forward_to      = [prometheus.relabel.keep.receiver]
}

prometheus.relabel "keep" {
	forward_to = [prometheus.echo.shown.receiver]

	rule {
		action        = "keep"
		source_labels = ["__name__"]
		regex         = "alloy_.*"
	}
}

prometheus.echo "shown" { }
`;

function freePort() {
    return new Promise((done) => {
        const server = createServer().listen(0, "127.0.0.1", () => {
            const { port } = server.address();
            server.close(() => done(port));
        });
    });
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function live() {
    const port = await freePort();
    const path = join(work, "pipeline.alloy");
    const text = PIPELINE.replaceAll("PLACE", work);
    writeFileSync(join(work, "address.txt"), `127.0.0.1:${port}`);
    writeFileSync(join(work, "gone.txt"), "Scraper");
    writeFileSync(path, text);
    const instance = spawn(program, ["run", path, `--storage.path=${join(work, "data")}`, `--server.http.listen-addr=127.0.0.1:${port}`], { stdio: "ignore" });
    const server = new Server({ endpoint: `127.0.0.1:${port}`, live: true });
    try {
        await server.ready;
        const uri = pathToFileURL(path).href;
        let diagnostics = await server.open(uri, text);
        server.published.set(uri, (list) => (diagnostics = list));
        await pause(3000);
        rmSync(join(work, "gone.txt"));
        for (let i = 0; i < 60 && !diagnostics.some((d) => d.source === "invar (running)"); i++) await pause(500);
        await pause(6000); // two lists make a rate
        const lenses = await server.ask("textDocument/codeLens", { textDocument: { uri } });
        const lines = text.split("\n");
        const line = lines.findIndex((l) => l.includes("relabel \"keep\""));
        const hover = await server.ask("textDocument/hover", { textDocument: { uri }, position: { line, character: 3 } });
        const page = await drawEditor({ server, uri, text, diagnostics, lenses, boxes: { [line]: hoverBox(hover) } });
        photograph("live", page.replaceAll(work, "/etc/invar").replaceAll(`127.0.0.1:${port}`, "127.0.0.1:12345"), 900, 980);
    } finally {
        server.end();
        instance.kill();
    }
}

async function graph(server) {
    const uri = "file:///pictures/graph.alloy";
    await server.open(uri, PIPELINE);
    const { mermaid } = await server.ask("workspace/executeCommand", { command: "invar.server.graph", arguments: [uri] });
    await build({ entryPoints: ["src/graphPage.ts"], outfile: join(work, "graphPage.mjs"), bundle: true, format: "esm", logLevel: "warning" });
    const { graphPage } = await import(pathToFileURL(join(work, "graphPage.mjs")).href);
    writeFileSync(join(work, "mermaid.min.js"), readFileSync("node_modules/mermaid/dist/mermaid.min.js"));
    const page = graphPage({ mermaidUri: "mermaid.min.js", cspSource: "file:", nonce: "0", chart: mermaid, isDark: true });
    photograph("graph", page.replace("<body>", '<body style="background:#1e1e1e">'), 900, 370, ["--virtual-time-budget=8000"]);
}

mkdirSync("images", { recursive: true });
const server = new Server({ live: false });
try {
    await server.ready;
    await typing(server);
    await graph(server);
    await live();
} finally {
    server.end();
    rmSync(work, { recursive: true, force: true });
}
