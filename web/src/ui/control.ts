/* SPDX-License-Identifier: MIT */
/*
 * The control character of a key, or the key itself when it has none.
 */

export function control(key: string): string {
	const code = key.toUpperCase().charCodeAt(0);

	if (key.length === 1 && code >= 0x40 && code < 0x60)
		return String.fromCharCode(code & 0x1f);
	return key === " " ? "\0" : key;
}
