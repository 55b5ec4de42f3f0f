// A discard of which git wrote only a part, as its disk would not take more or
// as it was killed: everything that was recorded comes back, and what lay there
// instead is kept too. So do bytes that git itself does not keep.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { Repo } from './gitrepo.mjs';

const rdv = await Rdv.start();
const post = (what, body) => rdv.request('POST', `/api/worktrees/${what}`,
	{ body });
const discard = (repo) => post('discard',
	{ worktree_path: repo.dir, all: true });
const back = (id) => post('discards/restore', { id });
const kept = async (repo) => (await rdv.call('GET', '/api/worktrees/discards'))
	.items.filter((d) => d.path === repo.dir);
const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	path.join(rdv.base, 'server/rdv.db'), text], { encoding: 'utf8' }).trim();
const state = (id) => sql(`SELECT state FROM discard WHERE id = '${id}'`);
const text = (repo, name) => fs.readFileSync(repo.at(name), 'utf8');
// Without what rdv keeps under names of its own.
const files = (repo) => repo.sh(`find . -path ./.git -prune -o \\
		! -type d -printf '%p %m %l\\n' | sort
	find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0r sha256sum`);
const tree = (repo) => files(repo) + repo.sh(`git status --porcelain=v2 -uall
	git ls-files -s; git for-each-ref refs/heads`);

// Of each kind of change one, and a directory more of such.
function make(name, more = '') {
	const repo = Repo.make(rdv, name);
	repo.sh(`for f in file gone mode part shut/in; do
			mkdir -p $(dirname $f); echo HEAD of $f >$f; done
		ln -s file link; git add .; git commit -q -m one
		echo staged >part; git add part; echo more >part; rm gone link
		ln -s part link; chmod +x mode; echo mine >file; echo mine >shut/in
		mkdir new; echo n >new/a; echo a >added; git add added; echo b >added
		${more}`);
	return repo;
}
// As many of its names as are said, by hand, to what was recorded.
const some = (repo, id, names) => repo.sh(`c=refs/rdv/trash/${id}/0
	for f in ${names}; do rm -f $f
		if git cat-file -e $c:$f; then git --literal-pathspecs \\
			restore --source=$c --worktree -- $f; fi; done 2>&1`);
const parts = (repo, id) => repo.git('for-each-ref', '--format=%(refname)',
	`refs/rdv/trash/${id}/*-parts`).trim();

await test('what git could not write all of comes back (G20)', async () => {
	const repo = make('shut'), before = tree(repo);
	fs.chmodSync(repo.at('shut'), 0o555);
	const r = await discard(repo);
	assert.deepEqual([r.status, r.json.code], [409, 'INVALID_STATE'], r.raw);
	assert.notEqual(tree(repo), before, 'control: some are gone');
	fs.chmodSync(repo.at('shut'), 0o755);
	const [d] = await kept(repo);
	assert.ok(r.json.error.includes(d.id), r.raw);
	assert.match(d.cause, /Permission denied/);
	// As if a part of it had been written when the disk was full.
	repo.write('file', 'HEAD of');
	const b = await back(d.id);
	assert.equal(b.status, 200, b.raw);
	assert.equal(tree(repo), before);
	assert.equal(repo.git('show', `${parts(repo, d.id)}:file`), 'HEAD of');
	assert.equal((await back(d.id)).status, 404);
});

await test('a return that git could not write all of goes on (G20)', async () => {
	const repo = make('shut-back'), before = tree(repo);
	const { id } = (await discard(repo)).json;
	fs.chmodSync(repo.at('shut'), 0o555);
	const r = await back(id);
	assert.deepEqual([r.status, r.json.code], [409, 'INVALID_STATE'], r.raw);
	assert.equal(text(repo, 'file'), 'mine\n', 'control: some are there');
	fs.chmodSync(repo.at('shut'), 0o755);
	const b = await back(id);
	assert.equal(b.status, 200, b.raw);
	assert.equal(tree(repo), before);
});

await test('what is not discarded stays as it is, there and back', async () => {
	const repo = make('others'), before = tree(repo);
	const r = await post('discard', { worktree_path: repo.dir,
		paths: ['file', 'new'] });
	assert.equal(r.status, 200, r.raw);
	assert.equal(text(repo, 'part'), 'more\n');
	const b = await back(r.json.id);
	assert.equal(b.status, 200, b.raw);
	assert.equal(tree(repo), before);
});

await test('nothing is torn where nothing was written (G19)', async () => {
	const repo = make('whole'), before = tree(repo);
	const { id } = (await discard(repo)).json;
	const head = tree(repo);
	repo.write('file', 'of today\n');
	for (let i = 0; i < 2; i++) {
		const r = await back(id);
		assert.deepEqual([r.status, r.json.code], [409, 'INVALID_STATE']);
		assert.match(r.json.error, /changed since.*file/s);
		assert.equal(text(repo, 'file'), 'of today\n');
	}
	assert.equal((await kept(repo))[0].cause, null);
	repo.sh('git checkout -q file');
	assert.equal(tree(repo), head);
	assert.equal((await back(id)).status, 200);
	assert.equal(tree(repo), before);
	assert.equal(parts(repo, id), '');
});

