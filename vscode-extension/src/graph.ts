// The graph view beside the editor; drawn again when the document is saved.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { graphPage } from "./graphPage";

export type AskGraph = (uri: string) => Promise<string>;

function isDark(): boolean {
    const kind = vscode.window.activeColorTheme.kind;
    return kind === vscode.ColorThemeKind.Dark || kind === vscode.ColorThemeKind.HighContrast;
}

export async function showGraph(
    context: vscode.ExtensionContext,
    document: vscode.TextDocument,
    ask: AskGraph,
): Promise<void> {
    const folder = vscode.Uri.joinPath(context.extensionUri, "dist");
    const panel = vscode.window.createWebviewPanel(
        "invar.graph",
        `Graph of ${vscode.workspace.asRelativePath(document.uri)}`,
        vscode.ViewColumn.Beside,
        { enableScripts: true, localResourceRoots: [folder] },
    );
    const draw = async () => {
        const chart = await ask(document.uri.toString());
        panel.webview.html = graphPage({
            mermaidUri: panel.webview.asWebviewUri(vscode.Uri.joinPath(folder, "mermaid.min.js")).toString(),
            cspSource: panel.webview.cspSource,
            nonce: randomBytes(16).toString("hex"),
            chart,
            isDark: isDark(),
        });
    };
    const saved = vscode.workspace.onDidSaveTextDocument((one) => {
        if (one.languageId === document.languageId) {
            draw().catch(() => undefined); // a text with errors: the last drawing stays
        }
    });
    panel.onDidDispose(() => saved.dispose());
    await draw();
}
