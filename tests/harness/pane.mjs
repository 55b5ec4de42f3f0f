// A terminal as a user has one, in tmux on a socket of its own: keys go in, and
// tmux says what it shows and in which modes it is.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bare, bin, waitFor } from './rdv.mjs';

export class Pane {
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

	// What is read together with keys before it is a paste, and no order.
	detach() {
		let at = 0;
		return waitFor('it is detached', () => {
			if (this.screen().includes('status 0'))
				return true;
			if (Date.now() - at > 2000) {
				this.run('send-keys', 'C-\\', 'C-\\');
				at = Date.now();
			}
			return false;
		});
	}

	screen() {
		return this.run('capture-pane', '-p');
	}

	async shows(text) {
		try {
			await waitFor(`the pane shows ${text}`, () =>
				this.screen().includes(text));
		} catch (e) {
			e.message += `, and not\n${this.screen()}`;
			throw e;
		}
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
