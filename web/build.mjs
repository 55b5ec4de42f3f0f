/* SPDX-License-Identifier: MIT */
/*
 * Bundles the page with esbuild into a directory of static files:
 *
 *	node build.mjs OUTDIR		the page
 *	node build.mjs --tests OUTDIR	the unit tests, for node --test
 *
 * Script and style carry a hash of their content in their names, so nginx
 * may let browsers keep them for ever; index.html alone is looked up anew.
 */

import { readFileSync, readdirSync, mkdirSync, rmSync, writeFileSync }
    from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/*
 * xterm.js writes <style> elements and style attributes, which the policy
 * style-src 'self' forbids. The elements become <rdv-sheet>, whose text goes
 * into a constructed style sheet (src/term/sheet.ts); the attribute becomes
 * a property. Each replacement must be found exactly as often as in the
 * locked version, or the build fails: an update cannot lose it silently.
 */
const rewrites = [
	['createElement("style")', 'createElement("rdv-sheet")', 3],
	[/(\w+)\.setAttribute\("style",`\$\{\1\.getAttribute\("style"\)\|\|""\}\$\{(\w+)\};`\)/g,
	    "$1.style.cssText+=$2", 1],
];

function rewrite(text) {
	for (const [from, to, times] of rewrites) {
		const found = text.split(from).length - 1;
		const groups = from instanceof RegExp
		    ? [...text.matchAll(from)].length : found;
		if (groups !== times)
			throw new Error(`xterm.js: ${from} found ${groups} ` +
			    `times, expected ${times}`);
		text = text.replaceAll(from, to);
	}
	if (text.includes('("style"'))
		throw new Error("xterm.js: a style remains");
	return text;
}

const policy = {
	name: "policy",
	setup(b) {
		b.onLoad({ filter: /@xterm\/xterm\/lib\/xterm\.mjs$/ },
		    (args) => ({
			contents: rewrite(readFileSync(args.path, "utf8")),
			loader: "js",
		    }));
	},
};

const common = {
	absWorkingDir: here,
	bundle: true,
	format: "esm",
	legalComments: "none",
	jsx: "automatic",
	jsxImportSource: "preact",
	logLevel: "warning",
};

/* The licences of what was bundled travel with the bundle. */
function licenses(metafile) {
	const names = Object.keys(metafile.inputs)
	    .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path))
	    .filter((match) => match !== null)
	    .map((match) => match[1]);

	return [...new Set(names)].sort().map((name) => {
		const dir = join(here, "node_modules", name);
		return `${name}\n\n` +
		    readFileSync(join(dir, "LICENSE"), "utf8");
	}).join("\n----\n\n");
}

async function page(out) {
	rmSync(out, { recursive: true, force: true });
	mkdirSync(out, { recursive: true });
	const result = await build({
		...common,
		entryPoints: { app: "src/main.tsx", style: "src/style.css" },
		outdir: out,
		entryNames: "[name]-[hash]",
		/* Grammars are fetched when a file wants one. */
		splitting: true,
		chunkNames: "part-[hash]",
		minify: true,
		metafile: true,
		target: "es2022",
		plugins: [policy],
	});
	/* Browsers look for it by its name, which has to stay. */
	await build({
		...common,
		entryPoints: { sw: "src/push/worker.ts" },
		outdir: out,
		format: "iife",
		minify: true,
		target: "es2022",
	});
	const names = Object.keys(result.metafile.outputs)
	    .map((path) => basename(path));
	const named = (begin, end) => names.find((n) =>
	    n.startsWith(`${begin}-`) && n.endsWith(end));
	writeFileSync(join(out, "licenses.txt"), licenses(result.metafile));
	const icon = readFileSync(join(here, "src/icon.svg"));
	const html = readFileSync(join(here, "src/index.html"), "utf8")
	    .replace("app.js", named("app", ".js"))
	    .replace("style.css", named("style", ".css"));
	writeFileSync(join(out, "icon.svg"), icon);
	writeFileSync(join(out, "index.html"), html);
}

async function tests(out) {
	const files = readdirSync(join(here, "test"))
	    .filter((name) => /\.test\.tsx?$/.test(name));

	rmSync(out, { recursive: true, force: true });
	await build({
		...common,
		entryPoints: files.map((name) => join("test", name)),
		outdir: out,
		outExtension: { ".js": ".mjs" },
		platform: "node",
		target: "node18",
	});
}

const args = process.argv.slice(2);
const wantTests = args[0] === "--tests";
const out = args[wantTests ? 1 : 0];

if (out === undefined) {
	console.error("usage: node build.mjs [--tests] OUTDIR");
	process.exit(2);
}
await (wantTests ? tests : page)(out);
