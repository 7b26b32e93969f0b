/*
 * chat-protocol(7), as far as promises hang on it: devices number what they
 * say, the store commits what waits in one go, answers and entries come after
 * that, and whoever was cut off comes back with two numbers.
 *
 * Two writers, one reader, one daemon.  What happens to them: CUTS connections
 * are cut (what was on the way down is gone; what was on the way up may still
 * be read until the device is greeted again), CRASHES times the daemon is
 * killed, REFUSALS says are refused though nothing is wrong with them.
 *
 * Each of these is a mistake, and spin has to find where it leads:
 *	ACK_EARLY	stored is told when the store is asked
 *	NO_DEDUP	a number taken before is taken again
 *	MEMORY_DEDUP	numbers are forgotten when the daemon is killed
 *	ANY_NUMBER	every number not taken yet is taken, in any order
 *	FANOUT_EARLY	entries are told before the commit
 */
#ifndef SAYS
#define SAYS 2 /* of the first writer; the second says one thing */
#endif
#ifndef CUTS
#define CUTS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef REFUSALS
#define REFUSALS 1
#endif

#define WINDOW 2   /* says without an answer */
#define PIPE   3   /* messages on the way */
#define BATCH  4   /* asked of the store at a time */
#define LOG    6   /* entries there may be: more than should */
#define READER 2   /* the connection's number; 0 and 1 are writers */
#define ALL    (SAYS + 1)

mtype = { hello, say, attach, welcome, stored, refused, entry };

/* Of each connection: message, number, which text. */
chan up[3] = [PIPE] of { mtype, byte, byte };
chan late[3] = [PIPE] of { mtype, byte, byte };
chan down[3] = [PIPE] of { mtype, byte, byte };
bool is_open[3];
bool is_known[3];  /* the daemon has answered hello or attach */
bool is_asked[3];  /* it has hello, and asks the store */
byte life[3];      /* which connection it is: answers go to no other */

byte cuts = CUTS, crashes = CRASHES, refusals = REFUSALS;

/* On disk. */
byte log_who[LOG], log_text[LOG], log_len;
byte taken[2];

/* In the daemon's memory: what the store is asked, and the transaction. */
byte ask_who[BATCH], ask_no[BATCH], ask_text[BATCH], ask_life[BATCH];
mtype ask_what[BATCH], answer[BATCH];
byte asks;
bool is_begun;
byte new_who[BATCH], new_text[BATCH], new_len, new_taken[2];
byte sent;     /* entries the reader was sent */
#ifdef ANY_NUMBER
byte numbers[2]; /* those taken: bits, on disk */
#endif

/* What the writers and the reader know. */
byte want[2];
byte has_answer[2]; /* texts that are stored: bits */
byte cursor;

#define BIT(n) (1 << (n))

inline drain(pipe)
{
	do
	:: len(pipe) > 0 -> pipe?_,_,_
	:: else -> break
	od
}

/* One side finds its connection gone. */
inline cut(i)
{
	is_open[i] = false;
	is_known[i] = false;
	is_asked[i] = false;
	life[i]++;
	drain(down[i])
}

/* ---- a writer ---- */

proctype Writer(byte i)
{
	byte first;  /* text that is number 1 + shift */
	byte next;   /* text to say next; 0: not greeted */
	byte shift;  /* numbers are texts less this */
	byte due, low, n, t;

	first = 1;
end:
	do
	:: atomic { !is_open[i] && first <= want[i] ->
		is_open[i] = true;
		next = 0;
		due = 0;
		low = 0;
		up[i]!hello,0,0
	   }
	:: atomic { is_open[i] && next != 0 && next <= want[i] && low == 0 &&
	     due < WINDOW && len(up[i]) < PIPE ->
		up[i]!say,next - shift,next;
		next++;
		due++
	   }
	   /* All are answered: back to what was refused first. */
	:: atomic { is_open[i] && low != 0 && due == 0 ->
		next = first;
		shift = first - low;
		low = 0
	   }
	:: atomic { is_open[i] && len(down[i]) > 0 ->
		if
		:: down[i]?welcome,n,_ ->
			/* Settled by it; or said again, which does no harm. */
			t = n + shift;
			if
			:: first <= t ->
				has_answer[i] = has_answer[i] | (BIT(t + 1) - BIT(first));
				first = t + 1;
				shift = first - (n + 1)
			:: first <= t -> skip
			:: else -> shift = first - (n + 1)
			fi;
			next = first
		:: down[i]?stored,n,_ ->
			has_answer[i] = has_answer[i] | BIT(n + shift);
			due--;
			do
			:: has_answer[i] & BIT(first) -> first++
			:: else -> break
			od
		:: down[i]?refused,n,_ ->
			due--;
			if
			:: low == 0 || n < low -> low = n
			:: else
			fi
		fi;
		/* Acknowledged is on disk. */
		t = 1;
		do
		:: t < first -> n = 0;
			do
			:: n < log_len && !(log_who[n] == i && log_text[n] == t) -> n++
			:: else -> break
			od;
			assert(n < log_len);
			t++
		:: else -> break
		od;
		n = 0;
		t = 0
	   }
	od
}

