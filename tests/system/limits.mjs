// The limits of a policy as people meet them: refused with the rule that did it,
// held while a run goes on, and how to make room again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build, test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';
import { Terminal } from '../harness/terminal.mjs';

const s = await System.start();
const [ann, bob] = s.people;
for (const who of s.people) {
	s.login(who);
	who.work = path.join(who.home, 'work');
	fs.mkdirSync(who.work);
	fs.chownSync(who.work, who.uid, who.uid);
}

const rule = (key) => new RegExp(`by the policy: \\[user\\.${ann.name}\\] ` +
	`${key} \\(\\S*helper\\.toml:\\d+\\)`);
const only = (text) => s.reload(`[user.${ann.name}]\n${text}`);
const create = (who, body) => s.over(who, 'POST', '/api/sessions',
	{ body: { name: 'x', io: 'pipes', command: ['/bin/true'], ...body } });

// The same sentence at both doors.
async function refused(status, code, key, body, ...words) {
	const r = await create(ann, body);
	assert.equal(r.status, status);
	assert.equal(r.json.code, code);
	assert.match(r.json.error, rule(key));
	const cli = s.rdv(ann, 'session', 'new', 'y',
		...words);
	assert.equal(cli.status, 1, cli.err);
	assert.match(cli.err, rule(key));
	assert.equal((await create(bob, { ...body, project_path: bob.work }))
		.status, 201, 'another account');
}

await test('E01 a refusal reaches the user with its rule, at both doors',
	async () => {
		await only('profiles = ["login"]\n');
		await refused(403, 'ACCESS_DENIED', 'profiles', { profile: 'script',
			project_path: ann.work }, '--profile', 'script', '--', '/bin/true');
		// Outside the roots, where she may write.
		const open = `${s.scratch}/open`;
		fs.mkdirSync(open);
		fs.chmodSync(open, 0o777);
		await only('roots = ["~"]\n');
		await refused(403, 'ACCESS_DENIED', 'roots', { profile: 'script',
			project_path: open }, '--dir', open, '--profile', 'script', '--',
			'/bin/true');
		await only('max_runs = 1\n');
		const r = await create(ann, { command: ['/bin/sleep', '1000'] });
		assert.equal(r.status, 201, 'control');
		await refused(409, 'BUSY', 'max_runs', {}, '--', '/bin/true');
		assert.equal((await s.over(ann, 'DELETE',
			`/api/sessions/${r.json.id}`)).status, 204);
		assert.equal((await create(ann, {})).status, 201, 'again');
	});

await test('I23 processes and memory are limited, and the run says by what',
	async () => {
		await only('max_processes = 100\nmax_memory_mb = 256\n');
		const r = await create(ann, { command: ['/bin/sh', '-c', 'ulimit -a'] });
		assert.equal(r.status, 201);
		const run = await waitFor('its end', async () => {
			const now = (await s.over(ann, 'GET',
				`/api/sessions/${r.json.id}`)).json.run;
			return now.ended_at && now;
		});
		const limit = Object.fromEntries(run.policy.limits.map((l) =>
			[l.name, l]));
		const { raw } = await s.over(ann, 'GET', `/api/runs/${run.id}/log`);
		assert.match(`${raw}`, /^process\S* +100$/m);
		assert.equal(limit.account_processes.max, 100);
		if (limit.account_memory_bytes.by === 'cgroup')
			return;
		assert.match(`${raw}`, /^data\S* +262144$/m);
		assert.deepEqual(limit.data_bytes,
			{ name: 'data_bytes', max: 256 << 20, by: 'rlimit' });
		assert.equal(limit.account_memory_bytes.by, 'nothing');
	});

