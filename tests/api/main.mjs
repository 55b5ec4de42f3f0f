// All of the api layer, one file for each thing it looks at; those that take
// longest come first, so that none of them is alone in the end.
import { files } from '../harness/files.mjs';
import '../harness/rdv.mjs';
import { sanitized } from '../harness/sanitizer.mjs';

await files(import.meta.url, [
	...(sanitized() ? [] : ['slowline']),
	'workspaces', 'worktreeremote', 'worktreemerge', 'discards',
	'lossless', 'egress', 'attach', 'expire', 'turnscrash',
	'worktreerebase', 'walk', 'sessions', 'input', 'wait', 'search',
	'sizes', 'presence', 'screen', 'cast', 'entries', 'hooks',
	'entrieslive', 'protocol', 'folders', 'approvals', 'approvalcli',
	'tokens', 'scopes', 'rotation', 'events', 'worktrees', 'worktreeread',
	'worktreehistory', 'worktreecommit', 'worktreeconflict', 'worktreecli',
	'repos', 'reporefs', 'repofind', 'branches', 'clones', 'transferbound',
	'worktreediff',
	'worktreefollow', 'turns', 'agentasks', 'agentconfig', 'resumes', 'space',
	'confinedgit', 'liar', 'state', 'health', 'cage', 'cli', 'cliout', 'clipboard', 'inside',
	'sandbox', 'held', 'stop', 'tmux', 'audit', 'scripts', 'integrity',
	'resets', 'devservers', 'linear', 'push', 'archive', 'rundoors', 'agenthooks',
	'locks', 'agenthome', 'agents', 'agenttrust', 'gcbeside',
]);
