// Group P with accounts that are made for it: whose programs an upgrade takes,
// and one of an account that is not there any more.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { bare, build, deadline, test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';
import { Installed, programs, upgrade } from '../harness/upgrade.mjs';

const s = await System.start();
const [ann, bob] = s.people;
const bad = fs.readFileSync(`${build}/tests/badrdvd`);

// Where every account can run them.
function install(t) {
	const installed = new Installed(t);
	fs.chmodSync(installed.dir, 0o755);
	return installed;
}

// User mode of one account, which is started and asked as that account.
async function own(t, who, installed) {
	const rdv = { base: path.join(who.home, '.rdv') };
	const log = fs.openSync(path.join(s.scratch, `log-${who.name}`), 'a');
	rdv.main = spawn('setpriv', [`--reuid=${who.uid}`, `--regid=${who.uid}`,
		'--clear-groups', '--', installed.helper, '--base', rdv.base,
		'--ready-fd', '3'], { stdio: ['ignore', log, log, 'pipe'], cwd: '/',
		env: { ...bare, HOME: who.home } });
	fs.closeSync(log);
	const ended = once(rdv.main, 'exit');
	t.after(async () => {
		rdv.main.kill('SIGTERM');
		await deadline('it ends', ended, 60000);
	});
	await deadline('ready', once(rdv.main.stdio[3], 'data'));
	rdv.main.stdio[3].destroy();
	rdv.cli = (...args) => s.as(who, path.join(s.bin, 'rdv'), args,
		{ env: { RDV_HOME: rdv.base, RDV_RUN: undefined } });
	return rdv;
}

await test('P02 an account that is gone keeps its rdv over an upgrade',
	async (t) => {
		const installed = install(t);
		const who = await s.account(`rdvg${s.tag}`, '/bin/sh');
		const rdv = await own(t, who, installed);
		const file = path.join(who.home, 'pid');
		const r = rdv.cli('session', 'new', 'left', '--', '/bin/sh', '-c',
			`echo $$ >${file}; exec sleep 1000`);
		assert.equal(r.status, 0, r.err);
		const pid = await waitFor('it runs', () => fs.existsSync(file) &&
			+fs.readFileSync(file, 'utf8'));
		await s.unmake(who.name);
		for (const [mode, said] of [['crash', /^refused .* serves again$/],
			[null, /^upgraded .* terminals=1$/]]) {
			installed.next();
			if (mode !== null) {
				installed.write('rdvd', bad);
				installed.write('mode', mode);
			}
			assert.match(await upgrade(rdv), said);
			assert.ok(fs.existsSync(`/proc/${pid}`));
		}
	});

await test('P03 programs of another account are not executed', async (t) => {
	const installed = install(t);
	const rdv = await own(t, ann, installed);
	for (const name of programs) {
		installed.next();
		fs.chownSync(path.join(installed.dir, name), bob.uid, 0);
		assert.match(await upgrade(rdv), new RegExp(`^refused .*${name} is not`));
	}
	installed.next();
	fs.chownSync(installed.dir, bob.uid, 0);
	assert.match(await upgrade(rdv), /^refused .* is not a directory of ours/);
	fs.chownSync(installed.dir, ann.uid, 0);
	for (const name of programs)
		fs.chownSync(path.join(installed.dir, name), ann.uid, 0);
	assert.match(await upgrade(rdv), /^upgraded /, 'control');
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