/* ---- the reader ---- */

proctype Reader()
{
	byte seq, what;
end:
	do
	:: atomic { !is_open[READER] ->
		is_open[READER] = true;
		up[READER]!attach,cursor,0
	   }
	:: atomic { is_open[READER] && len(down[READER]) > 0 ->
		down[READER]?entry,seq,what;
		assert(seq == cursor);   /* no hole, nothing twice */
		assert(seq < log_len);   /* on disk, and the same there */
		assert(what == log_who[seq] * 8 + log_text[seq]);
		cursor++;
		seq = 0;
		what = 0
	   }
	od
}

/* ---- the daemon ---- */

inline ask(w, which, n, t)
{
	ask_who[asks] = w;
	ask_what[asks] = which;
	ask_no[asks] = n;
	ask_text[asks] = t;
	ask_life[asks] = life[w];
	asks++
}

inline hear_say(w, n, t, is_late)
{
	if
	:: refusals > 0 && w == 0 ->
		refusals--;
		if
		:: !is_late -> down[w]!refused,n,0
		:: else
		fi
	:: true ->
		ask(w, say, n, t);
#ifdef ACK_EARLY
		if
		:: !is_late -> down[w]!stored,n,0
		:: else
		fi
#endif
		if
		:: is_late -> ask_life[asks - 1] = 255
		:: else
		fi
	fi
}

/* In the transaction: is it the next number of its device? */
inline carry_out(k)
{
	w = ask_who[k];
	if
	:: ask_what[k] == hello ->
		answer[k] = welcome;
		ask_no[k] = new_taken[w]
#ifdef ANY_NUMBER
	:: ask_what[k] == say && (numbers[w] & BIT(ask_no[k])) -> answer[k] = stored
	:: ask_what[k] == say && !(numbers[w] & BIT(ask_no[k])) ->
		numbers[w] = numbers[w] | BIT(ask_no[k]);
#else
	:: ask_what[k] == say && ask_no[k] > new_taken[w] + 1 -> answer[k] = refused
#ifndef NO_DEDUP
	:: ask_what[k] == say && ask_no[k] <= new_taken[w] -> answer[k] = stored
	:: ask_what[k] == say && ask_no[k] == new_taken[w] + 1 ->
#else
	:: ask_what[k] == say && ask_no[k] <= new_taken[w] + 1 ->
#endif
#endif
		answer[k] = stored;
		new_who[new_len] = w;
		new_text[new_len] = ask_text[k];
		new_len++;
		if
		:: ask_no[k] > new_taken[w] -> new_taken[w] = ask_no[k]
		:: else
		fi
	fi
}

inline tell(k)
{
	w = ask_who[k];
	if
	:: ask_life[k] != life[w] -> skip /* nobody waits any more */
	:: ask_life[k] == life[w] && answer[k] == welcome ->
		is_known[w] = true;
		drain(late[w]);
		down[w]!welcome,ask_no[k],0
	:: ask_life[k] == life[w] && answer[k] != welcome ->
#ifdef ACK_EARLY
		skip
#else
		down[w]!answer[k],ask_no[k],0
#endif
	fi
}

inline check_log()
{
	k = 0;
	do
	:: k < log_len ->
		j = k + 1;
		do
		:: j < log_len ->
			/* Nothing is there twice, nothing was overtaken. */
			assert(log_who[j] != log_who[k] || log_text[j] > log_text[k]);
			j++
		:: else -> break
		od;
		k++
	:: else -> break
	od
}

inline forget_all()
{
	asks = 0;
	is_begun = false;
	new_len = 0;
	sent = 0;
	cut(0);
	cut(1);
	cut(2);
	drain(up[0]);
	drain(up[1]);
	drain(up[2]);
	drain(late[0]);
	drain(late[1])
}

