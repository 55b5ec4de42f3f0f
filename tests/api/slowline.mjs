// rdv attach behind a slow line. What takes the time is the line, so this is no
// part of the sanitized layer: cli/test_redraw has the same code under them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { bare, bin, deadline, Rdv, root, test, waitFor } from
	'../harness/rdv.mjs';

const rdv = await Rdv.start();

// What came through a slow line, and keys the other way.
class Line {
	constructor(...args) {
		this.bytes = Buffer.alloc(0);
		this.child = spawn('python3', [path.join(root,
			'tests/harness/slowline.py'), bin('rdv'), 'attach', ...args], {
			env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base,
				LANG: 'C.UTF-8', TERM: 'xterm-256color' },
			stdio: ['pipe', 'pipe', 'inherit'] });
		this.ended = once(this.child, 'close');
		this.child.stdout.on('data', (d) => {
			this.bytes = Buffer.concat([this.bytes, d]);
		});
	}

	type(text) {
		this.child.stdin.write(text);
	}

	shows(text, from = 0) {
		return waitFor(`the line shows ${text}`, () =>
			this.bytes.includes(text, from), 120000);
	}

	// Screens that were begun on it.
	screens() {
		return String(this.bytes).split('\x1b[H\x1b[J').slice(1);
	}

	end() {
		this.child.kill();
		return this.ended;
	}
}

// What is counted is what comes between the end of a flood, or a key, and its
// being seen: some of it is in the kernel, which keeps up to 24 KiB for a
// terminal, and may take as much again before it is known to be slow. Both at
// once, as they take half a minute.
await Promise.all([
	// It would take four hours to show all that is written here.
	test('attach at 9600 baud: behind a flood its end', async (t) => {
		const s = await rdv.session('loud', ['/bin/sh', '-c', 'stty -echo; ' +
			'printf ready; read x; seq 2000000; printf LAST; exec cat']);
		const line = new Line('loud');
		t.after(() => line.end());
		await line.shows('ready');
		line.type('\n');
		const over = await rdv.call('GET', `/api/sessions/${s.id}/wait?` +
			'pattern=LAST&since=0&timeout_ms=100000');
		assert.equal(over.matched, true);
		const at = line.bytes.length;
		await line.shows('LAST');
		assert.ok(line.bytes.length - at < 49152,
			`${line.bytes.length - at} bytes behind the flood`);
		// The screen at its end, whole and in order.
		assert.match(line.screens().at(-1), RegExp(Array.from({ length: 20 },
			(_, i) => 1999981 + i).join('\\D+') + '\\D+LAST'));
	}),
	test('attach at 9600 baud: keys amid a flood', async (t) => {
		await rdv.session('endless', ['/bin/sh', '-c',
			'stty -echo; printf ready; read x; while echo flood; do :; done']);
		const line = new Line('endless');
		t.after(() => line.end());
		await line.shows('ready');
		const before = line.screens().length;
		line.type('\n');
		await waitFor('a screen amid the flood', () =>
			line.screens().length > before, 120000);
		const at = line.bytes.length;
		line.type('\x1c\x1c');
		assert.deepEqual(await deadline('detached', line.ended, 120000),
			[0, null]);
		const rest = line.bytes.subarray(at);
		assert.ok(rest.length < 16384, `${rest.length} bytes after the keys`);
		assert.match(String(rest), /detached from endless/);
	}),
]);

await rdv.stop();
