/* SPDX-License-Identifier: MIT */
#ifndef RDV_PRIVPROTO_H
#define RDV_PRIVPROTO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

/*
 * The protocol between rdvd and rdv-helper [ops]: docs/helper-protocol.md.
 * One SEQPACKET packet is one message: a header, then the fields of its op in
 * fixed order, little endian, and an end check. Numbers are never reused.
 *
 *   header: u32 magic | u16 version | u16 op | u32 request id | u32 body length
 *           | u8 descriptors | u8 kind
 *
 * Descriptors travel helper to daemon only. A request id is unique within one
 * connection; the answer quotes it; notices carry 0.
 */
#define PRIV_MAGIC	 0x56445250u /* "PRDV" */
#define PRIV_VERSION	 1
#define PRIV_HEADER	 18
#define PRIV_GRANT_LEN	 32
#define PRIV_HASH_LEN	 32  /* SHA-256 */
#define PRIV_OUTSTANDING 32  /* requests in flight; the rest waits in rdvd */
#define PRIV_ARGV_MAX	 256 /* strings */
#define PRIV_ENV_MAX	 256
#define PRIV_TEXT_MAX	 12288 /* argv, env and cwd bytes together */
#define PRIV_PATH_MAX	 4095
#define PRIV_BUILD_MAX	 64
#define PRIV_PROFILE_MAX 32
#define PRIV_LABEL_MAX	 64
#define PRIV_WHY_MAX	 512
#define PRIV_PATHS_MAX	 16 /* read-write roots of a confined spawn */
#define PRIV_HOSTS_MAX	 64
#define PRIV_RULE_MAX	 255
#define PRIV_PORTS_MAX	 32 /* that are told of one run */
#define PRIV_TOKEN_MAX	 64 /* of a run, for its door */
/* An address of version 6, or of version 4 in one, and the port behind it. */
#define PRIV_PORT_LEN 18

enum priv_op {
	PRIV_HELLO = 1,
	PRIV_LOGIN = 2,
	PRIV_SPAWN = 3,
	PRIV_SIGNAL = 4,
	PRIV_LOGOUT = 5,
	PRIV_INVENTORY = 6,
	PRIV_EXIT = 7,
	PRIV_ENROLL = 8,
	PRIV_REVOKE = 9,
	PRIV_HALT = 10,
	PRIV_PORTS = 11,
	PRIV_OP_MAX
};

/* The direction and sense of a message; a wrong kind is malformed. */
enum priv_kind { PRIV_REQUEST, PRIV_ANSWER, PRIV_NOTICE, PRIV_KIND_MAX };

/* First field of every answer. */
enum priv_result {
	PRIV_DONE,
	PRIV_DENIED,	  /* well formed and forbidden; audited; `why` says */
	PRIV_NO_SUCH,	  /* handle or grant unknown */
	PRIV_FAILED,	  /* tried and failed: stage and errno */
	PRIV_BUSY,	  /* a bound of the helper is reached */
	PRIV_UNSUPPORTED, /* the form exists in the protocol, not in this mode
			   */
	PRIV_RESULT_MAX
};

enum priv_login_kind { PRIV_LOGIN_UID, PRIV_LOGIN_TOKEN, PRIV_LOGIN_SERVICE };
/*
 * TALK: pipes, but for standard input, which is a socket. Its end is said by
 * shutdown(2) and not by closing it, so [ops] keeps a duplicate as of the
 * others, and a program that is spoken to outlives whoever speaks.
 */
enum priv_io { PRIV_IO_PTY, PRIV_IO_PIPES, PRIV_IO_TALK };
/* What a run asks for of the network; PROFILE: what the policy gives it. */
enum priv_net { PRIV_NET_PROFILE, PRIV_NET_NONE, PRIV_NET_LIST, PRIV_NET_FULL };
/* Bits of priv_hello.features: what is on offer here. */
#define PRIV_F_SECCOMP	0x01u
#define PRIV_F_LANDLOCK 0x02u
#define PRIV_F_USERNS	0x04u
#define PRIV_F_CGROUP	0x08u /* each run has one of its own */
#define PRIV_F_PIDS	0x10u /* which can limit its processes */
#define PRIV_F_MEMORY	0x20u /* and its memory */
#define PRIV_F_OUTLIVES 0x40u /* and they outlive a restart of the service */
#define PRIV_F_CPU	0x80u /* its cgroup has a share of processors */

struct priv_header {
	uint16_t op;
	uint16_t kind;
	uint32_t id;
	uint32_t len;
	uint8_t nfds;
};

/* HELLO, both ways; a different build is fatal for the receiver. */
struct priv_hello {
	char build[PRIV_BUILD_MAX + 1];
	uint32_t pid;
	uint32_t uid;
	uint32_t features;
	uint32_t landlock_abi; /* 0: none */
	uint64_t generation;   /* random per [ops]; part of every handle */
};