await test('I23 at the limit of output a run waits and no other starts',
	async () => {
		const MOST = 16 << 20;
		const flood = (mb) => ['/bin/sh', '-c',
			`head -c ${mb << 20} /dev/zero; sleep 1000`];
		const session = async (id) => (await s.over(ann, 'GET',
			`/api/sessions/${id}`)).json;
		const bytes = (id, n) => waitFor(`${n} bytes`, async () =>
			(await session(id)).run.log_bytes >= n);
		await only('max_disk_mb = 16\n');
		const old = (await create(ann, { name: 'old', command: flood(10) })).json;
		await bytes(old.id, 10 << 20);
		await s.over(ann, 'DELETE', `/api/sessions/${old.id}`);
		const now = (await create(ann, { name: 'now', command: flood(12) })).json;
		await waitFor('it waits', async () =>
			/max_disk_mb/.test((await session(now.id)).run.waits));
		const { run } = await session(now.id);
		assert.ok(run.log_bytes < MOST - (9 << 20) + (1 << 20));
		assert.deepEqual(run.policy.limits.find(({ name }) =>
			name === 'account_output_bytes'),
		{ name: 'account_output_bytes', max: MOST, by: 'rdvd' });
		assert.match(s.rdv(ann, 'session', 'show', 'now').out,
			/^waits +its output: .*max_disk_mb/m);
		assert.match(run.waits, /is removed, or the limit is raised$/);
		await refused(409, 'BUSY', 'max_disk_mb', {}, '--', '/bin/true');
		// What goes on is not removed; what has ended is, and it goes on.
		assert.equal((await s.over(ann, 'DELETE', `/api/runs/${run.id}/log`))
			.status, 409);
		assert.equal((await s.over(bob, 'DELETE',
			`/api/runs/${old.run.id}/log`)).status, 404);
		const forget = s.rdv(ann, 'session', 'forget', old.id);
		assert.equal(forget.status, 0, forget.err);
		await bytes(now.id, 12 << 20);
		assert.equal((await session(now.id)).run.waits, null);
		assert.equal((await s.over(ann, 'GET',
			`/api/runs/${old.run.id}/log`)).status, 409);
		assert.equal((await create(ann, {})).status, 201);
	});

await test('I23 a raised limit lets those go on who wait, without a new start',
	async () => {
		const most = 20 << 20, go = path.join(bob.work, 'go');
		const flood = ['/bin/sh', '-c', `head -c ${most} /dev/zero
			[ ! -p ${go} ] || cat ${go} /dev/zero; exec sleep 1000`];
		execFileSync('mkfifo', ['-m', '666', go]);
		const ask = async (id) => (await s.over(ann, 'GET',
			`/api/sessions/${id}`)).json.run;
		const his = async (which) => (await s.over(bob, 'GET',
			`/api/sessions/${which}`)).json?.run;
		const waits = (id) => waitFor('it waits', async () =>
			(await ask(id)).waits);
		await only('max_disk_mb = 20\n');
		const { id } = (await create(ann, { command: flood })).json;
		await waits(id);
		const before = (await ask(id)).log_bytes;
		// One of another account is not freed by what she gets.
		await s.reload(`[user.${ann.name}]\nmax_disk_mb = 16\n` +
			`[user.${bob.name}]\nmax_disk_mb = 16\n`);
		const other = (await create(bob, { command: flood })).json;
		await waitFor('his waits', async () => (await his(other.id)).waits);
		assert.ok((await ask(id)).waits, 'a lower one frees nobody');
		assert.equal((await ask(id)).log_bytes, before);
		await s.reload(`[user.${ann.name}]\nmax_disk_mb = 100\n` +
			`[user.${bob.name}]\nmax_disk_mb = 16\n`);
		await waitFor('it goes on', async () =>
			(await ask(id)).log_bytes === most);
		assert.equal((await ask(id)).waits, null);
		assert.match((await his(other.id)).waits, /max_disk_mb/);
		// A new rdvd hears of it as well.
		await s.reload(`[user.${bob.name}]\nmax_disk_mb = 0\n`);
		await waitFor('all of his', async () =>
			(await his(other.id)).log_bytes >= most);
		process.kill(s.rdvd, 'SIGKILL');
		await fs.promises.writeFile(go, 'more');
		await waitFor('and more', async () =>
			(await his(other.id))?.log_bytes > 2 * most);
		await s.over(bob, 'DELETE', `/api/sessions/${other.id}`);
	});

