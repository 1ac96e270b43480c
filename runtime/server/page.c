/* The page: all components with their health and how much leaves them. Plain HTML, no scripts;
 * everything that comes from a configuration is escaped. */

#include "runtime/server/parts.h"

enum { PAGE_MAX = 256 * 1024 * 1024 };

static const char head[] =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>invar</title>"
    "<meta http-equiv=\"refresh\" content=\"5\">"
    "<style>body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;"
    "padding:0 1em;color:#1b1f24;background:#fff}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.3em .8em;border-bottom:1px solid #d8dee4}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "tr.unhealthy td:first-child{color:#b3261e;font-weight:600}"
    "tr.healthy td:first-child{color:#1a6b3c}</style></head><body><h1>invar</h1>\n"
    "<table><thead><tr><th>Health</th><th>Component</th><th class=\"n\">Items/s</th>"
    "<th class=\"n\">Items out</th></tr>"
    "</thead><tbody>\n";

static void escape(struct buf *out, struct str text)
{
    static const struct {
        char byte;
        const char *text;
    } entities[] = {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = NULL;
        for (size_t e = 0; e < sizeof(entities) / sizeof(entities[0]); e++) {
            if (entities[e].byte == text.ptr[i])
                entity = entities[e].text;
        }
        if (entity)
            buf_cstr(out, entity);
        else
            buf_byte(out, text.ptr[i]);
    }
}

struct page {
    struct buf *out;
    struct rates *rates;
    int64_t now_ns;
    bool notes; /* counts are to be remembered */
};

static void write_row(void *arg, const struct graph_item *item)
{
    const struct page *page = arg;
    struct buf *out = page->out;
    double rate = rates_of(page->rates, item->global_id, item->items_out, page->now_ns);
    if (page->notes)
        rates_note(page->rates, item->global_id, item->items_out);
    const char *health = health_name(item->health);
    buf_printf(out, "<tr class=\"%s\"><td>%s</td><td><a href=\"api/v0/web/components/", health,
               health);
    escape(out, item->global_id);
    buf_cstr(out, "\">");
    escape(out, item->global_id);
    buf_printf(out, "</a></td><td class=\"n\">%.1f</td><td class=\"n\">%llu</td></tr>\n", rate,
               (unsigned long long)item->items_out);
}

void server_page(void *arg, struct http_exchange *exchange)
{
    struct server *server = arg;
    struct buf text;
    buf_init(&text, NULL, PAGE_MAX);
    buf_cstr(&text, head);
    struct page page = {&text, &server->rates, loop_now_ns(server->options.loop), false};
    page.notes = rates_begin(page.rates, page.now_ns);
    graph_each(server->options.graph, write_row, &page);
    buf_cstr(&text, "</tbody></table></body></html>\n");
    struct http_header headers[] = {
        {STR("content-type"), STR("text/html; charset=utf-8")},
        {STR("content-security-policy"),
         STR("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'none'")},
        {STR("x-content-type-options"), STR("nosniff")},
        {STR("referrer-policy"), STR("no-referrer")},
    };
    http_reply(exchange, 200, headers, sizeof(headers) / sizeof(headers[0]), buf_view(&text));
    buf_release(&text);
}
