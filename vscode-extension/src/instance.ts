// What a running instance says of itself, for the status bar.
import { get } from "node:http";

export interface Instance {
    state: "absent" | "starting" | "healthy" | "unhealthy";
    components: number;
    unhealthy: string[];
}

const TIMEOUT_MS = 2000;
const BODY_MAX = 16 * 1024 * 1024;

function fetchText(endpoint: string, path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
        const request = get(`http://${endpoint}${path}`, { timeout: TIMEOUT_MS }, (response) => {
            let body = "";
            response.setEncoding("utf8");
            response.on("data", (piece: string) => {
                body += piece;
                if (body.length > BODY_MAX) {
                    request.destroy(new Error("the answer is too large"));
                }
            });
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
            response.on("error", reject);
        });
        request.on("timeout", () => request.destroy(new Error("no answer in time")));
        request.on("error", reject);
    });
}

interface Component {
    localID?: string;
    health?: { state?: string };
}

export async function askInstance(endpoint: string): Promise<Instance> {
    try {
        const ready = await fetchText(endpoint, "/-/ready");
        if (ready.status !== 200) {
            return { state: "starting", components: 0, unhealthy: [] };
        }
        const answer = await fetchText(endpoint, "/api/v0/web/components");
        const list = JSON.parse(answer.body) as Component[];
        const unhealthy = list
            .filter((c) => c.health?.state !== "healthy" && c.health?.state !== "unknown")
            .map((c) => c.localID ?? "?");
        return { state: unhealthy.length ? "unhealthy" : "healthy", components: list.length, unhealthy };
    } catch {
        return { state: "absent", components: 0, unhealthy: [] };
    }
}

export interface StatusText {
    text: string;
    tooltip: string;
    isWarning: boolean;
}

export function statusText(endpoint: string, instance: Instance): StatusText {
    switch (instance.state) {
        case "absent":
            return { text: "$(circle-slash) invar", tooltip: `No instance answers at ${endpoint}.`, isWarning: false };
        case "starting":
            return { text: "$(sync) invar", tooltip: `The instance at ${endpoint} is not ready.`, isWarning: false };
        case "healthy":
            return {
                text: `$(pass) invar ${instance.components}`,
                tooltip: `${instance.components} components at ${endpoint} are healthy.`,
                isWarning: false,
            };
        case "unhealthy":
            return {
                text: `$(warning) invar ${instance.unhealthy.length}/${instance.components}`,
                tooltip: `Not healthy at ${endpoint}: ${instance.unhealthy.join(", ")}`,
                isWarning: true,
            };
    }
}
