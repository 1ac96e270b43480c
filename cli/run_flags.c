/* Reading the flags of `run` (study of Alloy 1.18's command line). Owns nothing. */

#include "cli/run_flags.h"

#include "base/strconv.h"
#include "cli/command.h"
#include "runtime/graph/graph.h"

enum { DATA_LOOPS_DEFAULT = 1 };

/* Texts and switches as given. */
struct given {
    bool help;
    bool community;
    bool skip_unsupported;
    bool disable_reporting;
    bool bypass_conversion_errors;
    bool pprof;
    bool watch;
    bool no_support_bundle;
    bool graphql;
    bool graphql_playground;
    bool cluster;
    bool cluster_tls;
    bool direct_fanout;
    const char *listen;
    const char *memory_addr;
    const char *ui_prefix;
    const char *storage;
    const char *stability;
    const char *deadline;
    const char *data_loops;
    const char *format;
    const char *extra_args;
    const char *validation_scheme;
    const char *windows_priority;
    const char *cluster_text[14];
};

static const char *const cluster_names[] = {
    "cluster.node-name",         "cluster.join-addresses",
    "cluster.discover-peers",    "cluster.rejoin-interval",
    "cluster.advertise-address", "cluster.advertise-interfaces",
    "cluster.max-join-peers",    "cluster.name",
    "cluster.tls-ca-path",       "cluster.tls-cert-path",
    "cluster.tls-key-path",      "cluster.tls-server-name",
    "cluster.wait-for-size",     "cluster.wait-timeout",
};
enum { CLUSTER_NAMES = sizeof(cluster_names) / sizeof(cluster_names[0]), FLAGS_MAX = 48 };

static size_t fill(struct flag *flags, struct given *g)
{
    const struct flag plain[] = {
        {"help", 'h', FLAG_BOOL, &g->help, "help for run"},
        {"server.http.listen-addr", 0, FLAG_TEXT, &g->listen,
         "address the HTTP server listens on (default \"127.0.0.1:12345\")"},
        {"server.http.memory-addr", 0, FLAG_TEXT, &g->memory_addr,
         "address of requests to the program itself (default \"alloy.internal:12345\")"},
        {"server.http.ui-path-prefix", 0, FLAG_TEXT, &g->ui_prefix,
         "path of the page of components (default \"/\")"},
        {"server.http.enable-pprof", 0, FLAG_BOOL, &g->pprof,
         "serve /debug/pprof/cmdline; there are no Go profiles (default true)"},
        {"server.http.disable-support-bundle", 0, FLAG_BOOL, &g->no_support_bundle,
         "accepted; there is no support bundle yet"},
        {"server.http.enable-graphql", 0, FLAG_BOOL, &g->graphql, "not offered yet"},
        {"server.http.enable-graphql-playground", 0, FLAG_BOOL, &g->graphql_playground,
         "not offered yet"},
        {"storage.path", 0, FLAG_TEXT, &g->storage,
         "folder for what components keep (default \"data-alloy/\")"},
        {"disable-reporting", 0, FLAG_BOOL, &g->disable_reporting,
         "accepted; nothing is ever reported"},
        {"cluster.enabled", 0, FLAG_BOOL, &g->cluster, "not offered yet"},
        {"cluster.enable-tls", 0, FLAG_BOOL, &g->cluster_tls, "not offered yet"},
        {"config.format", 0, FLAG_TEXT, &g->format, "format of the file (default \"alloy\")"},
        {"config.bypass-conversion-errors", 0, FLAG_BOOL, &g->bypass_conversion_errors,
         "accepted; alloy needs no conversion"},
        {"config.watch", 0, FLAG_BOOL, &g->watch,
         "reload when the file, or a file of the folder, changes"},
        {"config.extra-args", 0, FLAG_TEXT, &g->extra_args, "not offered yet"},
        {"stability.level", 0, FLAG_TEXT, &g->stability,
         "least stable level admitted: generally-available, public-preview, experimental"},
        {"feature.community-components.enabled", 0, FLAG_BOOL, &g->community,
         "admit community components"},
        {"feature.skip-unsupported", 0, FLAG_BOOL, &g->skip_unsupported,
         "run what is supported; components that are not are unhealthy and drop what they get"},
        {"feature.component-shutdown-deadline", 0, FLAG_TEXT, &g->deadline,
         "time components have to stop (default \"10m\")"},
        {"feature.prometheus.direct-fanout.enabled", 0, FLAG_BOOL, &g->direct_fanout,
         "accepted; samples always go directly"},
        {"feature.prometheus.metric-validation-scheme", 0, FLAG_TEXT, &g->validation_scheme,
         "accepted without effect, as in Alloy"},
        {"windows.priority", 0, FLAG_TEXT, &g->windows_priority, "accepted; Windows only"},
        {"runtime.data-loops", 0, FLAG_TEXT, &g->data_loops,
         "threads that components live on (default 1)"},
    };
    size_t count = sizeof(plain) / sizeof(plain[0]);
    memcpy(flags, plain, sizeof(plain));
    for (size_t i = 0; i < CLUSTER_NAMES; i++)
        flags[count++] = (struct flag){cluster_names[i], 0, FLAG_TEXT, &g->cluster_text[i],
                                       "needs --cluster.enabled"};
    flags[count] = (struct flag){0};
    return count;
}