/* There is room for all answers that may come of it. */
#define CAN_HEAR(i) (asks < BATCH && !is_begun && len(down[i]) < PIPE - 1)

proctype Daemon()
{
	byte i, j, k, n, t, w;
#ifdef MEMORY_DEDUP
	byte memory[2];
#endif
end:
	do
	:: atomic { len(up[0]) > 0 && CAN_HEAR(0) && (is_known[0] || !is_asked[0]) -> i = 0; goto hear }
	:: atomic { len(up[1]) > 0 && CAN_HEAR(1) && (is_known[1] || !is_asked[1]) -> i = 1; goto hear }
	:: atomic { len(late[0]) > 0 && CAN_HEAR(0) -> late[0]?_,n,t;
		hear_say(0, n, t, true) }
	:: atomic { len(up[READER]) > 0 ->
		up[READER]?attach,n,_;
		assert(n <= log_len);
		sent = n;
		is_known[READER] = true }
	   /* The store: begin, carry out all that waits ... */
	:: atomic { asks > 0 && !is_begun ->
		is_begun = true;
#ifdef MEMORY_DEDUP
		new_taken[0] = memory[0];
		new_taken[1] = memory[1];
#else
		new_taken[0] = taken[0];
		new_taken[1] = taken[1];
#endif
		k = 0;
		do
		:: k < asks && log_len + new_len < LOG -> carry_out(k); k++
		:: else -> break
		od;
		k = 0; w = 0 }
	   /* ... and commit, then tell. */
	:: atomic { is_begun && len(down[0]) <= PIPE - 2 && len(down[1]) <= PIPE - 2 ->
		k = 0;
		do
		:: k < new_len ->
			log_who[log_len] = new_who[k];
			log_text[log_len] = new_text[k];
			log_len++;
			k++
		:: else -> break
		od;
		taken[0] = new_taken[0];
		taken[1] = new_taken[1];
#ifdef MEMORY_DEDUP
		memory[0] = taken[0];
		memory[1] = taken[1];
#endif
		new_len = 0;
		is_begun = false;
		check_log();
		k = 0;
		do
		:: k < asks -> tell(k); k++
		:: else -> break
		od;
		k = 0;
		do
		:: k < asks -> ask_who[k] = 0; ask_no[k] = 0; ask_text[k] = 0;
			ask_life[k] = 0; ask_what[k] = 0; answer[k] = 0;
			new_who[k] = 0; new_text[k] = 0; k++
		:: else -> break
		od;
		asks = 0; k = 0; j = 0; w = 0 }
	:: atomic { is_known[READER] && sent < log_len && len(down[READER]) == 0 ->
		down[READER]!entry,sent,log_who[sent] * 8 + log_text[sent];
		sent++ }
#ifdef FANOUT_EARLY
	:: atomic { is_known[READER] && is_begun && sent >= log_len &&
	     sent < log_len + new_len && len(down[READER]) == 0 ->
		down[READER]!entry,sent,new_who[sent - log_len] * 8 + new_text[sent - log_len];
		sent++ }
#endif
	:: atomic { crashes > 0 -> crashes--;
#ifdef MEMORY_DEDUP
		memory[0] = 0; memory[1] = 0;
#endif
		forget_all() }
	:: atomic { cuts > 0 && is_open[0] -> cuts--;
		/* What was on the way up may be read still. */
		drain(late[0]);
		do
		:: len(up[0]) > 0 && is_known[0] -> up[0]?say,n,t; late[0]!say,n,t
		:: len(up[0]) > 0 && !is_known[0] -> up[0]?_,_,_
		:: else -> break
		od;
		n = 0; t = 0;
		cut(0) }
	:: atomic { cuts > 0 && is_open[READER] -> cuts--;
		drain(up[READER]);
		cut(READER) }
	od;
hear:	atomic {
		if
		:: up[i]?hello,_,_ -> is_asked[i] = true; ask(i, hello, 0, 0)
		:: up[i]?say,n,t -> hear_say(i, n, t, false)
		fi;
		i = 0; n = 0; t = 0
	};
	goto end
}

/* When nothing more can happen, everything has. */
proctype Judge()
{
	timeout ->
	assert(has_answer[0] == BIT(SAYS + 1) - 2);
	assert(has_answer[1] == BIT(1 + 1) - 2);
	assert(log_len == ALL && cursor == ALL)
}

init
{
	atomic {
		want[0] = SAYS;
		want[1] = 1;
		run Writer(0);
		run Writer(1);
		run Reader();
		run Daemon();
		run Judge()
	}
}
