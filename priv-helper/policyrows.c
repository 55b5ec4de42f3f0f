/* SPDX-License-Identifier: MIT */
/*
 * Every key of the policy. The help text is what `rdv-helper -t`, the sample in
 * etc/ and docs/policy.md say. A default is what holds where no table that
 * applies gives the key, so it must be safe for a file that says nothing else.
 */
#include "priv-helper/policy.h"

#define COUNT_MAX   4194304 /* PID_MAX_LIMIT of Linux */
#define MB_MAX	    (INT64_C(1) << 40)
#define PERCENT_MAX 819200 /* 8192 processors, NR_CPUS_RANGE_END */
#define UID_LAST    4294967294LL

/* clang-format off */
const struct policy_row policy_rows[POLICY_KEYS] = {
	[POLICY_GROUPS] = { "groups", POLICY_IN_ACCESS, POLICY_T_NAMES,
	    0, 0, 0, NULL, "members of these groups may use rdv" },
	[POLICY_USERS] = { "users", POLICY_IN_ACCESS, POLICY_T_NAMES,
	    0, 0, 0, NULL, "these accounts may use rdv" },
	[POLICY_DENY_GROUPS] = { "deny_groups", POLICY_IN_ACCESS,
	    POLICY_T_NAMES, 0, 0, 0, NULL,
	    "members of these groups may not, whatever else is said" },
	[POLICY_DENY_USERS] = { "deny_users", POLICY_IN_ACCESS, POLICY_T_NAMES,
	    0, 0, 0, NULL, "these accounts may not, whatever else is said" },
	[POLICY_MIN_UID] = { "min_uid", POLICY_IN_ACCESS, POLICY_T_COUNT,
	    1, UID_LAST, 1000, NULL,
	    "accounts below it are the system's and never admitted" },
	[POLICY_ROTATION] = { "token_rotation_days", POLICY_IN_ACCESS,
	    POLICY_T_LIMIT, 1, 3650, 30, NULL,
	    "age at which nginx is given another service token; 0: no limit" },
	[POLICY_GRACE] = { "token_grace_minutes", POLICY_IN_ACCESS,
	    POLICY_T_COUNT, 1, 10080, 1440, NULL,
	    "how long the service token before is honoured" },
	[POLICY_NAME] = { "name", POLICY_IN_NAMED, POLICY_T_NAME,
	    0, 0, 0, NULL, "the account or group, where its name has a dot "
	    "and cannot be the table's" },
	[POLICY_PROFILES] = { "profiles", POLICY_IN_RIGHTS, POLICY_T_PROFILES,
	    0, 0, 0, NULL, "what may be started; not given: every profile" },
	[POLICY_ROOTS] = { "roots", POLICY_IN_RIGHTS, POLICY_T_ROOTS,
	    0, 0, 0, "~", "where a confined program may be let write, by real "
	    "names without links; ~ is the home directory, %u the account" },
	[POLICY_WEB] = { "web", POLICY_IN_RIGHTS, POLICY_T_BOOL, 0, 1, 0, NULL,
	    "whether the web may act for the account" },
	[POLICY_DENY_PROFILES] = { "deny_profiles", POLICY_IN_RIGHTS,
	    POLICY_T_PROFILES, 0, 0, 0, NULL,
	    "not to be started, whatever else is said" },
	[POLICY_DENY_ROOTS] = { "deny_roots", POLICY_IN_RIGHTS, POLICY_T_ROOTS,
	    0, 0, 0, NULL, "neither these nor what they lie in, "
	    "whatever else is said" },
	[POLICY_MAX_PROCESSES] = { "max_processes", POLICY_IN_RIGHTS,
	    POLICY_T_LIMIT, 1, COUNT_MAX, 4096, NULL,
	    "processes and threads of the account; 0: no limit" },
	[POLICY_MAX_MEMORY] = { "max_memory_mb", POLICY_IN_RIGHTS,
	    POLICY_T_LIMIT, 16, MB_MAX, POLICY_NO_LIMIT, NULL,
	    "MiB of memory: of all its runs by cgroup, else of a process; "
	    "0: no limit" },
	[POLICY_MAX_CPU] = { "max_cpu_percent", POLICY_IN_RIGHTS,
	    POLICY_T_LIMIT, 1, PERCENT_MAX, POLICY_NO_LIMIT, NULL,
	    "percent of one processor: of all its runs, by cgroup alone; "
	    "0: no limit" },
	[POLICY_MAX_RUNS] = { "max_runs", POLICY_IN_RIGHTS, POLICY_T_LIMIT,
	    1, COUNT_MAX, 128, NULL,
	    "runs at once, terminals among them; 0: no limit" },
	[POLICY_MAX_TERMINALS] = { "max_terminals", POLICY_IN_RIGHTS,
	    POLICY_T_LIMIT, 1, COUNT_MAX, 64, NULL,
	    "terminals at once; 0: no limit" },
	[POLICY_MAX_TIME] = { "max_run_minutes", POLICY_IN_RIGHTS,
	    POLICY_T_LIMIT, 1, COUNT_MAX, POLICY_NO_LIMIT, NULL,
	    "how long a run may go on, terminals too; 0: no limit" },
	[POLICY_MAX_DISK] = { "max_disk_mb", POLICY_IN_RIGHTS, POLICY_T_LIMIT,
	    16, MB_MAX, POLICY_NO_LIMIT, NULL,
	    "MiB of output of its runs that is kept; 0: no limit" },
	[POLICY_MAX_WORKTREES] = { "max_worktrees_mb", POLICY_IN_RIGHTS,
	    POLICY_T_LIMIT, 1, MB_MAX, POLICY_NO_LIMIT, NULL,
	    "MiB of its worktrees and trash, then rdv makes none; "
	    "0: no limit" },
	[POLICY_MAX_TRANSFER] = { "max_transfer_mb", POLICY_IN_RIGHTS,
	    POLICY_T_LIMIT, 1, MB_MAX, POLICY_NO_LIMIT, NULL,
	    "MiB that a clone, fetch or pull may bring; 0: no limit" },
	[POLICY_RECORDING] = { "recording_required", POLICY_IN_RIGHTS,
	    POLICY_T_BOOL, 0, 1, 0, NULL,
	    "whether the output of its runs stays, so that nobody removes it "
	    "through rdv" },
	[POLICY_NETWORK] = { "network", POLICY_IN_PROFILE, POLICY_T_NET,
	    0, 0, POLICY_NET_FULL, NULL,
	    "what the profile may have of the network at most" },
	[POLICY_NETWORK_HOSTS] = { "network_hosts", POLICY_IN_PROFILE,
	    POLICY_T_HOSTS, 0, 0, 0, NULL,
	    "HOST:PORT that network = \"list\" lets through" },
	[POLICY_TOOLS] = { "tools", POLICY_IN_PROFILE, POLICY_T_PATHS,
	    0, 0, 0, NULL,
	    "further directories a confined profile may read and run from" },
};
/* clang-format on */
