// One file for the extension, and Mermaid beside it for the graph view.
import { build } from "esbuild";
import { copyFileSync, mkdirSync } from "node:fs";

mkdirSync("dist", { recursive: true });
await build({
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    bundle: true,
    minify: true,
    platform: "node",
    target: "node18",
    format: "cjs",
    external: ["vscode"],
    logLevel: "warning",
});
copyFileSync("node_modules/mermaid/dist/mermaid.min.js", "dist/mermaid.min.js");
