// rdv attach where terminals are: in GNU screen, behind ssh, on a slow line.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Pane } from '../harness/pane.mjs';
import { bare, bin, deadline, Rdv, root, test, waitFor } from
	'../harness/rdv.mjs';

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

async function drawing(name) {
	const s = await rdv.session(name, ['/bin/sh', '-c',
		`seq 100000; printf '${all}'; exec cat`]);
	await waitFor('all is written', async () => (await rdv.call('GET',
		`/api/sessions/${s.id}/screen`)).content.includes('DRAWN'));
	return s;
}

const size = async (s) => {
	const { cols, rows } = await rdv.call('GET',
		`/api/sessions/${s.id}/screen`);
	return `${cols}x${rows}`;
};

const viewers = async (s) => (await rdv.call('GET',
	`/api/sessions/${s.id}/viewers`)).total;

await test('attach inside screen: what is drawn, and a shell behind it', () =>
	inPane(async (pane) => {
		const dir = path.join(pane.dir, 'screens');
		const screen = (...args) => spawnSync('screen', ['-S', 'own',
			...args], { env: { ...pane.env, SCREENDIR: dir } });
		fs.mkdirSync(dir, { mode: 0o700 });
		const s = await drawing('nested');
		try {
			pane.line(`SCREENDIR=${dir} screen -c /dev/null -S own sh`);
			await waitFor('screen has the pane', () =>
				pane.modes()[0] === '1');
			pane.line('echo mi""ne');
			await pane.shows('\nmine');
			const before = pane.modes();
			pane.attach('nested');
			await pane.shows('        DRAWN');
			await waitFor('the modes', () => /^10/.test(pane.modes()) &&
				pane.modes().endsWith('1'));
			assert.equal(await size(s), '80x24');
			pane.run('resize-window', '-x', '90', '-y', '20');
			await waitFor('the size', async () => await size(s) === '90x20');
			// What is behind it goes on while nobody looks at screen.
			pane.run('send-keys', 'C-a', 'd');
			await pane.shows('detached from');
			assert.doesNotMatch(pane.screen(), /DRAWN/);
			pane.line(`SCREENDIR=${dir} screen -r own`);
			await pane.shows('        DRAWN');
			await pane.detach();
			await waitFor('its own modes', () => pane.modes() === before);
			// The shell in it is usable: what is typed is seen and done.
			pane.line('clear; echo us""able');
			await pane.shows('usable\n');
			assert.doesNotMatch(pane.screen(), /DRAWN/);
		} finally {
			screen('-X', 'quit');
		}
	}));

// A server for one connection, on its standard streams: nothing listens. Without
// root it cannot give a terminal to the group tty, as it wants to. Where the
// kernel does not do so by itself (gid=5), that group is hidden from it.
const serve = (dir) => `serve="/usr/sbin/sshd -i -f ${dir}/sshd.conf \
-E ${dir}/log"
grep -q '^devpts .*gid=' /proc/mounts && exec $serve
grep -v ^tty: /etc/group >${dir}/group
exec unshare --user --map-current-user --keep-caps --mount \
sh -c "mount --bind ${dir}/group /etc/group && exec $serve"
`;

function sshd(dir) {
	const file = (name) => path.join(dir, name);
	for (const name of ['host', 'user'])
		execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f',
			file(name)]);
	fs.writeFileSync(file('sshd.conf'), `HostKey ${file('host')}
AuthorizedKeysFile ${file('user.pub')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
`);
	fs.writeFileSync(file('serve'), serve(dir));
	fs.writeFileSync(file('known'), `rdv-test ${fs.readFileSync(
		file('host.pub'), 'utf8')}`);
	fs.writeFileSync(file('ssh.conf'), `Host rdv-test
ProxyCommand sh ${file('serve')}
IdentityFile ${file('user')}
IdentitiesOnly yes
UserKnownHostsFile ${file('known')}
User ${os.userInfo().username}
LogLevel ERROR
`);
	return `ssh -F ${file('ssh.conf')} -tt rdv-test`;
}

