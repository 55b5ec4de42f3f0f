/* SPDX-License-Identifier: MIT */
#ifndef RDV_PATH_H
#define RDV_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;

/*
 * Opens `rel` beneath directory `rootfd` and nowhere else: no "..", no
 * absolute path, no symlink at any component, no magic link, no mount crossed
 * (openat2(2) RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV). Where
 * openat2 is missing or forbidden the same is done by descending one component
 * at a time. O_CLOEXEC and O_NOCTTY are added. Returns a descriptor or -errno:
 * -EXDEV for leaving the root, -ELOOP for a symlink.
 */
int path_open_beneath(int rootfd, const char *rel, int flags, mode_t mode);
/* For tests: true makes the next calls take the manual descent (abuse F03). */
void path_force_descent(bool on);

/* One path component: 1..255 bytes, no '/', no NUL, not "." or "..". */
bool path_component_ok(const char *name);
/* Absolute, at most PATH_MAX-1, no "." or ".." or empty component. */
bool path_absolute_ok(const char *path);
/* True when `path` is `root` or lies under it, compared by component (F05). */
bool path_is_under(const char *root, const char *path);
/*
 * Lexical join and clean-up of "//", "." and ".."; an absolute `rel` stands
 * alone. False when over `size` or when both are relative.
 */
bool path_join(char *out, size_t size, const char *dir, const char *rel);
/* The directory an absolute path is in. */
const char *path_parent(struct arena *a, const char *path);

/*
 * A directory only its owner may enter: created 0700 when missing, otherwise
 * checked to be a real directory, owned by the euid, mode 0700. Returns an
 * O_DIRECTORY descriptor or -errno (-EPERM: wrong owner or mode; -ENOTDIR).
 */
int path_private_dir(int dirfd, const char *name);
/*
 * Replaces `name` in `dirfd` by a file of exactly these bytes, mode 0600, by
 * O_EXCL temporary, fsync, rename, fsync of the directory. `name` is one
 * component. 0 or -errno.
 */
int path_write_private(int dirfd, const char *name, const void *p, size_t len);
/*
 * Reads a regular file owned by the euid, without group or other permissions,
 * of at most `max` bytes. xmalloc'ed and NUL-terminated, `len` may be NULL. 0,
 * -errno, RDV_E_DENIED for another kind, owner or mode, or RDV_E_TOO_BIG.
 */
int path_read_private(int dirfd, const char *name, size_t max, char **out,
    size_t *len);

#endif
