/* SPDX-License-Identifier: MIT */
/* Recordings: reading them, and when their parts are shown. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Cast, Timeline, parseSize } from "../src/util/cast.ts";
import { clock } from "../src/util/text.ts";

const file = '{"version":2,"width":90,"height":30,"title":"a <b>"}\n' +
    '[0.000,"m","a note"]\n[0.500,"o","one\\u0000€"]\n[0.750,"i","typed"]\n' +
    '[10.250,"r","40x12"]\n[10.500,"m","later"]\n[10.500,"o","two"]\n';

test("a recording is read whole or in any two pieces", () => {
	for (let cut = 0; cut <= file.length; cut++) {
		const cast = new Cast();
		cast.feed(file.slice(0, cut));
		cast.feed(file.slice(cut));
		assert.deepEqual([cast.cols, cast.rows, cast.title, cast.note],
		    [90, 30, "a <b>", "a note"]);
		assert.deepEqual(cast.moments, [
			{ at: 500, code: "o", data: "one\0€" },
			{ at: 10_250, code: "r", data: "40x12" },
			{ at: 10_500, code: "o", data: "two" },
		]);
		assert.equal(cast.full, false);
	}
});

test("what is no recording is said to be none", () => {
	for (const bad of ["x\n", '{"version":1}\n', "null\n",
	    '{"version":2,"width":80}\n', '{"version":2,"width":"1"}\n'])
		assert.throws(() => new Cast().feed(bad), bad);
	const cast = new Cast();
	cast.feed('{"version":2,"width":99999,"height":-4}\n{}\n[1]\n' +
	    '["x","o","a"]\n[1,"o",2]\n');
	assert.deepEqual([cast.cols, cast.rows], [1000, 1]);
	assert.equal(cast.moments.length, 0);
});

test("a size is a size", () => {
	assert.deepEqual(parseSize("40x12"), { cols: 40, rows: 12 });
	assert.deepEqual(parseSize("9999x0"), { cols: 1000, rows: 1 });
	for (const bad of ["", "x", "40x", "-1x2", "40x12 ", "99999x1"])
		assert.equal(parseSize(bad), null, bad);
});

test("pauses are shortened, and time never runs back", () => {
	const at = (...all: number[]) => all.map((ms) =>
	    ({ at: ms, code: "o" as const, data: "" }));
	const all = new Timeline(at(500, 10_500, 10_500, 10_000, 10_600),
	    Infinity);
	assert.equal(all.duration, 11_100);
	const cut = new Timeline(at(500, 10_500, 10_600), 1000);
	assert.equal(cut.duration, 1600);
	assert.deepEqual([0, 499, 500, 1499, 1500, 1600, 9999].map((ms) =>
	    cut.count(ms)), [0, 0, 1, 1, 2, 3, 3]);
	assert.equal(cut.timeOf(1), 1500);
	assert.equal(cut.timeOf(7), 1600);
	assert.equal(new Timeline([], 1).duration, 0);
	assert.equal(new Timeline([], 1).count(5), 0);
});

test("positions read like a clock", () => {
	assert.equal(clock(0), "0:00");
	assert.equal(clock(61_999), "1:01");
	assert.equal(clock(3_661_000), "1:01:01");
});
