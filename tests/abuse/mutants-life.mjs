// Guards of what must not get lost, run on or be done twice when a part dies, is
// busy or comes too late. Rows as in mutants.mjs.
const spawn = 'priv-helper/op_spawn.c', launch = 'priv-helper/launch.c';
const session = 'daemon/core/session.c', runend = 'daemon/core/runend.c';
const reconcile = 'daemon/core/reconcile.c', claim = 'daemon/api/claim.c';
const rm = 'daemon/core/worktreerm.c', look = 'daemon/core/worktreelook.c';
const fix = 'daemon/core/worktreefix.c';
const sessionTest = (name) => `unit/core/test_session test_${name}`;
const runTest = (name) => `unit/core/test_run test_${name}`;
const settleTest = (name) => `unit/core/test_reconcile test_${name}`;
const trashTest = (name) => `unit/core/test_worktree_trash ${name}`;
const holdTest = (name) => `unit/core/test_worktree_held ${name}`;

const parts = [
	{ ids: ['D10'], guard: 'runs that tidy count against descriptors',
		off: [[spawn, '(live + spare + 1) * RUN_FDS + done * RUN_DONE_FDS',
			'(live + spare + 1) * RUN_FDS']],
		red: ['priv/life test_slow_tidying'] },
	{ ids: ['D10', 'E08'], guard: 'descriptors that cannot be handed over end a ' +
		'start, not the connection',
	off: [['priv-helper/peer.c', 'if (bare)\n\t\tpeer_disconnect(o);',
		'peer_disconnect(o);']],
	red: ['priv/life test_descriptors_hoarded'] },
	{ ids: ['E11', 'O07'], guard: 'a restarted rdvd is told of no first start',
		off: [[launch, '(poll(&p, 1, 0) == 1 && (p.revents & POLLERR))',
			'false']],
		red: ['priv/main test_ready_was_heard'] },
	{ ids: ['E11', 'P02'], guard: 'the rdvd that follows is of the same build',
		off: [[launch, '(void)syscall(SYS_execveat, LAUNCH_PROGRAM, "", argv, ' +
			'env,\n\t    AT_EMPTY_PATH);', 'char is[64], at[4096] = "";\n' +
			'\n\tsnprintf(is, sizeof(is), "/proc/self/fd/%d", ' +
			'LAUNCH_PROGRAM);\n\t(void)!readlink(is, at, sizeof(at) - 1);\n' +
			'\tif (__builtin_strstr(at, " (deleted)") != NULL)\n' +
			'\t\t*__builtin_strstr(at, " (deleted)") = 0;\n' +
			'\texecve(at, argv, env);']],
		red: ['priv/main test_update_while_running'] },
	{ ids: ['H01', 'P05'], guard: 'a run is with [main] before it is told of',
		off: [['priv-helper/park.c', 'if (r->parked != RUN_UNPARKED || ' +
			'mutant("P05"))', 'if (true)']],
		red: ['abuse H01 the same when', 'priv/park abuse_P05_ops_killed',
			'priv/park abuse_P05_both_killed'] },
	{ ids: ['P05'], guard: 'no more descriptors are sent than rdvd has room for',
		off: [['priv-helper/op_inventory.c', 'nfds > t->most',
			'nfds > SEQPKT_MANY_MAX']],
		red: ['priv/park abuse_P05_many_in_few_answers'] },
	{ ids: ['P05'], guard: 'who has no room for them asks for fewer, and ' +
		'calls nothing lost',
		off: [['daemon/helperlink.c', 'fds->lost ? RDV_E_FULL : 0',
			'fds->lost ? RDV_E_UNAVAILABLE : 0']],
		red: ['unit/core/test_helper test_inventory_without_room',
			settleTest('waits_for_room')] },
	{ ids: ['P05'], guard: 'a run that nobody was told of ends: by itself, ' +
		'and by [main]',
		off: [['priv-helper/reaper.c', 'else if (!mutant("P05"))\n\t\t' +
			'begin_end(r, SIGHUP);', ''],
		['priv-helper/parked.c', 'if (mutant("H01") || ', 'if (true || ']],
		red: ['priv/park abuse_P05_start_under_way'] },
	{ ids: ['P05'], guard: 'the last word of a reaper stays in its socket',
		off: [['priv-helper/follow.c', 'seqpkt_peek(r->control, &report, ' +
			'sizeof(report));', 'seqpkt_recv(r->control, &report, ' +
			'sizeof(report), NULL);']],
		red: ['priv/park abuse_P05_end_not_durable'] },
	{ ids: ['P05'], guard: '[main] ends what a killed reaper leaves to it',
		off: [['priv-helper/parked.c', 'if (mutant("H01") || ', 'if (true || ']],
		red: ['priv/park abuse_P05_reaper_killed',
			'unit/priv/test_parked abuse_P05_what_a_reaper_gave_up'] },
	{ ids: ['P05'], guard: 'what one account leaves holds up nobody else',
		off: [['priv-helper/parked.c', '(now < p->sweep_at || k->held)',
			'true']],
		red: ['unit/priv/test_parked abuse_P05_orphans'] },
	{ ids: ['P05'], guard: 'and its own no longer than a reaper waits',
		off: [['priv-helper/parked.c', '\n\t    now >= p->sweep_by)', ')']],
		red: ['unit/priv/test_parked abuse_P05_orphans'] },
	{ ids: ['P05'], guard: 'orphans are looked for when any child has ended',
		off: [['priv-helper/parked.c', '\tunsure(p);\n\tTAILQ_FOREACH (k, ' +
			'&p->list, entry) {\n\t\tif', '\tTAILQ_FOREACH (k, ' +
			'&p->list, entry) {\n\t\tif']],
		red: ['unit/priv/test_parked abuse_P05_what_a_reaper_gave_up'] },
	{ ids: ['P05'], guard: 'a reaper that is done does not stay',
		off: [['priv-helper/parked.c', '\t\t\tend_reaper(k, now);\n', '']],
		red: ['unit/priv/test_parked abuse_P05_a_stopped_reaper'] },
	{ ids: ['P02'], guard: 'who is late in an upgrade is not waited for at work',
		off: [['priv-helper/upgrade.c', 'left > 0 ? left : AGAIN_MS',
			'left > 0 ? left : 0']],
		red: ['unit/priv/test_upgrade abuse_P02_waiting'] },
	{ ids: ['P05'], guard: 'an end is put on record once',
		off: [['priv-helper/follow.c', '\t\tif (!r->ended)\n', '']],
		red: ['priv/told abuse_P05_on_record_once'] },
	{ ids: ['P05'], guard: 'the status of a program goes to each [ops]',
		off: [['priv-helper/follow.c', 'r->seen >= 0 ? r->seen : SIGKILL',
			'SIGKILL']],
		red: ['priv/told abuse_P05_status_is_kept'] },
	{ ids: ['P01'], guard: 'the next [ops] has what runs',
		off: [['priv-helper/park.c', '\t\tadopt(o, k);\n', '']],
		red: ['abuse P01 an upgrade', 'priv/park abuse_P05_ops_killed'] },
	{ ids: ['P01', 'P04'], guard: 'all descriptors are taken along',
		off: [['priv-helper/carry.c', '\t\t\tmark(k->fds.fd[i], inherit);',
			'\t\t\tmark(k->fds.fd[0], inherit);']],
		red: ['abuse P01 an upgrade', 'abuse P04 more'] },
	{ ids: ['P01'], guard: 'an upgrade is not begun without a record',
		off: [['priv-helper/upgrade.c', 'good = audit_before(u->records, &m, ' +
			'why, size);', '(void)audit_before(u->records, &m, why, size);' +
			'\n\tgood = true;']],
		red: ['abuse P01 without a record'] },
	{ ids: ['P01'], guard: 'no record is lost over an upgrade',
		off: [['priv-helper/upgrade.c', '(void)kill(u->ops->pid, SIGKILL);\n' +
			'\t\treturn;', '(void)kill(u->ops->pid, SIGKILL);']],
		red: ['abuse P01 an upgrade is on record'] },
	{ ids: ['P02'], guard: 'a program has to say that it can take over',
		off: [['priv-helper/upgrade.c', 'strcmp(said, PROOF) == 0) {\n\t\t' +
			'go(u,', 'true) {\n\t\tgo(u,']],
		red: ['abuse P02 a program that cannot'] },
	{ ids: ['P02'], guard: 'runs are counted, and who finds fewer goes',
		off: [['priv-helper/upgrade.c', 'if (m->found == u->expected ||',
			'if (true ||']],
		red: ['abuse P02 a program that fails'] },
	{ ids: ['P02'], guard: 'what [main] takes along is of its version',
		off: [['priv-helper/carry.c', 'c->version == CARRY_VERSION', 'true']],
		red: ['unit/priv/test_carry abuse_P02_what_is_not_understood'] },
	{ ids: ['P03'], guard: 'a program that others may write is not executed',
		off: [['priv-helper/programs.c', '(st.st_mode & 022) == 0', 'true']],
		red: ['abuse P03 what others',
			'unit/priv/test_programs abuse_P03_a_file'] },
	{ ids: ['P03'], guard: 'nor one that stands where others may write',
		off: [['priv-helper/programs.c', '(st.st_mode & 022) != 0', 'false']],
		red: ['abuse P03 what others',
			'unit/priv/test_programs abuse_P03_a_directory'] },
	{ ids: ['P03'], guard: 'nor one that is somebody else\'s, where root asks',
		off: [['priv-helper/programs.c', 'return st->st_uid != 0 && ' +
			'st->st_uid != geteuid();', '(void)st;\n\treturn false;']],
		red: ['system P03'] },
	{ ids: ['P01'], guard: 'of root [main] keeps no more than it had',
		off: [['priv-helper/system.c', 'geteuid() == 0 ? caps_keep_main() : ',
			'geteuid() == 0 ? 0 : ']],
		red: ['system P01 terminals of two'] },
	{ ids: ['P01'], guard: 'the accounts\' sockets are taken along',
		off: [['priv-helper/upgrade.c',
			'\t\tdoors_inherit(l->system->doors, on);\n',
			'\t\treturn;\n']],
		red: ['system P01 terminals of two'] },
	{ ids: ['P02'], guard: 'and are sockets that listen',
		off: [['priv-helper/doors.c', 'listens != 0', 'true']],
		red: ['unit/priv/test_doors abuse_P02_sockets'] },
	{ ids: ['P03'], guard: 'what was tried is what is executed',
		off: [['priv-helper/main.c', "\tl->programs = c->why[0] == '\\0' ? " +
			'c->next : c->before;', "\tl->programs = c->before;\n\tif (" +
			"c->why[0] == '\\0')\n\t\t(void)programs_own(&l->programs, " +
			'l->bin, (char[64]){ 0 }, 64);']],
		red: ['abuse P03 what was tried'] },
	{ ids: ['P02'], guard: 'who we are is asked once',
		off: [['priv-helper/main.c', '\tl->user = &c->user;\n', '\tlook_up(l);' +
			'\n'], ['priv-helper/main.c', '/* What a first start cleans is',
			'static void look_up(struct launch *l);\n\n' +
			'/* What a first start cleans is']],
		red: ['system P02 an account that'] },
	{ ids: ['P05'], guard: 'who dies in the middle of an upgrade is not it',
		off: [['priv-helper/upgrade.c', '(u->ops->pid == 0 || ' +
			'u->daemon->pid == 0))', 'false)']],
		red: ['abuse P02 a program that fails'] },
	{ ids: ['P02'], guard: 'a socket that has ended is not polled',
		off: [['priv-helper/upgrade.c', '\t\tkin_close(u->daemon);\n', '']],
		red: ['abuse P02 a program that fails'] },
	{ ids: ['P05'], guard: 'a stop is the end of an upgrade',
		off: [['priv-helper/supervise.c', '\t\tupgrade_stop(&s->upgrade);\n',
			'']],
		red: ['abuse P05 a stop during'] },
	{ ids: ['P05'], guard: 'what is tried ends with who tries it',
		off: [['priv-helper/launch.c', 'l->try && !launch_bound(parent)',
			'l->try && parent == 0'],
		['priv-helper/parked.c', '\tunsure(p);\n\tTAILQ_FOREACH (k, ' +
			'&p->list, entry) {\n\t\tif', '\tTAILQ_FOREACH (k, ' +
			'&p->list, entry) {\n\t\tif']],
		red: ['abuse P05 who tries'] },
	{ ids: ['P02'], guard: 'who leaves the answer open does not hold [main]',
		off: [['priv-helper/upgrade.c', 'pipe2(fd, O_CLOEXEC | O_NONBLOCK)',
			'pipe2(fd, O_CLOEXEC)']],
		red: ['abuse P02 a program that cannot'] },
	{ ids: ['P02'], guard: 'no run is taken over whose profile is not known',
		off: [['priv-helper/carry.c', 'profile_find(r->record.profile) < 0',
			'false']],
		red: ['unit/priv/test_carry abuse_P02_what_is_not_understood'] },
	{ ids: ['P02'], guard: 'the way back opens nothing by name',
		off: [['priv-helper/main.c', "c->why[0] == '\\0' ? c->next : c->before" +
			';', "c->next;\n\tif (c->why[0] != '\\0')\n\t\tlook_up(l);"],
		['priv-helper/main.c', '/* What a first start cleans is',
			'static void look_up(struct launch *l);\n\n' +
			'/* What a first start cleans is']],
		red: ['abuse P02 a program that fails'] },
	{ ids: ['P02', 'P06'], guard: 'the new rdvd is tried before the old one ends',
		off: [['priv-helper/upgrade.c', 'if (!WIFEXITED(status) || ' +
			'WEXITSTATUS(status) != 0)', 'if (false)']],
		red: ['abuse P02 a program that cannot'] },
	{ ids: ['P05'], guard: 'the next [ops] is asked for an end once more',
		off: [['daemon/core/reconcile.c', '\t\trun_found(run);\n', '']],
		red: ['unit/core/test_opsgone abuse_P05_closed_while_ops_is_away'] },
	{ ids: ['E10'], guard: 'who could not be told to end is told again: git',
		off: [['daemon/core/git.c', 'if (err == RDV_E_BUSY || (err == 0 && ' +
			'a->result == PRIV_BUSY)) {', 'if (false) {']],
		red: ['unit/core/test_order test_git_deadline'] },
	{ ids: ['D07'], guard: 'output is not kept in memory',
		off: [['daemon/term/pump.c', '\tif (n > 0) {\n\t\tp->spooled += ' +
			'(size_t)n;\n\t\treturn n;', '\tif (n > 0) {\n\t\t' +
			'explicit_bzero(malloc((size_t)n), (size_t)n);\n\t\t' +
			'p->spooled += (size_t)n;\n\t\treturn n;'],
		['daemon/term/pump.c', '#include <errno.h>\n',
			'#include <errno.h>\n#include <stdlib.h>\n#include <string.h>\n']],
		red: ['abuse D07 output'] },
	{ ids: ['D08'], guard: 'there are so many sessions and no more',
		off: [['daemon/core/sessionnew.c', 'return count < ' +
			's->app->conf->max_sessions ? 0 : RDV_E_FULL;', 'return 0;']],
		red: ['abuse D08 sessions'] },
	{ ids: ['D05'], guard: 'a log that nobody reads stops nobody',
		off: [['lib/log.c', 'if (takes_a_line()) {', 'if (true) {']],
		red: ['unit/lib/test_log full_blocking_pipe'] },
	{ ids: ['D09'], guard: 'a full disk does not count as waiting',
		off: [['daemon/term/pump.c', 'p->quiet_by = p->end_by = 0;', '']],
		red: ['unit/term/test_pump test_D09_no_room_after'] },
	{ ids: ['D13'], guard: 'a clock that is set back keeps no code alive',
		off: [['daemon/auth/token.c', '(t->kind == TOKEN_CODE || ' +
			't->kind == TOKEN_LINK) &&', 'false &&']],
		red: ['unit/api/test_signin abuse_D13'] },
	{ ids: ['O09'], guard: 'a reader that falls back reads on where it was',
		off: [['daemon/event/bus.c', 'return p->at < p->n && ' +
			'p->items[p->at]->ev.seq == next;', 'return p->at < p->n;']],
		red: ['unit/store/test_bus a_reader_may_fall_behind_twice'] },
];

