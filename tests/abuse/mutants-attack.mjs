// Guards of the helper that take a sequence or a race to be tried. Rows as in
// mutants.mjs.
const peer = 'priv-helper/peer.c', spawn = 'priv-helper/op_spawn.c';
const grants = 'priv-helper/grant.c', seqpkt = 'lib/seqpkt.c';
const signal = 'priv-helper/op_signal.c', login = 'priv-helper/op_login.c';
const revoke = 'priv-helper/op_revoke.c', exit = 'priv-helper/op_exit.c';
const runs = 'priv-helper/run.c';
const seeds = ['fuzz/ops corpus'];

const races = (name) => `unit/priv/test_races abuse_${name}`;
const scratch = 'priv-helper/scratch.c';

// What only shows when somebody acts between a check and a use.
const raced = [
	{ ids: ['F10'], guard: 'a directory that has become a link is not entered',
		off: [[scratch, 'O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC',
			'O_PATH | O_DIRECTORY | O_CLOEXEC']],
		red: [races('F10_every_step')] },
	{ ids: ['F10'], guard: 'nor is one that was to be removed itself',
		off: [[scratch, 't.top = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);',
			't.top = open(path, O_DIRECTORY | O_CLOEXEC);']],
		red: [races('F10_itself')] },
	{ ids: ['F12'], guard: 'what is mounted in a run\'s directory is not entered',
		off: [[scratch, ' && dev == t->dev &&\n\t    mount == t->mount', '']],
		red: ['unit/priv/test_files abuse_F12_mounts'] },
	{ ids: ['F12'], guard: 'nor when it is the same file system, bound there',
		off: [[scratch, ' &&\n\t    mount == t->mount', '']],
		red: ['unit/priv/test_files abuse_F12_mounts'] },
	{ ids: ['F12'], guard: 'a start that hangs is given up',
		off: [[spawn, 'if (clock_mono_ms() >= r->deadline)', 'if (false)']],
		red: ['priv/mounts abuse_F12_a_start'] },
	{ ids: ['F18'], guard: 'what was judged is what is granted',
		off: [['priv-helper/roots.c', '\t*fd = opened;', '\t(void)close(opened);\n' +
			'\t*fd = open(path, O_PATH | O_CLOEXEC);']],
		red: [races('F18_every_step')] },
	{ ids: ['F02'], guard: 'nothing is made through a link in the middle',
		off: [['lib/pathopen.c', 'RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |', '']],
		red: [races('F02_create')] },
	{ ids: ['F02', 'F03'], guard: 'nor by descent',
		off: [['lib/pathopen.c', '(flags & ~O_TRUNC) | O_NOFOLLOW | O_CLOEXEC',
			'(flags & ~O_TRUNC) | O_CLOEXEC']],
		red: [races('F02_F03_create_by_descent')] },
];

// Every state, every verb, every trick, against a live [ops].
const live = [
	{ ids: ['E02'], guard: 'an answer is no request',
		off: [[peer, 'if (h.kind != PRIV_REQUEST)', 'if (false)']],
		red: ['priv/states abuse_E02_E04_E08_every_trick'] },
	{ ids: ['E04', 'E08'], guard: 'what descriptors came with ends [ops]',
		off: [[seqpkt, '|| (msg.msg_flags & MSG_CTRUNC)', '']],
		red: ['priv/states abuse_E02_E04_E08_every_trick'] },
	{ ids: ['E01', 'E09'], guard: 'nothing is heard before HELLO',
		off: [[peer, 'if (verb->first == o->hello)', 'if (false)']],
		red: ['priv/states abuse_E01_E09_every_state',
			'priv/sysstates abuse_E01_E09_system'] },
	{ ids: ['E01'], guard: 'what is another\'s is revoked by nobody',
		off: [[revoke,
			'if (!tokens_has(&o->tokens, *uid, m->sha256, clock_wall_ms()))',
			'if (false)']],
		red: ['priv/sysstates abuse_E01_E09_system'] },
	{ ids: ['E01'], guard: 'a token that has ended is not begun',
		off: [['priv-helper/op_enroll.c',
			'if (m->expires_ms != 0 && m->expires_ms <= clock_wall_ms())',
			'if (false)']],
		red: ['priv/sysstates abuse_E01_E09_system'] },
	{ ids: ['E02'], guard: 'a packet is as long as its message',
		off: [['lib/wire.c', 'if (next->kind == NULL && buf_end(b))',
			'if (next->kind == NULL)']],
		red: ['priv/sysstates abuse_E02_system_lengths',
			'priv/states abuse_E02_E04_E08_every_trick'] },
];

const secrets = [
	{ ids: ['H20', 'N02', 'N08'], guard: 'rdvd is not dumpable',
		off: [['daemon/main.c', 'prctl(PR_SET_DUMPABLE, 0) != 0', 'false']],
		red: ['abuse N02 H20 a session reads', 'abuse N08 no process'] },
	{ ids: ['N07'], guard: 'what stands in the token file is looked up',
		off: [['daemon/core/clitoken.c', '*live = t != NULL && t->kind == ' +
			'TOKEN_CLI &&\n\t\tstrcmp(t->user_id, auth_owner(app->auth)) == 0;',
		'*live = true;']],
		red: ['abuse N07 a token file'] },
	{ ids: ['N01'], guard: 'of a variable that is refused the name alone is told',
		off: [['priv-helper/env.c', 'sizeof(name), var, strcspn(var, "="));',
			'sizeof(name), var, strlen(var));']],
		red: ['abuse N01 what a session'] },
	{ ids: ['E01', 'E02'], guard: 'a number beyond its range ends [ops]',
		off: [['lib/wire.c', 'return buf_get_u8(b, v) && *v <= f->max;',
			'return buf_get_u8(b, v);']],
		red: ['priv/states abuse_E01_every_field'] },
];

