/* The protocols a scrape asks for, and the one it gets (Prometheus' config.ScrapeProtocols). Pure.
 */
#include "components/prometheus/scrape/scrape.h"

static const struct {
    struct str name;
    const char *accept;
    bool has_escaping;
} protocols[PROTOCOL_COUNT] = {
    [PROTOCOL_PROTO] = {STR_INIT("PrometheusProto"),
                        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                        "encoding=delimited",
                        false},
    [PROTOCOL_OPENMETRICS_1] = {STR_INIT("OpenMetricsText1.0.0"),
                                "application/openmetrics-text;version=1.0.0", true},
    [PROTOCOL_OPENMETRICS_0] = {STR_INIT("OpenMetricsText0.0.1"),
                                "application/openmetrics-text;version=0.0.1", false},
    [PROTOCOL_TEXT_1] = {STR_INIT("PrometheusText1.0.0"), "text/plain;version=1.0.0", true},
    [PROTOCOL_TEXT_0] = {STR_INIT("PrometheusText0.0.4"), "text/plain;version=0.0.4", false},
};

enum scrape_protocol scrape_protocol_of(struct str name)
{
    unsigned i = 0;
    while (i < PROTOCOL_COUNT && !str_eq(protocols[i].name, name)) {
        i++;
    }
    return (enum scrape_protocol)i;
}

void scrape_accept(struct buf *out, const struct scrape_args *args)
{
    struct str escaping = args->metric_name_escaping_scheme;
    unsigned weight = PROTOCOL_COUNT + 1;
    for (size_t i = 0; i < args->scrape_protocols.count; i++) {
        enum scrape_protocol p = scrape_protocol_of(args->scrape_protocols.items[i]);
        if (p == PROTOCOL_NONE) {
            continue;
        }
        buf_cstr(out, protocols[p].accept);
        if (protocols[p].has_escaping) {
            buf_printf(out, ";escaping=%.*s", STR_ARG(escaping));
        }
        buf_printf(out, ";q=0.%u,", weight--);
    }
    buf_printf(out, "*/*;q=0.%u", weight);
}

enum scrape_protocol scrape_protocol_of_content(struct str content_type,
                                                const struct scrape_args *args)
{
    static const struct {
        struct str media;
        enum scrape_protocol protocol;
    } media[] = {
        {STR_INIT("text/plain"), PROTOCOL_TEXT_0},
        {STR_INIT("application/openmetrics-text"), PROTOCOL_OPENMETRICS_1},
        {STR_INIT("application/vnd.google.protobuf"), PROTOCOL_PROTO},
    };
    struct str head;
    struct str rest;
    (void)str_cut(content_type, ';', &head, &rest);
    head = str_trim(head);
    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++) {
        if (str_eq_fold(head, media[i].media)) {
            return media[i].protocol;
        }
    }
    return scrape_protocol_of(args->scrape_fallback_protocol);
}
