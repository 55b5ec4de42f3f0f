// rdv attach inside tmux, against a real rdvd: what tmux says of its pane is
// what the terminal of a user is like, then and afterwards.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bare, bin, Rdv, test, waitFor } from '../harness/rdv.mjs';

class Pane {
	constructor(rdv) {
		this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-attach-'));
		this.env = { ...bare, HOME: rdv.home, RDV_HOME: rdv.base,
			LANG: 'C.UTF-8', TERM: 'xterm-256color' };
		this.run('new-session', '-d', '-x', '80', '-y', '24', 'exec sh');
		this.run('set', '-g', 'status', 'off');
		this.run('resize-window', '-x', '80', '-y', '24');
	}

	run(...args) {
		return execFileSync('tmux', ['-S', path.join(this.dir, 'sock'), '-f',
			'/dev/null', ...args], { env: this.env, encoding: 'utf8' });
	}

	attach(...args) {
		this.line(`${bin('rdv')} attach ${args.join(' ')}; echo "status $?"`);
	}

	line(text) {
		this.run('send-keys', '-l', text);
		this.run('send-keys', 'Enter');
	}

	detach() {
		this.run('send-keys', 'C-\\', 'C-\\');
		return this.shows('status 0');
	}

	screen() {
		return this.run('capture-pane', '-p');
	}

	shows(text) {
		return waitFor(`the pane shows ${text}`, () =>
			this.screen().includes(text));
	}

	// Alternate screen, visible cursor, application keys and keypad, mouse.
	modes() {
		return this.run('display-message', '-p', '#{alternate_on}' +
			'#{cursor_flag}#{keypad_cursor_flag}#{keypad_flag}' +
			'#{mouse_any_flag}').trim();
	}

	end() {
		spawnSync('tmux', ['-S', path.join(this.dir, 'sock'), 'kill-server']);
		fs.rmSync(this.dir, { recursive: true, force: true });
	}
}

const rdv = await Rdv.start();

async function inPane(fn) {
	const pane = new Pane(rdv);
	try {
		await fn(pane);
	} finally {
		pane.end();
	}
}

const all = '\\033[?1049h\\033[?25l\\033[?1h\\033=\\033[?1000;1006h' +
	'\\033[?2004h\\033[31m\\033[5;9HDRAWN';

await test('attach inside tmux: the screen and its modes, and none behind it',
	() => inPane(async (pane) => {
		const s = await rdv.session('full', ['/bin/sh', '-c',
			`seq 100000; printf '${all}'; exec cat`]);
		await waitFor('all is written', async () => (await rdv.call('GET',
			`/api/sessions/${s.id}/screen`)).content.includes('DRAWN'));
		pane.line('echo mine');
		await pane.shows('\nmine');
		const before = pane.modes();
		assert.equal(before, '01000');
		pane.attach('full');
		await pane.shows('        DRAWN');
		await waitFor('the modes', () => pane.modes() === '10111');
		await pane.detach();
		assert.equal(pane.modes(), before);
		// The lines from before are there, and the log is not.
		const past = pane.run('capture-pane', '-p', '-S', '-');
		assert.match(past, /\nmine\n/);
		assert.doesNotMatch(past, /^99000$/m);
	}));

await test('attach inside tmux: kill -9 of rdvd shows every line once',
	() => inPane(async (pane) => {
		const s = await rdv.session('back', ['/bin/sh', '-c',
			'stty -echo; printf ready; exec cat']);
		pane.attach('back');
		await pane.shows('ready');
		pane.line('one');
		await pane.shows('one');
		await rdv.again();
		await rdv.call('POST', `/api/sessions/${s.id}/exec`,
			{ command: 'two' });
		await pane.shows('two');
		assert.equal(pane.screen().match(/readyone\ntwo/g).length, 1);
		await pane.detach();
	}));

await test('attach -r sends no keys, --size follow leaves the size',
	() => inPane(async (pane) => {
		const s = await rdv.session('look', ['/bin/sh', '-c',
			'printf ready; while read x; do stty size; done'],
		{ cols: 70, rows: 20 });
		pane.attach('-r', 'look');
		await pane.shows('ready');
		pane.line('not sent');
		await pane.detach();
		pane.run('send-keys', '-R');
		pane.line('clear');
		pane.attach('--size', 'follow', 'look');
		await pane.shows('ready');
		pane.line('sent');
		await pane.shows('20 70');
		assert.doesNotMatch(pane.screen(), /not sent/);
		await pane.detach();
		// The control: without it the size is the pane's.
		pane.line('clear');
		pane.attach('look');
		await waitFor('its size', async () => (await rdv.call('GET',
			`/api/sessions/${s.id}/screen`)).cols === 80);
		await pane.detach();
	}));

await rdv.stop();
