// rdv attach inside tmux, against a real rdvd: what tmux says of its pane is
// what the terminal of a user is like, then and afterwards.
import assert from 'node:assert/strict';
import { Pane } from '../harness/pane.mjs';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();

async function inPane(fn) {
	const pane = new Pane(rdv);
	try {
		await fn(pane);
	} finally {
		pane.end();
	}
}

const all = '\\033[?1049h\\033[?25l\\033[?1h\\033=\\033[?1000;1006h' +
	'\\033[?2004h\\033[31m\\033[5;9HDRAWN';

await test('attach inside tmux: the screen and its modes, and none behind it',
	() => inPane(async (pane) => {
		const s = await rdv.session('full', ['/bin/sh', '-c',
			`seq 100000; printf '${all}'; exec cat`]);
		await waitFor('all is written', async () => (await rdv.call('GET',
			`/api/sessions/${s.id}/screen`)).content.includes('DRAWN'));
		pane.line('echo mine');
		await pane.shows('\nmine');
		const before = pane.modes();
		assert.equal(before, '01000');
		pane.attach('full');
		await pane.shows('        DRAWN');
		await waitFor('the modes', () => pane.modes() === '10111');
		await pane.detach();
		assert.equal(pane.modes(), before);
		// The lines from before are there, and the log is not.
		const past = pane.run('capture-pane', '-p', '-S', '-');
		assert.match(past, /\nmine\n/);
		assert.doesNotMatch(past, /^99000$/m);
	}));

await test('attach inside tmux: kill -9 of rdvd shows every line once',
	() => inPane(async (pane) => {
		const s = await rdv.session('back', ['/bin/sh', '-c',
			'stty -echo; printf ready; exec cat']);
		pane.attach('back');
		await pane.shows('ready');
		pane.line('one');
		await pane.shows('one');
		await rdv.again();
		await rdv.call('POST', `/api/sessions/${s.id}/exec`,
			{ command: 'two' });
		await pane.shows('two');
		assert.equal(pane.screen().match(/readyone\ntwo/g).length, 1);
		await pane.detach();
	}));

await test('attach -r sends no keys, --size follow leaves the size',
	() => inPane(async (pane) => {
		const s = await rdv.session('look', ['/bin/sh', '-c',
			'printf ready; while read x; do stty size; done'],
		{ cols: 70, rows: 20 });
		pane.attach('-r', 'look');
		await pane.shows('ready');
		pane.line('not sent');
		await pane.detach();
		pane.run('send-keys', '-R');
		pane.line('clear');
		pane.attach('--size', 'follow', 'look');
		await pane.shows('ready');
		pane.line('sent');
		await pane.shows('20 70');
		assert.doesNotMatch(pane.screen(), /not sent/);
		await pane.detach();
		// The control: without it the size is the pane's.
		pane.line('clear');
		pane.attach('look');
		await waitFor('its size', async () => (await rdv.call('GET',
			`/api/sessions/${s.id}/screen`)).cols === 80);
		await pane.detach();
	}));

// What a program draws on 120 columns and 40 rows, in a pane of 80 and 24.
const large = { cols: 120, rows: 40 };
await test('attach --size follow shows the part of a larger one with the cursor',
	() => inPane(async (pane) => {
		const s = await rdv.session('large', ['/bin/sh', '-c',
			'stty raw -echo; printf "\\033[1;1Htop-left\\033[1;112H' +
			'top-right\\033[40;1Hbottom-left\\033[40;101H' +
			'bottom-right\\033[1;1H"; exec cat'], large);
		const rows = () => pane.screen().split('\n');
		const cursor = () => pane.run('display-message', '-p',
			'#{cursor_x} #{cursor_y}').trim();
		const shows = (text, x, y) => waitFor(`${text} at ${x} ${y}`, () =>
			rows()[y]?.startsWith(text, x)).catch((e) => {
			e.message += `, but\n${pane.screen()}`;
			throw e;
		});
		await waitFor('it is drawn', async () => (await rdv.call('GET',
			`/api/sessions/${s.id}/screen`)).content.includes('top-right'));
		pane.line('echo mine');
		await pane.shows('\nmine');
		pane.attach('--size', 'follow', 'large');
		await shows('top-left', 0, 0);
		assert.doesNotMatch(pane.screen(), /right|bottom/);
		assert.equal(cursor(), '0 0');
		// As far as it goes to the right and down, and no line is broken.
		pane.run('send-keys', '-l', '\x1b[40;110H');
		await shows('bottom-right', 60, 23);
		assert.equal(cursor(), '69 23');
		assert.doesNotMatch(pane.screen(), /left/);
		await pane.detach();
		assert.equal(pane.modes(), '01000');
		assert.match(pane.run('capture-pane', '-p', '-S', '-'), /\nmine\n/);
		const now = await rdv.call('GET', `/api/sessions/${s.id}/screen`);
		assert.deepEqual([now.cols, now.rows], [120, 40]);
	}));

