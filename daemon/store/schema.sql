-- The schema as all migrations together make it; for reading.
-- tests/unit/store/test_migrate.c keeps it true.

CREATE TABLE agent_config (
	user_id TEXT NOT NULL PRIMARY KEY REFERENCES user (id),
	config_json TEXT NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE approval (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	session_id TEXT NOT NULL REFERENCES session (id),
	run_id TEXT NOT NULL REFERENCES run (id),
	kind TEXT NOT NULL CHECK (kind IN ('tool', 'question', 'plan')),
	key TEXT NOT NULL,
	tool TEXT NOT NULL,
	command TEXT,
	argv_json TEXT,
	input_json TEXT,
	cwd TEXT NOT NULL,
	env_json TEXT,
	profile TEXT NOT NULL,
	digest TEXT NOT NULL,
	asked_by TEXT,
	state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied',
	    'answered', 'timed_out', 'withdrawn', 'lapsed')),
	reason TEXT,
	answers_json TEXT,
	decided_user TEXT,
	decided_token TEXT,
	decided_via TEXT,
	decided_at INTEGER,
	delivered_at INTEGER,
	deadline_at INTEGER NOT NULL,
	repeats INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX approval_due ON approval (state, deadline_at);

CREATE INDEX approval_newest ON approval (user_id, id);

CREATE UNIQUE INDEX approval_once ON approval (run_id, key);

CREATE INDEX approval_told ON approval (state, delivered_at);

CREATE INDEX approval_user ON approval (user_id, state, id);

CREATE TABLE approval_attempt (
	approval_id TEXT NOT NULL REFERENCES approval (id),
	number INTEGER NOT NULL,
	user_id TEXT NOT NULL,
	token_id TEXT NOT NULL,
	via TEXT NOT NULL,
	verdict TEXT NOT NULL,
	outcome TEXT NOT NULL CHECK (outcome IN ('decided', 'late', 'digest',
	    'kind', 'self')),
	created_at INTEGER NOT NULL,
	PRIMARY KEY (approval_id, number)
) STRICT;

CREATE TABLE approval_bypass (
	session_id TEXT NOT NULL PRIMARY KEY REFERENCES session (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	token_id TEXT NOT NULL,
	via TEXT NOT NULL,
	since INTEGER NOT NULL
) STRICT;

CREATE TABLE approval_rule (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	scope TEXT NOT NULL CHECK (scope IN ('session', 'workspace', 'all')),
	session_id TEXT REFERENCES session (id),
	workspace_id TEXT REFERENCES workspace (id),
	verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'deny', 'ask')),
	tool TEXT NOT NULL,
	pattern_json TEXT NOT NULL,
	made_by TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX approval_rule_user ON approval_rule (user_id, id);

CREATE TABLE chain (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT NOT NULL REFERENCES conversation (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	turn_id TEXT NOT NULL REFERENCES turn (id),
	state TEXT NOT NULL CHECK (state IN ('running', 'completed', 'failed',
	    'killed', 'lost')),
	cause TEXT,
	stop TEXT,
	created_at INTEGER NOT NULL,
	ended_at INTEGER
) STRICT;

CREATE UNIQUE INDEX chain_open ON chain (workspace_id)
    WHERE state = 'running';

CREATE UNIQUE INDEX chain_turn ON chain (turn_id);

CREATE TABLE chain_link (
	chain_id TEXT NOT NULL REFERENCES chain (id),
	place INTEGER NOT NULL,
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	kind TEXT NOT NULL CHECK (kind IN ('setup', 'agent', 'cleanup',
	    'commit')),
	beside INTEGER NOT NULL DEFAULT 0 CHECK (beside IN (0, 1)),
	repo_id TEXT,
	script TEXT,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'completed',
	    'failed', 'killed', 'lost', 'skipped')),
	cause TEXT,
	run_id TEXT,
	PRIMARY KEY (chain_id, place)
) STRICT;

CREATE INDEX chain_link_run ON chain_link (run_id);

CREATE INDEX chain_link_running ON chain_link (workspace_id)
    WHERE state = 'running';

CREATE INDEX chain_link_setup ON chain_link (workspace_id, repo_id)
    WHERE kind = 'setup' AND state = 'completed';

