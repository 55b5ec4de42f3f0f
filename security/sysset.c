/* SPDX-License-Identifier: MIT */
/*
 * System calls by what they are for, so that a profile reads as a sentence and
 * a reviewer checks each call once. The tests insist on order, help and that
 * every included set exists; names that the installed libseccomp does not know
 * are skipped by the filter and reported.
 */
#include "security/sysset.h"

#include <errno.h>
#include <string.h>

static const char *const set_audit[] = { "brk", "clock_gettime", "close",
	"exit", "exit_group", "fallocate", "fchmod", "fcntl", "fdatasync",
	"fstat", "fsync", "ftruncate", "futex", "getdents64", "geteuid",
	"getpid", "getrandom", "gettid", "gettimeofday", "lseek", "madvise",
	"mmap", "mremap", "munmap", "newfstatat", "openat", "poll", "ppoll",
	"read", "recvmsg", "renameat", "renameat2", "restart_syscall",
	"rt_sigprocmask", "rt_sigreturn", "sendto", "tgkill", "unlinkat",
	"write", NULL };

static const char *const set_daemon[] = { "@event", "@memory", "@pipe",
	"@signal", "@stdio", "@thread", "@time", "accept", "accept4", "access",
	"clone", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchmod",
	"fchown", "fdatasync", "flock", "fstat", "fstatfs", "fsync",
	"ftruncate", "getcwd", "getdents", "getdents64", "getegid", "geteuid",
	"getgid", "getpeername", "getpid", "getppid", "getrandom", "getrlimit",
	"getrusage", "getsockname", "getsockopt", "getuid", "ioctl", "kill",
	"lstat", "newfstatat", "open", "openat", "openat2", "prctl",
	"prlimit64", "readlink", "readlinkat", "recvfrom", "recvmmsg",
	"recvmsg", "rename", "renameat", "renameat2", "sched_getaffinity",
	"sched_yield", "sendto", "setsockopt", "shutdown", "socketpair", "stat",
	"statfs", "sync_file_range", "sysinfo", "tgkill", "times", "umask",
	"uname", "unlink", "unlinkat", NULL };

static const char *const set_daemon_forbidden[] = { "@forbidden", "bind",
	"connect", "execve", "execveat", "fork", "listen", "sendmmsg",
	"sendmsg", "setgid", "setgroups", "setregid", "setresgid", "setresuid",
	"setreuid", "setuid", "socket", "vfork", NULL };

static const char *const set_egress[] = { "@thread", "accept4", "brk",
	"clock_gettime", "clock_nanosleep", "clone", "close", "connect",
	"fcntl", "fstat", "fstatfs", "getegid", "geteuid", "getgid",
	"getpeername", "getpid", "getrandom", "getsockname", "getsockopt",
	"gettimeofday", "getuid", "ioctl", "lseek", "madvise", "mmap",
	"mprotect", "mremap", "munmap", "newfstatat", "openat", "poll", "ppoll",
	"prctl", "pread64", "read", "recvfrom", "recvmmsg", "recvmsg",
	"restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"sched_getaffinity", "sendmmsg", "sendmsg", "sendto", "setsockopt",
	"shutdown", "socket", "stat", "tgkill", "time", "uname", "write",
	"writev", NULL };

static const char *const set_event[] = { "epoll_create", "epoll_create1",
	"epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd",
	"eventfd2", "poll", "ppoll", "pselect6", "select", "signalfd",
	"signalfd4", "timerfd_create", "timerfd_gettime", "timerfd_settime",
	NULL };

static const char *const set_file_read[] = { "access", "chdir", "faccessat",
	"faccessat2", "fadvise64", "fchdir", "fgetxattr", "flistxattr", "fstat",
	"fstatfs", "getcwd", "getdents", "getdents64", "getxattr", "lgetxattr",
	"listxattr", "llistxattr", "lstat", "newfstatat", "open", "openat",
	"openat2", "readahead", "readlink", "readlinkat", "stat", "statfs",
	"statx", NULL };

