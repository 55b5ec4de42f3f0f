/* SPDX-License-Identifier: MIT */
/*
 * The part of the address behind '#' that the page understands. It names a
 * session of this server and nothing else: there is deliberately no way to
 * name another server in it, so a link cannot make the page send what it
 * knows elsewhere.
 */

export type Route =
	| { page: "home" }
	| { page: "new" }
	| { page: "session"; id: string }
	/* Of a run. */
	| { page: "replay"; id: string };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function parseRoute(hash: string): Route {
	const path = hash.replace(/^#/, "");

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
	case "session": return `#/s/${route.id}`;
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
