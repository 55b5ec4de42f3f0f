// Programs of rdv in a directory of their own, which the next build is put into.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build, waitFor } from './rdv.mjs';

export const programs = ['rdv-helper', 'rdvd', 'rdv-git', 'rdv-egress',
	'rdv-push'];
const is = /RDV_BUILD "[^"]*-([0-9a-f]{16})"/.exec(fs.readFileSync(
	path.join(build, 'gen/build.h'), 'utf8'))[1];

export class Installed {
	// In `dir`, which is the caller's, or in one that goes with the test.
	constructor(t, dir) {
		this.dir = dir ?? fs.mkdtempSync(path.join(os.tmpdir(),
			'rdv-installed-'));
		if (dir === undefined)
			t.after(() => fs.rmSync(this.dir, { recursive: true,
				force: true }));
		this.n = 0;
		this.build = is;
		this.put(programs);
	}

	get helper() { return path.join(this.dir, 'rdv-helper'); }

	// As an installer does: a new file takes the name of the old one.
	write(name, data, mode = 0o755) {
		const at = path.join(this.dir, name);
		fs.writeFileSync(`${at}.new`, data, { mode });
		fs.chmodSync(`${at}.new`, mode);
		fs.renameSync(`${at}.new`, at);
	}

	// The same program under the name of another build.
	copy(name, as) {
		const data = fs.readFileSync(path.join(build, 'bin', name));
		for (let at = 0; (at = data.indexOf(is, at)) >= 0; at++)
			data.write(as, at, 'latin1');
		return data;
	}

	put(which) {
		for (const name of which)
			this.write(name, this.copy(name, this.build));
	}

	// Its end stays: the linker keeps a string that another one ends with,
	// "30" as a default of a setting, in that one's place.
	next(which = programs) {
		this.build = (++this.n).toString(16).padStart(12, 'f') + is.slice(12);
		this.put(which);
	}

	// The next one, as if its profiles had a path less.
	tighter() {
		const name = '\0/dev/zero\0', other = '\0/dev/nine\0';
		this.next();
		const data = this.copy('rdv-helper', this.build);
		const at = data.indexOf(name);
		if (at < 0 || data.indexOf(name, at + 1) >= 0)
			throw new Error('/dev/zero is not there once');
		data.write(other, at, 'latin1');
		this.write('rdv-helper', data);
	}
}

// Asks for it and waits for what comes of it.
export async function upgrade(rdv) {
	const file = path.join(rdv.root ? path.join(rdv.root,
		'var/lib/rdv-helper') : path.join(rdv.base, 'server'), 'upgrade');
	fs.rmSync(file, { force: true });
	process.kill(rdv.main.pid, 'SIGUSR2');
	return waitFor('the upgrade is over', () => fs.existsSync(file) &&
		fs.readFileSync(file, 'utf8').trim(), 60000);
}
