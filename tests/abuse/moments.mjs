// Group C between two moments: a request of which half is there when its token
// is revoked, or that waits behind another one.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test, waitFor } from '../harness/rdv.mjs';
import { Repo } from '../api/gitrepo.mjs';
import { connect, options, output } from './lib.mjs';

const bearer = (made) => `Authorization: Bearer ${made.rawKey}\r\n`;
const statuses = (o) => [...o.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
	.map((m) => +m[1]);

async function scene(t) {
	const rdv = await t.start(options);
	const s = await rdv.session('here', ['/bin/cat']);
	const made = () => rdv.call('POST', '/api/tokens',
		{ name: 'x', scopes: ['full'] });
	const exec = (token, command) => {
		const body = JSON.stringify({ command });
		return [`POST /api/sessions/${s.id}/exec HTTP/1.1\r\n` +
			`Host: localhost\r\n${bearer(token)}Content-Type: ` +
			`application/json\r\nContent-Length: ${body.length}\r\n\r\n`, body];
	};
	return { rdv, s, made, exec, revoke: ({ id }) =>
		rdv.call('DELETE', `/api/tokens/${id}`),
	seen: (text) => waitFor(text, async () =>
		(await output(rdv, s)).includes(text)) };
}

await test('C13 what is half asked for when its token goes is not done',
	async (t) => {
		const { rdv, s, made, exec, revoke, seen } = await scene(t);
		// Where the cut is: in the headers, before the body, in the body.
		for (const [i, cut] of [20, null, 5].entries()) {
			const [good, bad] = [await made(), await made()];
			const open = [];
			for (const [token, word] of [[good, `early${i}`],
				[bad, `late${i}`]]) {
				const [head, body] = exec(token, word);
				const all = head + body;
				const at = cut === null ? head.length : cut === 5 ?
					head.length + cut : cut;
				const c = await connect(rdv);
				c.say(all.slice(0, at));
				open.push({ c, rest: all.slice(at) });
			}
			// What was sent before this is with rdvd when this is answered.
			await rdv.call('GET', '/api/user');
			await revoke(bad);
			for (const { c, rest } of open)
				c.say(rest);
			await waitFor('both are answered', () => open.every(({ c }) =>
				statuses(c).length > 0));
			assert.deepEqual(open.map(({ c }) => statuses(c)), [[202], [401]]);
			open.forEach(({ c }) => c.c.destroy());
			await seen(`early${i}`);
		}
		assert.doesNotMatch(await output(rdv, s), /late/);
	});

await test('C13 what is queued behind another request is not done either',
	async (t) => {
		const { rdv, s, made, exec, revoke, seen } = await scene(t);
		const long = (token) => `GET /api/sessions/${s.id}/wait?exit=true&` +
			`timeout_ms=600000 HTTP/1.1\r\nHost: localhost\r\n` +
			`${bearer(token)}\r\n`;
		const behind = async (token, word) => {
			const c = await connect(rdv);
			c.say(long(token) + exec(token, word).join(''));
			return c;
		};
		const bad = await made(), late = await behind(bad, 'late');
		await rdv.call('GET', '/api/user');
		assert.deepEqual(statuses(late), [], 'the first one waits');
		await revoke(bad);
		await waitFor('its end', () => late.closed ||
			statuses(late).length === 2);
		assert.ok(!statuses(late).includes(202), late.text);
		late.c.destroy();
		// The control: the same, and what it waits for comes.
		const good = await made();
		const c = await connect(rdv);
		c.say(`GET /api/sessions/${s.id}/wait?exit=true&timeout_ms=50 ` +
			`HTTP/1.1\r\nHost: localhost\r\n${bearer(good)}\r\n` +
			exec(good, 'early').join(''));
		await waitFor('both are answered', () => statuses(c).includes(202));
		c.c.destroy();
		await seen('early');
		assert.doesNotMatch(await output(rdv, s), /late/);
	});

await test('C13 what waits for git when its token goes begins nothing',
	async (t) => {
		const { rdv, made, revoke } = await scene(t);
		const repo = Repo.make(rdv, 'repo');
		repo.git('commit', '-q', '--allow-empty', '-m', 'c');
		const waiting = async () => +/^rdv_http_requests_pending (\d+)/m.exec(
			(await rdv.request('GET', '/metrics')).raw)[1];
		const before = await waiting(), { ops } = rdv;
		process.kill(ops, 'SIGSTOP');
		t.after(() => process.kill(ops, 'SIGCONT'));
		const [good, bad] = [await made(), await made()];
		const all = [[good, 'early'], [bad, 'late']].map(([token, name]) =>
			rdv.request('POST', '/api/sessions', { token: token.rawKey,
				body: { name, repo_path: repo.dir, worktree_branch: name,
					create_worktree: true, shell_command:
						`echo >${rdv.home}/${name}; exec cat` } }));
		await waitFor('both wait', async () => await waiting() >= before + 2);
		await revoke(bad);
		process.kill(ops, 'SIGCONT');
		const [early, late] = await Promise.all(all);
		assert.deepEqual([early.status, late.status, late.json.code],
			[201, 401, 'INVALID_TOKEN']);
		await waitFor('its program', () => fs.existsSync(`${rdv.home}/early`));
		const names = (await rdv.call('GET', '/api/sessions'))
			.map((s) => s.name);
		assert.deepEqual(names.toSorted(), ['early', 'here']);
		assert.ok(!fs.existsSync(`${rdv.home}/late`));
	});
