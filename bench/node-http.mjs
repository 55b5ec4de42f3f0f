// A bare node http server with a fixed body: the peer for request throughput.
import http from 'node:http';

const body = JSON.stringify({ id: 'x'.repeat(36), name: 'bench', n: 1,
	filler: 'y'.repeat(500) });
http.createServer((req, res) => {
	res.writeHead(200, { 'Content-Type': 'application/json' });
	res.end(body);
}).listen(process.argv[2], () => console.log('ready'));
