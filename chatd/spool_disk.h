/*
 * What the spool does with files by itself: their names, reading and writing.
 */
#ifndef SPOOL_DISK_H
#define SPOOL_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { DISK_NAME = 32 }; /* digits, ".part" and a NUL */

void disk_name(uint64_t file, bool is_whole, char out[DISK_NAME]);
/* The file that a name stands for; 0: none of ours. */
uint64_t disk_number(const char *name);
/* Up to len bytes, fewer at the end; -1 and errno. */
ssize_t disk_read(int fd, uint8_t *to, size_t len, uint64_t offset);
/* All of it or nothing: 0, or errno's. */
int disk_write(int fd, const uint8_t *at, size_t len, uint64_t offset);
/* Bytes that the disk has left for us. */
uint64_t disk_space(int fd);

#endif
