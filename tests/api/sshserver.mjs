// sshd on the loopback address as an ordinary user, with keys of its own, and
// the account's ssh knows it as one host. Where the account has a configuration
// of ssh's already that is left alone, and nothing is run.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { waitFor } from '../harness/rdv.mjs';

// Over a real sshd of this account's on the loopback address. ssh looks into the
// home directory of the account database, whatever HOME is: what lies there
// meanwhile goes again.
export const hasOwnConfig = () =>
	fs.existsSync(path.join(os.userInfo().homedir, '.ssh/config'));

// `name` is what the host is called; known(key) says which key it is known by.
export async function withSshd(home, name, fn) {
	const dir = fs.mkdtempSync(path.join(home, 'sshd-'));
	const file = (base) => path.join(dir, base);
	const ssh = path.join(os.userInfo().homedir, '.ssh');
	for (const key of ['host', 'user', 'other'])
		execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f',
			file(key)]);
	const probe = net.createServer().listen(0, '127.0.0.1');
	await once(probe, 'listening');
	const { port } = probe.address();
	probe.close();
	await once(probe, 'close');
	fs.writeFileSync(file('conf'), `ListenAddress 127.0.0.1:${port}
HostKey ${file('host')}
AuthorizedKeysFile ${file('user.pub')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
`);
	const known = (key) => fs.writeFileSync(file('known'),
		`${name} ${fs.readFileSync(file(`${key}.pub`), 'utf8')}`);
	const made = fs.mkdirSync(ssh, { mode: 0o700, recursive: true });
	const config = path.join(ssh, 'config');
	fs.writeFileSync(config, `Host ${name}
HostName 127.0.0.1
HostKeyAlias ${name}
Port ${port}
IdentityFile ${file('user')}
IdentitiesOnly yes
UserKnownHostsFile ${file('known')}
GlobalKnownHostsFile /dev/null
`, { flag: 'wx', mode: 0o600 });
	const daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('conf')],
		{ stdio: ['ignore', 'ignore', 'pipe'] });
	const gone = once(daemon, 'exit');
	let said = '';
	daemon.stderr.on('data', (d) => { said += d; });
	try {
		await waitFor('sshd', () => /Server listening/.test(said));
		await fn(known);
	} finally {
		daemon.kill();
		await gone;
		fs.rmSync(config);
		if (made !== undefined)
			fs.rmdirSync(ssh);
	}
}
