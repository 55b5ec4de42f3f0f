// Group N: what nobody but its owner is to read. Each canary is placed where such
// a thing belongs, and then everything is searched that rdv writes, answers or
// shows of itself. out.mjs has what stands for a person: tokens, codes, cookies.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { bare, below, bin, descendants, test, waitFor, working } from
	'../harness/rdv.mjs';
import { sanitized } from '../harness/sanitizer.mjs';
import { ended, options, output, run } from './lib.mjs';

const canary = (kind) => `${kind}-${crypto.randomBytes(12).toString('hex')}`;
const readable = (p) => {
	try { return fs.readFileSync(p, 'latin1'); } catch { return null; }
};

// rdv's own: [main], [ops], [audit], rdvd, reapers; not what they started.
const own = (rdv) => [{ pid: rdv.main.pid, name: 'rdv-helper' },
	...working(rdv.main.pid).filter((p) => /^rdv/.test(p.name))];

// What its commands print, and whatever the wrong one of them says.
const commands = [['audit', 'export'], ['audit', 'verify'], ['status'],
	['doctor'], ['events'], ['session', 'ls', '--all'], ['session', 'show',
		'given'], ['token', 'ls'], ['session', 'show', 'nobody'], ['nonsense']];
function says(rdv, args) {
	const r = spawnSync(bin('rdv'), args, { cwd: rdv.home,
		encoding: 'latin1', timeout: 60000, env: { ...bare,
			HOME: rdv.home, RDV_HOME: rdv.base } });
	assert.ok(r.stdout + r.stderr, args.join(' '));
	return r.stdout + r.stderr;
}

// All that rdv writes, answers, and shows of itself: { where: text }.
async function everywhere(rdv, sessions, runs = [], more = []) {
	const found = { log: rdv.log() };
	for (const name of below(rdv.scratch)) {
		const p = path.join(rdv.scratch, name);
		if (fs.lstatSync(p).isFile())
			found[path.relative(rdv.base, p)] = fs.readFileSync(p, 'latin1');
	}
	for (const { pid, name } of own(rdv))
		for (const f of ['cmdline', 'environ', 'comm', 'status', 'maps'])
			found[`/proc/${name}/${f}`] = readable(`/proc/${pid}/${f}`) ?? '';
	// What it has started, whoever runs there by now.
	for (const { pid, name } of descendants(rdv.main.pid))
		for (const f of ['cmdline', 'environ'])
			found[`child ${name} ${pid} ${f}`] =
				readable(`/proc/${pid}/${f}`) ?? '';
	for (const args of commands)
		found[`rdv ${args.join(' ')}`] = says(rdv, args);
	for (const id of runs)
		found[`recording ${id}`] = String((await rdv.request('GET',
			`/api/runs/${id}/cast`)).raw);
	for (const target of ['/metrics', '/health', '/api/status', '/api/user',
		'/api/folders', '/api/tokens', '/api/openapi.json',
		'/api/events?since=0&limit=1000', '/api/nothing',
		...sessions.map((id) => `/api/sessions/${id}/nothing`), ...more])
		found[target] = String((await rdv.request('GET', target)).raw);
	return found;
}

// Where each canary may be seen, and no place else. It must be seen somewhere:
// a search that finds nothing finds nothing.
function search(found, canaries) {
	for (const [kind, { text, home }] of Object.entries(canaries)) {
		const hits = Object.keys(found).filter((k) => found[k].includes(text));
		assert.deepEqual(hits.filter((k) => !home.test(k)), [],
			`${kind} in ${hits}`);
		assert.ok(hits.length > 0 || home.source === 'nowhere',
			`control: ${kind} is found where it belongs`);
	}
}