/*
 * UID says for whom, TOKEN shows a token, whose owner is the one, and SERVICE
 * shows the service token and says for whom.
 */
struct priv_login {
	uint8_t kind;	  /* enum priv_login_kind */
	uint32_t uid;	  /* of TOKEN 0 */
	char secret[129]; /* token text; empty for PRIV_LOGIN_UID */
};

struct priv_login_answer {
	uint8_t result;
	char why[PRIV_WHY_MAX + 1];
	uint8_t grant[PRIV_GRANT_LEN];
	uint32_t uid;
	uint32_t ttl_ms; /* from now; monotonic on the helper's side */
	char home[PRIV_PATH_MAX + 1];
	char shell[PRIV_PATH_MAX + 1];
	char user[65];
};

/* Strings are owned by the struct after decoding: priv_spawn_done(). */
struct priv_spawn {
	uint8_t grant[PRIV_GRANT_LEN];
	char profile[PRIV_PROFILE_MAX + 1];
	char label[PRIV_LABEL_MAX + 1]; /* run id; comes back in INVENTORY */
	uint8_t io;			/* enum priv_io */
	uint16_t cols, rows;		/* pty only */
	uint8_t net;			/* enum priv_net */
	/* Of its user's runs, kept by rdvd, which alone knows and pays. */
	uint64_t output_bytes;
	/* Of the run, for which it gets a door; "": it gets none. */
	char token[PRIV_TOKEN_MAX + 1];
	char *cwd;    /* absolute */
	char **argv;  /* argv[0] absolute, or a name to be found */
	char **envp;  /* NAME=value; names judged by the profile */
	char **paths; /* what a confined child may write */
	char **hosts; /* HOST:PORT, of PRIV_NET_LIST */
	unsigned argc, envc, pathc, hostc;
};

/* What is limited; each in the unit of its name. */
enum priv_limit {
	PRIV_LIMIT_PROCESSES,	 /* of the run; threads count too */
	PRIV_LIMIT_MEMORY_BYTES, /* of the run */
	PRIV_LIMIT_ACCOUNT_PROCESSES,
	PRIV_LIMIT_ACCOUNT_MEMORY_BYTES,
	PRIV_LIMIT_ACCOUNT_OUTPUT_BYTES, /* of its runs, as it is kept */
	PRIV_LIMIT_OPEN_FILES,		 /* of a process, as what follows */
	PRIV_LIMIT_DATA_BYTES, /* memory of its own that it can write */
	PRIV_LIMIT_FILE_BYTES,
	PRIV_LIMIT_CORE_BYTES,
	PRIV_LIMIT_CPU_WEIGHT,		/* of the run, beside others */
	PRIV_LIMIT_ACCOUNT_CPU_PERCENT, /* of one processor */
	PRIV_LIMIT_RUN_SECONDS,		/* from its start on */
	PRIV_LIMITS
};
enum priv_by {
	PRIV_BY_NOTHING,
	PRIV_BY_RLIMIT,
	PRIV_BY_CGROUP,
	PRIV_BY_RDVD, /* whose own disk it is about */
	PRIV_BY_HELPER,
	PRIV_BY_MAX
};

/*
 * How a run is held beside its guards, as it was decided at its start: a policy
 * that is read again changes nothing of it. All zero where nothing was started.
 */
struct priv_hold {
	uint32_t lacked; /* PRIV_G_*: what its profile has and this host not */
	uint8_t net;	 /* enum priv_net, but PROFILE */
	uint8_t landlock_abi; /* that it is held by; 0: by none */
	struct {
		uint8_t by;   /* enum priv_by */
		uint64_t max; /* the program cannot raise it; 0 by nothing */
	} limits[PRIV_LIMITS];
	/* Rules of the policy: "[default] profiles (FILE:LINE)". */
	char admitted[PRIV_RULE_MAX + 1]; /* the account, by this */
	char granted[PRIV_RULE_MAX + 1];  /* and the profile to it */
	char listed[PRIV_RULE_MAX + 1];	  /* its hosts; "" without a list */
};

struct priv_spawn_answer {
	uint8_t result;
	char why[PRIV_WHY_MAX + 1];
	char stage[33];	 /* "C12 chdir", when result is PRIV_FAILED */
	int32_t err;	 /* errno at that stage */
	uint64_t handle; /* of the run, never 0, never reused */
	uint32_t pid;	 /* for show only, never for a decision */
	uint32_t guards; /* PRIV_G_*: what is on for this child */
	struct priv_hold hold;
};
/*
 * Descriptors of a spawn, in this order:
 *   pty:   master, spool read end, spool write end
 *   pipes: stdin write end, stdout read end, stderr read end
 * behind them, of a run that is held to a list of hosts, its page
 * (lib/egress.h), and last, of one with PRIV_G_DOOR, the socket that listens at
 * PRIV_DOOR in its root.
 * The spool is a pipe that [ops] keeps a duplicate of: rdvd splices from the
 * master into it and from it into the log, so that no byte ever exists in
 * rdvd's memory alone (docs/architecture.md, "exactly once").
 */
