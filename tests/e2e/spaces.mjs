// Workspaces of repositories that were made for a case, and the page of one.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './assert.mjs';

const env = { PATH: '/usr/bin:/bin', GIT_AUTHOR_NAME: 'ann',
	GIT_AUTHOR_EMAIL: 'ann@example.org', GIT_COMMITTER_NAME: 'ann',
	GIT_COMMITTER_EMAIL: 'ann@example.org' };
export const phone = { viewport: { width: 390, height: 780 }, hasTouch: true,
	isMobile: true };

export const sh = (dir, script) => execFileSync('/bin/bash', ['-ec', script],
	{ cwd: dir, env, encoding: 'utf8' });

export function repository(product, name) {
	const dir = join(product.dir, name);

	mkdirSync(dir);
	sh(dir, 'git init -q -b main; mkdir -p src/deep; seq 9 >a; ' +
	    'echo "int main(void) { return 0; } /* c */" >src/deep/m.c; ' +
	    'git add .; git commit -q -m "the first"');
	return dir;
}

/* A workspace of repositories with these names, and its worktrees' paths. */
export async function made(product, ...names) {
	const ids = [];

	for (const name of names) {
		const { id } = await product.api('POST', '/api/repos',
		    { path: repository(product, name) });
		ids.push(id);
	}
	const ws = await product.api('POST', '/api/workspaces', {
		name: names[0], repos: ids,
		bases: Object.fromEntries(ids.map((id) => [id, 'main'])),
	});
	return { ws, trees: ws.repos.map((p) => p.path) };
}

export const file = (path) => `.file[data-path=${JSON.stringify(path)}]`;
export const row = (ws) => `a[data-workspace="${ws.id}"]`;

export async function openWorkspace(page, ws) {
	const { origin } = new URL(page.url());

	await page.goto(`${origin}/#/w/${ws.id}`);
	await page.waitForSelector(`.work[data-workspace="${ws.id}"] .sum`);
}

/* What an agent is at work in is not deleted; some tests leave before its end. */
export async function end(product, page, ws) {
	await page.context().close();
	await product.closeAll();
	const { items: [talk] } = await product.api('GET',
	    `/api/conversations?workspace_id=${ws.id}&limit=1`);
	await until(async () => talk === undefined || (await product.api('GET',
	    `/api/conversations/${talk.id}`)).at_work === undefined, 'its rest');
	await product.api('DELETE', `/api/workspaces/${ws.id}?force=true`);
}
