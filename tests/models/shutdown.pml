/* The end (cli/run.c, runtime/graph/transition.c, runtime/storage/outbox.c): at SIGTERM the server
 * closes and the graph stops: the receiver first, then the outbox, which commits what it has, takes
 * nothing more, gives its endpoint the time until a deadline, and says once that it has stopped.
 * The receiver's clients get their answer or none, but never a false one. The endpoint answers, or
 * fails, or never answers.
 *
 * break: BREAK_NO_DEADLINE -> it_ends
 * break: BREAK_TAKES_WHILE_STOPPING -> acked_is_kept
 * break: BREAK_FORGETS_ACKS -> every_push_is_answered
 * break: BREAK_ACKS_AT_FREE -> acked_is_kept
 * break: BREAK_DONE_TWICE -> done_once
 * break: BREAK_OUTBOX_FIRST -> receiver_stops_first
 */
#define PUSHES 3

/* Properties. */
bool acked_is_kept = true;          /* delivered, or in the log that the next run reads */
bool done_once = true;
bool receiver_stops_first = true;
bool every_push_is_answered = true; /* before the program ends */
#define HOLDS(name, condition) name = (condition); assert(name)

byte pushed, buffered, stored, acked, refused; /* counts of records, in order */
byte delivered;
bool in_flight, failing, silent;
bool asked, outbox_stopping, outbox_stopped, receiver_stopped, freed, ended;
byte done_calls, checks;
bool begun; /* a push that waits in a mailbox */

inline commit()
{
    stored = stored + buffered;
    acked = acked + buffered;
    buffered = 0
}

inline finish()
{
    if
    :: !outbox_stopped ->
        outbox_stopped = true;
        done_calls++
    :: else ->
#ifdef BREAK_DONE_TWICE
        done_calls++
#else
        skip
#endif
    fi;
    HOLDS(done_once, done_calls == 1)
}

active proctype client()
{
    do
    :: atomic { pushed < PUSHES && !receiver_stopped && !begun -> begun = true }
    :: atomic { begun ->
        begun = false;
        pushed++;
        if
        :: freed -> refused++
#ifdef BREAK_TAKES_WHILE_STOPPING
        :: outbox_stopping && !freed -> acked++
#else
        :: outbox_stopping && !freed -> refused++
#endif
        :: else -> buffered++
        fi }
    :: (pushed == PUSHES || receiver_stopped) && !begun -> break
    od
}

active proctype loop()
{
    do
    :: atomic { buffered && !freed -> commit() }
    :: atomic { !asked -> asked = true
#ifdef BREAK_OUTBOX_FIRST
        ;
        HOLDS(receiver_stops_first, receiver_stopped);
        outbox_stopping = true;
        commit()
#endif
        }
    :: atomic { asked && !receiver_stopped -> receiver_stopped = true }
    :: atomic { receiver_stopped && !outbox_stopping ->
        HOLDS(receiver_stops_first, receiver_stopped);
        outbox_stopping = true;
        commit() }
    :: atomic { outbox_stopping && checks < 3 && !in_flight && (delivered == stored || failing) ->
        checks++;
        finish() }
#ifndef BREAK_NO_DEADLINE
    :: atomic { outbox_stopping && !outbox_stopped -> finish() } /* the deadline */
    :: atomic { asked && !outbox_stopped -> break }              /* the graph's */
#endif
    :: outbox_stopped -> break
    od;
    atomic {
        freed = true;
        in_flight = false; /* cancelled; it stays in the log */
#ifdef BREAK_ACKS_AT_FREE
        acked = acked + buffered;
#elif !defined(BREAK_FORGETS_ACKS)
        refused = refused + buffered;
#endif
        buffered = 0
    }
    HOLDS(every_push_is_answered, acked + refused == pushed);
    HOLDS(acked_is_kept, acked <= stored && delivered <= stored);
    ended = true
}

active proctype endpoint()
{
end:
    do
    :: atomic { !freed && !in_flight && delivered < stored -> in_flight = true }
    :: atomic { in_flight && !silent -> in_flight = false; delivered++ }
    :: atomic { in_flight && !silent && !failing -> in_flight = false; failing = true }
    :: atomic { in_flight && !silent -> silent = true }
    od
}

ltl it_ends { <> asked -> <> ended }
