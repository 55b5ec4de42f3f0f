// rdv attach where terminals are: in GNU screen, and behind ssh.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Pane } from '../harness/pane.mjs';
import { bin, Rdv, test, waitFor } from '../harness/rdv.mjs';

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
// kernel does not do so by itself (gid=5), that group is hidden from it, by an
// /etc of its own: a mount on the file alone is gone as soon as somebody adds an
// account anywhere on this host and renames a new file over the one below.
const serve = (dir) => `serve="/usr/sbin/sshd -i -f ${dir}/sshd.conf \
-E ${dir}/log"
grep -q '^devpts .*gid=' /proc/mounts && exec $serve
exec unshare --user --map-current-user --keep-caps --mount \
sh -c "mount --rbind /etc ${dir}/real && mount --bind ${dir}/etc /etc && \
exec $serve"
`;

function etc(dir) {
	const at = path.join(dir, 'etc'), real = path.join(dir, 'real');

	fs.mkdirSync(at);
	fs.mkdirSync(real);
	for (const name of fs.readdirSync('/etc').filter((n) => n !== 'group'))
		fs.symlinkSync(path.join(real, name), path.join(at, name));
	fs.writeFileSync(path.join(at, 'group'), fs.readFileSync('/etc/group',
		'utf8').replace(/^tty:.*\n/m, ''));
}

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
	etc(dir);
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
		await pane.shows('        DRAWN').catch((e) => {
			e.message += fs.readFileSync(path.join(pane.dir, 'log'), 'utf8');
			throw e;
		});
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

await rdv.stop();
