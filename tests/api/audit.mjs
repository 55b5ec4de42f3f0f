// rdv audit: the log of privileged acts of a real rdv, judged by the command
// alone, with rdv running, stopped, and from a copy that has no secret keys.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bin, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const dir = path.join(rdv.base, 'audit');
const log = path.join(dir, '000001.log');
const canary = 'canary-5f2b1d8e9c';

function audit(...words) {
	const run = spawnSync(bin('rdv'), ['audit', ...words], {
		cwd: rdv.home, encoding: 'utf8', timeout: 30000,
		env: { PATH: '/usr/bin:/bin', HOME: rdv.home, RDV_HOME: rdv.base } });
	return { status: run.status, out: run.stdout, err: run.stderr };
}
const doctor = () => spawnSync(bin('rdv'), ['doctor'], { encoding: 'utf8',
	timeout: 30000, env: { PATH: '/usr/bin:/bin', HOME: rdv.home,
		RDV_HOME: rdv.base } }).stdout;
const lines = (text) => text.trimEnd().split('\n').map((l) => JSON.parse(l));
const copy = path.join(rdv.home, 'copy');
function copied() {
	fs.rmSync(copy, { recursive: true, force: true });
	fs.mkdirSync(copy);
	// First what is signed, as more of the log is no harm, and less is.
	fs.copyFileSync(path.join(dir, 'head'), path.join(copy, 'head'));
	fs.cpSync(dir, copy, { recursive: true, force: false });
	for (const secret of ['mac.key', 'sign.key'])
		fs.rmSync(path.join(copy, secret));
}

await test('a run is on record before its start, after it, and at its end',
	async () => {
		const { run } = await rdv.session('audited',
			['/bin/echo', canary], { environment: { HIDDEN: canary } });
		const records = await waitFor('the end on record', () => {
			const all = lines(audit('export').out).filter((r) =>
				r.label === run.id);
			return all.some((r) => r.act === 'exit') && all;
		});
		assert.deepEqual(records.map((r) => `${r.act} ${r.phase}`),
			['spawn before', 'spawn after', 'exit news']);
		const [before, after] = records;
		assert.equal(before.program, '/bin/echo');
		assert.equal(before.uid, process.getuid());
		assert.match(before.args, /^[0-9a-f]{64}$/);
		assert.equal(after.result, 'done');
		assert.equal(after.handle, before.handle);
		assert.ok(!fs.readFileSync(log, 'latin1').includes(canary),
			'no argument, no value');
	});

await test('abuse O05 verified offline, from a copy, with the public key alone',
	() => {
		assert.equal(audit('verify').status, 0);
		assert.match(doctor(), /audit +ok +\d+ records, signed up to \d+/);
		copied();
		const run = audit('verify', copy);
		assert.equal(run.status, 0, run.err);
		assert.match(run.out, /^whole: \d+ records .* MACs not checked/);
		fs.writeFileSync(path.join(rdv.home, 'pub'), audit('show', '--key').out);
		fs.rmSync(path.join(copy, 'sign.pub'));
		assert.equal(audit('verify', copy).status, 1);
		assert.equal(audit('verify', copy, '--key',
			path.join(rdv.home, 'pub')).status, 0);
		fs.writeFileSync(path.join(rdv.home, 'pub'), `${'0'.repeat(64)}\n`);
		assert.equal(audit('verify', copy, '--key',
			path.join(rdv.home, 'pub')).status, 1);
	});

await test('abuse O02 the first bad record is named', () => {
	copied();
	const file = path.join(copy, '000001.log');
	const text = fs.readFileSync(file, 'utf8').split('\n');
	const broken = (records, seq, line) => {
		fs.writeFileSync(file, records.join('\n'));
		const run = audit('verify', copy, '--json');
		assert.equal(run.status, 1);
		const told = JSON.parse(run.out);
		assert.deepEqual([told.ok, told.file, told.seq, told.line],
			[false, '000001.log', seq, line]);
		assert.match(audit('verify', copy).err,
			new RegExp(`000001.log line ${line}, record ${seq}: `));
		assert.equal(audit('show', copy).status, 1);
	};
	broken(text.with(3, text[3].replace('pid=', 'pid=1')), 5, 5);
	broken(text.toSpliced(3, 1), 4, 4);
	broken(text.with(3, text[4]).with(4, text[3]), 4, 4);
	broken(text.toSpliced(3, 0, text[3]), 5, 5);
	broken(text.with(3, text[3].replace(' act=', ' act=x act=')), 4, 4);
});

await test('what may be asked for, and what not', () => {
	assert.equal(audit('show', '--limit', '2').out.split('\n').length, 3);
	const shown = JSON.parse(audit('show', '--since', '2', '--limit', '1',
		'--json').out);
	assert.equal(shown[0].seq, 2);
	assert.equal(lines(audit('export', '--since', '3').out)[0].seq, 3);
	assert.equal(audit('show', '--limit', '0').status, 2);
	assert.equal(audit('verify', 'a', 'b').status, 2);
	assert.equal(audit('verify', path.join(rdv.home, 'none')).status, 1);
});

const early = audit('head');
await rdv.session('later', ['/bin/true']);
rdv.main.kill('SIGTERM');
await waitFor('its end', () => rdv.main.exitCode !== null);

await test('abuse O03 after a stop all is signed, and an end cut off is found',
	() => {
		assert.equal(early.status, 0);
		const whole = JSON.parse(audit('verify', '--json').out);
		assert.equal(whole.unsigned, 0);
		const kept = path.join(rdv.home, 'kept');
		fs.writeFileSync(kept, audit('head').out);
		assert.equal(audit('verify', '--head', kept).status, 0);
		fs.writeFileSync(path.join(rdv.home, 'early'), early.out);
		assert.equal(audit('verify', '--head',
			path.join(rdv.home, 'early')).status, 0);
		copied();
		const file = path.join(copy, '000001.log');
		const text = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
		fs.writeFileSync(file, `${text.slice(0, -1).join('\n')}\n`);
		assert.match(audit('verify', copy).err, /missing at the end/);
		// With the older head as well nothing here tells, but the one kept.
		const heads = text.filter((l) => l.includes(' act=head '));
		const to = text.indexOf(heads.at(-2));
		fs.writeFileSync(file, `${text.slice(0, to + 1).join('\n')}\n`);
		fs.writeFileSync(path.join(copy, 'head'), `${text[to]}\n`);
		assert.equal(audit('verify', copy).status, 0);
		assert.equal(audit('verify', copy, '--head', kept).status, 1);
		fs.rmSync(path.join(copy, 'head'));
		assert.match(audit('verify', copy).err, /head .* missing/);
	});

await rdv.stop();