#define PRIV_DOOR_PROFILE "agent" /* no other profile's runs have one */
#define PRIV_DOOR_DIR	  "/run/rdv"
#define PRIV_DOOR	  PRIV_DOOR_DIR "/api.sock"
#define PRIV_DOOR_TOKEN	  PRIV_DOOR_DIR "/token"
#define PRIV_DOOR_RDV	  PRIV_DOOR_DIR "/rdv" /* the command line, if there */

/*
 * Below rdv's own directory: what a confined agent has for a home, one for each
 * agent. Of that directory a confined run is given nothing else but worktrees
 * and trash.
 */
#define PRIV_AGENTS "agents"

#define PRIV_G_NNP	0x01u
#define PRIV_G_SECCOMP	0x02u
#define PRIV_G_LANDLOCK 0x04u
#define PRIV_G_RLIMITS	0x08u
#define PRIV_G_PDEATH	0x10u
#define PRIV_G_CGROUP	0x20u  /* ends as a whole, by its cgroup */
#define PRIV_G_PIDS	0x40u  /* limited by its cgroup */
#define PRIV_G_MEMORY	0x80u  /* the same */
#define PRIV_G_PIDNS	0x100u /* sees its own processes alone */
#define PRIV_G_MOUNTNS	0x200u /* own /proc, /tmp, /dev/shm, /dev/pts */
#define PRIV_G_ROOT	0x400u /* and else what is granted, by name too */
#define PRIV_G_IPCNS	0x800u
#define PRIV_G_NETNS	0x1000u
#define PRIV_G_RECORDED 0x2000u /* its output stays; rdvd keeps it so */
#define PRIV_G_DOOR	0x4000u /* a way to rdvd, for this run alone */
/* Parts of Landlock, named only where lacked: otherwise they are on with it. */
#define PRIV_G_LL_RENAME   0x10000u
#define PRIV_G_LL_TRUNCATE 0x20000u
#define PRIV_G_LL_DEVICES  0x40000u
#define PRIV_G_LL_SIGNALS  0x80000u
#define PRIV_G_LL_ABSTRACT 0x100000u

struct priv_signal {
	uint64_t handle;
	uint8_t all; /* 0: the process group; 1: end all the run ever started */
	int32_t sig;
};

struct priv_plain_answer {
	uint8_t result;
	char why[PRIV_WHY_MAX + 1];
};

struct priv_logout {
	uint8_t grant[PRIV_GRANT_LEN];
};

/* The runs with the smallest handles above `after`, so 0 starts. */
struct priv_inventory {
	uint64_t after;
	uint8_t most; /* descriptors that the asker has room for */
};

enum priv_state { PRIV_RUNNING, PRIV_EXITED };
/*
 * Whether a signal has stopped the program (SIGSTOP; not one that it started
 * itself, as a shell does with ^Z). UNKNOWN: its reaper has been asked, and a
 * notice will say.
 */
enum priv_halt { PRIV_GOES_ON, PRIV_HALTED, PRIV_HALT_UNKNOWN };

/* An entry of the answer, which has as many as fit, by rising handles. */
struct priv_inventory_answer {
	uint8_t result; /* PRIV_NO_SUCH: no further run, and the last entry */
	uint64_t handle;
	char label[PRIV_LABEL_MAX + 1];
	char profile[PRIV_PROFILE_MAX + 1];
	uint8_t io;
	uint8_t state; /* enum priv_state */
	uint8_t halt;  /* enum priv_halt, while it runs */
	uint32_t uid, pid, guards;
	int32_t status;	    /* wait status when exited */
	uint8_t cut;	    /* as in its notice */
	int64_t started_ms; /* wall clock */
	struct priv_hold hold;
};

/*
 * Notice helper to daemon when a run has ended with all it started; request
 * daemon to helper (only `handle` is judged) once the end is durable, after
 * which the helper drops its descriptors and forgets the handle.
 */
struct priv_exit {
	uint64_t handle;
	int32_t status; /* as wait(2) gives it */
	uint64_t user_us, sys_us;
	uint32_t maxrss_kb;
	uint8_t swept; /* processes that outlived the first and were ended */
	uint8_t cut;   /* its time was over, so it was ended */
};

/*
 * Notice helper to daemon: the kernel has stopped the program of a run, or has
 * it going on. Of changes that follow each other fast only the last is told.
 */
struct priv_halted {
	uint64_t handle;
	uint8_t halt; /* never UNKNOWN */
};

