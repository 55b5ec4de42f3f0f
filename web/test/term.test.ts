/* SPDX-License-Identifier: MIT */
/* The terminal's own rules: offsets, frames, input, pastes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Cursor, fromLine } from "../src/term/cursor.ts";
import { InputQueue, queueLimit } from "../src/term/input.ts";
import { strict } from "../src/term/safe.ts";
import { neutralise } from "../src/term/paste.ts";
import { Whole } from "../src/term/whole.ts";
import { decodeFrame, decodeText, maxInput } from "../src/term/wire.ts";
import { crc32 } from "../src/util/crc32.ts";
import { control } from "../src/ui/control.ts";

const raw = (text: string) => new TextEncoder().encode(text);

function frame(offset: bigint, text: string): ArrayBuffer {
	const data = new Uint8Array([...new Uint8Array(8), ...raw(text)]);

	new DataView(data.buffer).setBigUint64(0, offset);
	return data.buffer;
}

test("a frame is an offset and bytes", () => {
	assert.deepEqual(decodeFrame(frame(258n, "hi")),
	    { offset: 258, bytes: raw("hi") });
	assert.equal(decodeFrame(frame(0n, ""))?.bytes.length, 0);
	assert.equal(decodeFrame(new ArrayBuffer(7)), null);
	assert.equal(decodeFrame(frame(1n << 60n, "x")), null);
});

test("messages are checked, unknown and broken ones skipped", () => {
	const ready = decodeText('{"type":"ready","run_id":"r","offset":7,' +
	    '"cols":100,"rows":30,"size_owner":true}');

	assert.deepEqual(ready, { type: "ready", run_id: "r", offset: 7,
	    end: null, cols: 100, rows: 30, size_owner: true,
	    read_only: false, viewer: null, safe: strict });
	assert.deepEqual(decodeText('{"type":"safe","safe":{' +
	    '"clipboard_bytes":9,"title_chars":-1,"link_bytes":"x"}}'),
	    { type: "safe", safe: { ...strict, clipboard: 9 } });
	for (const bad of ["", "null", "[]", "1", '{"type":"toString"}',
	    '{"type":"__proto__"}', '{"type":"ready","offset":1}',
	    '{"type":"resync","offset":1.5}', '{"type":"size","cols":1}'])
		assert.equal(decodeText(bad), null, bad);
});

test("bytes are shown once, in order, with nothing between", () => {
	const cursor = new Cursor();

	cursor.jump("r", 10);
	assert.deepEqual(cursor.accept(10, raw("abc")),
	    { kind: "show", bytes: raw("abc") });
	assert.deepEqual(cursor.accept(10, raw("abc")), { kind: "seen" });
	assert.deepEqual(cursor.accept(12, raw("cde")),
	    { kind: "show", bytes: raw("de") });
	assert.deepEqual(cursor.accept(16, raw("x")),
	    { kind: "gap", missing: 1 });
	assert.deepEqual(cursor.accept(15, raw("f")),
	    { kind: "show", bytes: raw("f") });
	assert.equal(cursor.next, 16);
	assert.equal(cursor.crc, crc32(0, raw("abcdef")));
	assert.deepEqual([cursor.seen, cursor.gaps], [4, 1]);
});

test("a log's middle is shown from its first line", () => {
	const far = raw("x".repeat(5000) + "\nend");

	assert.deepEqual(fromLine(raw(";31mred\r\nnext\n")), raw("next\n"));
	assert.deepEqual(fromLine(raw("no end")), raw("no end"));
	assert.equal(fromLine(far).length, far.length);
});

test("a stream continues only the same run, and never from beyond", () => {
	const cursor = new Cursor();

	cursor.jump("r", 10);
	assert.ok(cursor.continues("r", 10));
	assert.ok(cursor.continues("r", 3));
	assert.ok(!cursor.continues("r", 11));
	assert.ok(!cursor.continues("s", 10));
});

class Wire {
	bufferedAmount = 0;
	sent: Uint8Array[] = [];
	send(data: Uint8Array): void {
		this.sent.push(data);
		this.bufferedAmount += data.length;
	}
}

test("abuse_H11 a large paste leaves in small pieces, at the wire's pace",
    () => {
	const queue = new InputQueue();
	const wire = new Wire();
	const paste = new Uint8Array(10_000_000).map((_, i) => i % 251);
	let rounds = 0;

	assert.ok(queue.push(paste));
	while (queue.pump(wire)) {
		assert.ok(wire.bufferedAmount <= 256 * 1024 + maxInput);
		wire.bufferedAmount = 0;
		rounds++;
	}
	assert.ok(rounds > 10);
	assert.ok(wire.sent.every((p) => p.length <= maxInput));
	assert.equal(wire.sent.reduce((c, p) => crc32(c, p), 0),
	    crc32(0, paste));
});

test("a paused server receives nothing, and all of it afterwards", () => {
	const queue = new InputQueue();
	const wire = new Wire();

	queue.paused = true;
	queue.push(raw("one"));
	queue.push(raw("two"));
	assert.equal(queue.pump(wire), false);
	assert.equal(wire.sent.length, 0);
	queue.paused = false;
	queue.pump(wire);
	assert.deepEqual(wire.sent, [raw("one"), raw("two")]);
	assert.equal(queue.pending, 0);
});

test("abuse_H11 what does not fit is refused whole; clear empties", () => {
	const queue = new InputQueue();

	assert.ok(queue.push(new Uint8Array(queueLimit)));
	assert.equal(queue.push(raw("x")), false);
	assert.equal(queue.pending, queueLimit);
	assert.equal(queue.clear(), queueLimit);
	assert.ok(queue.push(raw("x")));
});

test("abuse_H11 the end marker cannot be pasted, and nothing else changes",
    () => {
	assert.equal(neutralise("a\x1b[201~b"), "a␛[201~b");
	assert.equal(neutralise("a\u009b201~b"), "a␛[201~b");
	assert.ok(!neutralise("\x1b\x1b[201~[201~").includes("\x1b[201~"));
	const kept = "tab\t nul\0 esc\x1b[31m é 漢 \x1b[200~ \r\n";
	assert.equal(neutralise(kept), kept);
});

test("the touch Ctrl key makes control characters", () => {
	assert.equal(control("c"), "\x03");
	assert.equal(control("["), "\x1b");
	assert.equal(control(" "), "\0");
	assert.equal(control("1"), "1");
	assert.equal(control("\x1b[A"), "\x1b[A");
});

test("who looks is read with care", () => {
	const told = decodeText(JSON.stringify({ type: "presence", total: 9,
		viewers: [{ id: 1, name: "ann", guest: false, mode: "write",
			cols: 80, rows: 24, size_owner: true, typing: true },
		{ id: 2, name: 7, guest: 1, mode: "root", cols: "x" },
		null, "x", { name: "no id" }] }));

	assert.deepEqual(told, { type: "presence", total: 9, viewers: [
		{ id: 1, name: "ann", guest: false, mode: "write", cols: 80,
			rows: 24, size_owner: true, typing: true },
		{ id: 2, name: "", guest: false, mode: "read", cols: null,
			rows: null, size_owner: false, typing: false }] });
	assert.deepEqual(decodeText('{"type":"presence"}'),
	    { type: "presence", total: 0, viewers: [] });
});

test("output is drawn in whole characters, however it is cut", () => {
	const bytes = raw("a\u2014\u200d\u2019é漢🌱z");
	const strictly = new TextDecoder("utf-8", { fatal: true });

	for (let i = 0; i <= bytes.length; i++)
		for (let j = i; j <= bytes.length; j++) {
			const whole = new Whole();
			const parts = [bytes.subarray(0, i), bytes.subarray(i, j),
			    bytes.subarray(j)].map((part) => whole.take(part));

			for (const part of parts)
				strictly.decode(part);
			assert.deepEqual([...parts.flatMap((part) => [...part])],
			    [...bytes], `cut at ${i} and ${j}`);
		}
});

test("what is no character is not held back", () => {
	const whole = new Whole();
	const same = (...bytes: number[]) => assert.deepEqual(
	    [...whole.take(Uint8Array.from(bytes))], bytes);

	same(0x80, 0xbf);
	same(0xff);
	same(0xc0, 0x80);
	same(0xe2, 0x80, 0x0a);
	/* Three that continue nothing begin nothing either. */
	same(0x80, 0x80, 0x80);
	assert.equal(whole.take(Uint8Array.from([0xe2, 0x80])).length, 0);
	same(...[]);
	whole.forget();
	same(0x94);
});
