// A private tmux with a program in it, and the bytes that the program wrote.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bare, proc, waitFor } from '../harness/rdv.mjs';
import { captured } from './cells.mjs';

export const COLS = 80, ROWS = 24;

export class Tmux {
	constructor() {
		this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-screen-'));
		this.log = path.join(this.dir, 'log');
		this.env = { ...bare, HOME: this.dir, LANG: 'C.UTF-8',
			TERM: 'xterm-256color' };
	}

	run(...args) {
		return execFileSync('tmux', ['-S', path.join(this.dir, 'sock'), '-f',
			'/dev/null', ...args], { env: this.env, encoding: 'utf8' });
	}

	// The program waits for a line, so that no byte of it is missed.
	start(command) {
		fs.writeFileSync(this.log, '');
		this.run('new-session', '-d', '-x', String(COLS), '-y', String(ROWS),
			`stty -echo; read x; stty echo; TERM=xterm-256color exec ${command}`);
		this.run('set', '-g', 'status', 'off');
		this.run('resize-window', '-x', String(COLS), '-y', String(ROWS));
		this.run('pipe-pane', '-O', `cat >> ${this.log}`);
		this.keys('Enter');
	}

	// A terminal of that size for print().
	open(cols, rows) {
		this.run('new-session', '-d', '-x', String(cols), '-y', String(rows),
			'exec cat');
		this.run('set', '-g', 'status', 'off');
		this.run('resize-window', '-x', String(cols), '-y', String(rows));
		this.printed = 0;
	}

	// What it shows of these bytes alone; the title behind them says when.
	async print(bytes) {
		const title = `end ${++this.printed}`;
		fs.writeFileSync(this.log, Buffer.concat([bytes,
			Buffer.from(`\x1b]2;${title}\x07`)]));
		this.run('respawn-pane', '-k',
			`stty raw -echo; cat ${this.log}; exec cat`);
		await waitFor(title, () => this.run('display-message', '-p',
			'#{pane_title}').trim() === title);
		return this.run('capture-pane', '-epN');
	}

	keys(...keys) {
		this.run('send-keys', ...keys);
	}

	screen() {
		return this.run('capture-pane', '-p');
	}

	cells() {
		return captured(this.run('capture-pane', '-epN'), COLS, ROWS);
	}

	bytes() {
		return fs.readFileSync(this.log);
	}

	// Killed, since some take seconds over it when their terminal goes.
	async end() {
		const tmux = (...args) => spawnSync('tmux', ['-S',
			path.join(this.dir, 'sock'), ...args], { encoding: 'utf8' });
		const pids = tmux('list-panes', '-a', '-F', '#{pane_pid}').stdout
			.split('\n').filter(Boolean);
		pids.forEach((pid) => process.kill(+pid, 'SIGKILL'));
		tmux('kill-server');
		await waitFor('the programs are gone', () => pids.every((pid) =>
			(proc(pid)?.state ?? 'Z') === 'Z'));
		fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 20 });
	}
}
