/* SPDX-License-Identifier: MIT */
/*
 * Links that programs print. Only http and https leave the terminal, and
 * what is shown is the parsed form: an international host appears in its
 * encoded spelling and a user part before '@' is refused, so the text a
 * person reads is the host that will be visited.
 */

const limit = 2048;

export function safeLink(text: string): string | null {
	if (text.length > limit)
		return null;
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		return null;
	}
	if (url.protocol !== "http:" && url.protocol !== "https:")
		return null;
	if (url.username !== "" || url.password !== "")
		return null;
	return url.href;
}
