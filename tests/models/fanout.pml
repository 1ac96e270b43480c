/* Acknowledgement with fan-out (runtime/telemetry/fanout.c): a source pushes one batch to a list of
 * sinks, each of which answers within the call or later; the join counts the answers and combines
 * them; the source pushes again when it is asked to, to those that asked. A reload may change the
 * list at any time. Everything happens on one loop, so a step is a call or an event.
 *
 * break: BREAK_NO_GUARD -> ack_once
 * break: BREAK_DONE_WINS -> done_reaches_all
 * break: BREAK_MASK_LOST -> nothing_twice
 * break: BREAK_OLD_MASK -> done_reaches_all
 * break: BREAK_NO_MEMORY_SILENT -> every_push_is_answered
 */
#define SINKS 3 /* sinks that exist */
#define LIST 2  /* of which so many are in the list */
#define TRIES 3

#define DONE 1
#define REJECTED 2
#define RETRY 3

/* Properties. */
bool ack_once = true;         /* each push is acknowledged exactly once, after all its answers */
bool done_reaches_all = true; /* DONE: every sink of the list of that push has it or refused it */
bool nothing_twice = true;    /* without a reload no sink gets the batch again after it took it */
#define HOLDS(name, condition) name = (condition); assert(name)

byte list[LIST];    /* the fan-out's */
byte version = 1;
bool reloaded;
bool took[SINKS];   /* or refused: it will not ask again */
byte open[SINKS];   /* answers that a sink still owes for this push; bit of its place + 1 */

/* The join and the source's fanout_push. */
byte join_list[LIST];
byte waiting, again, mask = 3, mask_version = 1, now;
bool alive, started, acked, ended;
byte result, tries;

inline finish()
{
    HOLDS(ack_once, alive && !acked);
    alive = false;
    acked = true;
    result = (again -> RETRY : DONE);
#ifdef BREAK_DONE_WINS
    if
    :: (took[join_list[0]] || took[join_list[1]]) -> result = DONE
    :: else
    fi;
#endif
#ifndef BREAK_MASK_LOST
    mask = again;
#endif
    if
    :: result == DONE ->
        HOLDS(done_reaches_all, took[join_list[0]] && took[join_list[1]])
    :: else
    fi
}

inline branch_done(place, answer)
{
    HOLDS(ack_once, alive && waiting > 0);
    if
    :: answer == RETRY -> again = again | (1 << place)
    :: else -> took[join_list[place]] = true
    fi;
    waiting--;
    if
    :: waiting == 0 -> finish()
    :: else
    fi
}

inline sink_answers(place)
{
    if
    :: branch_done(place, DONE)
    :: branch_done(place, REJECTED)
    :: branch_done(place, RETRY)
    fi
}

/* sink_push: an answer within the call, or later. */
inline sink_push(place)
{
    HOLDS(nothing_twice, reloaded || !took[list[place]]);
    waiting++;
    if
    :: sink_answers(place)
    :: open[join_list[place]] = place + 1
    fi
}

inline push_all()
{
    d_step {
        acked = false;
        again = 0;
        join_list[0] = list[0];
        join_list[1] = list[1];
        if
#ifndef BREAK_OLD_MASK
        :: mask_version != version -> mask = 3
#endif
        :: else
        fi;
        mask_version = version;
        started = true;
#ifdef BREAK_NO_GUARD
        waiting = 0;
#else
        waiting = 1;
#endif
    }
    if
    :: alive = true;
        now = mask;
        if
        :: now & 1 -> sink_push(0)
        :: else
        fi;
        if
        :: now & 2 -> sink_push(1)
        :: else
        fi;
#ifndef BREAK_NO_GUARD
        waiting--;
        if
        :: waiting == 0 -> finish()
        :: else
        fi
#else
        skip
#endif
    :: tries < TRIES -> /* no memory for a join */
#ifndef BREAK_NO_MEMORY_SILENT
        acked = true;
        result = RETRY
#else
        skip
#endif
    fi
}

active proctype loop()
{
    byte place;
    list[1] = 1;
    do
    :: atomic { !started && tries <= TRIES -> push_all(); tries++ }
    :: atomic { open[0] -> place = open[0] - 1; open[0] = 0; sink_answers(place) }
    :: atomic { open[1] -> place = open[1] - 1; open[1] = 0; sink_answers(place) }
    :: atomic { open[2] -> place = open[2] - 1; open[2] = 0; sink_answers(place) }
    :: atomic { acked && started -> /* the source: again, or the end */
        started = false;
        if
        :: result == RETRY && tries <= TRIES -> skip
        :: else -> ended = true; break
        fi }
    :: atomic { !reloaded && version == 1 -> reloaded = true; version = 2; list[0] = 1; list[1] = 2 }
    od
}

ltl every_push_is_answered { [] (started -> <> acked) }
