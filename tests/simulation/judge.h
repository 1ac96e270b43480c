#ifndef TESTS_SIMULATION_JUDGE_H
#define TESTS_SIMULATION_JUDGE_H

/* What a run is judged by. It stands outside of the process: it knows every item that was given
 * out, which were acknowledged (or written to a file to the end), and what reached each receiver.
 *
 *   everything acknowledged arrives at every receiver, or was refused by it for good (4xx)
 *   as it was given, in order within its stream
 *   again only where a fault left the outcome open
 *   a fresh item arrives in bounded time once faults have stopped
 *   nothing stays open after a stop in good order; counters say what happened */

#include "tests/simulation/sim.h"

enum { STREAMS = 8, ITEMS = 3000, RECEIVERS = 3, ITEM_TEXT = 400 };

enum item_flag {
    ITEM_ACKED = 1,
    ITEM_EXCUSED = 2, /* acknowledged before a power cut that may lose it */
    ITEM_OPEN = 4,    /* pushed again: its first push may have been taken */
};

struct item {
    uint8_t flags;
    uint8_t life; /* in which it was acknowledged */
    uint8_t arrivals[RECEIVERS];
    uint8_t refused; /* bit a receiver */
};

struct judge {
    struct sim *sim;
    unsigned receivers;
    unsigned life;
    unsigned sent[STREAMS]; /* numbers given out */
    struct item items[STREAMS][ITEMS];
    int newest[RECEIVERS][STREAMS]; /* largest number that arrived */
    uint64_t arrived, refused;      /* items, all receivers, this life */
    /* Items that arrived again, not explained by ITEM_OPEN; how many there may be. */
    uint64_t duplicates, allowance;
    uint64_t again[RECEIVERS]; /* in this life */
    unsigned may_repeat;       /* in this life, at each receiver; what was in flight at faults */
    bool is_troubled;          /* there was another fault than deaths and reloads */
    unsigned unordered;        /* bit a stream: its items may overtake each other */
    bool is_quiet;             /* sources give out nothing new */
    bool is_strict;            /* a power cut loses nothing either */
    char violation[300];
};

struct judge *judge_new(struct sim *sim, unsigned receivers);
/* The first violation stays. */
void judge_violate(struct judge *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The next number of a stream; false when there are enough. */
bool judge_next(struct judge *j, unsigned stream, unsigned *n);
/* The text of an item, and whether its receivers refuse it for good. */
struct str judge_text(const struct judge *j, unsigned stream, unsigned n, char out[ITEM_TEXT]);
bool judge_is_poison(const struct judge *j, unsigned stream, unsigned n);
/* Reads an item's text at the start of `text`; false, and a violation, when it is not whole. */
bool judge_read(struct judge *j, struct str text, unsigned *stream, unsigned *n);
void judge_acked(struct judge *j, unsigned stream, unsigned n);
void judge_pushed_again(struct judge *j, unsigned stream, unsigned n);
void judge_arrived(struct judge *j, unsigned receiver, unsigned stream, unsigned n);
void judge_refused(struct judge *j, unsigned receiver, unsigned stream, unsigned n);
enum life_end { END_STOP, END_DEATH, END_POWER_CUT };
/* The life is over; what was in flight may come again after a death. */
void judge_life_over(struct judge *j, enum life_end end, unsigned in_flight);
/* A reload was applied. */
void judge_reloaded(struct judge *j, unsigned in_flight);
/* The outcome of a request with so many items is not known to the sender. */
void judge_open_outcome(struct judge *j, size_t items);
/* Everything acknowledged has arrived. */
bool judge_is_settled(const struct judge *j);
/* Violations at the end of the run. */
void judge_finish(struct judge *j);

#endif
