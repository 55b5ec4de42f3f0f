// Every script can be parsed. Nothing else reads those of bench/, which no test
// runs; what is wrong with the others is told here by file as well.
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';

let found = 0;

function walk(dir) {
	for (const e of fs.readdirSync(dir, { withFileTypes: true })) {
		const at = path.join(dir, e.name);
		if (e.isDirectory() && e.name !== 'node_modules')
			walk(at);
		else if (e.isFile() && e.name.endsWith('.mjs'))
			parse(at);
	}
}

function parse(file) {
	try {
		new vm.SourceTextModule(fs.readFileSync(file, 'utf8'),
			{ identifier: file });
	} catch (e) {
		if (!(e instanceof SyntaxError))
			throw e;
		found++;
		console.log(`${file}: ${e.message}`);
	}
}

for (const dir of ['bench', 'tests', 'web'].filter((d) => fs.existsSync(d)))
	walk(dir);
console.log(`scripts: ${found} found`);
process.exitCode = found > 0 ? 1 : 0;
