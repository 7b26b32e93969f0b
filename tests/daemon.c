#include "daemon.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xmalloc.h"

enum { ARGUMENTS = 32, LISTENING_AT = 13 /* "listening on " */ };

const char *
daemon_program(const char *variable, const char *name)
{
	static char paths[4][4096]; /* as many can be in use at a time */
	static unsigned used;
	char *path = paths[used++ % 4];
	const char *given = getenv(variable);
	ssize_t n;
	char *slash;

	if (given != NULL)
		return given;
	n = readlink("/proc/self/exe", path, sizeof(paths[0]) - 1);
	cr_assert_gt(n, 0);
	path[n] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash + 1, sizeof(paths[0]) - (size_t)(slash + 1 - path), "%s",
	    name);
	return path;
}

void
daemon_meets(const char *fault)
{
	setenv(
	    "LD_PRELOAD", daemon_program("CHAT_FAULTS", "faults/call.so"), 1);
	setenv("CHAT_FAULT", fault, 1);
	/* The sanitizer wants to be loaded first; who is cut short leaks. */
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
}

/* ---- the log ---- */

static void *
collect(void *arg)
{
	struct daemon *d = arg;
	char bytes[4096];
	ssize_t n;

	while ((n = read(d->fd, bytes, sizeof(bytes))) > 0 ||
	    (n < 0 && errno == EINTR)) {
		pthread_mutex_lock(&d->lock);
		if (n > 0)
			buf_add(&d->log, bytes, (size_t)n);
		pthread_cond_broadcast(&d->grown);
		pthread_mutex_unlock(&d->lock);
	}
	pthread_mutex_lock(&d->lock);
	d->is_over = true;
	pthread_cond_broadcast(&d->grown);
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* With the lock held. */
static unsigned
count(struct daemon *d, const char *words)
{
	const char *at = buf_string(&d->log);
	unsigned n = 0;

	while ((at = strstr(at, words)) != NULL) {
		at += strlen(words);
		n++;
	}
	return n;
}

bool
daemon_is_over(struct daemon *d)
{
	bool is_over;

	pthread_mutex_lock(&d->lock);
	is_over = d->is_over;
	pthread_mutex_unlock(&d->lock);
	return is_over;
}

unsigned
daemon_said(struct daemon *d, const char *words)
{
	unsigned n;

	pthread_mutex_lock(&d->lock);
	n = count(d, words);
	pthread_mutex_unlock(&d->lock);
	return n;
}

bool
daemon_says(struct daemon *d, const char *words, unsigned n)
{
	struct timespec until;
	bool found;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DAEMON_WAIT_MS / 1000;
	pthread_mutex_lock(&d->lock);
	while (!(found = count(d, words) >= n) && !d->is_over)
		if (pthread_cond_timedwait(&d->grown, &d->lock, &until) != 0)
			break;
	found = count(d, words) >= n;
	pthread_mutex_unlock(&d->lock);
	return found;
}

char *
daemon_log(struct daemon *d)
{
	char *copy;

	pthread_mutex_lock(&d->lock);
	copy = xstrdup(buf_string(&d->log));
	pthread_mutex_unlock(&d->lock);
	return copy;
}

/* ---- start ---- */

void
daemon_init(struct daemon *d)
{
	*d = (struct daemon){ .directory = "/tmp/chatd-test-XXXXXX", .fd = -1 };
	cr_assert_not_null(mkdtemp(d->directory), "%s", strerror(errno));
}

static void
write_config(const struct daemon *d, const char *text, char *path, size_t size)
{
	FILE *f;

	snprintf(path, size, "%s/chatd.conf", d->directory);
	f = fopen(path, "w");
	cr_assert_not_null(f, "%s: %s", path, strerror(errno));
	fputs(text, f);
	fclose(f);
}

static void
become_daemon(const struct daemon_options *o, char *const *argv, int err)
{
	const struct rlimit files = { (rlim_t)o->files, (rlim_t)o->files };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
	dup2(err, STDERR_FILENO);
	dup2(err, STDOUT_FILENO);
	unsetenv("JOURNAL_STREAM");
	if (o->files != 0)
		setrlimit(RLIMIT_NOFILE, &files);
	if (o->fault != NULL)
		daemon_meets(o->fault);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Its standard output and error go to d->fd. */
static void
launch(
    struct daemon *d, const struct daemon_options *o, const char *const more[])
{
	const char *argv[ARGUMENTS];
	char config[128];
	int ends[2], n = 0, i;

	argv[n++] =
	    o->program != NULL ? o->program : daemon_program("CHATD", "chatd");
	argv[n++] = o->directory != NULL ? "-s" : "-n";
	if (o->directory != NULL)
		argv[n++] = o->directory;
	if (o->config != NULL) {
		write_config(d, o->config, config, sizeof(config));
		argv[n++] = "-c";
		argv[n++] = config;
	}
	for (i = 0; i < DAEMON_LISTENERS && o->listen[i] != NULL; i++) {
		argv[n++] = "-l";
		argv[n++] = o->listen[i];
	}
	if (o->is_loud)
		argv[n++] = "-v";
	for (i = 0; more != NULL && more[i] != NULL; i++)
		argv[n++] = more[i];
	argv[n] = NULL;
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	d->pid = fork();
	cr_assert_geq(d->pid, 0);
	if (d->pid == 0)
		become_daemon(o, (char *const *)(const void *)argv, ends[1]);
	close(ends[1]);
	d->fd = ends[0];
}

static void
begin_log(struct daemon *d)
{
	pthread_condattr_t attr;

	buf_clear(&d->log);
	d->is_over = false;
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&d->grown, &attr);
	pthread_condattr_destroy(&attr);
	cr_assert_eq(pthread_create(&d->thread, NULL, collect, d), 0);
}

/* An address without what is spoken there. */
static const char *
without_dialect(const char *address)
{
	static const char *const dialects[] = {
		"line:", "answers:", "notices:"
	};

	for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects); i++)
		if (strncmp(address, dialects[i], strlen(dialects[i])) == 0)
			return address + strlen(dialects[i]);
	return address;
}

