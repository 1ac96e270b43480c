// The page of the graph view: Mermaid draws what the server said. No network, no other script.
export interface PageParts {
    mermaidUri: string;
    cspSource: string;
    nonce: string;
    chart: string;
    isDark: boolean;
}

function escapeHtml(text: string): string {
    return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

export function graphPage(p: PageParts): string {
    const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src ${p.cspSource}; script-src 'nonce-${p.nonce}'`;
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<title>Graph</title>
</head>
<body>
<pre class="mermaid">${escapeHtml(p.chart)}</pre>
<script nonce="${p.nonce}" src="${escapeHtml(p.mermaidUri)}"></script>
<script nonce="${p.nonce}">
mermaid.initialize({ startOnLoad: true, securityLevel: "strict", theme: "${p.isDark ? "dark" : "default"}",
    maxTextSize: 5000000, maxEdges: 20000 });
</script>
</body>
</html>`;
}
