// The status bar's item: asks the instance every few seconds while the window has the focus.
import * as vscode from "vscode";
import { askInstance, statusText } from "./instance";

const PERIOD_MS = 5000;

export function startStatus(context: vscode.ExtensionContext): void {
    const item = vscode.window.createStatusBarItem(vscode.StatusBarAlignment.Right, 10);
    item.command = "invar.openUI";
    let asking = false;
    const ask = async () => {
        const settings = vscode.workspace.getConfiguration("invar");
        if (!settings.get<boolean>("live", true)) {
            item.hide();
            return;
        }
        if (asking || !vscode.window.state.focused) {
            return;
        }
        asking = true;
        const endpoint = settings.get<string>("endpoint", "127.0.0.1:12345");
        const now = statusText(endpoint, await askInstance(endpoint));
        asking = false;
        item.text = now.text;
        item.tooltip = now.tooltip;
        item.backgroundColor = now.isWarning
            ? new vscode.ThemeColor("statusBarItem.warningBackground")
            : undefined;
        item.show();
    };
    const timer = setInterval(() => void ask(), PERIOD_MS);
    context.subscriptions.push(item, { dispose: () => clearInterval(timer) });
    void ask();
}