static const char *const set_file_write[] = { "chmod", "chown", "creat",
	"fallocate", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat",
	"fdatasync", "flock", "fremovexattr", "fsetxattr", "fsync", "ftruncate",
	"futimesat", "lchown", "link", "linkat", "lremovexattr", "lsetxattr",
	"mkdir", "mkdirat", "mknod", "mknodat", "removexattr", "rename",
	"renameat", "renameat2", "rmdir", "setxattr", "symlink", "symlinkat",
	"sync", "sync_file_range", "syncfs", "truncate", "umask", "unlink",
	"unlinkat", "utime", "utimensat", "utimes", NULL };

static const char *const set_forbidden[] = { "@ipc", "@power", NULL };

static const char *const set_ids[] = { "capget", "capset", "getegid", "geteuid",
	"getgid", "getgroups", "getpgid", "getpgrp", "getpid", "getppid",
	"getresgid", "getresuid", "getsid", "gettid", "getuid", "setfsgid",
	"setfsuid", "setgid", "setgroups", "setpgid", "setregid", "setresgid",
	"setresuid", "setreuid", "setsid", "setuid", NULL };

static const char *const set_ipc[] = { "mq_getsetattr", "mq_notify", "mq_open",
	"mq_timedreceive", "mq_timedsend", "mq_unlink", "msgctl", "msgget",
	"msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "shmat",
	"shmctl", "shmdt", "shmget", NULL };

static const char *const set_kill[] = { "kill", "pidfd_send_signal",
	"rt_sigqueueinfo", "rt_tgsigqueueinfo", "tgkill", "tkill", NULL };

static const char *const set_memory[] = { "brk", "madvise", "membarrier",
	"memfd_create", "mincore", "mlock", "mlock2", "mlockall", "mmap",
	"mprotect", "mremap", "msync", "munlock", "munlockall", "munmap",
	"pkey_alloc", "pkey_free", "pkey_mprotect", NULL };

static const char *const set_net[] = { "accept", "accept4", "bind", "connect",
	"getpeername", "getsockname", "getsockopt", "listen", "recvfrom",
	"recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt",
	"shutdown", "socket", "socketpair", NULL };

static const char *const set_pipe[] = { "copy_file_range", "pipe", "pipe2",
	"sendfile", "splice", "tee", "vmsplice", NULL };

static const char *const set_power[] = { "acct", "add_key", "adjtimex", "bpf",
	"chroot", "clock_adjtime", "clock_settime", "delete_module",
	"fanotify_init", "fanotify_mark", "finit_module", "fsconfig", "fsmount",
	"fsopen", "fspick", "get_kernel_syms", "init_module", "ioperm", "iopl",
	"kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie",
	"memfd_secret", "migrate_pages", "modify_ldt", "mount", "mount_setattr",
	"move_mount", "move_pages", "nfsservctl", "open_by_handle_at",
	"open_tree", "perf_event_open", "personality", "pidfd_getfd",
	"pivot_root", "process_madvise", "process_vm_readv",
	"process_vm_writev", "ptrace", "quotactl", "quotactl_fd", "reboot",
	"request_key", "setdomainname", "sethostname", "setns", "settimeofday",
	"stime", "swapoff", "swapon", "syslog", "umount", "umount2", "unshare",
	"userfaultfd", "ustat", "vhangup", NULL };

static const char *const set_process[] = { "clone", "execve", "execveat",
	"fork", "getrlimit", "getrusage", "pidfd_open", "prctl", "prlimit64",
	"setrlimit", "times", "vfork", "wait4", "waitid", NULL };

static const char *const set_program[] = { "@event", "@file-read",
	"@file-write", "@ids", "@kill", "@memory", "@net", "@pipe", "@process",
	"@sandbox", "@sched", "@signal", "@stdio", "@system", "@thread",
	"@time", "@watch", "ioctl", NULL };

static const char *const set_program_own[] = { "@ipc", "@program", NULL };

static const char *const set_sandbox[] = { "landlock_add_rule",
	"landlock_create_ruleset", "landlock_restrict_self", "seccomp", NULL };

static const char *const set_sched[] = { "get_mempolicy", "getcpu",
	"getpriority", "ioprio_get", "ioprio_set", "mbind",
	"sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity",
	"sched_getattr", "sched_getparam", "sched_getscheduler",
	"sched_rr_get_interval", "sched_setaffinity", "sched_setattr",
	"sched_setparam", "sched_setscheduler", "sched_yield", "set_mempolicy",
	"setpriority", NULL };

