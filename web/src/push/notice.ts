/* SPDX-License-Identifier: MIT */
/*
 * What a push says to a person. A browser wants something shown for each, so
 * one that says nothing we know is shown, too.
 */

export interface Notice {
	title: string;
	tag: string;
}

const titles: Record<string, string> = {
	tool: "A run asks leave for a command",
	question: "A run asks a question",
	plan: "A run wants its plan looked at",
	test: "A test: this device is told",
};

export function notice(text: string): Notice {
	let said: { kind?: unknown; approval?: unknown } = {};

	try {
		said = JSON.parse(text) ?? {};
	} catch {
		/* Of another version. */
	}
	const kind = typeof said.kind === "string" ? said.kind : "";
	return {
		title: Object.hasOwn(titles, kind) ? titles[kind]!
		    : "Something waits for you",
		tag: typeof said.approval === "string" ? said.approval : "rdv",
	};
}

/* A browser by what it calls itself, for a list of devices. */
export function deviceName(agent: string): string {
	const known = [["Edg/", "Edge"], ["Firefox/", "Firefox"],
		["Chrome/", "Chrome"], ["Safari/", "Safari"]] as const;
	const systems = [["Android", "Android"], ["iPhone", "iPhone"],
		["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "Mac"],
		["Linux", "Linux"]] as const;
	const find = (list: readonly (readonly [string, string])[]) =>
	    list.find(([word]) => agent.includes(word))?.[1];

	return `${find(known) ?? "Browser"} on ${find(systems) ?? "a device"}`;
}

export function base64url(raw: ArrayBuffer): string {
	return btoa(String.fromCharCode(...new Uint8Array(raw)))
	    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
