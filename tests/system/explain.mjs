// rdv sandbox explain for somebody who is not root: what the policy has for him.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;
const file = path.join(s.root, 'etc/rdv/helper.toml');

function explain(who, profile) {
	const r = s.rdv(who, '--json', 'sandbox', 'explain', profile);
	assert.equal(r.status, 0, r.err);
	return JSON.parse(r.out);
}
const says = (page, pattern) => assert.ok(page.policy.some((l) =>
	pattern.test(l)), `${pattern}: ${page.policy.join('\n')}`);

await test('what the policy has for the account is explained to it', async () => {
	const tools = path.join(s.scratch, 'tools');
	fs.mkdirSync(tools);
	await s.reload(`[user.${ann.name}]\nroots = ["~/work"]\n` +
		'max_runs = 3\nmax_memory_mb = 512\nmax_cpu_percent = 250\n' +
		`[user.${bob.name}]\nprofiles = ["login"]\n` +
		`[profile.script]\ntools = ["${tools}"]\n`);
	const own = explain(ann, 'script');
	const rule = (key) => `\\[user\\.${ann.name}\\] ${key} ` +
		'\\(\\S*helper\\.toml:\\d+\\)';
	says(own, /^it may be started; \[default\] profiles/);
	says(own, /^network: at most full/);
	says(own, new RegExp(`: ${ann.home}/work; ${rule('roots')}$`));
	says(own, new RegExp(`^it may also read and run: ${tools}$`));
	says(own, new RegExp(`^max_runs: 3; ${rule('max_runs')}$`));
	says(own, new RegExp(`^max_memory_mb: 512; ${rule('max_memory_mb')}$`));
	says(own, new RegExp(`^max_cpu_percent: 250; ${rule('max_cpu_percent')}$`));
	says(own, /^max_disk_mb: no limit; \[default\]/);
	// Of the other the same file says something else, and so it is done.
	says(explain(bob, 'script'), new RegExp('^it cannot be started: this ' +
		`profile .*\\[user\\.${bob.name}\\] profiles`));
	says(explain(bob, 'login'), /^it may be started; /);
	s.login(bob);
	const no = await s.over(bob, 'POST', '/api/sessions', { body: { name: 'x',
		profile: 'script', command: ['/bin/true'] } });
	assert.equal(no.status, 403);
	assert.match(s.rdv(bob, 'sandbox', 'explain', 'script').out,
		/^The policy of this host, for this account:\n {2}\S*helper\.toml/m);
});

await test('less of the network than a profile has is explained', async () => {
	await s.reload('[profile.script]\nnetwork = "none"\n');
	says(explain(ann, 'script'), /^network: at most none$/);
	says(explain(ann, 'agent'), /^network: at most full$/);
	await s.reload('[profile.script]\nnetwork = "list"\n' +
		'network_hosts = ["a.example:443", "b.example:80"]\n');
	says(explain(ann, 'script'), /^network: at most list$/);
	says(explain(ann, 'script'), new RegExp('^hosts it may reach: ' +
		'a\\.example:443, b\\.example:80; \\[profile\\.script\\] network_hosts ' +
		'\\(\\S*helper\\.toml:\\d+\\)$'));
});

await test('what has no network is not said to have any', async () => {
	await s.reload('[profile.script]\nnetwork = "full"\n');
	says(explain(ann, 'script'), /^network: at most full$/);
	for (const profile of ['git', 'lsp']) {
		const page = explain(ann, profile);
		assert.equal(page.network_allowed, false, profile);
		says(page, /^network: none, whatever the policy says$/);
		assert.equal(page.policy.filter((l) => /network/.test(l)).length, 1);
	}
});

await test('a policy that only root may read is said to be so', async () => {
	fs.chmodSync(file, 0o600);
	says(explain(ann, 'script'),
		/^not known: \S*helper\.toml: Permission denied; root can ask/);
	fs.chmodSync(file, 0o644);
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
