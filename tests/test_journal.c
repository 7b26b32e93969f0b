/*
 * The journal on a real disk: what it writes, what it reads again, and what it
 * does when the disk takes nothing.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chat/journal.h"
#include "folder.h"
#include "host.h"
#include "rig.h"
#include "xmalloc.h"

static char folder[FOLDER_LEN];
static int directory;
static struct model *m;
static struct outbox o;
static struct journal *j;
static struct room *room;
static int n_wrote;
static const struct id log_id = { { 1 } };

static void
wrote(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&n_wrote, 1, __ATOMIC_SEQ_CST);
}

static void
open_journal(int where)
{
	const struct journal_options options = { .directory = where,
		.outbox = "outbox",
		.places = "rooms",
		.wrote = wrote };

	m = model_new();
	outbox_init(&o, m);
	j = journal_new(m, &o, &options);
	room = model_room_open(m, SLICE("#a"));
}

static void
close_journal(void)
{
	journal_free(j);
	outbox_done(&o);
	model_free(m);
}

static void
open_again(void)
{
	close_journal();
	open_journal(directory);
}

static void
begin(void)
{
	folder_make(folder);
	directory = open(folder, O_RDONLY | O_DIRECTORY);
	open_journal(directory);
}

static void
end(void)
{
	close_journal();
	close(directory);
	folder_remove(folder);
}

TestSuite(journal, .init = begin, .fini = end, .timeout = 60);

static void
unlock(void)
{
	journal_poke(j);
	model_unlock_changed(m);
}

static void
say(const char *text)
{
	model_lock(m);
	outbox_add(&o, room, ENTRY_SAID, slice_of(text));
	unlock();
}

static bool
is_all_kept(struct model *model)
{
	for (struct pending *p = model->outbox; p != NULL; p = p->next)
		if (!p->is_kept)
			return false;
	return !model->is_unsafe;
}

static bool
is_unsafe(struct model *model)
{
	return model->is_unsafe;
}

/* The texts of what waits, with "!" where it was refused. */
static const char *
waiting(void)
{
	static char text[256];

	text[0] = '\0';
	for (const struct pending *p = m->outbox; p != NULL; p = p->next)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s%s ", p->text, p->why != FINE ? "!" : "");
	return text;
}

static off_t
size_of(const char *name)
{
	struct stat st;

	return fstatat(directory, name, &st, 0) == 0 ? st.st_size : -1;
}

static void
be_killed(void)
{
	struct pending *p;

	/* What a kill leaves is what was written; nothing at the end. */
	journal_free(j);
	while ((p = m->outbox) != NULL) {
		m->outbox = p->next;
		pending_free(p);
	}
	m->n_pending = 0;
	outbox_done(&o);
	model_free(m);
}

/* A copy of the folder's outbox, before anything more is done to it. */
static char *
image(size_t *len)
{
	char *bytes = folder_read(folder, "outbox", len);

	cr_assert_not_null(bytes);
	return bytes;
}

Test(journal, keeps_what_waits)
{
	journal_start(j);
	say("one");
	say("two");
	host_await(m, is_all_kept);
	open_again();
	cr_expect_gt(n_wrote, 0);
	cr_expect_str_eq(waiting(), "one two ");
	cr_expect_eq(m->n_pending, 2);
	cr_expect(room->is_wanted);
	cr_expect(m->outbox->is_old);
	cr_expect_not(m->outbox->is_kept, "it may never have been synced");
	journal_start(j);
	model_lock(m);
	unlock();
	host_await(m, is_all_kept);
	say("three");
	host_await(m, is_all_kept);
	open_again();
	cr_expect_str_eq(waiting(), "one two three ");
}

