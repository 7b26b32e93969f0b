/*
 * Where files go that are fetched: where one says, else to the first of
 * $XDG_DOWNLOAD_DIR, ~/Downloads if there is one, and "files" in
 * $XDG_DATA_HOME/chat (else ~/.local/share/chat).
 */
#ifndef DOWNLOADS_H
#define DOWNLOADS_H

/* An absolute path, to be freed, of a directory that need not be there yet.
 * wish: as -D has it; NULL: none.  NULL: nobody says where. */
char *downloads_directory(const char *wish);
/* Whether a file can go to a path that somebody typed: a directory, or a new
 * name in one.  0, or errno's value. */
int downloads_check(const char *path);

#endif
