/* SPDX-License-Identifier: MIT */
/* What a push says to a person, whatever it is that arrives. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { base64url, deviceName, notice } from "../src/push/notice.ts";

test("a push is shown by its kind, one for each approval", () => {
	assert.deepEqual(notice('{"v":1,"kind":"tool","approval":"a"}'),
	    { title: "A run asks leave for a command", tag: "a" });
	assert.deepEqual(notice('{"v":1,"kind":"test","approval":null}'),
	    { title: "A test: this device is told", tag: "rdv" });
});

test("what is not known is shown in words of ours", () => {
	for (const text of ["", "null", "[]", "7", "{", '{"kind":7}',
	    '{"kind":"toString"}', '{"kind":"__proto__","approval":{}}'])
		assert.deepEqual(notice(text),
		    { title: "Something waits for you", tag: "rdv" }, text);
});

test("a device has a name by what its browser says", () => {
	assert.equal(deviceName("Mozilla/5.0 (X11; Linux x86_64) " +
	    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 " +
	    "Safari/537.36"), "Chrome on Linux");
	assert.equal(deviceName("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 " +
	    "like Mac OS X) Version/17.0 Safari/604.1"),
	    "Safari on iPhone");
	assert.equal(deviceName(""), "Browser on a device");
});

test("keys are told in base64url", () => {
	assert.equal(base64url(new Uint8Array([251, 255]).buffer), "-_8");
});
