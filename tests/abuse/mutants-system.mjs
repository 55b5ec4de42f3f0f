// Guards between the accounts of one rdv in system mode, on the side of [main]
// and of rdvd. Rows as in mutants.mjs.
const people = 'daemon/auth/people.c', identify = 'daemon/auth/identify.c';
const doors = 'priv-helper/doors.c', places = 'priv-helper/places.c';
const grant = 'daemon/core/grant.c';

export const system = [
	{ ids: ['C14'], guard: 'on a person\'s socket nobody else\'s credential counts',
		off: [[people, 'u->by_web : r->person == u->uid;',
			'u->by_web : u->uid != 0;']],
		red: ['unit/api/test_people abuse_C14_token_on',
			'unit/api/test_people abuse_C14_cookie_on'] },
	{ ids: ['C12'], guard: 'on a person\'s socket there is no reverse proxy',
		off: [[identify, 'if (r->person != HTTP_ANYBODY)\n',
			'if (false)\n']],
		red: ['unit/api/test_people abuse_C12_service_token'] },
	{ ids: ['C14'], guard: 'who has no leave for the web is not there for it',
		off: [[people, '? u->by_web :', '? true :']],
		red: ['unit/api/test_people abuse_C14_not_by_the_web'] },
	{ ids: ['C13'], guard: 'who is served no more has no credential',
		off: [[people, '\tu->served = false;\n', '']],
		red: ['unit/api/test_people abuse_C13'] },
	{ ids: ['C13'], guard: 'and loses what is open',
		off: [[people, '\tauth_watch_fire_user(a, u->id);\n', '']],
		red: ['unit/api/test_people abuse_C13'] },
	{ ids: ['E01'], guard: 'in system mode rdvd claims nobody',
		off: [[grant, 'h->asking || (h->grants->system && !offered)',
			'h->asking']],
		red: ['unit/core/test_grant waits_for_a_credential'] },
	{ ids: ['C03'], guard: 'an account\'s directory is its own and closed',
		off: [[doors, '(st.st_mode & 0777) != 0700 ||\n\t    ' +
			'(st.st_uid != 0 && st.st_uid != p->uid)', 'false']],
		red: ['priv/system abuse_C03_directory_of_another'] },
	{ ids: ['C03'], guard: 'nobody else can replace a directory of rdv\'s',
		off: [[places, 'return st.st_uid == 0 && (st.st_mode & 022) == 0 ' +
			'? 0 : -EPERM;', 'return 0;']],
		red: ['priv/system abuse_C03_places'] },
	{ ids: ['F17'], guard: 'nobody is served without a policy',
		off: [['priv-helper/accountask.c', 'rule->owner, fd, why,',
			'(uid_t)-1, fd, why,']],
		red: ['priv/syspolicy abuse_F17_no_start',
			'unit/priv/test_accounts no_policy'] },
	{ ids: ['F17'], guard: 'a reload that is wrong changes nothing',
		off: [['priv-helper/system.c', '	if (!WIFEXITED(status) || ' +
			'WEXITSTATUS(status) != 0 ||\n\t    accounts_take(&fresh, ' +
			's->answer) != 0) {', '\tif (accounts_take(&fresh, ' +
			's->answer) != 0 &&\n\t    (fresh.n = 0) == 0 && false) {']],
		red: ['priv/syspolicy abuse_F17_a_bad'] },
	{ ids: ['E01'], guard: 'each has the rights of the policy',
		off: [['priv-helper/served.c', 'if (!o->system) {', 'if (true) {'],
			['priv-helper/policyfor.c',
				'if (a->uid == p->own_uid)', 'if (true)']],
		red: ['priv/people abuse_E01_policy'] },
	{ ids: ['E01'], guard: 'the web loses whom the policy takes from it',
		off: [['priv-helper/served.c', '(own || a->web)', '(own || true)']],
		red: ['priv/people abuse_E01_web'] },
];
