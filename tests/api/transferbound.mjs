// What a clone, a fetch and a pull may bring: more than that is ended, also
// while it comes, and nothing of it stays; what is less is all there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, below, test, waitFor } from '../harness/rdv.mjs';
import { GitServer } from './gitserver.mjs';

const MB = 1 << 20;
const rdv = await Rdv.start({ config: '[worktrees]\nmax_transfer_mb = 4\n' });
const home = fs.realpathSync(rdv.home);
const served = path.join(home, 'served'), into = path.join(home, 'into');
fs.mkdirSync(served);
fs.mkdirSync(into);
const env = { PATH: '/usr/bin:/bin', HOME: home, GIT_CONFIG_GLOBAL: '/dev/null',
	GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_NAME: 't',
	GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't',
	GIT_COMMITTER_EMAIL: 't@example.org' };
const git = (dir, ...args) => execFileSync('git', ['-C', dir, ...args],
	{ encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
const server = await GitServer.start(served);

function put(dir, name, bytes) {
	fs.writeFileSync(path.join(dir, name), bytes);
	git(dir, 'add', name);
	git(dir, 'commit', '-q', '-m', name);
}
function source(name, bytes) {
	const dir = path.join(served, name);
	git(home, 'init', '-q', '-b', 'main', dir);
	put(dir, 'f', bytes);
	return dir;
}
const ended = (way, id) => waitFor(`${way} ${id}`, async () => {
	const t = await rdv.call('GET', `/api/${way}/${id}`);
	return ['ready', 'done', 'failed', 'cancelled'].includes(t.state) && t;
});
async function clone(url) {
	const r = await rdv.request('POST', '/api/repos/clones', { body: { url,
		dir: path.join(into, crypto.randomUUID()) } });
	assert.equal(r.status, 202, r.raw);
	return ended('repos/clones', r.json.id);
}
async function transfer(what, dir) {
	const r = await rdv.request('POST', `/api/worktrees/${what}`,
		{ body: { worktree_path: dir } });
	assert.equal(r.status, 202, r.raw);
	return ended('transfers', r.json.id);
}
const trash = path.join(rdv.base, 'server/trash');
const WHY = new RegExp('^more came than the 4 MiB that ' +
	'worktrees\\.max_transfer_mb \\(\\S*config\\.toml:2\\) allows$');
const refused = (c, why = WHY) => {
	assert.equal(c.state, 'failed', JSON.stringify(c));
	assert.match(c.cause, why);
	assert.deepEqual(fs.readdirSync(into).filter((n) => n.startsWith('.rdv')),
		[]);
	assert.deepEqual(fs.existsSync(trash) ? fs.readdirSync(trash) : [], []);
};

const little = source('little', crypto.randomBytes(MB));
source('much', crypto.randomBytes(12 * MB));

await test('a clone within the bound is made, one beyond it is not', async () => {
	assert.equal((await clone(`${server.url}/little`)).state, 'ready');
	const c = await clone(`${server.url}/much`);
	refused(c);
	assert.equal(fs.existsSync(c.path), false);
	refused(await clone(path.join(served, 'much')));
});

await test('it is ended while it comes', async () => {
	const first = server.holdAfter(7 * MB);
	const c = clone(`${server.url}/much`);
	await Promise.race([first, c]);
	refused(await c);
	server.release();
});

await test('a small pack that is a big tree is too much', async () => {
	// Of zeros git would make a hole, which takes nothing.
	source('bomb', Buffer.alloc(64 * MB, 'x'));
	const pack = execFileSync('git', ['-C', path.join(served, 'bomb'),
		'count-objects', '-v'], { encoding: 'utf8', env });
	assert.ok(Number(/^size: (\d+)/m.exec(pack)[1]) < 1024, pack);
	refused(await clone(`${server.url}/bomb`));
});

await test('what is too deep to be counted is not taken for little', async () => {
	const dir = path.join(served, 'deep');
	const deep = Array(104).fill('d').join('/');
	git(home, 'init', '-q', '-b', 'main', dir);
	fs.mkdirSync(path.join(dir, deep), { recursive: true });
	put(dir, `${deep}/f`, Buffer.alloc(64 * MB, 'x'));
	const c = await clone(`${server.url}/deep`);
	refused(c, /^what came cannot be counted to its end, which worktrees\.max/);
	assert.equal(fs.existsSync(c.path), false);
});

await test('fetch and pull leave the repository as it was', async () => {
	const { path: our } = await clone(`${server.url}/little`);
	const objects = () => below(path.join(our, '.git/objects')).sort();
	const refs = () => git(our, 'for-each-ref');
	put(little, 'g', crypto.randomBytes(9 * MB));
	const before = [objects(), refs()];
	for (const what of ['fetch', 'pull', 'fetch']) {
		const held = what === 'fetch' && server.holdAfter(6 * MB);
		const t = transfer(what, our);
		/* It may be ended before as much has come. */
		await Promise.race([held, t]);
		refused(await t);
		server.release();
		assert.equal((await t).code, 'TOO_LARGE');
		assert.deepEqual([objects(), refs()], before);
	}
	git(little, 'reset', '-q', '--hard', 'HEAD~1');
	put(little, 'h', crypto.randomBytes(MB));
	assert.equal((await transfer('pull', our)).state, 'done');
	assert.equal(git(our, 'rev-parse', 'HEAD'), git(little, 'rev-parse',
		'HEAD'));
	git(our, 'fsck', '--no-progress');
});

await test('what is pushed is no matter of that bound', async () => {
	source('least', 'one\n');
	const { path: our } = await clone(`${server.url}/least`);
	const up = path.join(home, 'up.git');
	git(home, 'init', '-q', '--bare', up);
	git(our, 'remote', 'set-url', 'origin', up);
	put(our, 'big', crypto.randomBytes(9 * MB));
	const t = await transfer('push', our);
	assert.equal(t.state, 'done', JSON.stringify(t));
});

await server.stop();
await rdv.stop();