await test('I23 worktrees and transfers are held to the smaller of two files',
	async () => {
		const git = (who, dir, words) => assert.equal(s.as(who, 'sh',
			['-ec', `mkdir -p "$0"; cd "$0"; ${words}`, dir]).status, 0);
		const made = async (who) => {
			const dir = path.join(who.home, `quota-${who.name}`);
			git(who, dir, 'git init -q -b main; head -c 3000000 ' +
				'/dev/urandom >f; git add f; git -c user.name=x ' +
				'-c user.email=x@x commit -qm one');
			const { json } = await s.over(who, 'POST', '/api/repos',
				{ body: { path: dir } });
			return { repos: [json.id], dir };
		};
		const rule = (key) => `\\[user\\.${ann.name}\\] ${key} ` +
			'\\(\\S*helper\\.toml:\\d+\\)';
		const hers = await made(ann), his = await made(bob);
		const make = (who, { repos }) => s.over(who, 'POST',
			'/api/workspaces', { body: { repos } });
		const clone = async (name) => {
			const c = (await s.over(ann, 'POST', '/api/repos/clones', { body:
				{ url: hers.dir, dir: path.join(ann.work, name) } })).json;
			return waitFor('its end', async () => {
				const now = (await s.over(ann, 'GET',
					`/api/repos/clones/${c.id}`)).json;
				return ['failed', 'ready'].includes(now.state) && now;
			});
		};
		// rdvd hears of it behind the helper.
		const both = async (mb) => {
			const before = s.log().length;
			await only(`max_worktrees_mb = ${mb}\nmax_transfer_mb = ${mb}\n`);
			await waitFor('rdvd has both', () =>
				['worktrees', 'transfer'].every((what) => s.logged(before,
					`limit uid=${ann.uid} ${what} mb=${mb} `)));
		};
		await both(1);
		const first = await make(ann, hers);
		assert.equal(first.status, 201, first.raw);
		for (let i = 0; i < 2; i++) {
			const r = await make(ann, hers);
			assert.deepEqual([r.status, r.json.code], [429, 'OVER_QUOTA']);
			assert.match(r.json.error, new RegExp('take \\d MiB, and ' +
				`${rule('max_worktrees_mb')} allows 1;`));
			// A new rdvd is told before it serves.
			const before = s.log().length;
			if (i === 0) {
				process.kill(s.rdvd, 'SIGKILL');
				await s.serving(before);
			}
		}
		for (let i = 0; i < 2; i++)
			assert.equal((await make(bob, his)).status, 201, 'another account');
		const failed = await clone('little');
		assert.equal(failed.state, 'failed', JSON.stringify(failed));
		assert.match(failed.cause, new RegExp('^more came than the 1 MiB that ' +
			`${rule('max_transfer_mb')} allows$`));
		await both(100);
		assert.equal((await make(ann, hers)).status, 201, 'at once');
		assert.equal((await clone('all')).state, 'ready');
	});

// How long each of so many keys takes to be shown, in the middle, in ms.
async function echo(term, n) {
	const took = [];
	for (let i = 0; i < n; i++) {
		const word = `key${i}.${Math.random()}`, at = performance.now();
		term.type(`${word}\n`);
		await term.shows(word);
		took.push(performance.now() - at);
	}
	return took.sort((a, b) => a - b)[n >> 1];
}

// Of all that the kernel counts by account; the processors it shares out by
// processes, of which she has as many as she may.
await test('H04 one account takes all it may, and another has its turn',
	async () => {
		const hog = path.join(s.bin, 'hog');
		fs.copyFileSync(path.join(build, 'tests/hog'), hog);
		fs.chmodSync(hog, 0o755);
		const most = 24;
		await only(`max_processes = ${most}\nmax_memory_mb = 128\n`);
		const cat = (await create(bob, { io: 'pty', command: ['/bin/cat'] }))
			.json;
		const term = await Terminal.open(s, cat.id, { token: bob.token,
			sock: path.join(bob.run, 'terminal.sock') });
		await term.message('ready');
		const before = await echo(term, 25);
		const log = async (it) => `${(await s.over(ann, 'GET',
			`/api/runs/${it.run.id}/log`)).raw}`;
		const memory = (await create(ann, { command: ['/usr/bin/perl', '-e',
			'push @x, "x" x 1048576 while 1'] })).json;
		const over = await waitFor('no more memory', async () => {
			const { run } = (await s.over(ann, 'GET',
				`/api/sessions/${memory.id}`)).json;
			return run.ended_at && run;
		});
		assert.notEqual(over.exit_code, 0);
		const spin = (await create(ann, { command: [hog, 'cpu', '100'] })).json;
		const [, took] = await waitFor('no more processes', async () =>
			/cpu (\d+) EAGAIN/.exec(await log(spin)));
		assert.ok(+took > 8 && +took < most, `control: ${took} spin`);
		const beside = await echo(term, 25);
		assert.ok(beside < 10 * before + 1000, `${before} ms, then ${beside}`);
		// A run or two may have been made ahead, and keep what is theirs.
		const hers = [spin, memory];
		let no;
		for (let i = 0; i < 8 && no?.status !== 409; i++) {
			no = await create(ann, { command: ['/bin/sleep', '1000'] });
			if (no.status === 201)
				hers.push(no.json);
		}
		assert.equal(no.status, 409, `she starts no more: ${no.raw}`);
		const yes = (await create(bob, {})).json;
		await waitFor('his ends', async () => (await s.over(bob, 'GET',
			`/api/sessions/${yes.id}`)).json.run.exit_code === 0);
		for (const it of hers)
			await s.over(ann, 'DELETE', `/api/sessions/${it.id}`);
		await s.over(bob, 'DELETE', `/api/sessions/${cat.id}`);
		await term.close();
		await waitFor('she has room', async () =>
			(await create(ann, {})).status === 201);
	});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