await test('N01 what a session is given, reads and prints stays its own',
	async (t) => {
		const rdv = await t.start({ ...options, config: `${options.config}
[server]
log_level = "debug"
` });
		// Its own program is the only one that ever has it.
		const canaries = {
			argument: { text: canary('argument'), home:
				/^server\/rdv\.db|^recording|^rdv session show given$/ },
			environment: { text: canary('environment'), home:
				/^server\/rdv\.db|^child sleep \d+ environ$/ },
			typed: { text: canary('typed'), home: /nowhere/ },
			file: { text: canary('file'), home: /^..\/home\/secret$/ },
			printed: { text: canary('printed'), home:
				/^server\/(logs|runs)\/|\.log$|^logs\/|^recording/ },
		};
		const secret = path.join(rdv.home, 'secret');
		fs.writeFileSync(secret, canaries.file.text, { mode: 0o600 });
		// It reads what is typed without showing it, and a file; of both it
		// prints a digest, so that we know that it had them.
		const s = await rdv.session('given', ['/bin/sh', '-c',
			'stty -echo; echo ready; read x; printf %s "$x" | sha256sum; ' +
			`sha256sum <${secret}; echo "$3-$2"; exec sleep 1000`, 'sh',
			canaries.argument.text, ...canaries.printed.text.split('-')
				.reverse()],
		{ environment: { GIVEN: canaries.environment.text } });
		await waitFor('it reads', async () =>
			(await output(rdv, s)).includes('ready'));
		await rdv.call('POST', `/api/sessions/${s.id}/exec`,
			{ command: canaries.typed.text });
		const sum = (x) => crypto.createHash('sha256').update(x).digest('hex');
		await waitFor('it has all of it', async () => {
			const text = await output(rdv, s);
			return text.includes(sum(canaries.typed.text)) &&
				text.includes(sum(canaries.file.text)) &&
				text.includes(canaries.printed.text);
		});
		// What it was given as arguments is gone when the last program is there.
		await waitFor('it sleeps', () => descendants(rdv.main.pid)
			.some((p) => p.name === 'sleep'));
		// A refused start is told with its program, and with nothing else of it.
		for (const body of [{ command: ['/nonexistent', canaries.argument.text] },
			{ command: ['/bin/true'], environment:
				{ LD_PRELOAD: canaries.environment.text } },
			{ command: ['/bin/true', canaries.argument.text],
				project_path: '/nonexistent' }])
			await rdv.request('POST', '/api/sessions',
				{ body: { name: 'refused', ...body } });
		const look = async () => search(await everywhere(rdv, [s.id],
			[s.run.id]), canaries);
		await look();
		// The same of each part that dies, by itself or by others, and of a
		// session that is over: neither a report of it nor what begins again.
		for (const signal of sanitized() ? ['SIGKILL'] :
			['SIGKILL', 'SIGSEGV', 'SIGABRT'])
			for (const part of ['rdvd', 'ops']) {
				const old = rdv[part];
				process.kill(old, signal);
				await waitFor(`another ${part}`, () => rdv[part] &&
					rdv[part] !== old);
				await waitFor('all is well', async () => (await rdv.request(
					'GET', '/health').catch(() => null))?.json?.status ===
					'healthy');
				await look();
			}
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
		await ended(rdv, s.id);
		await look();
	});

// Who answers nothing, so that a push to it is on its way for as long as we look.
async function silent(t) {
	const server = net.createServer(() => {});
	await new Promise((done) => { server.listen(0, '127.0.0.2', done); });
	t.after(() => server.close());
	return `127.0.0.2:${server.address().port}`;
}

await test('N01 what a device, an approval, an agent and the clipboard are ' +
	'given goes no further', async (t) => {
	const at = await silent(t);
	const rdv = await t.start({ ...options, config: `${options.config}
[server]
log_level = "debug"
[push]
hosts = ["${at}"]
delay_ms = 0
retry_seconds = 1
timeout_ms = 30000
` });
	const s = await rdv.session('asks', ['/bin/cat']);
	const post = (target, body) => rdv.call('POST', target, body,
		{ headers: { 'Idempotency-Key': crypto.randomUUID() } });
	const browser = crypto.createECDH('prime256v1');
	const database = /^server\/rdv\.db/;
	const canaries = {
		endpoint: { text: canary('endpoint'), home: database },
		p256dh: { text: browser.generateKeys('base64url'), home: database },
		auth: { text: crypto.randomBytes(16).toString('base64url'),
			home: database },
		'what a tool is to have': { text: canary('granted'), home:
			/^server\/rdv\.db|^\/api\/approvals\/[\w-]{36}$/ },
		'a key of an agent': { text: canary('agent'), home:
			/^server\/rdv\.db|^\/api\/agents\/config$/ },
		copied: { text: canary('copied'), home: /nowhere/ },
	};
	const text = (kind) => canaries[kind].text;
	const { executors } = await rdv.call('GET', '/api/agents/config');
	executors.CLAUDE_CODE.KEYED = { CLAUDE_CODE: { env:
		{ A_KEY: text('a key of an agent') } } };
	await rdv.call('PUT', '/api/agents/config', { executors });
	await post(`/api/sessions/${s.id}/clipboard`, { data: text('copied') });
	const device = await post('/api/push/devices', { name: 'phone',
		endpoint: `https://${at}/${text('endpoint')}`, p256dh: text('p256dh'),
		auth: text('auth') });
	const { id } = await post(`/api/sessions/${s.id}/approvals`, { key: 'k',
		tool: 'Bash', command: 'ls', wait_ms: 0, environment:
			{ A: text('what a tool is to have') } });
	const { helper } = await rdv.call('GET', '/api/status');
	if (helper.features.includes('user_namespaces'))
		await waitFor('it is on its way', () => descendants(rdv.main.pid)
			.some((p) => p.name === 'rdv-push'));
	// The key that all pushes are signed with, in each way it may be told.
	const key = fs.readFileSync(path.join(rdv.base, 'server/push-key'));
	for (const how of ['latin1', 'hex', 'base64url'])
		canaries[`key of pushes, ${how}`] = { text: key.toString(how).trim(),
			home: how === 'latin1' ? /^server\/push-key$/ : /nowhere/ };
	const look = async () => search(await everywhere(rdv, [s.id], [s.run.id],
		['/api/approvals', `/api/approvals/${id}`, '/api/agents/config',
			'/api/push/devices', `/api/push/devices/${device.id}`,
			'/api/push/key']), canaries);
	await look();
	const clip = await rdv.request('GET', `/api/sessions/${s.id}/clipboard`);
	assert.ok(String(clip.raw).includes(text('copied')), 'control');
	const old = rdv.rdvd;
	process.kill(old, 'SIGKILL');
	await waitFor('another daemon', () => rdv.rdvd && rdv.rdvd !== old);
	await waitFor('all is well', async () => (await rdv.request('GET',
		'/health').catch(() => null))?.json?.status === 'healthy');
	await look();
	await rdv.call('DELETE', `/api/push/devices/${device.id}`);
});