/*
 * Request daemon to helper: where do processes of that run listen (only
 * `handle` is judged); notice helper to daemon, once for all that were DONE
 * before it: there. The first `n` of them, without order. BUSY: sooner than
 * 100 ms after the last. UNSUPPORTED: the run's reaper does not say.
 */
struct priv_ports {
	uint64_t handle;
	uint8_t unsure; /* not all could be looked at */
	uint8_t n;
	uint8_t at[PRIV_PORTS_MAX][PRIV_PORT_LEN];
};

/*
 * A new token of `uid`, which its owner has proved by a file; the hash is of
 * the token's text.
 */
struct priv_enroll {
	uint32_t uid;
	uint8_t sha256[PRIV_HASH_LEN];
	int64_t expires_ms; /* wall clock; 0: never */
};

/* The end of a token of whoever the grant is for. */
struct priv_revoke {
	uint8_t grant[PRIV_GRANT_LEN];
	uint8_t sha256[PRIV_HASH_LEN];
};

/*
 * Encoders append header and body to `b` (reset by the caller, max
 * SEQPKT_MAX); buf_ok() tells whether it fitted. `id` is the request's.
 */
void priv_put_hello(struct buf *b, uint32_t id, enum priv_kind k,
    const struct priv_hello *m);
void priv_put_login(struct buf *b, uint32_t id, const struct priv_login *m);
void priv_put_login_answer(struct buf *b, uint32_t id,
    const struct priv_login_answer *m);
void priv_put_spawn(struct buf *b, uint32_t id, const struct priv_spawn *m);
void priv_put_spawn_answer(struct buf *b, uint32_t id, uint8_t nfds,
    const struct priv_spawn_answer *m);
void priv_put_signal(struct buf *b, uint32_t id, const struct priv_signal *m);
void priv_put_logout(struct buf *b, uint32_t id, const struct priv_logout *m);
void
priv_put_inventory(struct buf *b, uint32_t id, const struct priv_inventory *m);
void priv_put_inventory_answer(struct buf *b, uint32_t id, uint8_t nfds,
    const struct priv_inventory_answer *m);
/*
 * One more entry of the answer that `b` has alone, which brings `nfds`
 * descriptors by now. False: it does not fit, and `b` is as it was.
 */
bool priv_add_inventory_answer(struct buf *b, uint8_t nfds,
    const struct priv_inventory_answer *m);
void priv_put_exit(struct buf *b, uint32_t id, enum priv_kind k,
    const struct priv_exit *m);
void priv_put_halted(struct buf *b, const struct priv_halted *m);
void priv_put_ports(struct buf *b, uint32_t id, enum priv_kind k,
    const struct priv_ports *m);
void priv_put_enroll(struct buf *b, uint32_t id, const struct priv_enroll *m);
void priv_put_revoke(struct buf *b, uint32_t id, const struct priv_revoke *m);
/* Answer to SIGNAL, LOGOUT, EXIT, ENROLL, REVOKE and PORTS requests. */
void priv_put_plain_answer(struct buf *b, uint32_t id, enum priv_op op,
    const struct priv_plain_answer *m);

/*
 * Decoders. The header first: false when magic, version, op, kind or length
 * lie. Then the body of that op: false unless every byte was consumed and every
 * field is within its bounds; the struct is all zero then. False means the peer
 * is broken or taken over.
 */
bool priv_get_header(struct buf *b, struct priv_header *h);
bool priv_get_hello(struct buf *b, struct priv_hello *m);
bool priv_get_login(struct buf *b, struct priv_login *m);
bool priv_get_login_answer(struct buf *b, struct priv_login_answer *m);
bool priv_get_spawn(struct buf *b, struct priv_spawn *m);
bool priv_get_spawn_answer(struct buf *b, struct priv_spawn_answer *m);
bool priv_get_signal(struct buf *b, struct priv_signal *m);
bool priv_get_logout(struct buf *b, struct priv_logout *m);
bool priv_get_inventory(struct buf *b, struct priv_inventory *m);
/* The next entry; there are more while buf_left() says so. */
bool priv_get_inventory_answer(struct buf *b, struct priv_inventory_answer *m);
bool priv_get_exit(struct buf *b, struct priv_exit *m);
bool priv_get_halted(struct buf *b, struct priv_halted *m);
bool priv_get_ports(struct buf *b, struct priv_ports *m);
bool priv_get_enroll(struct buf *b, struct priv_enroll *m);
bool priv_get_revoke(struct buf *b, struct priv_revoke *m);
bool priv_get_plain_answer(struct buf *b, struct priv_plain_answer *m);
/* Frees what priv_get_spawn() allocated; safe on a zeroed struct. */
void priv_spawn_done(struct priv_spawn *m);

const char *priv_op_name(uint16_t op);
const char *priv_result_name(uint8_t result);

#endif
