// Guards between the people of one host, and between them and a rdvd that was
// taken over. Rows as in mutants.mjs; the tests need root.
const proof = 'priv-helper/proof.c', login = 'priv-helper/op_login.c';
const proofs = ['priv/enroll abuse_F01_F08_F09_proofs'];

const tokens = [
	{ ids: ['E01'], guard: 'a claim to be somebody is no proof',
		off: [[login, 'if (o->system && !mutant("login uid"))', 'if (false)']],
		red: ['priv/enroll abuse_E01_claims'] },
	{ ids: ['E01'], guard: 'a token is its owner\'s, whoever rdvd says that is',
		off: [[login, ' ||\n\t    (m->uid != 0 && m->uid != v->who->uid))', ')']],
		red: ['priv/enroll abuse_E01_claims'] },
	{ ids: ['E01'], guard: 'the web acts for whom it may and nobody else',
		off: [[login, 'if (!v->who->web && !mutant("login web"))',
			'if (false)']],
		red: ['priv/enroll abuse_E01_service'] },
	{ ids: ['E01'], guard: 'a proof is its account\'s own file',
		off: [[proof, 'if (st->st_uid != uid && !mutant("proof owner"))',
			'if (false)']],
		red: proofs },
	{ ids: ['F08'], guard: 'a proof has one name',
		off: [[proof, 'if (st->st_nlink != 1 && !mutant("proof links"))',
			'if (false)']],
		red: proofs },
	{ ids: ['F09'], guard: 'a proof is a regular file',
		off: [[proof, 'if (!S_ISREG(st->st_mode))', 'if (false)']],
		red: proofs },
	{ ids: ['F01'], guard: 'no link leads to the directory of proofs',
		off: [[proof, 'fd = path_open_beneath(run, rel, O_RDONLY | ' +
			'O_DIRECTORY, 0);', 'fd = openat(run, rel, O_RDONLY | ' +
			'O_DIRECTORY | O_CLOEXEC);']],
		red: proofs },
	{ ids: ['F01'], guard: 'no link leads to a proof',
		off: [[proof, 'path_open_beneath(dir, hex, O_RDONLY | O_NONBLOCK, 0)',
			'openat(dir, hex, O_RDONLY | O_NONBLOCK | O_CLOEXEC)']],
		red: proofs },
	{ ids: ['E01'], guard: 'a proof serves once',
		off: [[proof, 'if (err == 0 && unlinkat(dir, hex, 0) < 0)',
			'if (false)']],
		red: ['priv/enroll abuse_E01_enroll'] },
	{ ids: ['E01'], guard: 'a hash that is known is nobody else\'s to enrol',
		off: [['priv-helper/tokens.c', 'return RDV_E_EXISTS;', 'continue;']],
		red: ['unit/priv/test_tokens each_uid_has_its_own',
			'priv/enroll abuse_E01_enroll'] },
];

const ends = [
	{ ids: ['E01'], guard: 'nobody revokes another\'s token',
		off: [['priv-helper/tokens.c', 'if (p->uid == uid && live', 'if (live']],
		red: ['unit/priv/test_tokens each_uid_has_its_own',
			'priv/ended abuse_E09_revoked'] },
	{ ids: ['C08'], guard: 'it is the kernel that says who logs in',
		off: [['daemon/api/login.c', ' || r->peer_uid != r->person) {', ') {']],
		red: ['system C08 the kernel'] },
	{ ids: ['E09'], guard: 'a grant ends with the token it was given for',
		off: [['priv-helper/op_revoke.c', '\tgrant_end_of(&o->grants, sum);\n',
			'']],
		red: ['priv/ended abuse_E09_revoked'] },
	{ ids: ['E09'], guard: 'a token ends when it expires',
		off: [['priv-helper/tokens.c', 'return t->expires == 0 || ' +
			't->expires > now || mutant("token expiry");', 'return true;']],
		red: ['unit/priv/test_tokens kept_over_a_restart',
			'priv/ended abuse_E09_expired'] },
	{ ids: ['E09'], guard: 'a grant lasts no longer than its token',
		off: [[login, 'if (t->expires != 0 && t->expires - now < v->ttl)',
			'if (false)']],
		red: ['priv/ended abuse_E09_expired'] },
	{ ids: ['E09'], guard: 'a grant ends when its account is served no more',
		off: [['priv-helper/served.c', 'ended = grant_keep(&o->grants, ' +
			'is_served, &o->accounts);', 'ended = 0;']],
		red: ['priv/ended abuse_E09_withdrawn'] },
];