await test('N02 H20 a session reads nothing of rdv\'s own processes',
	async (t) => {
		const rdv = await t.start(options);
		await rdv.session('keeps a reaper', ['/bin/cat']);
		// One that was about to be a spare run may have become this.
		const look = (pids) => run(rdv, ['/bin/sh', '-c', 'for p in "$@"; do ' +
			'[ "$p" != $$ ] || continue; ' +
			'for f in environ mem maps fd/0 root/ cwd/ auxv; do ' +
			'head -c 1 /proc/$p/$f >/dev/null 2>&1 && echo "$p $f"; ' +
			'ls /proc/$p/$f >/dev/null 2>&1 && [ -d /proc/$p/$f ] && ' +
			'echo "$p $f"; done; done; head -c 1 /proc/self/environ | wc -c',
		'sh', ...pids.map(String)]);
		const pids = own(rdv).map((p) => p.pid);
		assert.ok(pids.length >= 5, JSON.stringify(working(rdv.main.pid)));
		const r = await look(pids);
		assert.equal(r.text, '1\r\n', 'its own, and nothing of ours');
	});

await test('N08 no process of rdv leaves a core, and none can be read',
	async (t) => {
		const rdv = await t.start(options);
		await rdv.session('keeps a reaper', ['/bin/cat']);
		for (const { pid, name } of own(rdv)) {
			const limits = fs.readFileSync(`/proc/${pid}/limits`, 'utf8');
			assert.match(limits, /^Max core file size +0 +/m, name);
			if (process.getuid() !== 0)
				assert.throws(() => fs.readFileSync(`/proc/${pid}/environ`),
					/EACCES/, name);
		}
		assert.match(fs.readFileSync('/proc/self/environ', 'latin1'), /PATH/,
			'control');
		// One that crashes is gone without a trace of its memory.
		const files = () => below(rdv.scratch).filter((n) => /core/.test(n));
		const old = rdv.rdvd;
		process.kill(old, sanitized() ? 'SIGKILL' : 'SIGSEGV');
		await waitFor('another daemon', () => rdv.rdvd && rdv.rdvd !== old);
		await waitFor('it answers', async () => (await rdv.request('GET',
			'/api/user').catch(() => null))?.status === 200);
		assert.deepEqual(files(), []);
	});

// What may have become of a file that holds a secret while nobody ran.
const harms = {
	cut: (b) => b.subarray(0, b.length >> 1),
	empty: () => Buffer.alloc(0),
	'with a bit changed': (b) => Buffer.from(b).fill(b[20] ^ 1, 20, 21),
	longer: (b) => Buffer.concat([b.subarray(0, -1), Buffer.from('0\n')]),
};

await test('N07 a token file that was harmed gives nobody anything',
	async (t) => {
		const rdv = await t.start(options);
		const file = path.join(rdv.base, 'cli-token');
		for (const [what, harm] of Object.entries(harms)) {
			const good = fs.readFileSync(file);
			const gone = once(rdv.main, 'exit');
			rdv.main.kill('SIGTERM');
			await gone;
			const bad = harm(good);
			fs.writeFileSync(file, bad, { mode: 0o600 });
			await rdv.up();
			const text = bad.toString('latin1').trim();
			if (text)
				assert.equal((await rdv.request('GET', '/api/user',
					{ token: text })).status, 401, what);
			// The file holds a whole token again, of whoever owns it.
			assert.equal((await rdv.request('GET', '/api/user')).status, 200,
				what);
			assert.equal(fs.statSync(file).mode & 0o777, 0o600, what);
		}
	});
