// The record of how a run is held: that it says what is so. Rows as in
// mutants.mjs.
const hold = 'priv-helper/hold.c';

const record = [
	['what this host lacks is in it', 'return missing | (wanted & ~guards);',
		'return 0;', 'abuse_I13_older_kernel'],
	['a limit that no cgroup keeps is not by one', 'if (!on)', 'if (false)',
		'abuse_I13_record_and_kernel_agree'],
	['a limit that nothing keeps is by nothing', 'if (max == RLIM_INFINITY || ',
		'if (', 'abuse_I13_record_and_kernel_agree'],
	['a lower limit in force is the one in it', 'resource, own.rlim_max);',
		'resource, RLIM_INFINITY);', 'lower_limit'],
	['what a profile has of the network is in it',
		'h->net = nets[r->net];', 'h->net = PRIV_NET_FULL;',
		'abuse_I13_record_and_kernel_agree'],
].map(([guard, from, to, red]) => ({ ids: ['I13'], guard: `the record: ${guard}`,
	off: [[hold, from, to]], red: [`priv/hold ${red}`] }));

export const held = [...record,
	{ ids: ['I13'], guard: 'the record is kept with the run',
		off: [['daemon/core/runend.c', '.policy_json = run->policy_json,',
			'.policy_json = NULL,']],
		red: ['api abuse I13 the policy of a run',
			'unit/core/test_runpolicy test_of_the_start'] },
	{ ids: ['E01'], guard: 'the rule that refused reaches who asked',
		off: [['daemon/core/run.c',
			'start_failed(run, outcomes[a->result], "failed", why);',
			'start_failed(run, outcomes[a->result], "failed", "refused");']],
		red: ['unit/core/test_runpolicy test_E01_refused_by_a_rule'] },
];
