/* SPDX-License-Identifier: MIT */
/*
 * The part of the address behind '#' that the page understands. It names what
 * this server has and nothing else: there is deliberately no way to
 * name another server in it, so a link cannot make the page send what it
 * knows elsewhere.
 */

export const views = ["changes", "files", "log"] as const;
export type View = typeof views[number];

export interface WorkspaceRoute {
	page: "workspace";
	id: string;
	/* Of its worktrees the one of this repository; null: the first. */
	repo: string | null;
	view: View;
	/* A path, as its bytes in base64url, or a commit. */
	at: string | null;
}

export type Route =
	| { page: "home" }
	| { page: "workspaces" }
	| { page: "asks" }
	/* null: all of them. */
	| { page: "agents"; agent: string | null }
	| { page: "new-workspace" }
	| WorkspaceRoute
	| { page: "new" }
	| { page: "session"; id: string }
	/* In a workspace. */
	| { page: "new-conversation"; id: string }
	| { page: "conversation"; id: string }
	/* What one of its runs has written. */
	| { page: "output"; id: string; run: string }
	/* The same of one that is a workspace's. */
	| { page: "run"; id: string; run: string }
	/* Of a run. */
	| { page: "replay"; id: string };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const workspace = new RegExp(`^/w/([0-9a-f-]{36})(?:/([0-9a-f-]{36})` +
    `/(${views.join("|")})(?:/([A-Za-z0-9_-]{1,8000}))?)?$`);

const beside = /^\/w\/([0-9a-f-]{36})\/run\/([0-9a-f-]{36})$/;

function parseWorkspace(path: string): Route | null {
	const [, of, run] = beside.exec(path) ?? [];
	const [, id, repo, view, at] = workspace.exec(path) ?? [];

	if (path === "/w")
		return { page: "workspaces" };
	if (path === "/w/new")
		return { page: "new-workspace" };
	if (of !== undefined && uuid.test(of) && uuid.test(run!))
		return { page: "run", id: of, run: run! };
	if (id === undefined || !uuid.test(id) ||
	    (repo !== undefined && !uuid.test(repo)))
		return null;
	return { page: "workspace", id, repo: repo ?? null,
	    view: (view as View | undefined) ?? "changes", at: at ?? null };
}

function formatWorkspace(r: WorkspaceRoute): string {
	const at = r.at === null ? "" : `/${r.at}`;

	return r.repo === null ? `#/w/${r.id}`
	    : `#/w/${r.id}/${r.repo}/${r.view}${at}`;
}

const talk = /^\/c\/(new\/)?([0-9a-f-]{36})(?:\/([0-9a-f-]{36}))?$/;

function parseTalk(path: string): Route | null {
	const [, fresh, id, run] = talk.exec(path) ?? [];

	if (id === undefined || !uuid.test(id) ||
	    (run !== undefined && (fresh !== undefined || !uuid.test(run))))
		return null;
	if (fresh !== undefined)
		return { page: "new-conversation", id };
	return run === undefined ? { page: "conversation", id }
	    : { page: "output", id, run };
}

export function parseRoute(hash: string): Route {
	const path = hash.replace(/^#/, "");
	const work = parseWorkspace(path) ?? parseTalk(path);

	if (work !== null)
		return work;
	const [agents, agent] = /^\/agents(?:\/([A-Z0-9_]{1,40}))?$/.exec(path) ??
	    [];

	if (agents !== undefined)
		return { page: "agents", agent: agent ?? null };
	if (path === "/asks")
		return { page: "asks" };
	if (path === "/new")
		return { page: "new" };
	if (path.startsWith("/s/") && uuid.test(path.slice(3)))
		return { page: "session", id: path.slice(3) };
	if (path.startsWith("/replay/") && uuid.test(path.slice(8)))
		return { page: "replay", id: path.slice(8) };
	return { page: "home" };
}

export function formatRoute(route: Route): string {
	switch (route.page) {
	case "home": return "#/";
	case "new": return "#/new";
	case "asks": return "#/asks";
	case "agents": return route.agent === null ? "#/agents"
	    : `#/agents/${route.agent}`;
	case "workspaces": return "#/w";
	case "new-workspace": return "#/w/new";
	case "workspace": return formatWorkspace(route);
	case "session": return `#/s/${route.id}`;
	case "new-conversation": return `#/c/new/${route.id}`;
	case "conversation": return `#/c/${route.id}`;
	case "output": return `#/c/${route.id}/${route.run}`;
	case "run": return `#/w/${route.id}/run/${route.run}`;
	case "replay": return `#/replay/${route.id}`;
	}
}

/* What a link to a terminal has behind its '#'. */
export function linkSecret(hash: string): string | null {
	const match = /^#([A-Za-z0-9_-]{16,128})$/.exec(hash);

	return match ? match[1]! : null;
}

/* A sign-in code is 32 bytes in base64url; anything else is not sent. */
export function signInCode(hash: string): string | null {
	const match = /^#code=([A-Za-z0-9_-]{16,128})$/.exec(hash);

	return match ? match[1]! : null;
}