static bool refuse(struct error *err, const char *flag)
{
    error_set(err, STATUS_UNSUPPORTED, "--%s is not supported by invar yet", flag);
    return false;
}

/* What asks for things that are not offered. */
static bool is_offered(const struct given *g, struct error *err)
{
    if (g->cluster)
        return refuse(err, "cluster.enabled");
    if (g->graphql || g->graphql_playground)
        return refuse(err, "server.http.enable-graphql");
    if (g->extra_args && *g->extra_args)
        return refuse(err, "config.extra-args");
    if (g->ui_prefix && strcmp(g->ui_prefix, "/") != 0)
        return refuse(err, "server.http.ui-path-prefix");
    if (g->memory_addr && strcmp(g->memory_addr, "alloy.internal:12345") != 0)
        return refuse(err, "server.http.memory-addr");
    if (g->format && strcmp(g->format, "alloy") != 0) {
        error_set(err, STATUS_UNSUPPORTED,
                  "--config.format=%s is not supported by invar yet: convert the file first",
                  g->format);
        return false;
    }
    return true;
}

static bool read_values(const struct given *g, struct run_flags *out, struct error *err)
{
    out->listen = g->listen ? g->listen : "127.0.0.1:12345";
    out->storage_path = g->storage ? g->storage : "data-alloy/";
    out->community = g->community;
    out->skip_unsupported = g->skip_unsupported;
    out->pprof = g->pprof;
    out->watch = g->watch;
    out->stability = STABILITY_GA;
    if (g->stability && !stability_parse(str_from(g->stability), &out->stability)) {
        error_set(err, STATUS_INVALID,
                  "invalid argument \"%s\" for \"--stability.level\" flag: invalid stability level "
                  "\"%s\"",
                  g->stability, g->stability);
        return false;
    }
    struct error why;
    const char *deadline = g->deadline ? g->deadline : "10m";
    if (duration_parse(str_from(deadline), &out->shutdown_deadline_ns, &why) != STATUS_OK) {
        error_set(err, STATUS_INVALID,
                  "invalid argument \"%s\" for \"--feature.component-shutdown-deadline\" flag: %s",
                  deadline, why.message);
        return false;
    }
    uint64_t loops = DATA_LOOPS_DEFAULT;
    if (g->data_loops && (!str_to_u64(str_from(g->data_loops), &loops) || loops == 0 ||
                          loops > GRAPH_MAX_DATA_LOOPS)) {
        error_set(
            err, STATUS_INVALID,
            "invalid argument \"%s\" for \"--runtime.data-loops\" flag: a number from 1 to %d",
            g->data_loops, GRAPH_MAX_DATA_LOOPS);
        return false;
    }
    out->data_loops = (unsigned)loops;
    return true;
}

static void print_help(const struct flag *flags)
{
    struct buf out;
    buf_init(&out, NULL, 64 * 1024);
    buf_cstr(&out, "Runs a configuration: a file, or all *.alloy files of a folder.\n\n"
                   "Usage:\n  invar run [flags] PATH\n\nFlags:\n");
    flags_help(&out, flags);
    cli_print(buf_view(&out));
    buf_release(&out);
}

enum run_verdict run_flags_parse(struct run_flags *out, int argc, char **argv, struct error *err)
{
    struct given given = {.pprof = true};
    struct flag flags[FLAGS_MAX];
    ASSERT(fill(flags, &given) < FLAGS_MAX);
    int count = flags_parse(flags, argc, argv, err);
    if (count < 0)
        return RUN_WRONG;
    if (given.help) {
        print_help(flags);
        return RUN_HELP;
    }
    if (count != 1) {
        error_set(err, STATUS_INVALID, "accepts 1 arg(s), received %d", count);
        return RUN_WRONG;
    }
    out->path = argv[1];
    return is_offered(&given, err) && read_values(&given, out, err) ? RUN_GO : RUN_WRONG;
}
