// Tasks: invar validate and invar fmt --check, with the problem matcher $invar.
import * as vscode from "vscode";

export interface Work {
    type: string;
    command: string;
    path?: string;
}

export function taskArguments(work: Work, folder: string): string[] {
    const path = work.path ?? folder;
    return work.command === "fmt" ? ["fmt", "--check", path] : ["validate", path];
}

function makeTask(program: string, folder: vscode.WorkspaceFolder, work: Work): vscode.Task {
    const run = new vscode.ProcessExecution(program, taskArguments(work, folder.uri.fsPath), {
        cwd: folder.uri.fsPath,
    });
    const task = new vscode.Task(work, folder, work.command, "invar", run, ["$invar"]);
    task.group = work.command === "validate" ? vscode.TaskGroup.Build : undefined;
    return task;
}

export function registerTasks(program: () => string | undefined): vscode.Disposable {
    return vscode.tasks.registerTaskProvider("invar", {
        provideTasks() {
            const path = program();
            const folders = vscode.workspace.workspaceFolders ?? [];
            return path === undefined
                ? []
                : folders.flatMap((folder) =>
                      ["validate", "fmt"].map((command) => makeTask(path, folder, { type: "invar", command })),
                  );
        },
        resolveTask(task) {
            const path = program();
            const folder = task.scope as vscode.WorkspaceFolder | undefined;
            return path === undefined || folder?.uri === undefined
                ? undefined
                : makeTask(path, folder, task.definition as unknown as Work);
        },
    });
}
