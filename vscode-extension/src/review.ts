// What the change in the editor would do: `invar review` of the saved file and of the text as it is now.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const TIMEOUT_MS = 20000;
const OUTPUT_MAX = 16 * 1024 * 1024;

export async function review(program: string, savedPath: string, text: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "invar-review-"));
    const path = join(folder, basename(savedPath));
    try {
        await writeFile(path, text, { mode: 0o600 });
        return await new Promise((resolve) => {
            execFile(
                program,
                ["review", savedPath, path],
                { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_MAX },
                (_error, out, problems) => resolve((out + problems).trim()),
            );
        });
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}
