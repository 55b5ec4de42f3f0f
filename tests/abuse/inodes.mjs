// A file system without a free inode, of which volume.mjs makes one around this
// program: a session has taken them all. What needs none goes on, what needs one
// is refused with the reason, and when there are some again all is as before.
import assert from 'node:assert/strict';
import { Rdv, finish, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';
import { ended, options, output, unharmed } from './lib.mjs';

// Says how many it got, keeps them until it reads a line, says that they are gone.
const filler = ['/usr/bin/perl', '-e', '$| = 1; mkdir "all"; my $n = 0; ' +
	'while (open my $f, ">", "all/$n") { $n++ } print "took $n $!\n"; ' +
	'<STDIN>; unlink glob "all/*"; print "gave\n"; sleep 1000'];

await test('H04 every inode is taken, and given back', async (t) => {
	const rdv = await t.start(options);
	const quiet = await rdv.session('quiet', ['/bin/cat']);
	const term = await Terminal.open(rdv, quiet.id);
	await term.message('ready');
	const folder = (name) => rdv.request('POST', '/api/folders',
		{ body: { name } });
	const begin = () => rdv.request('POST', '/api/sessions',
		{ body: { name: 'late', command: ['/bin/true'] } });
	const lives = async (word) => {
		term.type(`${word}\n`);
		await term.shows(word);
	};
	await unharmed(rdv, async () => {
		const s = await rdv.session('filler', filler,
			{ project_path: rdv.home });
		const [, took] = await waitFor('all are taken', async () =>
			/took (\d+) No space/.exec(await output(rdv, s)));
		assert.ok(+took > 500, `control: ${took}`);
		await lives('full');
		assert.equal((await folder('full')).status, 201, 'no file is made');
		const no = await begin();
		assert.equal(no.status, 503, `${no.raw}`);
		assert.match(no.json.error, /No space|no room|could not/i);
		await lives('still full');
		assert.equal((await rdv.request('GET', '/health')).status, 200);
		await rdv.call('POST', `/api/sessions/${s.id}/exec`, { command: 'x' });
		await waitFor('they are given back', async () =>
			(await output(rdv, s)).includes('gave'));
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
		const yes = await waitFor('it begins again', async () => {
			const r = await begin();
			return r.status === 201 && r.json;
		});
		assert.equal((await ended(rdv, yes.id)).run.exit_code, 0);
		await lives('after');
	});
	assert.deepEqual((await rdv.call('GET', '/api/folders'))
		.map((f) => f.name), ['full']);
	await term.close();
});

finish();