const keys = [
	{ ids: ['E10'], guard: 'a key is on the disk before its request begins',
		off: [[claim, 'if (c->claim == NULL || c->route->atomic)', 'if (true)']],
		red: ['unit/api/test_intent test_daemon_killed',
			'unit/api/test_intent test_intent_is_durable'] },
	{ ids: ['E10'], guard: 'a key whose outcome is unknown is told so',
		off: [[claim, 'if (old->status == STORE_IDEM_INTENT)', 'if (false)']],
		red: ['unit/api/test_intent test_daemon_killed'] },
	{ ids: ['E10'], guard: 'an rdvd that ends and gave up waiting keeps the ' +
		'intent',
	off: [[claim, 'status >= 400 && !unsure)', 'status >= 400)']],
	red: ['unit/api/test_intent test_failure_of_an_ending'] },
];

const verbs = [
	{ ids: ['H02'], guard: 'a session whose closing has begun gets no program',
		off: [[session, 'if (op->row.closed_at < 0)\n\t\treturn false;',
			'if (!is(op, "closed"))\n\t\treturn false;']],
		red: [sessionTest('close_races_resume')] },
	{ ids: ['H02'], guard: 'who waited for the old run judges again',
		off: [[session, 'if (err == 0)\n\t\tresume(arg);',
			'if (err == 0)\n\t\trestart(arg);']],
		red: [sessionTest('two_resumes_make_one_run')] },
	{ ids: ['O06'], guard: 'what is so already is told when it is durable',
		off: [[session, 'session_op_commit(op, tx_begin(op->sessions->app->db), ' +
			'0);', 'session_op_end(op, 0, NULL);']],
		red: [sessionTest('same_again_waits')] },
	{ ids: ['H12'], guard: 'input that is refused was not typed',
		off: [['daemon/core/sessionio.c', 'if (text->end && !term_input_has_end(t))',
			'if (false)']],
		red: [sessionTest('input_and_its_end')] },
	{ ids: ['H02'], guard: 'a stop the helper could not take is repeated',
		off: [[runend, 'else if (err == RDV_E_BUSY || (err == 0 && a->result == ' +
			'PRIV_BUSY))', 'else if (false)']],
		red: [runTest('H02_busy_helper')] },
	{ ids: ['H02', 'H17'], guard: 'a stop that comes too late is no kill',
		off: [[runend, 'if (by_signal || run->stopped)',
			'if (by_signal || run->stop != NULL)']],
		red: [runTest('H02_first_news')] },
	{ ids: ['H02'], guard: 'a close waits for a run that is not settled yet',
		off: [[reconcile, 'rc->settled(first, rc->arg);',
			'if (first)\n\t\trc->settled(first, rc->arg);']],
		red: [settleTest('closing_waits')] },
	{ ids: ['H18'], guard: 'what lives and could not be adopted is not lost',
		off: [[reconcile, 'if (!rc->look_due)\n\t\tsettle_rows(rc);',
			'settle_rows(rc);']],
		red: [settleTest('what_cannot_be_adopted')] },
	{ ids: ['H18'], guard: 'a helper that could not answer is asked again',
		off: [[reconcile, 'else if (helper_ready(rc->runs->app->helper))',
			'else if (false)']],
		red: [settleTest('an_answer_that_has_to_wait')] },
];