await test('attach over ssh: modes, size, detach, and a line that breaks', () =>
	inPane(async (pane) => {
		const ssh = sshd(pane.dir);
		const attach = `${ssh} env RDV_HOME=${rdv.base} ${bin('rdv')} attach`;
		const s = await drawing('far');
		const before = pane.modes();
		pane.line(`${attach} far; echo "status $?"`);
		await pane.shows('        DRAWN');
		await waitFor('the modes', () => pane.modes() === '10111');
		pane.run('resize-window', '-x', '90', '-y', '20');
		await waitFor('the size', async () => await size(s) === '90x20');
		pane.run('send-keys', '-l', 'typed');
		await pane.shows('typed');
		await pane.detach();
		await waitFor('its own modes', () => pane.modes() === before);
		// The line is cut: nobody looks any more, and the session goes on.
		pane.line('clear');
		pane.line(`${attach} far; echo "cut $?"`);
		await pane.shows('DRAWN');
		assert.equal(await viewers(s), 1);
		pane.run('send-keys', 'Enter');
		pane.run('send-keys', '-l', '~.');
		await pane.shows('cut 255');
		await waitFor('nobody looks', async () => await viewers(s) === 0);
		const { status } = await rdv.call('GET', `/api/sessions/${s.id}`);
		assert.equal(status, 'active');
	}));

// What came through a slow line, and keys the other way.
class Line {
	constructor(...args) {
		this.bytes = Buffer.alloc(0);
		this.child = spawn('python3', [path.join(root,
			'tests/harness/slowline.py'), bin('rdv'), 'attach', ...args], {
			env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base,
				LANG: 'C.UTF-8', TERM: 'xterm-256color' },
			stdio: ['pipe', 'pipe', 'inherit'] });
		this.ended = once(this.child, 'close');
		this.child.stdout.on('data', (d) => {
			this.bytes = Buffer.concat([this.bytes, d]);
		});
	}

	type(text) {
		this.child.stdin.write(text);
	}

	shows(text, from = 0) {
		return waitFor(`the line shows ${text}`, () =>
			this.bytes.includes(text, from), 120000);
	}

	// Screens that were begun on it.
	screens() {
		return String(this.bytes).split('\x1b[H\x1b[J').slice(1);
	}

	end() {
		this.child.kill();
		return this.ended;
	}
}

// What is counted is what comes between the end of a flood, or a key, and its
// being seen: some of it is in the kernel, which keeps up to 24 KiB for a
// terminal, and may take as much again before it is known to be slow. Both at
// once, as they take half a minute.
await Promise.all([
	// It would take four hours to show all that is written here.
	test('attach at 9600 baud: behind a flood its end', async (t) => {
		const s = await rdv.session('loud', ['/bin/sh', '-c', 'stty -echo; ' +
			'printf ready; read x; seq 2000000; printf LAST; exec cat']);
		const line = new Line('loud');
		t.after(() => line.end());
		await line.shows('ready');
		line.type('\n');
		const over = await rdv.call('GET', `/api/sessions/${s.id}/wait?` +
			'pattern=LAST&since=0&timeout_ms=100000');
		assert.equal(over.matched, true);
		const at = line.bytes.length;
		await line.shows('LAST');
		assert.ok(line.bytes.length - at < 49152,
			`${line.bytes.length - at} bytes behind the flood`);
		// The screen at its end, whole and in order.
		assert.match(line.screens().at(-1), RegExp(Array.from({ length: 20 },
			(_, i) => 1999981 + i).join('\\D+') + '\\D+LAST'));
	}),
	test('attach at 9600 baud: keys amid a flood', async (t) => {
		await rdv.session('endless', ['/bin/sh', '-c',
			'stty -echo; printf ready; read x; while echo flood; do :; done']);
		const line = new Line('endless');
		t.after(() => line.end());
		await line.shows('ready');
		const before = line.screens().length;
		line.type('\n');
		await waitFor('a screen amid the flood', () =>
			line.screens().length > before, 120000);
		const at = line.bytes.length;
		line.type('\x1c\x1c');
		assert.deepEqual(await deadline('detached', line.ended, 120000),
			[0, null]);
		const rest = line.bytes.subarray(at);
		assert.ok(rest.length < 16384, `${rest.length} bytes after the keys`);
		assert.match(String(rest), /detached from endless/);
	}),
]);

await rdv.stop();
