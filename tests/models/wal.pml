/* The log, its cursors and its truncation (runtime/storage/wal.c, cursor.c, segments.c,
 * outbox_endpoint.c). A source pushes records one by one and is acknowledged after the commit; two
 * endpoints read behind their cursors, send, and store the cursor after the answer, each time into
 * the older of its two slots; whole segments behind the slowest cursor are removed. The process
 * dies between any two steps: what the kernel has stays, what is in memory is lost, and a slot that
 * was being written is torn.
 *
 * break: BREAK_ACK_BEFORE_COMMIT -> acked_is_delivered
 * break: BREAK_CURSOR_BEFORE_ANSWER -> cursor_passes_only_what_is_there
 * break: BREAK_TRUNCATE_ONE_MORE -> segment_is_needed_by_nobody
 * break: BREAK_FASTEST_CURSOR -> segment_is_needed_by_nobody
 * break: BREAK_ONE_SLOT -> repeats_only_in_flight
 * break: BREAK_SEQUENCES_BEGIN_AGAIN -> acked_is_delivered
 * break: BREAK_CURSOR_NOT_MOVED_UP -> all_arrives
 */
#define RECORDS 3
#define SEGMENT 2 /* records in one */
#define DEATHS 2
#define FAULTS 1 /* answers that are lost, writes of cursors that fail */
#define SEQUENCES 6
#define TORN 255

/* Properties. */
bool acked_is_delivered = true;               /* at the end every endpoint has every acked record */
bool cursor_passes_only_what_is_there = true; /* at every step */
bool segment_is_needed_by_nobody = true;      /* when it is removed */
bool repeats_only_in_flight = true;           /* once more for each fault while it was on its way */
#define HOLDS(name, condition) name = (condition); assert(name)

/* The disk: which push stands at a sequence (+ 1, 0 = none), and two slots for each cursor. */
byte on_disk[SEQUENCES];
byte first = 1, next = 1;
byte slot[4];
bit newer[2];

/* The memory of the process. */
byte buffered;     /* appended, not committed: push + 1 */
bool committed;    /* and not acknowledged yet */
byte cursor[2];
byte in_flight[2]; /* sequence, 0 = none */
bool answered[2], storing[2];

/* The judge's. */
byte pushed, deaths, faults, over; /* endpoints that are through */
bool got[12], excused[12]; /* endpoint * SEQUENCES + sequence */

#define FINISHED (pushed == RECORDS && !buffered && !committed && \
                  cursor[0] + 1 >= next && cursor[1] + 1 >= next)

inline truncate()
{
    d_step {
#ifdef BREAK_FASTEST_CURSOR
        slowest = (cursor[0] > cursor[1] -> cursor[0] : cursor[1]);
#else
        slowest = (cursor[0] < cursor[1] -> cursor[0] : cursor[1]);
#endif
#ifdef BREAK_TRUNCATE_ONE_MORE
        slowest = slowest + 1;
#endif
        do
        :: first + SEGMENT <= next && first + SEGMENT - 1 <= slowest ->
            HOLDS(segment_is_needed_by_nobody,
                  cursor[0] >= first + SEGMENT - 1 && cursor[1] >= first + SEGMENT - 1);
            first = first + SEGMENT
        :: else -> break
        od;
        slowest = 0
    }
}

inline open_cursor(e)
{
    at = slot[2 * e + newer[e]];
    if
    :: at == TORN -> newer[e] = 1 - newer[e]; at = slot[2 * e + newer[e]]
    :: else
    fi;
#ifndef BREAK_CURSOR_NOT_MOVED_UP
    if
    :: at + 1 < first -> at = first - 1
    :: else
    fi;
#endif
    if
    :: in_flight[e] -> excused[e * SEQUENCES + in_flight[e]] = got[e * SEQUENCES + in_flight[e]]
    :: else
    fi;
    cursor[e] = at;
    in_flight[e] = 0;
    answered[e] = false;
    storing[e] = false
}

active proctype death()
{
    byte at;
    do
    :: d_step { deaths < DEATHS && !FINISHED ->
        deaths++;
        buffered = 0;
        committed = false;
#ifdef BREAK_SEQUENCES_BEGIN_AGAIN
        if /* no segment is left: the cursors are forgotten */
        :: first == next -> first = 1; next = 1; on_disk[1] = 0; on_disk[2] = 0
        :: else
        fi;
#endif
        open_cursor(0);
        open_cursor(1);
        at = 0 }
    :: FINISHED -> break
    od
}

active proctype source()
{
    do
    :: atomic { pushed < RECORDS && !buffered && !committed && next < SEQUENCES ->
        buffered = pushed + 1;
#ifdef BREAK_ACK_BEFORE_COMMIT
        pushed++
#endif
        }
    :: atomic { buffered -> on_disk[next] = buffered; next++; buffered = 0; committed = true }
    :: atomic { committed -> committed = false;
#ifndef BREAK_ACK_BEFORE_COMMIT
        pushed++
#endif
        }
    :: FINISHED -> break
    od
}

inline cursor_reaches(e, sequence)
{
    HOLDS(cursor_passes_only_what_is_there, got[e * SEQUENCES + sequence] );
    cursor[e] = sequence
}

active [2] proctype endpoint()
{
    byte e = _pid - 2, slowest, at, have;
    do
    :: atomic { !in_flight[e] && cursor[e] + 1 < next && cursor[e] + 1 >= first ->
        in_flight[e] = cursor[e] + 1;
#ifdef BREAK_CURSOR_BEFORE_ANSWER
        cursor_reaches(e, in_flight[e])
#endif
        }
    :: atomic { in_flight[e] && !answered[e] ->
        HOLDS(repeats_only_in_flight, !got[e * SEQUENCES + in_flight[e]] ||
                                      excused[e * SEQUENCES + in_flight[e]]);
        got[e * SEQUENCES + in_flight[e]] = true;
        excused[e * SEQUENCES + in_flight[e]] = false;
        if
        :: answered[e] = true
        :: faults < FAULTS -> faults++; excused[e * SEQUENCES + in_flight[e]] = true
        fi }
    :: atomic { answered[e] && !storing[e] ->
        storing[e] = true;
#ifdef BREAK_ONE_SLOT
        newer[e] = 1 - newer[e];
#endif
        slot[2 * e + 1 - newer[e]] = TORN }
    :: atomic { storing[e] ->
        if
        :: slot[2 * e + 1 - newer[e]] = in_flight[e]; newer[e] = 1 - newer[e]
        :: faults < FAULTS -> faults++; excused[e * SEQUENCES + in_flight[e]] = true /* EIO */
        fi;
        cursor_reaches(e, in_flight[e]);
        in_flight[e] = 0;
        answered[e] = false;
        storing[e] = false;
        truncate() }
    :: FINISHED -> break
    od;
    atomic {
        e = e * SEQUENCES;
        at = 1;
        do
        :: at < SEQUENCES ->
            if
            :: got[e + at] && on_disk[at] -> have = have | (1 << (on_disk[at] - 1))
            :: else
            fi;
            at++
        :: else -> break
        od;
        HOLDS(acked_is_delivered, have == (1 << RECORDS) - 1);
        at = 0;
        have = 0
    }
    over++
}

/* Deaths and faults end, and the rest goes through. */
ltl all_arrives { <> (over == 2) }