const worktrees = [
	{ ids: ['G22'], guard: 'unsaved work is not removed',
		off: [[rm, 'if (m->look.reasons != 0 && !m->force) {', 'if (false) {']],
		red: [trashTest('abuse_G22_unsaved')] },
	{ ids: ['G22'], guard: 'by force a worktree always goes to the trash',
		off: [[rm, 'm->keep = m->force || ', 'm->keep = ']],
		red: [holdTest('hidden_changes')] },
	{ ids: ['G22'], guard: 'changes that an index hides are kept',
		off: [[look, "if (*p == 'S' || (*p >= 'a' && *p <= 'z'))",
			'if (false)']],
		red: [holdTest('hidden_changes')] },
	{ ids: ['G22'], guard: 'what git could not read stands against removing',
		off: [[look, "else if (r->err[0] != '\\0')", 'else if (false)']],
		red: [holdTest('what_cannot_be_read')] },
	{ ids: ['G22'], guard: 'whoever works in a worktree holds it',
		off: [[look, "if (*p != '\\0' && path_is_under(op->at, p))",
			'if (false)']],
		red: [holdTest('abuse_G22_a_process')] },
	{ ids: ['G22'], guard: 'a worktree that holds another is not moved',
		off: [[rm, 'else if (nested(op) != NULL)', 'else if (false)']],
		red: [holdTest('one_within_another')] },
	{ ids: ['G22', 'F11'], guard: 'a program that began while git looked holds it',
		off: [[rm, 'if (runs_busy_under(op->w->app->runs, op->at))',
			'if (false)']],
		red: [trashTest('a_program_that_begins')] },
	{ ids: ['G22', 'H15'], guard: 'no program begins in a worktree that leaves',
		off: [[rm, 'if (op->leaves && op->who.uid == uid &&',
			'if (false &&']],
		red: [runTest('no_program_where')] },
	{ ids: ['C14'], guard: 'nor does another account say that it does',
		off: [[rm, 'if (op->leaves && op->who.uid == uid &&',
			'if (op->leaves && uid != (uid_t)-1 &&']],
		red: [runTest('no_program_where')] },
	{ ids: ['G26'], guard: 'a git of one account takes no place of another\'s',
		off: [['daemon/core/git.c', 'n += j->uid == uid;',
			'n += j->uid == uid || j != NULL;']],
		red: ['unit/core/test_git abuse_G26_one_account'] },
	{ ids: ['G20'], guard: 'a move that was cut short is found again',
		off: [[fix, 'if (real == NULL)\n\t\tfix_moved(op);',
			'if (true)\n\t\tfix_moved(op);']],
		red: [trashTest('abuse_G20_half_a_move')] },
	{ ids: ['G20'], guard: 'settled after a crash it has its branch again',
		off: [[fix, 'wt_attach(op, here, fix_attached);', 'fix_attached(op);']],
		red: [trashTest('abuse_G20_half_a_move')] },
	{ ids: ['G23'], guard: 'the trash ends a few at a time',
		off: [[fix, 'row->updated_at >= b->before || b->left <= 0)',
			'row->updated_at >= b->before)']],
		red: [trashTest('abuse_G23')] },
	{ ids: ['G23'], guard: 'the trash is kept for its time',
		off: [[fix, 'row->updated_at >= b->before || b->left <= 0)',
			'b->left <= 0)']],
		red: [trashTest('abuse_G23')] },
	{ ids: ['G23'], guard: 'what cannot be tidied keeps nobody in the trash',
		off: [[fix, 'if (row->updated_at <= b->after)', 'if (false)']],
		red: [trashTest('who_cannot_be_ended')] },
];

export const life = [...parts, ...keys, ...verbs, ...worktrees];
