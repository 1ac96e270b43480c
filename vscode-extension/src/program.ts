// Where the invar program is: the setting, else the first one on PATH.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

function isProgram(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
}

export interface Found {
    path?: string;
    problem?: string;
}

export function findProgram(setting: string, searchPath: string | undefined): Found {
    if (setting !== "") {
        return isProgram(setting)
            ? { path: setting }
            : { problem: `The setting invar.path says ${setting}, which is not a program.` };
    }
    const name = process.platform === "win32" ? "invar.exe" : "invar";
    for (const folder of (searchPath ?? "").split(delimiter)) {
        const path = join(folder, name);
        if (folder !== "" && isProgram(path)) {
            return { path };
        }
    }
    return {
        problem: "The invar program was not found on PATH. Install it, or say where it is in the setting invar.path.",
    };
}
