// The record of how a run is held: that it says what is so. Rows as in
// mutants.mjs.
const hold = 'priv-helper/hold.c';

export const held = [
	['what this host lacks is in it', 'return missing | (wanted & ~guards);',
		'return 0;', 'abuse_I13_older_kernel'],
	['a limit that no cgroup keeps is not by one', 'if (!on)', 'if (false)',
		'abuse_I13_record_and_kernel_agree'],
	['a limit that nothing keeps is by nothing', 'if (max == RLIM_INFINITY)',
		'if (false)', 'abuse_I13_record_and_kernel_agree'],
	['a lower limit in force is the one in it', 'max = own.rlim_max;',
		'max = RLIM_INFINITY;', 'lower_limit'],
	['what a profile has of the network is in it',
		'return p->network ? POLICY_NET_FULL : POLICY_NET_NONE;',
		'return p->network ? POLICY_NET_FULL : POLICY_NET_LIST;',
		'abuse_I13_record_and_kernel_agree'],
].map(([guard, from, to, red]) => ({ ids: ['I13'], guard: `the record: ${guard}`,
	off: [[hold, from, to]], red: [`priv/hold ${red}`] }));