Test(journal, a_file_is_for_its_owner_alone)
{
	struct stat st;

	journal_start(j);
	say("one");
	host_await(m, is_all_kept);
	cr_assert_eq(fstatat(directory, "outbox", &st, 0), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
}

Test(journal, is_cut_where_it_is_torn)
{
	size_t len, i;
	char *whole;
	const char *before = "";

	journal_start(j);
	for (i = 0; i < 3; i++) {
		say(((const char *[]){ "one", "two", "three" })[i]);
		host_await(m, is_all_kept);
	}
	whole = image(&len);
	be_killed();
	for (i = 0; i <= len; i++) {
		folder_write(folder, "outbox", whole, i);
		open_journal(directory);
		cr_expect_eq(
		    strncmp("one two three ", waiting(), strlen(waiting())), 0,
		    "%zu bytes: %s", i, waiting());
		cr_expect_geq(strlen(waiting()), strlen(before));
		if (i < len)
			close_journal();
	}
	cr_expect_str_eq(waiting(), "one two three ");
	free(whole);
}

Test(journal, goes_on_behind_a_torn_end)
{
	size_t len;
	char *whole;

	journal_start(j);
	say("one");
	say("two");
	host_await(m, is_all_kept);
	whole = image(&len);
	be_killed();
	folder_write(folder, "outbox", whole, len - 3);
	open_journal(directory);
	cr_expect_str_eq(waiting(), "one ");
	cr_expect_not_null(strstr(rig_line(m->rooms[0], 0), "torn"));
	journal_start(j);
	say("new");
	host_await(m, is_all_kept);
	open_again();
	cr_expect_str_eq(waiting(), "one new ");
	cr_expect_null(strstr(rig_line(m->rooms[0], 0), "torn"));
	free(whole);
}

Test(journal, numbers_come_back)
{
	struct pending *p;

	journal_start(j);
	model_lock(m);
	room->is_attached = true;
	outbox_begin(&o, &log_id, 41);
	unlock();
	say("one");
	say("two");
	host_await(m, is_all_kept);
	open_again();
	p = m->outbox;
	cr_expect_eq(p->n, 42);
	cr_expect_eq(p->next->n, 43);
	cr_expect_eq(memcmp(&p->log, &log_id, sizeof(log_id)), 0);
	model_lock(m);
	outbox_begin(&o, &log_id, 42);
	model_unlock(m);
	cr_expect(p->is_stored);
	cr_expect_not(p->next->is_stored);
	open_again();
	cr_expect_str_eq(waiting(), "one two ", "nothing was written");
}

Test(journal, refused_ones_come_back)
{
	journal_start(j);
	say("one");
	say("two");
	model_lock(m);
	outbox_leave(&o, room, REFUSE_NOT_MEMBER);
	unlock();
	say("three");
	host_await(m, is_all_kept);
	open_again();
	cr_expect_str_eq(waiting(), "one! two! three ");
	cr_expect_eq(m->n_pending, 1);
	cr_expect_not_null(m->outbox->words);
	journal_start(j);
	model_lock(m);
	cr_expect_eq(outbox_retry(&o, m->outbox->room), 2);
	outbox_leave(&o, room, REFUSE_ROOMS_ALL);
	unlock();
	host_await(m, is_all_kept);
	open_again();
	cr_expect_str_eq(waiting(), "one! two! three! ");
	cr_expect_eq(m->outbox->why, REFUSE_ROOMS_ALL);
	journal_start(j);
	model_lock(m);
	cr_expect_eq(outbox_forget(&o, m->outbox->room), 3);
	unlock();
	open_again();
	cr_expect_str_eq(waiting(), "");
}

Test(journal, is_short_when_nothing_waits)
{
	char text[4096];
	off_t empty;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	journal_start(j);
	for (int i = 0; i < 8; i++)
		say(text);
	host_await(m, is_all_kept);
	cr_expect_gt(size_of("outbox"), 8 * 4095);
	model_lock(m);
	while (m->outbox != NULL)
		outbox_withdraw(&o, m->outbox->id);
	unlock();
	open_again();
	empty = size_of("outbox");
	cr_expect_lt(empty, 100);
	cr_expect_str_eq(waiting(), "");
	open_again();
	cr_expect_eq(size_of("outbox"), empty);
}

Test(journal, grows_only_so_far)
{
	char text[16384];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	journal_start(j);
	say("stays");
	for (int i = 0; i < 3 * JOURNAL_DEAD / (int)sizeof(text); i++) {
		say(text);
		host_await(m, is_all_kept);
		cr_assert_lt(size_of("outbox"), JOURNAL_DEAD + 50000);
		model_lock(m);
		cr_assert(outbox_withdraw(&o, m->outbox->next->id));
		unlock();
	}
	open_again();
	cr_expect_str_eq(waiting(), "stays ");
}

static void
limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	setrlimit(RLIMIT_FSIZE, &limit);
}

Test(journal, a_full_disk_is_told_and_gone_on_from)
{
	size_t len;
	char *bytes;

	journal_start(j);
	say("one");
	host_await(m, is_all_kept);
	limit_files((rlim_t)size_of("outbox") + 10);
	say("two");
	host_await(m, is_unsafe);
	model_lock(m);
	cr_expect(m->outbox->is_kept);
	cr_expect_not(m->outbox->next->is_kept);
	cr_expect_not_null(strstr(rig_line(m->looked_at, 0), "only in memory"));
	model_unlock(m);
	bytes = image(&len);
	free(bytes);
	say("three");
	limit_files(RLIM_INFINITY);
	host_await(m, is_all_kept);
	model_lock(m);
	cr_expect_not_null(strstr(rig_line(m->looked_at, 0), "on disk again"));
	model_unlock(m);
	open_again();
	cr_expect_str_eq(waiting(), "one two three ");
}

