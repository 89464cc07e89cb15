#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "platform/error.h"

struct text;

/*
 * Our own files, by name inside an open directory. Writing is durable: after it returned 0 the
 * new content survives a power cut, and before that the old one does (temporary file, fsync,
 * rename, fsync of the folder). A temporary file that a crash left behind starts with ".new-".
 */

/* Opens a directory that must not be a symbolic link; the caller closes the descriptor. */
int directory_open(const char *path, struct error *err);

/* Creates it with exactly this mode when it is not there yet; an existing one is left as it is. */
int directory_create(const char *path, mode_t mode, struct error *err);

/* Replaces or creates name. Fails with -ENOSPC or -EDQUOT when the disk is full. */
int file_write(int directory, const char *name, mode_t mode, const void *bytes, size_t length,
               struct error *err);

/* Adds the whole file to out. -ENOENT when there is none, -EFBIG above max_size. */
int file_read(int directory, const char *name, size_t max_size, struct text *out,
              struct error *err);

/* Removes it durably; a file that is not there is no error. */
int file_remove(int directory, const char *name, struct error *err);

/* Removes what crashed writers left (".new-*"), when nobody else writes there. */
int directory_remove_leftovers(int directory, struct error *err);

struct text_list;
/* The names in it without those that start with a dot, in byte order. */
int directory_list(int directory, size_t max_entries, struct text_list *names, struct error *err);