static void
read_addresses(struct daemon *d, unsigned n)
{
	char *log = daemon_log(d);
	const char *at = log;

	for (d->n_addresses = 0; d->n_addresses < n; d->n_addresses++) {
		at = strstr(at, "listening on ");
		cr_assert_not_null(at);
		at = without_dialect(at + LISTENING_AT);
		snprintf(d->address[d->n_addresses], sizeof(d->address[0]),
		    "%.*s", (int)strcspn(at, "\n"), at);
	}
	free(log);
}

bool
daemon_starts(struct daemon *d, const struct daemon_options *given)
{
	struct daemon_options o = *given;
	unsigned n = o.configured;

	if (o.listen[0] == NULL && n == 0)
		o.listen[0] = "127.0.0.1:0";
	while (o.configured == 0 && n < DAEMON_LISTENERS && o.listen[n] != NULL)
		n++;
	launch(d, &o, NULL);
	begin_log(d);
	if (!daemon_says(d, "listening on ", n))
		return false;
	read_addresses(d, n);
	return true;
}

void
daemon_start(struct daemon *d, const struct daemon_options *o)
{
	char *log;

	if (daemon_starts(d, o))
		return;
	log = daemon_log(d);
	cr_assert_fail("chatd does not serve: %s", log);
}

int
daemon_fails(
    struct daemon *d, const struct daemon_options *o, const char *const more[])
{
	launch(d, o, more);
	begin_log(d);
	return daemon_wait(d);
}

/* ---- the end ---- */

/* The status, when the process is there no more; waits for it at most
 * DAEMON_WAIT_MS. */
static int
reap(struct daemon *d)
{
	struct pollfd ended = { .events = POLLIN };
	int status;

	ended.fd = pidfd_open(d->pid, 0);
	if (poll(&ended, 1, DAEMON_WAIT_MS) <= 0) {
		kill(d->pid, SIGABRT);
		waitpid(d->pid, &status, 0);
		cr_assert_fail("chatd does not end");
	}
	close(ended.fd);
	waitpid(d->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int
daemon_wait(struct daemon *d)
{
	int status = reap(d);

	pthread_join(d->thread, NULL);
	pthread_cond_destroy(&d->grown);
	pthread_mutex_destroy(&d->lock);
	close(d->fd);
	d->fd = -1;
	return status;
}

void
daemon_stop(struct daemon *d)
{
	int status;

	kill(d->pid, SIGTERM);
	status = daemon_wait(d);
	cr_assert_eq(status, 0, "chatd ended with status %d: %s", status,
	    buf_string(&d->log));
}

void
daemon_kill(struct daemon *d)
{
	kill(d->pid, SIGKILL);
	cr_assert_eq(daemon_wait(d), -SIGKILL);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	remove(path);
	return 0;
}

void
daemon_remove(const char *directory)
{
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
daemon_done(struct daemon *d)
{
	daemon_remove(d->directory);
	buf_done(&d->log);
}

/* ---- what the kernel knows about it ---- */

int64_t
daemon_cpu_us(const struct daemon *d)
{
	clockid_t clock;
	struct timespec used;

	cr_assert_eq(clock_getcpuclockid(d->pid, &clock), 0);
	cr_assert_eq(clock_gettime(clock, &used), 0);
	return used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

unsigned
daemon_files(const struct daemon *d)
{
	char path[64];
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)d->pid);
	dir = opendir(path);
	cr_assert_not_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2; /* . and .. */
}

long
daemon_rss_kib(const struct daemon *d)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)d->pid);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "VmRSS: %ld", &kib);
	fclose(f);
	return kib;
}
