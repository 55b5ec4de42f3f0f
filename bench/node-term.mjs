// The usual stack for terminals in a browser: node-pty and ws, as their own
// documents show them, on a Unix socket. The peer of bench/run.mjs.
import http from 'node:http';
import pty from 'node-pty';
import { WebSocketServer } from 'ws';

const [sock, file, ...args] = process.argv.slice(2);
const server = http.createServer();
const wss = new WebSocketServer({ server });
wss.on('connection', (ws) => {
	const term = pty.spawn(file, args, {
		name: 'xterm-256color', cols: 80, rows: 24, encoding: null,
	});
	term.onData((data) => ws.send(data));
	ws.on('message', (data) => term.write(data.toString()));
	ws.on('close', () => term.kill());
});
server.listen(sock, () => console.log('ready'));
