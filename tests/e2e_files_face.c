/*
 * Files as people and scripts see them: on a terminal, in a batch, in pipes,
 * with the real programs; where a picture has to stand still, with a server
 * played by the test that takes no more.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "program.h"
#include "vt.h"

enum { SIZE = 14231552, TAKEN = 6119424, MANY = 100 };

static char folder[FOLDER_LEN];
static struct daemon chatd;
static struct vt vt;

static void
make_file(const char *name, off_t size)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, size), 0);
	close(fd);
}

static void
start_daemon(void)
{
	const struct daemon_options options = {
		.listen = { "127.0.0.1:0" },
		.config = "limits: { rate = 0; };\n",
	};

	daemon_init(&chatd);
	daemon_start(&chatd, &options);
}

static void
stop_daemon(void)
{
	daemon_stop(&chatd);
	daemon_done(&chatd);
}

/* As gina in #lobby, in the folder. */
static void
start_chat(const char *address)
{
	char state[128], home[128];
	const char *argv[] = { daemon_program("CHAT", "chat"), "-s", address,
		"-n", "gina", "-r", "#lobby", "-D", folder, NULL };
	struct vt_options options = {
		.argv = argv,
		.rows = 24,
		.columns = 80,
		.env = { "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TZ=UTC",
		    "NO_COLOR", state, "ESCDELAY=25", home },
	};

	snprintf(state, sizeof(state), "XDG_STATE_HOME=%s/state", folder);
	snprintf(home, sizeof(home), "HOME=%s", folder);
	vt_start(&vt, &options);
}

static void
end_chat(void)
{
	vt_type(&vt, "\003\003/quit\r");
	cr_expect_eq(vt_await_end(&vt), EX_OK);
	vt_done(&vt);
}

static void
set_up(void)
{
	folder_make(folder);
}

static void
tear_down(void)
{
	folder_remove(folder);
}

TestSuite(files_face, .init = set_up, .fini = tear_down, .timeout = 120);

/* ---- a picture that stands still ---- */

static void
take_bytes(struct host *host)
{
	char pattern[64];

	for (unsigned at = 0; at < TAKEN;) {
		unsigned n = TAKEN - at < PROTOCOL_DATA_MAX ? TAKEN - at
							    : PROTOCOL_DATA_MAX;
		snprintf(
		    pattern, sizeof(pattern), "C data leg=3 offset=%u", at);
		HOST(host, pattern);
		at += n;
	}
}

Test(files_face, a_file_on_its_way)
{
	struct host host;
	char leg[96];

	make_file("report.pdf", SIZE);
	host_init(&host);
	start_chat(host.address);
	host_enter(&host, "gina");
	HOST(&host, "C join room=#lobby ref=$j", "C ping token=$t",
	    "S pong token=$t", "S attached ref=$j room=7 name=#lobby first=1",
	    "C names ref=$n", "S done ref=$n");
	vt_await(&vt, "#lobby>");
	vt_type(&vt, "/send ~/report.pdf -- the plan\r");
	HOST(&host, "C offer name=report.pdf caption=\"the plan\" ref=$r");
	vt_await(&vt, "report.pdf [----------]   0%");
	snprintf(leg, sizeof(leg),
	    "S leg ref=$r leg=3 file=12 size=%d limit=%d", SIZE, TAKEN);
	HOST(&host, leg);
	take_bytes(&host);
	HOST(&host,
	    "S entry room=7 seq=1 kind=file who=gina "
	    "text=\"12 14231552 - report.pdf\\nthe plan\"");
	vt_expect(&vt, "file-80x24");
	vt_resize(&vt, 12, 40);
	vt_expect(&vt, "file-40x12");
	vt_resize(&vt, 24, 80);
	vt_type(&vt, "/pause\r");
	vt_await(&vt, "42%  6.1/14 MB paused");
	vt_type(&vt, "/cancel\r");
	vt_await(&vt, "report.pdf: cancelled");
	end_chat();
	host_done(&host);
}

/* ---- on a terminal ---- */