const rights = [
	{ ids: ['E01'], guard: 'what is an account\'s is looked up as the account',
		off: [['security/asuser.c', '\t(void)setfsgid(gid);\n\t' +
			'(void)setfsuid(uid);\n\tif (are(uid, gid))', '\tif (true)']],
		red: ['priv/people abuse_E01_not_as_root'] },
	{ ids: ['E01'], guard: 'and with its groups',
		off: [['security/asuser.c', 'if (setgroups(ngroups, groups) < 0)',
			'if (ngroups > USHRT_MAX && groups == NULL)'],
		['security/asuser.c', '#include <grp.h>',
			'#include <grp.h>\n#include <limits.h>']],
		red: ['priv/people abuse_E01_not_as_root'] },
	{ ids: ['E01'], guard: 'another\'s runs count for no limit of one\'s own',
		off: [['priv-helper/op_spawn.c',
			'if (r->uid != who->uid || r->state > RUN_RUNNING)',
			'if (r->state > RUN_RUNNING)']],
		red: ['priv/people abuse_E01_limits'] },
	{ ids: ['E01'], guard: 'no confined run is given the directory of proofs',
		off: [['priv-helper/roots.c', '\tif (touches_run(rs, path))\n\t\t' +
			'return "is rdv\'s own state";\n', '']],
		red: ['unit/priv/test_files abuse_E01_proofs'] },
	{ ids: ['H01'], guard: 'a reaper can end what has become root',
		off: [['security/caps.c', 'data[0].permitted &= ' +
			'mutant("reaper kill") ? 0 : CAP_TO_MASK(CAP_KILL);',
		'data[0].permitted = 0;']],
		red: ['priv/people abuse_H01_setuid'] },
	{ ids: ['H01'], guard: 'a reaper that is its user can kill its cgroup',
		off: [['priv-helper/reaper.c', '\tcgroup_hold(p->cgroups, ' +
			'p->handle, &r.cgroup);\n\tbecome_user(p);\n',
		'\tbecome_user(p);\n\tcgroup_hold(p->cgroups, p->handle, ' +
			'&r.cgroup);\n']],
		red: ['priv/cgpeople abuse_H01_cgroup_of_a_person'] },
	{ ids: ['H01'], guard: '[ops] removes a cgroup that its reaper cannot',
		off: [['priv-helper/follow.c',
			'if (o->system)\n\t\tremove_cgroup(',
			'if (false)\n\t\tremove_cgroup(']],
		red: ['priv/cgpeople abuse_H01_cgroup_of_a_person'] },
];

const rotated = ['unit/api/test_people abuse_C13_service_token_of_main'];
const rotates = 'unit/priv/test_servicetoken abuse_C13_not_held_up_by_';
const service = [
	{ ids: ['C13'], guard: 'a closed rdvd does not keep the service token',
		off: [['priv-helper/servicetoken.c', 'if (err != -EAGAIN)',
			'if (err == 0)']],
		red: [`${rotates}a_closed_end`] },
	{ ids: ['C13'], guard: 'a deaf rdvd does not keep the service token',
		off: [['priv-helper/system.c', 's->deaf >= DEAF_MAX', 'false']],
		red: [`${rotates}a_deaf_one`] },
	{ ids: ['C13'], guard: 'an upgrade leaves no less than 3 s between two',
		off: [['priv-helper/system.c',
			'if (c->rotation_asked)\n\t\tsystem_ask_rotation(s);',
			's->rotation_asked = c->rotation_asked;']],
		red: ['unit/priv/test_servicetoken abuse_C13_a_rotation_goes'] },
	{ ids: ['C13'], guard: 'the service token before ends with its grace',
		off: [['daemon/auth/service.c',
			'return previous && now < s->previous_until ?',
			'return previous && now >= 0 ?']],
		red: rotated },
	{ ids: ['C13'], guard: 'what lives by a service token ends with it',
		off: [['daemon/auth/people.c', '\t\tauth_watch_fire(a, id);\n',
			'\t\t(void)id;\n']],
		red: rotated },
	{ ids: ['C12'], guard: 'the service token of a host is not an account\'s',
		off: [['daemon/api/servicetoken.c', 'if (c->app->conf->system)',
			'if (false)']],
		red: ['system C12 nobody but root'] },
	{ ids: ['C12'], guard: 'who has the service token gets no sign-in codes',
		off: [['daemon/api/signin.c',
			'if (c->app->conf->system && c->actor->via == AUTH_SERVICE)',
			'if (false)']],
		red: ['system C12 who has the service token'] },
];

export const people = [...tokens, ...ends, ...rights, ...service];