// Each way that files and index can be in when git is killed.
const halves = {
	'nothing yet': '',
	'one file': 'some file',
	'those that were gone': 'some "gone link"',
	'new ones': 'some "new/a added"',
	'all of them': 'some "file gone mode part shut/in link new/a added"',
	'a part of one': 'printf mi >file',
	'a part of a new one': 'mkdir -p new; printf "" >new/a',
	'one that was removed': 'rm file part',
	'the index': 'git reset -q refs/rdv/trash/$id/0 -- file new/a',
	'a part, and the index': 'git reset -q refs/rdv/trash/$id/0 -- file; ' +
		'printf m >file; printf m >shut/in',
};
const cut = [];
for (const [name, how] of Object.entries(halves)) {
	const repo = make(`half-${name.replace(/\W/g, '-')}`);
	const before = tree(repo), { id } = (await discard(repo)).json;
	const names = how.match(/^some "?(.*?)"?$/);
	if (names)
		some(repo, id, names[1]);
	else
		repo.sh(`id=${id}; ${how}`);
	sql(`UPDATE discard SET state = 'restoring' WHERE id = '${id}'`);
	cut.push({ name, repo, before, id });
}
await rdv.again();
for (const { name, repo, before, id } of cut)
	await test(`a return cut off after ${name} is ended (G20)`, async () => {
		await waitFor('it is back', () => state(id) === 'restored');
		assert.equal(tree(repo), before);
	});

await test('a removal cut off half-way is ended, and comes back', async () => {
	const repo = make('half-gone'), before = tree(repo);
	const { id } = (await discard(repo)).json;
	some(repo, id, 'file part new/a');
	repo.write('mode', 'HEAD');
	sql(`UPDATE discard SET state = 'taking' WHERE id = '${id}'`);
	await rdv.again();
	await waitFor('it is settled', () => state(id) === 'kept');
	assert.equal(repo.git('status', '--porcelain'), '');
	assert.equal((await back(id)).status, 200);
	assert.equal(tree(repo), before);
});

// Changed when it is recorded, and git is yet to take it away; false: it was
// gone by then.
async function changedBetween(name) {
	const repo = make(name), pins = path.join(repo.dir, '.git/refs/rdv/trash');
	const index = repo.git('ls-files', '-s');
	let over = false;
	const asked = discard(repo).finally(() => over = true);
	for (let seen = false; !seen && !over; await turn())
		seen = fs.existsSync(pins) && fs.readdirSync(pins).some((id) =>
			fs.existsSync(path.join(pins, id, '0')));
	repo.write('file', 'the newest\n');
	const before = files(repo), r = await asked;
	assert.equal(text(repo, 'file'), 'the newest\n');
	if (r.status === 200)
		return false;
	assert.deepEqual([r.status, r.json.code], [409, 'INVALID_STATE'], r.raw);
	assert.match(r.json.error, /changes just now/);
	assert.deepEqual([files(repo), repo.git('ls-files', '-s')],
		[before, index]);
	assert.deepEqual(await kept(repo), []);
	return true;
}

await test('a file that changes once it is recorded stays (G19)', async () => {
	let tries = 0;
	await waitFor('a moment between', () => changedBetween(`moved${tries++}`));
});

const bytes = { 'crlf.txt': 'a\r\nb\r\n', 'mixed.txt': 'a\nb\r\nc\n',
	'lf.txt': 'a\nb\n', 'id.txt': '$Id: mine $\r\n', 'wide.txt':
	Buffer.from('\ufeffa\r\n', 'utf16le'), 'sub/bin': 'a\0\r\n',
	'sub/"odd\n\\name.txt': 'x\ny\r\n' };
const configs = { 'core.autocrlf=true': '', 'core.autocrlf=input': '',
	'core.eol=crlf': '*.txt text\n', 'core.safecrlf=true':
	'*.txt text=auto eol=crlf ident\nwide.txt working-tree-encoding=UTF-16\n' };
for (const [config, attributes] of Object.entries(configs))
	await test(`bytes that git changes come back: ${config}`, async () => {
		const repo = Repo.make(rdv, `eol-${config.replace(/\W/g, '-')}`);
		const put = (extra) => Object.entries(bytes).forEach(([name, data]) =>
			repo.write(name, Buffer.concat([Buffer.from(data), extra])));
		repo.write('.gitattributes', attributes);
		repo.sh('git add .; git commit -q -m one');
		put(Buffer.alloc(0));
		repo.sh(`git -c core.autocrlf=false -c core.safecrlf=false add .
			git commit -q -m two; git config ${config.replace('=', ' ')}
			rm -r sub *.txt; git checkout -q .`);
		put(Buffer.from('mixed\nends\r\n'));
		repo.write('new.txt', 'new\r\nand\n');
		fs.chmodSync(repo.at('mixed.txt'), 0o755);
		const before = tree(repo);
		for (let i = 0; i < 2; i++) {
			const r = await discard(repo);
			assert.equal(r.status, 200, r.raw);
			const b = await back(r.json.id);
			assert.equal(b.status, 200, b.raw);
			assert.equal(tree(repo), before);
		}
		// Cut off, too.
		const { id } = (await discard(repo)).json;
		some(repo, id, 'mixed.txt');
		sql(`UPDATE discard SET state = 'restoring' WHERE id = '${id}'`);
		await rdv.again();
		await waitFor('it is back', () => state(id) === 'restored');
		assert.equal(tree(repo), before);
	});

await rdv.stop();
