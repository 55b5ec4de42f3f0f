// What rdv says of itself to whom the host's rdv serves, and to root: where that
// one has its things, and nothing of an rdv of one's own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bare, test } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start({ people: 1 });
const [ann] = s.people;
const at = (name) => path.join(s.root, name);
const policy = at('etc/rdv/helper.toml');
const root = (...args) => {
	const r = spawnSync(path.join(s.bin, 'rdv'), args, { encoding: 'utf8',
		env: { ...bare, HOME: s.scratch, RDV_RUN: at('run/rdv/web') } });
	return { status: r.status, out: r.stdout, err: r.stderr };
};
function doctor(ask) {
	const r = ask('doctor', '--json');
	const rows = JSON.parse(r.out).checks.map((c) => [c.name, c]);
	return { status: r.status, ...Object.fromEntries(rows) };
}
const hers = () => doctor((...args) => s.rdv(ann, ...args));
const has = (row, state, detail) => assert.ok(row.state === state &&
	row.detail.includes(detail), JSON.stringify(row));

await test('doctor: what an account is told of the rdv of its host', () => {
	const before = hers();
	has(before.token, 'failed', 'cli-token: No such file or directory ' +
		'(rdv login)');
	assert.notEqual(before.status, 0);
	s.login(ann);
	const d = hers();
	// There is no nginx in this test.
	assert.deepEqual(Object.values(d).filter((r) => r.state === 'failed')
		.map((r) => r.name), ['page']);
	has(d.settings, 'ok', `${at('etc/rdv/rdv.toml')}: not there`);
	has(d.policy, 'ok', policy);
	has(d.state, 'ok', at('var/lib/rdv'));
	has(d.disk, 'ok', ' left');
	has(d.token, 'ok', `${ann.home}/.rdv/cli-token`);
	has(d.socket, 'ok', `${ann.run}/api.sock, of process ${s.main.pid}`);
	has(d.audit, 'skipped', "it is root's: sudo rdv audit show");
	has(d.restart, 'ok', "is not systemd's rdv.service");
	for (const [name, row] of Object.entries(d))
		if (name !== 'token' && row.detail)
			assert.ok(!row.detail.includes(`${ann.home}/.rdv`), name);
});

await test('doctor: what is wrong with the files, or closed, is told', () => {
	fs.writeFileSync(at('etc/rdv/rdv.toml'), '[server]\nnonsense = 1\n');
	has(hers().settings, 'failed', 'rdv.toml:2: server.nonsense');
	fs.writeFileSync(at('etc/rdv/rdv.toml'), '[server]\nlog_level = "info"\n');
	const good = hers().settings;
	assert.deepEqual([good.state, good.detail], ['ok', at('etc/rdv/rdv.toml')]);
	const text = fs.readFileSync(policy);
	fs.appendFileSync(policy, '[default]\nweb = 7\n');
	has(hers().policy, 'failed', 'helper.toml:');
	fs.writeFileSync(policy, text);
	fs.chmodSync(policy, 0o600);
	has(hers().policy, 'skipped', `${policy}: Permission denied`);
	has(doctor(root).policy, 'ok', policy);
	fs.chmodSync(policy, 0o644);
	has(hers().policy, 'ok', policy);
});

await test('doctor: root sees what nobody else may, and asks for no token',
	() => {
		const d = doctor(root);
		assert.equal(d.status, 0, JSON.stringify(d));
		has(d.settings, 'ok', at('etc/rdv/rdv.toml'));
		has(d.state, 'ok', at('var/lib/rdv'));
		has(d.audit, 'ok', ' records, signed up to ');
		has(d.token, 'skipped', 'root is no user');
		has(d.socket, 'ok', `of process ${s.main.pid}`);
		has(d.rdvd, 'skipped', 'root is no user');
	});

await test('doctor: whom the host\'s rdv does not serve is told so', () => {
	const none = { env: { RDV_RUN: at('run/rdv/nobody') } };
	const rdv = (...args) => s.as(ann, path.join(s.bin, 'rdv'), args, none);
	const ls = rdv('session', 'ls');
	assert.equal(ls.status, 3, ls.err);
	assert.match(ls.err, /does not serve this account, \[access\].*rdv up/);
	const d = doctor(rdv);
	has(d.rdvd, 'failed', 'does not serve this account');
	assert.doesNotMatch(s.rdv(ann, 'session', 'ls', '--timeout', '5').err,
		/does not serve/);
});

await test('status: whose rdv it is, and its settings', () => {
	const { out } = s.rdv(ann, 'status', '--json');
	const { mode, settings, base } = JSON.parse(out);
	assert.deepEqual({ mode, settings, base }, { mode: 'system',
		settings: at('etc/rdv/rdv.toml'), base: at('var/lib/rdv') });
});

await test('up and down leave the rdv of the host and its token alone', () => {
	const token = path.join(ann.home, '.rdv/cli-token');
	const was = fs.readFileSync(token, 'utf8');
	const up = s.rdv(ann, 'up', '--no-web');
	assert.equal(up.status, 1);
	assert.match(up.err, /the rdv of this host serves you .*RDV_HOME=DIR rdv up/);
	const down = s.rdv(ann, 'down');
	assert.equal(down.status, 1);
	assert.match(down.err, /the rdv of this host is root's to stop/);
	assert.equal(fs.readFileSync(token, 'utf8'), was);
	assert.deepEqual(fs.readdirSync(path.join(ann.home, '.rdv')), ['cli-token']);
	assert.equal(s.rdv(ann, 'session', 'ls').status, 0);
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
