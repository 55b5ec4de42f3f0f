// A private tmux with a program in it, and the bytes that the program wrote.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bare, waitFor } from '../harness/rdv.mjs';

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

	keys(...keys) {
		this.run('send-keys', ...keys);
	}

	screen() {
		return this.run('capture-pane', '-p').split('\n').slice(0, ROWS)
			.map((l) => l.trimEnd()).join('\n');
	}

	bytes() {
		return fs.readFileSync(this.log);
	}

	// A shell still writes its history when its terminal is gone.
	async end() {
		const tmux = (...args) => spawnSync('tmux', ['-S',
			path.join(this.dir, 'sock'), ...args], { encoding: 'utf8' });
		const pids = tmux('list-panes', '-a', '-F', '#{pane_pid}').stdout;
		tmux('kill-server');
		await waitFor('the programs are gone', () => !pids.split('\n').some(
			(pid) => pid && fs.existsSync(`/proc/${pid}`)));
		fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 20 });
	}
}
