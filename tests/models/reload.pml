/* A reload (runtime/graph/graph.c, transition.c, runtime/server/reload.c): the control loop builds
 * the new generation aside, checks it, and only then puts it in the place of the old; what went is
 * stopped level by level, users before what they use, each on its own loop; then what came is
 * started. Requests that come meanwhile wait and are answered by one later load. Components are a
 * chain: A pushes to B (both in the first configuration); C and D replace B in the second.
 *
 * break: BREAK_COMMIT_FIRST -> rejected_changes_nothing
 * break: BREAK_USED_FIRST -> push_finds_its_receiver
 * break: BREAK_START_EARLY -> old_stops_before_new_starts
 * break: BREAK_NO_QUEUE -> every_request_is_answered
 * break: BREAK_TWO_AT_ONCE -> one_transition_at_a_time
 */
#define REQUESTS 3

/* Properties. */
bool rejected_changes_nothing = true;
bool push_finds_its_receiver = true; /* B is there while A may push to it */
bool old_stops_before_new_starts = true;
bool one_transition_at_a_time = true;
#define HOLDS(name, condition) name = (condition); assert(name)

/* Components of the first configuration are a user and what it uses; of the second likewise. */
#define LIVE 1
#define STOPPING 2
#define GONE 3
byte user[2] = LIVE, used[2] = LIVE; /* of a generation: generation % 2 */
bool started[2];
byte live;                           /* generation that is live, modulo 2 */
bool in_transition, settled;
byte waiting, answered, asked;
byte holds;                          /* transitions that run */

/* One load: read, check, commit, evaluate. */
inline load()
{
    before = live;
#ifdef BREAK_COMMIT_FIRST
    live = 1 - live;
#endif
    if
    :: true -> /* refused: unreadable text, wrong text, no memory */
        HOLDS(rejected_changes_nothing, live == before && user[before] == LIVE)
    :: true ->
        live = 1 - before;
        user[live] = LIVE;
        used[live] = LIVE;
        started[live] = false;
        in_transition = true;
        holds++;
        HOLDS(one_transition_at_a_time, holds == 1);
#ifdef BREAK_USED_FIRST
        used[before] = STOPPING
#else
        user[before] = STOPPING
#endif
    fi;
    answered = answered + waiting;
    waiting = 0
}

active proctype control()
{
    byte before;
    started[0] = true;
    user[1] = GONE;
    used[1] = GONE;
    do
    :: atomic { asked < REQUESTS -> /* SIGHUP or POST: at once, or when all has settled */
        asked++;
        waiting++;
        if
#ifndef BREAK_TWO_AT_ONCE
        :: in_transition ->
#ifdef BREAK_NO_QUEUE
            waiting--
#else
            skip
#endif
#endif
        :: else -> load()
        fi }
    /* A level has stopped: the next one is told, or the new generation starts. */
    :: atomic { in_transition && user[1 - live] == GONE && used[1 - live] == LIVE ->
        used[1 - live] = STOPPING }
    :: atomic { in_transition && used[1 - live] == GONE && user[1 - live] == LIVE ->
        user[1 - live] = STOPPING }
#ifdef BREAK_START_EARLY
    :: atomic { in_transition && !started[live] ->
#else
    :: atomic { in_transition && user[1 - live] == GONE && used[1 - live] == GONE ->
#endif
        HOLDS(old_stops_before_new_starts, user[1 - live] == GONE && used[1 - live] == GONE);
        started[live] = true;
        in_transition = false;
        holds--;
        if
        :: waiting > 0 -> load()
        :: else
        fi }
    :: asked == REQUESTS && !in_transition && waiting == 0 -> break
    od
}

/* The loops of components: one that was told to stop says so in the end, and pushes until then. */
active [2] proctype stops()
{
    byte g = _pid - 1;
end:
    do
    :: atomic { user[g] == STOPPING -> user[g] = GONE }
    :: atomic { used[g] == STOPPING -> used[g] = GONE }
    od
}

active [2] proctype pushes()
{
    byte g = _pid - 3;
end:
    do
    :: atomic { user[g] != GONE && started[g] -> HOLDS(push_finds_its_receiver, used[g] == LIVE) }
    od
}

ltl every_request_is_answered { <> (answered == REQUESTS) }
