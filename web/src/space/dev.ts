/* SPDX-License-Identifier: MIT */
/*
 * Dev servers of a workspace: one of each repository that has a script for it.
 * Where one listens is what the kernel says of its processes, whatever it has
 * printed.
 */

import { change, get } from "../net/http.ts";
import type { Run } from "../net/types.ts";
import type { Workspace } from "./types.ts";

export interface Server extends Run {
	reason: string;
	repo_id: string;
	repo: string;
	created_at: number;
	ports: { address: string; port: number }[];
}

/* What a repository has for it; null: nothing. */
export interface Script {
	id: string;
	name: string;
	dev_server_script: string | null;
}

/* As many runs are looked at for those that have ended. */
const past = 50;

/* Those that run, and of every other repository the last that ran. */
export async function askServers(
	ws: string, signal: AbortSignal,
): Promise<Server[]> {
	const at = `/api/workspaces/${ws}`;
	const [live, runs] = await Promise.all([
		get<{ items: Server[] }>(`${at}/dev-servers`, signal),
		get<{ items: Server[] }>(`${at}/runs?limit=${past}`, signal),
	]);
	const out = new Map<string, Server>();

	for (const s of [...live.items, ...runs.items])
		if (s.reason === "devserver" && !out.has(s.repo_id))
			out.set(s.repo_id, s);
	return [...out.values()].sort((a, b) => a.repo < b.repo ? -1 : 1);
}

export function askScripts(
	ws: Workspace, signal: AbortSignal,
): Promise<Script[]> {
	return Promise.all(ws.repos.map((p) =>
	    get<Script>(`/api/repos/${p.repo_id}`, signal)));
}

/* They throw: who asked shows the refusal, and where. */

export function start(ws: string): Promise<unknown> {
	return change("POST", `/api/workspaces/${ws}/dev-servers`, {});
}

export function stop(ws: string): Promise<unknown> {
	return change("POST", `/api/workspaces/${ws}/dev-servers/stop`);
}

export function setScript(repo: string, text: string): Promise<unknown> {
	return change("PATCH", `/api/repos/${repo}`,
	    { dev_server_script: text.trim() === "" ? null : text });
}

export function isLive(s: Server): boolean {
	return s.ended_at === null;
}

export function placeText(p: { address: string; port: number }): string {
	return p.address.includes(":") ? `[${p.address}]:${p.port}`
	    : `${p.address}:${p.port}`;
}
