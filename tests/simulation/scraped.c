/* A scrape target: each page has a number that counts pages, and a series that comes and goes. */

#include "base/memory.h"
#include "runtime/telemetry/batch.h"
#include "tests/simulation/run.h"

#include <stdio.h>

enum { PAGES = 4000, PORT = 9208 };

struct scraped {
    struct run *run;
    struct http_server *server;
    unsigned pages;
    unsigned newest[RECEIVERS];
    uint8_t arrived[RECEIVERS][PAGES];
    bool is_gone;          /* the series that comes and goes */
    int64_t gone_at;       /* in the last life; 0 = not yet */
    unsigned last_life;    /* in which it was on a page */
    bool fresh[RECEIVERS]; /* the last sample of it that arrived was no staleness marker */
};

static bool series_is_there(struct scraped *t)
{
    struct sim *sim = t->run->sim;
    if (!sim->calm) {
        if (sim_fault(sim, SIM_SERIES_GONE))
            t->is_gone = !t->is_gone;
        return !t->is_gone;
    }
    if (!t->run->j->is_quiet && t->gone_at == 0)
        t->gone_at = sim->now + SECOND + SECOND / 2;
    return t->gone_at == 0 || sim->now < t->gone_at;
}

static void serve(void *arg, struct http_exchange *exchange)
{
    struct scraped *t = arg;
    char page[128];
    bool there = series_is_there(t);
    if (t->pages + 1 < PAGES)
        t->pages++;
    int len = snprintf(page, sizeof page, "pages_total %u\n%s", t->pages,
                       there ? "coming_and_going 1\n" : "");
    if (there)
        t->last_life = t->run->j->life;
    http_reply_text(exchange, 200, str_of(page, (size_t)len));
}

static void page_arrived(struct scraped *t, unsigned receiver, double value)
{
    unsigned page = (unsigned)value;
    struct judge *j = t->run->j;
    if (page == 0 || page > t->pages) {
        judge_violate(j, "a page %g arrives that was never served", value);
        return;
    }
    /* What was refused together with others may be taken in other company, later. */
    bool is_ordered = j->sim->faults[SIM_REJECT] == 0;
    if (is_ordered && t->arrived[receiver][page] == 0 && page < t->newest[receiver])
        judge_violate(j, "page %u arrives at receiver %u behind %u", page, receiver,
                      t->newest[receiver]);
    t->arrived[receiver][page] = 1;
    if (page > t->newest[receiver])
        t->newest[receiver] = page;
}

void scraped_sample(void *arg, unsigned receiver, struct str name, int64_t t_ms, double value)
{
    struct scraped *t = arg;
    bool is_stale = is_stale_nan(value);
    (void)t_ms;
    if (is_stale)
        sim_saw(t->run->sim, SIM_STALE_MARKER);
    if (str_is(name, "pages_total") && !is_stale)
        page_arrived(t, receiver, value);
    if (str_is(name, "coming_and_going"))
        t->fresh[receiver] = !is_stale;
}

struct scraped *scraped_new(struct run *run)
{
    struct scraped *t = sim_alloc(sizeof *t);
    struct error err = {0};
    struct http_server_options server = {.listen = STR("10.0.0.1:9208")};
    struct http_route route = {.path = "/metrics", .handler = serve, .arg = t};
    t->run = run;
    t->server = http_server_new(&run->sim->outside.base, &server, &err);
    ASSERT(t->server != NULL);
    http_server_route(t->server, &route);
    return t;
}

void scraped_free(struct scraped *t)
{
    mem_free(t);
}

void scraped_finish(struct scraped *t)
{
    struct judge *j = t->run->j;
    if (t->last_life + 1 != j->life) /* the series was not there in the last life */
        return;
    for (unsigned r = 0; r < j->receivers; r++) {
        if (t->fresh[r])
            judge_violate(j, "a series that is gone was not marked stale at receiver %u", r);
    }
}