Test(journal, what_was_on_a_full_disk_stays)
{
	journal_start(j);
	say("one");
	host_await(m, is_all_kept);
	limit_files((rlim_t)size_of("outbox") + 10);
	say("two");
	host_await(m, is_unsafe);
	open_again();
	cr_expect_str_eq(waiting(), "one ");
	limit_files(RLIM_INFINITY);
}

Test(journal, without_a_directory_all_is_in_memory)
{
	close_journal();
	open_journal(-1);
	cr_expect(m->is_unsafe);
	journal_start(j);
	model_lock(m);
	room->is_attached = true;
	outbox_begin(&o, &log_id, 4);
	unlock();
	say("one");
	model_lock(m);
	cr_expect_eq(outbox_next_to_send(&o, 0)->n, 5);
	model_unlock(m);
}

Test(journal, another_file_is_put_aside)
{
	size_t len;
	char *bytes;

	close_journal();
	folder_write(folder, "outbox", "something else", 14);
	open_journal(directory);
	cr_expect_not_null(strstr(rig_line(m->rooms[0], 0), "outbox.bad"));
	bytes = folder_read(folder, "outbox.bad", &len);
	cr_expect_eq(len, 14);
	free(bytes);
	journal_start(j);
	say("one");
	host_await(m, is_all_kept);
	open_again();
	cr_expect_str_eq(waiting(), "one ");
}

Test(journal, what_cannot_be_read_is_not_replaced)
{
	struct stat st;

	close_journal();
	cr_assert_eq(mkdirat(directory, "outbox", 0700), 0);
	open_journal(directory);
	cr_expect(m->is_unsafe);
	cr_expect_not_null(strstr(rig_line(m->rooms[0], 0), "in memory"));
	journal_start(j);
	say("one");
	open_again();
	cr_expect_eq(fstatat(directory, "outbox", &st, 0), 0);
	cr_expect(S_ISDIR(st.st_mode));
	unlinkat(directory, "outbox", AT_REMOVEDIR);
}

Test(journal, messages_for_another_server_are_not_sent_there)
{
	journal_start(j);
	model_lock(m);
	room->is_attached = true;
	outbox_begin(&o, &log_id, 4);
	unlock();
	say("secret");
	host_await(m, is_all_kept);
	close_journal();

	m = model_new();
	free(m->target);
	m->target = xstrdup("elsewhere:1");
	outbox_init(&o, m);
	j = journal_new(m, &o,
	    &(struct journal_options){
		.directory = directory, .outbox = "outbox", .wrote = wrote });
	room = m->outbox->room;
	room->is_attached = true;
	cr_expect_str_eq(waiting(), "secret ");
	journal_start(j);
	model_lock(m);
	outbox_begin(&o, &(struct id){ { 9 } }, 0);
	cr_expect_null(outbox_next_to_send(&o, 0));
	cr_expect_not_null(strstr(m->outbox->words, "another server"));
	unlock();
	cr_expect_str_eq(waiting(), "secret! ");
}

Test(journal, the_same_log_elsewhere_is_the_same_server)
{
	journal_start(j);
	model_lock(m);
	room->is_attached = true;
	outbox_begin(&o, &log_id, 4);
	unlock();
	say("five");
	host_await(m, is_all_kept);
	open_again();
	model_lock(m);
	free(m->target);
	m->target = xstrdup("localhost");
	outbox_redirect(&o);
	outbox_begin(&o, &log_id, 5);
	cr_expect(m->outbox->is_stored);
	model_unlock(m);
}

Test(journal, keeps_the_places_at_the_end)
{
	journal_start(j);
	model_lock(m);
	room->is_wanted = true;
	room->draft = xstrdup("half a");
	model_keep(m, false);
	model_unlock(m);
	open_again();
	cr_expect_eq(m->n_rooms, 2);
	cr_expect_str_eq(room->draft, "half a");
	cr_expect(room->is_wanted);
}

Test(journal, leaves_no_other_file)
{
	DIR *dir;
	struct dirent *entry;

	journal_start(j);
	say("one");
	host_await(m, is_all_kept);
	open_again();
	dir = opendir(folder);
	while ((entry = readdir(dir)) != NULL)
		cr_expect(entry->d_name[0] == '.' ||
			strcmp(entry->d_name, "outbox") == 0 ||
			strcmp(entry->d_name, "rooms") == 0,
		    "%s", entry->d_name);
	closedir(dir);
}