/* What is wrong stays in the line to be corrected. */
Test(files_face, a_wrong_name_can_be_corrected)
{
	make_file("report.pdf", SIZE);
	start_daemon();
	start_chat(chatd.address[0]);
	vt_await(&vt, "gina joined");
	vt_type(&vt, "/send ~/report.pd\r");
	vt_await(&vt, "report.pd: No such file or");
	vt_await(&vt, "please enter a valid name");
	vt_await(&vt, "#lobby> /send ~/report.pd");
	vt_type(&vt, "f\r");
	vt_await(&vt, "sent report.pdf, 14 MB,");
	vt_await(&vt, "gina sends report.pdf, 14 MB (/get 1)");
	vt_await(&vt, "report.pdf is there: 14,231,552 bytes, sha256");
	vt_type(&vt, "/get\r");
	vt_await(&vt, "got report.pdf, 14 MB,");
	vt_await(&vt, "~/report (2).pdf");
	end_chat();
	stop_daemon();
}

Test(files_face, tab_and_what_is_dropped)
{
	char paste[300];

	make_file("a b.txt", 1);
	make_file("other.txt", 0);
	start_daemon();
	start_chat(chatd.address[0]);
	vt_await(&vt, "gina joined");
	vt_type(&vt, "/send ~/a\t");
	vt_await(&vt, "/send ~/a\\ b.txt");
	vt_type(&vt, "\003");
	snprintf(paste, sizeof(paste),
	    "\033[200~'%s/a b.txt' %s/other.txt \033[201~", folder, folder);
	vt_type(&vt, paste);
	vt_await(&vt, "#lobby> /send ");
	vt_await(&vt, "Enter sends it");
	vt_type(&vt, "\r");
	vt_await(&vt, "sent a b.txt, 1 B,");
	vt_await(&vt, "sent other.txt, 0 B,");
	/* What is no file is text. */
	vt_type(&vt, "\033[200~/no/such/file\033[201~");
	vt_await(&vt, "#lobby> /no/such/file");
	end_chat();
	stop_daemon();
}

/* Whoever offers a file chooses its name. */
Test(files_face, no_name_reaches_the_terminal_raw)
{
	static const char bidi[] = "\xe2\x80\xae";
	union message m = { .offer = { .type = MSG_OFFER,
				.ref = 9,
				.to = SLICE("#lobby"),
				.size = 3,
				.name = SLICE("a\xe2\x80\xaeg.exe"),
				.caption = SLICE("b\xe2\x80\xaex") } };
	struct peer eve;

	start_daemon();
	start_chat(chatd.address[0]);
	vt_await(&vt, "gina joined");
	cr_assert(peer_enter(&eve, chatd.address[0], "eve"));
	cr_assert_neq(peer_join(&eve, "#lobby"), 0);
	m.offer.key.byte[0] = 1;
	peer_send(&eve, &m);
	vt_await(&vt, "eve sends a<U+202E>g.exe, 3 B (/get 1)");
	vt_type(&vt, "/get 1\r");
	vt_await(&vt, "1<-");
	vt_type(&vt, "/files\r");
	vt_await(&vt, "1 file");
	cr_expect_not(vt_wrote(&vt, bidi));
	peer_close(&eve);
	end_chat();
	stop_daemon();
}

/* ---- in a batch ---- */

static void
enter(struct program *p, const char *nick, const char *downloads)
{
	char joined[64];

	PROGRAM(p, "--batch", "-s", chatd.address[0], "-n", nick, "-r",
	    "#lobby", "-D", downloads);
	snprintf(joined, sizeof(joined), "\tjoined\t%s\t", nick);
	cr_assert(
	    program_prints(p, joined, 1), "%s", buf_string(&p->complained));
}

/* As many times as the machine, or the server, may need. */
static bool
prints_all(struct program *p, const char *words)
{
	for (int i = 0; i < 4; i++)
		if (program_prints(p, words, MANY))
			return true;
	return false;
}

/* A hundred are offered at once, and fetched by somebody who has said so. */
Test(files_face, a_hundred_at_once)
{
	char downloads[FOLDER_LEN + 8], name[16];
	struct program ann, bob;
	struct buf lines = { 0 };
	struct stat st;

	snprintf(downloads, sizeof(downloads), "%s/got", folder);
	start_daemon();
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		make_file(name, 1000 * i);
		buf_printf(&lines, "%s%s/%s", i % 50 == 0 ? "\n/send " : " ",
		    folder, name);
	}
	buf_add_string(&lines, "\n");
	enter(&ann, "ann", folder);
	enter(&bob, "bob", downloads);
	program_type(&bob, "/autoget ann 1M\n");
	cr_assert(program_prints(&bob, "from ann: files up to 1.0 MB", 1));
	program_type(&ann, buf_string(&lines));
	cr_expect(
	    prints_all(&ann, "\tsent\tann\t"), "%s", buf_string(&ann.printed));
	cr_expect(
	    prints_all(&bob, "\tgot\tbob\t"), "%s", buf_string(&bob.printed));
	cr_expect_eq(program_end(&ann), EX_OK);
	cr_expect_eq(program_end(&bob), EX_OK);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "got/f%d", i);
		char path[FOLDER_LEN + 32];
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		cr_assert_eq(stat(path, &st), 0, "%s", path);
		cr_expect_eq(st.st_size, 1000 * i);
	}
	program_done(&ann);
	program_done(&bob);
	buf_done(&lines);
	stop_daemon();
}