// Sequences of packets: the seeds of the fuzzer's target.
const packets = [
	['E09', 'request ids rise',
		peer, '(int32_t)(h.id - o->last_id) <= 0', 'false'],
	['E09', 'HELLO comes first and once',
		peer, 'if (verb->first == o->hello)', 'if (false)'],
	['E09', 'a start is answered to who asked',
		spawn, 'if (r->conn != o->conn || o->daemon < 0)', 'if (false)'],
	['E01', 'grants end with their connection',
		peer, '\tgrant_wipe(&o->grants);\n', ''],
	['E01', 'a start needs a live grant', spawn,
		'if (!grant_find(&o->grants, m->grant, &uid))',
		'if (grant_find(&o->grants, m->grant, &uid), uid = o->accounts.list->uid, false)'],
	['E01', 'a grant expires',
		grants, 'return g->expires > now;', 'return g->expires > 0;'],
	['E01', 'a grant that was given back is gone', grants,
		'\tsecret_wipe(&g->grant[p - g->grant], sizeof(*p));\n', ''],
	['E01', 'a claim is good for who is served', login,
		'\tif (v->who != NULL)\n\t\treturn PRIV_DONE;\n\tsnprintf',
		'\tv->who = o->accounts.list;\n\tif (true)\n\t\treturn PRIV_DONE;\n' +
		'\tsnprintf'],
	['E01', 'a start is for whom its grant is', spawn,
		'*who = accounts_find(&o->accounts, uid);', '*who = o->accounts.list;'],
	['E01', 'a token of somebody else is not revoked', revoke,
		'if (!tokens_has(&o->tokens, *uid, m->sha256, clock_wall_ms()))',
		'if (false)'],
	['E01', 'nobody is enrolled without a proof', 'priv-helper/op_enroll.c',
		'return err == RDV_E_DENIED ? PRIV_DENIED : PRIV_FAILED;',
		'return PRIV_DONE;'],
	['E09', 'grants end with the token they were given for', revoke,
		'\tgrant_end_of(&o->grants, sum);\n', ''],
	['E01', 'only some signals are sent', signal,
		'if (!is_allowed(order.sig))', 'if (is_allowed(order.sig) && false)'],
	['E01', 'a run is confirmed when it has ended',
		exit, 'if (r->state != RUN_ENDED)', 'if (false)'],
	['E01', 'nothing begins while rdv stops',
		spawn, '\tif (o->ending)\n', '\tif (false)\n'],
	['E01', 'a start under way has no handle yet', runs,
		'(r->state == RUN_RUNNING || r->state == RUN_ENDED))\n\t\t\treturn r;' +
		'\n\treturn NULL;\n}\n\nstruct run *\nrun_after',
		'true)\n\t\t\treturn r;\n\treturn NULL;\n}\n\nstruct run *\nrun_after'],
	['E04', 'a packet with descriptors ends [ops]',
		seqpkt, '|| (msg.msg_flags & MSG_CTRUNC)', ''],
	['E04', 'nothing stays open of a run that is confirmed',
		exit, '\tseqpkt_fds_close(&r->fds);\n', ''],
	['O07', 'no signal without a record before it', signal,
		'if (!audit_signal(o, &m->signal, why))',
		'if (!audit_signal(o, &m->signal, why) && false)'],
	['O07', 'no grant without a record before it', login,
		'if (!audit_login(o, m, a->why))',
		'if (!audit_login(o, m, a->why) && false)'],
	['E01', 'the web has leave or nothing', login,
		'if (!v->who->web && !mutant("login web"))', 'if (false)'],
	['E01', 'a grant ends no later than its token', login,
		'if (t->expires != 0 && t->expires - now < v->ttl)', 'if (false)'],
	['E01', 'a policy that is withdrawn takes the web\'s grants',
		'priv-helper/served.c', '(own || a->web)', '(own || true)'],
	['E01', 'a policy that is wrong changes nothing', 'priv-helper/served.c',
		'if (!o->system || !serve_these(o, &now, why, sizeof(why))) {',
		'if (!serve_these(o, &now, why, sizeof(why)) && ' +
		'(o->accounts = now, false)) {'],
	['E01', 'the policy is asked before a start', spawn,
		'\treturn err == 0;\n}\n\n/* Runs that are done',
		'\treturn true;\n}\n\n/* Runs that are done'],
	['E01', 'an account has so many tokens and no more',
		'priv-helper/tokens.c', 'own < TOKENS_EACH && t->n', 't->n'],
	['E09', 'the service token of before ends', 'priv-helper/tokens.c',
		'now < until && secret', 'secret'],
	['E09', 'a proof is used up', 'priv-helper/op_enroll.c',
		'result = ask(o, proof_take, a, &m->enroll, why);',
		'result = PRIV_DONE;'],
	['E01', 'nobody is enrolled who is not served', 'priv-helper/op_enroll.c',
		'if (a == NULL)', 'if (false)'],
].map(([id, guard, ...off]) => ({ ids: [id], guard, off: [off], red: seeds }));

export const attack = [...raced, ...live, ...secrets, ...packets];
