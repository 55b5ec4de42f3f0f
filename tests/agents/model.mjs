// A model of our own on loopback, for real agents without a network. What it
// says is a play in two acts: to a prompt with "MODEL verb words" it uses the
// tool that the verb stands for, and when it is told what came of that it says
// so. It speaks as the three makers' services do, streamed; anything else that
// it is asked for is on its list, so that a test can say that nothing else was.
import http from 'node:http';
import net from 'node:net';

const ASK = /MODEL (\w+) ?([^\n<]*)/g;

// A conversation in a form that none of them has: what people said, and what
// came of tools since the last of that.
function heard(messages) {
	const said = [];
	let results = [];
	for (const m of messages) {
		const found = [...(m.text ?? '').matchAll(ASK)];
		said.push(...found.map((f) => ({ verb: f[1], words: f[2].trim() })));
		results = found.length > 0 ? m.results : [...results, ...m.results];
	}
	return { said, last: said.at(-1), results };
}

// What it does next: a tool of the agent's, or a text.
function act(calls, { said, last, results }, whole) {
	if (!last)
		return { text: 'Nothing was asked.' };
	if (last.verb === 'recall')
		return { text: `Before: ${said.slice(0, -1)
			.map((s) => `${s.verb} ${s.words}`).join(' | ')}` };
	if (last.verb === 'slow')
		return { text: 'It takes long.', endless: true };
	const steps = calls[last.verb]?.(...split(last), whole) ?? [];
	if (results.length < steps.length)
		return steps[results.length];
	return { text: results.length > 0 ? `Heard: ${results.at(-1)}` :
		`Said: ${last.words}` };
}
// The first word is often a path.
const split = ({ words }) => [words, words.replace(/ .*/, ''),
	words.replace(/^\S+ ?/, '')];