static const char *const set_signal[] = { "alarm", "getitimer", "pause",
	"restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "setitimer",
	"sigaltstack", NULL };

static const char *const set_stdio[] = { "close", "close_range", "dup", "dup2",
	"dup3", "fcntl", "lseek", "pread64", "preadv", "preadv2", "pwrite64",
	"pwritev", "pwritev2", "read", "readv", "write", "writev", NULL };

static const char *const set_system[] = { "getrandom", "sysinfo", "uname",
	NULL };

static const char *const set_thread[] = { "arch_prctl", "exit", "exit_group",
	"futex", "futex_waitv", "get_robust_list", "gettid", "rseq",
	"set_robust_list", "set_tid_address", NULL };

static const char *const set_time[] = { "clock_getres", "clock_gettime",
	"clock_nanosleep", "gettimeofday", "nanosleep", "time", "timer_create",
	"timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime",
	NULL };

static const char *const set_watch[] = { "inotify_add_watch", "inotify_init",
	"inotify_init1", "inotify_rm_watch", NULL };

const struct sysset syssets[] = {
	{ "@audit", "what rdv-helper [audit] does: appending to its files",
	    set_audit },
	{ "@daemon",
	    "everything rdvd does once it is confined: storage, sockets that "
	    "already exist, terminals, threads",
	    set_daemon },
	{ "@daemon-forbidden",
	    "what a taken-over rdvd would try first; EPERM, so that it shows "
	    "in a log",
	    set_daemon_forbidden },
	{ "@egress",
	    "what rdv-egress does: looking up names, connecting, carrying "
	    "bytes",
	    set_egress },
	{ "@event", "waiting for descriptors, signals and timers", set_event },
	{ "@file-read", "looking at files and directories", set_file_read },
	{ "@file-write", "changing files; where, is for Landlock to say",
	    set_file_write },
	{ "@forbidden",
	    "what no confined program may have; answered with EPERM so that it "
	    "is not mistaken for an old kernel",
	    set_forbidden },
	{ "@ids",
	    "asking for, and trying to change, identities; without "
	    "capabilities a change comes to nothing",
	    set_ids },
	{ "@ipc",
	    "System V and POSIX objects: Landlock does not see them, and those "
	    "of the account's other programs are open to it",
	    set_ipc },
	{ "@kill", "sending signals", set_kill },
	{ "@memory", "mapping memory", set_memory },
	{ "@net", "sockets; the families are guarded by argument", set_net },
	{ "@pipe", "pipes and moving bytes between descriptors", set_pipe },
	{ "@power",
	    "changing the machine, or reaching into it or into other "
	    "processes past all that holds a program",
	    set_power },
	{ "@process", "starting, waiting for and limiting processes",
	    set_process },
	{ "@program",
	    "an ordinary developer's program: compiler, interpreter, editor, "
	    "version control",
	    set_program },
	{ "@program-own",
	    "the same with objects that are shared by number, for programs "
	    "that have a namespace of them",
	    set_program_own },
	{ "@sandbox", "restricting oneself further", set_sandbox },
	{ "@sched",
	    "priorities and processors: of one's own threads, and of the "
	    "account's other processes too, whose numbers look the same",
	    set_sched },
	{ "@signal", "handling signals and interval timers", set_signal },
	{ "@stdio", "bytes through descriptors one holds", set_stdio },
	{ "@system", "asking about the machine", set_system },
	{ "@thread", "what libc needs to run threads and to end", set_thread },
	{ "@time", "reading clocks and waiting", set_time },
	{ "@watch",
	    "being told of changes in directories, also in those that may not "
	    "be opened",
	    set_watch },
	{ NULL, NULL, NULL },
};

static const struct sysset *
find(const char *name)
{
	const struct sysset *s;

	for (s = syssets; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

int
sysset_walk(const char *name, int (*fn)(const char *syscall, void *arg),
    void *arg)
{
	const struct sysset *s = find(name);
	const char *const *m;
	int err;

	if (s == NULL)
		return -ENOENT;
	for (m = s->members; *m != NULL; m++) {
		err = **m == '@' ? sysset_walk(*m, fn, arg) : fn(*m, arg);
		if (err != 0)
			return err;
	}
	return 0;
}
