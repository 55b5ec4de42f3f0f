// The cage of the rdvd that really runs, seen from outside: an ordinary build
// has all of it, a sanitized one says what it lacks. tests/priv tries each call.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { build, test, waitFor } from '../harness/rdv.mjs';
import { sanitized } from '../harness/sanitizer.mjs';

const status = (pid, key) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(
	fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1];

await test('the build is the one its directory is named after', () => {
	assert.equal(sanitized(), path.basename(build) === 'asan');
});

await test('rdvd has its filter and no way to privilege', async (t) => {
	const rdv = await t.start();
	assert.equal(status(rdv.rdvd, 'NoNewPrivs'), '1');
	assert.equal(status(rdv.rdvd, 'Seccomp'), sanitized() ? '0' : '2');
	assert.equal(/no seccomp filter/.test(rdv.log()), sanitized());
	// Control: [ops] starts login shells, which must not inherit either.
	assert.equal(status(rdv.ops, 'NoNewPrivs'), '0');
	assert.equal(status(rdv.ops, 'Seccomp'), '0');
});

// Landlock holds the directory that rdvd began with, not its name. So another
// one of that name is closed to it, whatever its mode says.
await test('rdvd reads nothing outside its directory', async (t) => {
	const rdv = await t.start();
	const server = path.join(rdv.base, 'server'), aside = `${server}.aside`;
	const settings = '[server]\nlog_level = "info"\n';
	const reload = async () => {
		const from = rdv.log().length;
		process.kill(rdv.rdvd, 'SIGHUP');
		return waitFor('settings read', () =>
			/mod=house msg="(settings [^\n]*)/.exec(rdv.log().slice(from))?.[1]);
	};
	fs.writeFileSync(path.join(server, 'config.toml'), settings,
		{ mode: 0o600 });
	assert.match(await reload(), /^settings read again/, 'control');
	fs.renameSync(server, aside);
	fs.mkdirSync(server, { mode: 0o700 });
	fs.writeFileSync(path.join(server, 'config.toml'), settings,
		{ mode: 0o600 });
	const outside = await reload();
	fs.rmSync(server, { recursive: true });
	fs.renameSync(aside, server);
	assert.match(outside, sanitized() ? /^settings read again/ :
		/^settings stay as they were: .*Permission denied/);
	assert.match(await reload(), /^settings read again/, 'control');
});