const tool = (name, input) => ({ name, input });
const CLAUDE = {
	create: (all, path, text) => [tool('Write', { file_path: path,
		content: text })],
	run: (all) => [tool('Bash', { command: all, description: 'Run it' })],
	question: (all) => [tool('AskUserQuestion', { questions: [{ question: all,
		header: 'Which', multiSelect: false, options: [
			{ label: 'left', description: 'that one' },
			{ label: 'right', description: 'the other' }] }] })],
	// It is told which file is for its plan.
	plan: (all, path, text, whole) => [tool('Write', { content: all,
		file_path: /[^\s"'`\\]+\/plans\/[^\s"'`\\]+\.md/.exec(whole)?.[0] }),
	tool('ExitPlanMode', {})],
};
const CODEX = {
	create: (all, path, text) => [tool('shell', `printf %s '${text}' >${path}`)],
	run: (all) => [tool('shell', all)],
	question: (all) => [tool('request_user_input', { questions: [{ id: 'which',
		header: 'Which', question: all, options: [
			{ label: 'left', description: 'that one' },
			{ label: 'right', description: 'the other' }] }] })],
	plan: (all) => [{ text: `<proposed_plan>\n${all}\n</proposed_plan>` }],
};
const GEMINI = {
	create: (all, path, text) => [tool('write_file', { file_path: path,
		content: text })],
	run: (all) => [tool('run_shell_command', { command: all,
		description: 'Run it' })],
	question: (all) => [tool('ask_user', { questions: [{ question: all,
		header: 'Which', type: 'choice', options: [
			{ label: 'left', description: 'that one' },
			{ label: 'right', description: 'the other' }] }] })],
};

const event = (res, data, name) => res.write(
	`${name ? `event: ${name}\n` : ''}data: ${JSON.stringify(data)}\n\n`);
const flat = (v) => typeof v === 'string' ? v : Array.isArray(v) ?
	v.map((p) => p.text ?? p.content ?? '').map(flat).join('\n') : '';
let ids = 0;
const id = (kind) => `${kind}_${++ids}`;

// Anthropic's messages. A tool that is not there is looked for first.
function anthropic(j, res) {
	const blocks = j.messages.map(({ role, content }) => ({ role, all:
		typeof content === 'string' ? [{ type: 'text', text: content }] :
			content }));
	const searches = blocks.flatMap((m) => m.all)
		.filter((b) => b.name === 'ToolSearch').map((b) => b.id);
	let step = act(CLAUDE, heard(blocks.filter((m) => m.role === 'user')
		.map(({ all }) => ({
			text: flat(all.filter((b) => b.type === 'text')),
			results: all.filter((b) => b.type === 'tool_result' &&
				!searches.includes(b.tool_use_id))
				.map((b) => flat(b.content)) }))), JSON.stringify(j));
	const has = (name) => j.tools?.some((t) => t.name === name);
	if (step.name && !has(step.name) && has('ToolSearch') &&
		searches.length === 0)
		step = tool('ToolSearch', { query: `select:${step.name}`,
			max_results: 1 });
	const calls = step.name && has(step.name);
	const block = calls ? { type: 'tool_use', id: id('toolu'), name: step.name,
		input: {} } : { type: 'text', text: '' };
	const delta = calls ? { type: 'input_json_delta',
		partial_json: JSON.stringify(step.input) } :
		{ type: 'text_delta', text: step.text ?? `No ${step.name} is there.` };
	const say = (type, more) => event(res, { type, ...more }, type);

	say('message_start', { message: { id: id('msg'), type: 'message',
		role: 'assistant', model: j.model, content: [], stop_reason: null,
		stop_sequence: null, usage: { input_tokens: 10, output_tokens: 1 } } });
	say('content_block_start', { index: 0, content_block: block });
	say('content_block_delta', { index: 0, delta });
	if (step.endless)
		return;
	say('content_block_stop', { index: 0 });
	say('message_delta', { usage: { output_tokens: 5 },
		delta: { stop_reason: calls ? 'tool_use' : 'end_turn',
			stop_sequence: null } });
	say('message_stop', {});
	res.end();
}

// OpenAI's responses. Its tool for commands has had several names.
function shell(j, command) {
	const has = (name) => j.tools?.some((t) => t.name === name);
	if (has('exec_command'))
		return ['exec_command', { cmd: command }];
	if (has('shell_command'))
		return ['shell_command', { command }];
	return ['shell', { command: ['sh', '-c', command] }];
}
function openai(j, res) {
	const step = act(CODEX, heard(j.input.map((m) => ({
		text: m.type === 'message' && m.role === 'user' ? flat(m.content) : '',
		results: m.type === 'function_call_output' ? [flat(m.output)] : [] }))));
	const [name, input] = step.name === 'shell' ? shell(j, step.input) :
		[step.name, step.input];
	const message = id('msg');
	const item = name ? { type: 'function_call', id: id('fc'),
		call_id: id('call'), name, arguments: JSON.stringify(input) } :
		{ type: 'message', id: message, role: 'assistant',
			content: [{ type: 'output_text', text: step.text }] };
	const response = { id: id('resp'), model: j.model, output: [] };
	const say = (type, more) => event(res, { type, ...more }, type);

	say('response.created', { response });
	if (!name) {
		say('response.output_item.added', { output_index: 0,
			item: { ...item, content: [] } });
		say('response.output_text.delta', { output_index: 0, item_id: message,
			content_index: 0, delta: step.text });
	}
	if (step.endless)
		return;
	say('response.output_item.done', { output_index: 0, item });
	say('response.completed', { response: { ...response, output: [item],
		usage: { input_tokens: 10, input_tokens_details: null,
			output_tokens: 5, output_tokens_details: null,
			total_tokens: 15 } } });
	res.end();
}

// Google's generateContent.
function google(j, res, streamed) {
	const step = act(GEMINI, heard(j.contents.filter((m) => m.role === 'user')
		.map(({ parts }) => ({ text: flat(parts),
			results: parts.filter((p) => p.functionResponse)
				.map((p) => JSON.stringify(p.functionResponse.response)) }))));
	const part = step.name ? { functionCall: { name: step.name,
		args: step.input } } : { text: step.text };
	const whole = { candidates: [{ index: 0, content: { role: 'model',
		parts: [part] }, ...step.endless ? {} : { finishReason: 'STOP' } }],
		usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5,
			totalTokenCount: 15 } };

	if (!streamed)
		return res.end(JSON.stringify(whole));
	event(res, whole);
	if (!step.endless)
		res.end();
}

const SERVES = [
	[/^\/v1\/messages(\?|$)/, anthropic],
	[/^\/v1\/responses$/, openai],
	[/^\/v1beta\/models\/[^/]+:streamGenerateContent/,
		(j, res) => google(j, res, true)],
	[/^\/v1beta\/models\/[^/]+:generateContent/,
		(j, res) => google(j, res, false)],
];

export class Model {
	static async start() {
		const m = new Model();
		m.asked = [];	// each request: what it was, and its body
		m.left = 0;	// answers that nobody heard to their end
		m.endless = 0;	// those that are being given
		m.server = http.createServer((req, res) => {
			const parts = [];
			req.on('data', (d) => parts.push(d));
			req.on('end', () => m.answer(req, Buffer.concat(parts).toString(),
				res));
			res.on('close', () => {
				m.left += res.writableFinished ? 0 : 1;
				m.endless -= res.endless ? 1 : 0;
			});
		});
		await new Promise((ok) => m.server.listen(0, '127.0.0.1', ok));
		m.url = `http://127.0.0.1:${m.server.address().port}`;
		// The same by another address, which no proxy is told to leave out.
		m.far = net.createServer((s) => m.server.emit('connection', s));
		await new Promise((ok) => m.far.listen(0, '127.0.0.2', ok));
		m.farHost = `127.0.0.2:${m.far.address().port}`;
		return m;
	}
	answer(req, text, res) {
		const [, serve] = SERVES.find(([of]) => of.test(req.url)) ?? [];
		let json = null;
		try { json = JSON.parse(text); } catch { /* it is none */ }
		this.asked.push({ at: `${req.method} ${req.url.replace(/\?.*/, '')}`,
			json, served: !!serve && json !== null });
		if (!serve || json === null) {
			res.writeHead(404, { 'content-type': 'application/json' });
			res.end('{"error":{"type":"not_found_error","message":"no"}}');
			return;
		}
		res.writeHead(200, { 'content-type': json.stream === false ?
			'application/json' : 'text/event-stream' });
		serve(json, res);
		res.endless = !res.writableEnded;
		this.endless += res.endless ? 1 : 0;
	}
	stop() {
		this.far.close();
		this.server.closeAllConnections();
		return new Promise((ok) => this.server.close(ok));
	}
}