CREATE TABLE change (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	kind TEXT NOT NULL CHECK (kind IN ('merge', 'squash', 'rebase', 'pick')),
	repo_path TEXT NOT NULL,
	path TEXT NOT NULL,
	branch TEXT NOT NULL,
	target TEXT NOT NULL,
	target_path TEXT,
	state TEXT NOT NULL CHECK (state IN ('running', 'conflict', 'done',
	    'failed', 'aborted')),
	cause TEXT,
	branch_before TEXT NOT NULL,
	target_before TEXT NOT NULL,
	branch_after TEXT,
	target_after TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX change_open ON change (user_id, path)
    WHERE state IN ('running', 'conflict');

CREATE INDEX change_state ON change (state, id);

CREATE INDEX change_user ON change (user_id, id);

CREATE TABLE clone (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	url TEXT NOT NULL,
	path TEXT NOT NULL,
	temp_path TEXT NOT NULL,
	identity TEXT,
	name TEXT,
	branch TEXT,
	depth INTEGER,
	filter TEXT,
	sparse INTEGER NOT NULL DEFAULT 0 CHECK (sparse IN (0, 1)),
	submodules INTEGER NOT NULL DEFAULT 0 CHECK (submodules IN (0, 1)),
	state TEXT NOT NULL CHECK (state IN ('making', 'cloning', 'landing',
	    'undoing', 'ready', 'failed', 'cancelled')),
	cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
	cause TEXT,
	said_json TEXT,
	repo_id TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX clone_state ON clone (state, created_at);

CREATE INDEX clone_user ON clone (user_id, created_at);

CREATE TABLE conversation (
	id TEXT NOT NULL PRIMARY KEY REFERENCES session (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	agent TEXT NOT NULL,
	config_json TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX conversation_user ON conversation (user_id, id);

CREATE INDEX conversation_workspace ON conversation (workspace_id, id);

CREATE TABLE discard (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	repo_path TEXT NOT NULL,
	path TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('taking', 'kept', 'restoring',
	    'restored', 'failed')),
	commit_id TEXT,
	files INTEGER NOT NULL DEFAULT 0,
	cause TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX discard_state ON discard (state, id);

CREATE INDEX discard_user ON discard (user_id, id);

CREATE TABLE event (
	seq INTEGER NOT NULL PRIMARY KEY,
	time_ms INTEGER NOT NULL,
	kind TEXT NOT NULL,
	user_id TEXT,
	subject TEXT,
	body TEXT NOT NULL
) STRICT;

CREATE INDEX event_over ON event (subject)
    WHERE kind IN ('run.ended', 'turn.ended');

CREATE TABLE folder (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	parent_id TEXT REFERENCES folder (id),
	name TEXT NOT NULL,
	path TEXT,
	color TEXT,
	icon TEXT,
	collapsed INTEGER NOT NULL DEFAULT 0 CHECK (collapsed IN (0, 1)),
	sort_order INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX folder_parent ON folder (parent_id, sort_order);

CREATE INDEX folder_user ON folder (user_id, sort_order, created_at);

CREATE TABLE idempotency (
	user_id TEXT NOT NULL,
	key TEXT NOT NULL,
	route TEXT NOT NULL,
	digest TEXT NOT NULL,
	status INTEGER NOT NULL,
	body TEXT,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (user_id, key)
) STRICT;

CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE pin (
	user_id TEXT NOT NULL REFERENCES user (id),
	repo_path TEXT NOT NULL,
	name TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('kept', 'ending', 'gone')),
	updated_at INTEGER NOT NULL,
	PRIMARY KEY (user_id, repo_path, name)
) STRICT;

CREATE TABLE push_delivery (
	id TEXT NOT NULL PRIMARY KEY,
	device_id TEXT NOT NULL REFERENCES push_device (id) ON DELETE CASCADE,
	user_id TEXT NOT NULL REFERENCES user (id),
	approval_id TEXT REFERENCES approval (id),
	state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'delivered',
	    'failed', 'dropped')),
	attempts INTEGER NOT NULL DEFAULT 0,
	torn INTEGER NOT NULL DEFAULT 0,
	status INTEGER,
	cause TEXT,
	next_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX push_delivery_device ON push_delivery (device_id, id);

CREATE INDEX push_delivery_due ON push_delivery (state, next_at);

CREATE TABLE push_device (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	token_id TEXT NOT NULL,
	name TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	p256dh TEXT NOT NULL,
	auth TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('active', 'gone')),
	last_attempt_at INTEGER,
	last_success_at INTEGER,
	failure TEXT,
	created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX push_device_once ON push_device (user_id, endpoint);

CREATE TABLE queued (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT NOT NULL REFERENCES conversation (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	place INTEGER NOT NULL,
	prompt TEXT NOT NULL,
	config_json TEXT,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'cancelled')),
	turn_id TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
, blocked TEXT) STRICT;

CREATE INDEX queued_age ON queued (created_at) WHERE state = 'waiting';

CREATE INDEX queued_blocked ON queued (session_id) WHERE blocked IS NOT NULL;

CREATE UNIQUE INDEX queued_place ON queued (session_id, place);

CREATE INDEX queued_turn ON queued (turn_id) WHERE turn_id IS NOT NULL;

CREATE INDEX queued_waiting ON queued (session_id, place)
    WHERE state = 'waiting';

CREATE TABLE repo (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	path TEXT NOT NULL,
	name TEXT NOT NULL,
	setup_script TEXT,
	cleanup_script TEXT,
	archive_script TEXT,
	dev_server_script TEXT,
	copy_files_json TEXT,
	parallel_setup INTEGER NOT NULL DEFAULT 0
	    CHECK (parallel_setup IN (0, 1)),
	working_dir TEXT,
	default_base TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX repo_name ON repo (user_id, name, id);

CREATE UNIQUE INDEX repo_path ON repo (user_id, path);

CREATE TABLE reset (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT NOT NULL REFERENCES conversation (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	turn_id TEXT NOT NULL REFERENCES turn (id),
	state TEXT NOT NULL CHECK (state IN ('stopping', 'moving', 'returning',
	    'done', 'refused', 'failed', 'undone')),
	force INTEGER NOT NULL CHECK (force IN (0, 1)),
	cause TEXT,
	created_at INTEGER NOT NULL,
	ended_at INTEGER
) STRICT;

CREATE UNIQUE INDEX reset_open ON reset (workspace_id)
    WHERE state IN ('stopping', 'moving', 'returning');

CREATE INDEX reset_session ON reset (session_id, id);

CREATE TABLE reset_repo (
	reset_id TEXT NOT NULL REFERENCES reset (id),
	place INTEGER NOT NULL,
	repo_id TEXT NOT NULL,
	name TEXT NOT NULL,
	path TEXT NOT NULL,
	from_head TEXT NOT NULL,
	to_head TEXT NOT NULL,
	discard_id TEXT,
	moved INTEGER NOT NULL DEFAULT 0 CHECK (moved IN (0, 1)), begun INTEGER NOT NULL DEFAULT 0
    CHECK (begun IN (0, 1)),
	PRIMARY KEY (reset_id, place)
) STRICT;

CREATE TABLE run (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT REFERENCES session (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	reason TEXT NOT NULL CHECK (reason IN ('terminal', 'setup', 'agent',
	    'cleanup', 'archive', 'devserver', 'script', 'git', 'lsp')),
	io TEXT NOT NULL CHECK (io IN ('pty', 'pipes')),
	state TEXT NOT NULL CHECK (state IN ('starting', 'running',
	    'completed', 'failed', 'killed', 'lost')),
	profile TEXT NOT NULL,
	handle TEXT,
	generation TEXT,
	argv_json TEXT,
	cwd TEXT,
	cols INTEGER,
	rows INTEGER,
	exit_code INTEGER,
	signal INTEGER,
	cause TEXT,
	guards INTEGER NOT NULL DEFAULT 0,
	log_bytes INTEGER NOT NULL DEFAULT 0,
	user_us INTEGER,
	sys_us INTEGER,
	maxrss_kb INTEGER,
	created_at INTEGER NOT NULL,
	started_at INTEGER,
	ended_at INTEGER
, policy_json TEXT, egress_json TEXT, stopped_at INTEGER, request_id TEXT, talk_bytes INTEGER NOT NULL DEFAULT 0, door TEXT) STRICT;

CREATE INDEX run_newest ON run (user_id, id);

CREATE INDEX run_session ON run (session_id, created_at);

CREATE INDEX run_state ON run (state, created_at);

CREATE INDEX run_user ON run (user_id, created_at);

CREATE TABLE run_port (
	run_id TEXT NOT NULL REFERENCES run (id),
	address TEXT NOT NULL,
	port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	since INTEGER NOT NULL,
	PRIMARY KEY (run_id, address, port)
) STRICT;

CREATE TABLE run_repo (
	run_id TEXT NOT NULL REFERENCES run (id),
	place INTEGER NOT NULL,
	repo_id TEXT NOT NULL,
	before_head TEXT,
	after_head TEXT,
	PRIMARY KEY (run_id, place)
) STRICT;

CREATE TABLE schema_migration (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;

CREATE TABLE script (
	run_id TEXT NOT NULL PRIMARY KEY REFERENCES run (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	repo_id TEXT,
	name TEXT
) STRICT;

CREATE INDEX script_workspace ON script (workspace_id, run_id);

CREATE TABLE session (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	folder_id TEXT REFERENCES folder (id),
	name TEXT NOT NULL,
	status TEXT NOT NULL
	    CHECK (status IN ('active', 'suspended', 'closed')),
	project_path TEXT,
	repo_path TEXT,
	worktree_id TEXT REFERENCES worktree (id),
	worktree_branch TEXT,
	base_branch TEXT,
	agent_provider TEXT,
	is_orchestrator_session INTEGER NOT NULL DEFAULT 0
	    CHECK (is_orchestrator_session IN (0, 1)),
	terminal_type TEXT NOT NULL DEFAULT 'shell',
	profile TEXT NOT NULL,
	argv_json TEXT,
	env_json TEXT,
	cols INTEGER NOT NULL,
	rows INTEGER NOT NULL,
	run_id TEXT,
	tab_order INTEGER NOT NULL DEFAULT 0,
	last_activity_at INTEGER,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	closed_at INTEGER
, network TEXT
    CHECK (network IN ('none', 'list', 'full')), network_hosts_json TEXT, clipboard INTEGER NOT NULL DEFAULT 0
    CHECK (clipboard IN (0, 1)), agent_status TEXT
    CHECK (agent_status IN ('running', 'subagent', 'waiting', 'compacting',
    'idle', 'ended', 'error')), agent_status_at INTEGER) STRICT;

CREATE INDEX session_folder ON session (folder_id, tab_order);

CREATE INDEX session_run ON session (run_id);

CREATE INDEX session_status ON session (status, created_at);

CREATE INDEX session_user ON session (user_id, status, tab_order, created_at);

CREATE INDEX session_worktree ON session (worktree_id);

CREATE TABLE "token" (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	name TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('cli', 'cookie', 'code', 'link')),
	key_prefix TEXT NOT NULL,
	hash TEXT NOT NULL UNIQUE,
	page_hash TEXT,
	scopes TEXT NOT NULL,
	session_id TEXT REFERENCES session (id),
	expires_at INTEGER,
	last_used_at INTEGER,
	uses INTEGER NOT NULL DEFAULT 0,
	revoked_at INTEGER,
	created_at INTEGER NOT NULL
, history INTEGER NOT NULL DEFAULT 0
    CHECK (history IN (0, 1))) STRICT;

CREATE INDEX token_expiry ON token (expires_at);

CREATE INDEX token_revoked ON token (revoked_at);

CREATE INDEX token_session ON token (session_id);

CREATE INDEX token_user ON token (user_id, kind, created_at);

CREATE TABLE transfer (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	kind TEXT NOT NULL CHECK (kind IN ('push', 'fetch', 'pull')),
	path TEXT NOT NULL,
	repo_path TEXT NOT NULL,
	remote TEXT NOT NULL,
	url TEXT NOT NULL,
	branch TEXT,
	target TEXT,
	commit_id TEXT,
	lease TEXT,
	upstream INTEGER NOT NULL DEFAULT 0 CHECK (upstream IN (0, 1)),
	prune INTEGER NOT NULL DEFAULT 0 CHECK (prune IN (0, 1)),
	temp_path TEXT NOT NULL,
	identity TEXT,
	state TEXT NOT NULL CHECK (state IN ('making', 'reading', 'working',
	    'asking', 'landing', 'clearing', 'done', 'failed', 'cancelled')),
	outcome TEXT CHECK (outcome IN ('done', 'failed', 'cancelled')),
	cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
	code TEXT,
	cause TEXT,
	said_json TEXT,
	changed INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX transfer_state ON transfer (state, created_at);

CREATE INDEX transfer_user ON transfer (user_id, created_at);

CREATE TABLE turn (
	id TEXT NOT NULL PRIMARY KEY,
	session_id TEXT NOT NULL REFERENCES conversation (id),
	user_id TEXT NOT NULL REFERENCES user (id),
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	prompt TEXT NOT NULL,
	config_json TEXT,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'completed',
	    'failed', 'killed', 'lost')),
	cause TEXT,
	run_id TEXT,
	agent_session TEXT,
	agent_message TEXT,
	summary TEXT,
	dropped INTEGER NOT NULL DEFAULT 0 CHECK (dropped IN (0, 1)),
	created_at INTEGER NOT NULL,
	ended_at INTEGER
, reset_id TEXT REFERENCES reset (id), unasked TEXT, unasked_by TEXT) STRICT;

CREATE INDEX turn_reset ON turn (reset_id) WHERE reset_id IS NOT NULL;

CREATE INDEX turn_run ON turn (run_id);

CREATE INDEX turn_session ON turn (session_id, id);

CREATE INDEX turn_working ON turn (workspace_id) WHERE state = 'running';

CREATE TABLE user (
	id TEXT NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,
	uid INTEGER NOT NULL UNIQUE,
	created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX user_name ON user (name);

CREATE TABLE workspace (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	name TEXT NOT NULL,
	branch TEXT NOT NULL,
	directory TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'archiving',
	    'deleting', 'deleted', 'failed')),
	cause TEXT,
	wish INTEGER NOT NULL DEFAULT 0,
	pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
	archived_at INTEGER,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX workspace_directory ON workspace (user_id, directory)
    WHERE state NOT IN ('deleted', 'failed');

CREATE INDEX workspace_state ON workspace (state, id);

CREATE INDEX workspace_user ON workspace (user_id, id);

CREATE TABLE workspace_repo (
	workspace_id TEXT NOT NULL REFERENCES workspace (id),
	place INTEGER NOT NULL,
	repo_id TEXT NOT NULL,
	repo_path TEXT NOT NULL,
	name TEXT NOT NULL,
	base TEXT,
	worktree_id TEXT NOT NULL,
	made_branch INTEGER NOT NULL DEFAULT 0 CHECK (made_branch IN (0, 1)), archive_run TEXT,
	PRIMARY KEY (workspace_id, place)
) STRICT;

CREATE UNIQUE INDEX workspace_repo_name ON workspace_repo (workspace_id, name);

CREATE UNIQUE INDEX workspace_repo_once ON workspace_repo (workspace_id, repo_id);

CREATE INDEX workspace_repo_worktree ON workspace_repo (worktree_id);

CREATE TABLE worktree (
	id TEXT NOT NULL PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES user (id),
	repo_path TEXT NOT NULL,
	path TEXT NOT NULL,
	branch TEXT,
	base TEXT,
	created_branch INTEGER NOT NULL DEFAULT 0
	    CHECK (created_branch IN (0, 1)),
	state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'removing',
	    'trashed', 'removed', 'failed')),
	cause TEXT,
	trash_path TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
, branch_start TEXT, identity TEXT, holds INTEGER NOT NULL DEFAULT 0, files INTEGER, bytes INTEGER, ending INTEGER NOT NULL DEFAULT 0
    CHECK (ending IN (0, 1)), mending INTEGER NOT NULL DEFAULT 0
    CHECK (mending IN (0, 1))) STRICT;

CREATE INDEX worktree_path ON worktree (path, state);

CREATE INDEX worktree_repo ON worktree (repo_path);

CREATE INDEX worktree_state ON worktree (state, updated_at);

CREATE INDEX worktree_user ON worktree (user_id, state, updated_at);