/* The end of the input waits for what was asked. */
Test(files_face, a_batch_waits_for_its_files)
{
	struct program ann;
	char line[FOLDER_LEN + 64];

	make_file("report.pdf", SIZE);
	start_daemon();
	enter(&ann, "ann", folder);
	snprintf(line, sizeof(line), "/send %s/report.pdf\n", folder);
	program_type(&ann, line);
	cr_expect_eq(program_end(&ann), EX_OK);
	cr_expect_eq(program_printed(&ann, "\tsending\tann\t1 - 14231552 - "),
	    1, "%s", buf_string(&ann.printed));
	cr_expect_eq(program_printed(&ann, "\tsent\tann\t1 1 14231552 "), 1);
	program_done(&ann);
	enter(&ann, "ann", folder);
	program_type(&ann, "/get 99\n");
	cr_expect_eq(program_end(&ann), EX_NOPERM);
	cr_expect_eq(
	    program_printed(&ann, "\tfailed\tann\t1 99 - - there is no"), 1,
	    "%s", buf_string(&ann.printed));
	program_done(&ann);
	stop_daemon();
}

/* ---- in pipes ---- */

/* CHAT and ADDRESS are set; the exit status. */
static int
shell(const char *script)
{
	int status;

	setenv("CHAT", daemon_program("CHAT", "chat"), 1);
	setenv("ADDRESS", chatd.address[0], 1);
	setenv("XDG_STATE_HOME", folder, 1);
	cr_assert_eq(chdir(folder), 0);
	status = system(script);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const struct {
	const char *script;
	int status;
} scripts[] = {
	{ "tar c -C tree . | $CHAT -s $ADDRESS --send - --name x.tar "
	  "-t '#lobby' >sent 2>err && grep -q '^1\t[0-9]*\t[0-9a-f]*\tx.tar$' "
	  "sent && ! test -s err",
	    0 },
	{ "mkdir new; $CHAT -s $ADDRESS --get 1 -o - 2>err | tar x -C new && "
	  "cmp tree/in new/in && ! test -s err",
	    0 },
	{ "$CHAT -s $ADDRESS --send tree/in -m 'a caption' -t '#lobby' >sent "
	  "&& test \"$(cut -f 1,2,4 sent)\" = \"2\t5\tin\" && test "
	  "\"$(cut -f 3 sent)\" = \"$(sha256sum <tree/in | cut -c 1-64)\"",
	    0 },
	{ "$CHAT -s $ADDRESS --get 2 -o new.in >got && cmp new.in tree/in && "
	  "grep -q '/new.in$\\|\tnew.in$' got",
	    0 },
	{ "$CHAT -s $ADDRESS --get 2 -o new.in", EX_CANTCREAT },
	{ "$CHAT -s $ADDRESS --get 2 -o no/new.in", EX_CANTCREAT },
	{ "$CHAT -s $ADDRESS --get 99", EX_NOINPUT },
	{ "$CHAT -s $ADDRESS --send nosuch -t '#lobby'", EX_NOINPUT },
	{ "$CHAT -s $ADDRESS --send tree -t '#lobby'", EX_NOINPUT },
	{ "$CHAT -s $ADDRESS --send tree/in -t nobodyatall", EX_NOPERM },
	{ "$CHAT -s $ADDRESS --send tree/in", EX_USAGE },
	{ "$CHAT -s unix:$PWD/none --send tree/in -t '#a'", EX_UNAVAILABLE },
	{ "$CHAT -s $ADDRESS --send - -t '#lobby' </dev/null >sent && test "
	  "\"$(cut -f 2,4 sent)\" = \"0\tstdin\"",
	    0 },
};

Test(files_face, scripts_and_pipes)
{
	start_daemon();
	cr_assert_eq(shell("mkdir tree && echo text >tree/in"), 0);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		cr_expect_eq(shell(scripts[i].script), scripts[i].status, "%s",
		    scripts[i].script);
	cr_expect_eq(chdir("/"), 0);
	stop_daemon();
}
