// Starts the language server and offers its commands.
import * as vscode from "vscode";
import {
    LanguageClient,
    type LanguageClientOptions,
    type Location,
    type ServerOptions,
} from "vscode-languageclient/node";
import { showGraph } from "./graph";
import { findProgram } from "./program";
import { startStatus } from "./status";
import { registerTasks } from "./tasks";

const LANGUAGE = "grafana-alloy";

let client: LanguageClient | undefined;
let program: string | undefined;

function settings(): vscode.WorkspaceConfiguration {
    return vscode.workspace.getConfiguration("invar");
}

async function stopClient(): Promise<void> {
    const old = client;
    client = undefined;
    await old?.stop();
}

async function startClient(): Promise<void> {
    const found = findProgram(settings().get<string>("path", ""), process.env["PATH"]);
    program = found.path;
    if (found.path === undefined) {
        const choice = await vscode.window.showErrorMessage(found.problem ?? "", "Open the setting");
        if (choice !== undefined) {
            await vscode.commands.executeCommand("workbench.action.openSettings", "invar.path");
        }
        return;
    }
    const server: ServerOptions = { command: found.path, args: ["lsp", "--stdio"] };
    const options: LanguageClientOptions = {
        documentSelector: [{ language: LANGUAGE }],
        initializationOptions: settings(),
        synchronize: {
            configurationSection: "invar",
            fileEvents: vscode.workspace.createFileSystemWatcher("**/*.alloy"),
        },
    };
    client = new LanguageClient("invar", "invar", server, options);
    await client.start();
}

/* The document in front, if it is one of ours. */
function document(): vscode.TextDocument | undefined {
    const one = vscode.window.activeTextEditor?.document;
    if (one?.languageId === LANGUAGE) {
        return one;
    }
    void vscode.window.showInformationMessage("No .alloy file is open in front.");
    return undefined;
}

function ask<T>(command: string, ...args: string[]): Promise<T> {
    if (client === undefined) {
        throw new Error("The language server is not running.");
    }
    return client.sendRequest("workspace/executeCommand", { command, arguments: args });
}

/* A command whose failure is told in words. */
function telling<A extends unknown[]>(run: (...args: A) => unknown): (...args: A) => Promise<void> {
    return async (...args) => {
        try {
            await run(...args);
        } catch (problem) {
            void vscode.window.showErrorMessage(`invar: ${problem instanceof Error ? problem.message : String(problem)}`);
        }
    };
}

async function showReport(report: string): Promise<void> {
    const page = await vscode.workspace.openTextDocument({ content: report, language: "plaintext" });
    await vscode.window.showTextDocument(page, vscode.ViewColumn.Beside, true);
}

async function validateDocument(): Promise<void> {
    const one = document();
    if (one === undefined) {
        return;
    }
    const result = await ask<{ valid: boolean; report: string }>("invar.server.validate", one.uri.toString());
    if (result.valid) {
        void vscode.window.showInformationMessage("The configuration is valid.");
    } else {
        await showReport(result.report);
    }
}

/* What the text in the editor would change of the saved files, or of what the instance runs. */
async function reviewDocument(against: "saved" | "running"): Promise<void> {
    const one = document();
    if (one === undefined) {
        return;
    }
    const result = await ask<{ same: boolean; report: string }>("invar.server.review", one.uri.toString(), against);
    if (result.same) {
        void vscode.window.showInformationMessage("The change has no effect.");
    } else {
        await showReport(result.report);
    }
}

async function reloadInstance(): Promise<void> {
    await ask("invar.server.reload", document()?.uri.toString() ?? "");
}

function openPage(url?: unknown): Thenable<boolean> {
    const page = typeof url === "string" && url !== "" ? url : `http://${settings().get<string>("endpoint", "")}/`;
    return vscode.env.openExternal(vscode.Uri.parse(page));
}

/* From a lens: arguments as the protocol has them. */
async function showReferences(uri: string, position: { line: number; character: number }, places?: Location[]) {
    const convert = client?.protocol2CodeConverter;
    if (convert === undefined) {
        return;
    }
    const at = new vscode.Position(position.line, position.character);
    const found = places?.map((p) => convert.asLocation(p)) ??
        (await vscode.commands.executeCommand("vscode.executeReferenceProvider", vscode.Uri.parse(uri), at));
    await vscode.commands.executeCommand("editor.action.showReferences", vscode.Uri.parse(uri), at, found);
}

async function drawGraph(context: vscode.ExtensionContext): Promise<void> {
    const one = document();
    if (one !== undefined) {
        await showGraph(context, one, async (uri) => (await ask<{ mermaid: string }>("invar.server.graph", uri)).mermaid);
    }
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
    const commands: Record<string, (...args: never[]) => unknown> = {
        "invar.validate": validateDocument,
        "invar.review": () => reviewDocument("saved"),
        "invar.reviewRunning": () => reviewDocument("running"),
        "invar.graph": () => drawGraph(context),
        "invar.reload": reloadInstance,
        "invar.openUI": () => openPage(),
        "invar.openPage": openPage,
        "invar.showReferences": showReferences,
        "invar.restart": async () => {
            await stopClient();
            await startClient();
        },
    };
    for (const [name, run] of Object.entries(commands)) {
        context.subscriptions.push(vscode.commands.registerCommand(name, telling(run)));
    }
    context.subscriptions.push(
        registerTasks(() => program),
        vscode.workspace.onDidChangeConfiguration(async (change) => {
            if (change.affectsConfiguration("invar.path")) {
                await stopClient();
                await startClient();
            }
        }),
    );
    startStatus(context);
    await startClient();
}

export function deactivate(): Promise<void> {
    return stopClient();
}