await test('attach --size follow goes by every size of the session, and ours',
	() => inPane((one) => inPane(async (two) => {
		await rdv.session('many sizes', ['/bin/sh', '-c',
			'stty -echo; show() { printf "\\033[2J\\033[H"; stty size; ' +
			'printf "\\033[$(stty size | tr " " ";")H#"; }; ' +
			'trap show WINCH; show; while :; do sleep 0.05; done'],
		{ cols: 100, rows: 30 });
		two.attach('--size', 'follow', "'many sizes'");
		// The cursor is in the last cell, and the first is out of sight.
		const corner = (x, y) => waitFor(`# at ${x} ${y}`, () =>
			two.screen().split('\n')[y]?.startsWith('#', x)).catch((e) => {
			e.message += `, but\n${two.screen()}`;
			throw e;
		});
		await corner(79, 23);
		// Somebody who owns it makes it smaller, then larger again.
		one.attach("'many sizes'");
		await two.shows('24 80');
		one.run('resize-window', '-x', '50', '-y', '12');
		await two.shows('12 50');
		await corner(49, 11);
		assert.equal(two.screen().trim().split('\n').length, 12);
		one.run('resize-window', '-x', '110', '-y', '30');
		await corner(79, 23);
		// Ours becomes large enough.
		two.run('resize-window', '-x', '130', '-y', '40');
		await corner(109, 29);
		await two.shows('30 110');
		await two.detach();
		await one.detach();
	})));

// Says "ready", and what it was asked to once a byte was typed.
const says = (text, then = 'exec cat -v') => ['/bin/sh', '-c',
	`stty raw -echo; printf ready; head -c1 >/dev/null; printf '${text}'; ` +
	then];

const type = (s, text) => rdv.call('POST', `/api/sessions/${s.id}/input`,
	{ data: text });

// A terminal that lets programs have the clipboard, and tmux's way around it.
await test('J01 J04 attach hands neither clipboard nor long titles on',
	() => inPane(async (pane) => {
		const clip = (text) => `\\033]52;c;${btoa(text)}\\007`;
		pane.run('set', '-s', 'set-clipboard', 'on');
		pane.run('set', '-g', 'allow-passthrough', 'on');
		// The control: what is written to it directly arrives.
		pane.line(`printf '${clip('mine')}\\033]2;${'y'.repeat(300)}\\007'`);
		const buffer = () => pane.run('list-buffers', '-F',
			'#{buffer_sample}').trim();
		const title = () => pane.run('display-message', '-p',
			'#{pane_title}').trim();
		await waitFor('the buffer', () => buffer() === 'mine');
		await waitFor('the title', () => title() === 'y'.repeat(300));
		const s = await rdv.session('greedy', says(clip('theirs') +
			`\\033]52;c;?\\007\\033Ptmux;\\033${clip('round')}\\033\\\\` +
			`\\033]2;${'x'.repeat(300)}\\007DONE`));
		pane.attach('greedy');
		await pane.shows('ready');
		await type(s, '.');
		await pane.shows('DONE');
		await waitFor('the title', () => title() === 'x'.repeat(120));
		assert.equal(buffer(), 'mine');
		await pane.detach();
	}));

await test('J01 the clipboard is opened by its owner, and he is told',
	() => inPane(async (pane) => {
		const clip = (text) => `\\033]52;c;${btoa(text)}\\007`;
		pane.run('set', '-s', 'set-clipboard', 'on');
		const buffers = () => pane.run('list-buffers', '-F',
			'#{buffer_sample}').trim();
		const s = await rdv.session('clips', says(`${clip('one')}FIRST`,
			`head -c1 >/dev/null; printf '${clip('two')}SECOND'; exec cat`));
		pane.attach('clips');
		await pane.shows('ready');
		await type(s, '.');
		await pane.shows('FIRST');
		// While it is looked at.
		const set = await rdv.call('PATCH', `/api/sessions/${s.id}`,
			{ clipboard: true });
		assert.equal(set.clipboard, true);
		await type(s, '.');
		await pane.shows('SECOND');
		await waitFor('the buffer', () => buffers() === 'two');
		await pane.shows('3 bytes were put on the clipboard by clips');
		await waitFor('the line is gone', () =>
			!pane.screen().includes('3 bytes were put'));
		await pane.detach();
		await pane.shows('clips tried to put text on your clipboard, in vain');
		// It stays so in the session, also for who comes next.
		await rdv.again();
		assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`)).clipboard,
			true);
	}));

// Each of two terminals would answer; what is typed in them comes behind that.
await test('J02 of all who are attached one terminal answers',
	() => inPane((one) => inPane(async (two) => {
		const s = await rdv.session('asking', says('\\033[6n\\033[c' +
			'\\033[21t\\033P$qm\\033\\\\\\005\\033]52;c;?\\007ASKED'));
		for (const pane of [one, two]) {
			pane.attach('asking');
			await pane.shows('ready');
		}
		await type(s, '.');
		for (const pane of [one, two])
			await pane.shows('ASKED');
		one.run('send-keys', '-l', '<1>');
		two.run('send-keys', '-l', '<2>');
		const heard = await waitFor('both', async () => {
			const { content } = await rdv.call('GET',
				`/api/sessions/${s.id}/scrollback?lines=99`);
			return content.includes('<1>') && content.includes('<2>') &&
				content.slice(content.indexOf('ASKED') + 5);
		});
		assert.match(heard.replace(/<[12]>/g, ''),
			/^\^\[\[\d+;\d+R\^\[\[\?[\d;]+c$/);
		await one.detach();
		await two.detach();
	})));

await rdv.stop();
