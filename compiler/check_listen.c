/* Two components that listen on one address: the second would fail at its start. Addresses are read
 * from the text where they are literals, or are the defaults; others are not known. The table names
 * where components have theirs. Compared pairwise: at most LISTENERS_MAX are remembered. */

#include "compiler/check_parts.h"
#include "compiler/literal.h"

enum { LISTENERS_MAX = 1000, PATH_DEPTH = 4 };

struct place {
    const char *component;
    const char *blocks; /* "protocols/grpc": blocks that lead there; "" = the body itself */
    const char *host;   /* attribute with the host, or with HOST:PORT if `port` is NULL */
    const char *port;
    const char *default_host; /* or HOST:PORT; NULL = nothing listens without the attribute */
    int default_port;
    bool udp;
    bool always; /* listens also when the blocks are absent */
};

static const struct place places[] = {
    {"faro.receiver", "server", "listen_address", "listen_port", "127.0.0.1", 12347, false, true},
    {"loki.source.api", "http", "listen_address", "listen_port", "", 8080, false, true},
    {"loki.source.awsfirehose", "http", "listen_address", "listen_port", "", 8080, false, true},
    {"loki.source.gelf", "", "listen_address", NULL, "0.0.0.0:12201", 0, true, true},
    {"loki.source.heroku", "http", "listen_address", "listen_port", "", 8080, false, true},
    {"loki.source.syslog", "listener", "address", NULL, NULL, 0, false, false},
    {"otelcol.receiver.datadog", "", "endpoint", NULL, "localhost:8126", 0, false, true},
    {"otelcol.receiver.influxdb", "", "endpoint", NULL, "localhost:8086", 0, false, true},
    {"otelcol.receiver.jaeger", "protocols/grpc", "endpoint", NULL, "0.0.0.0:14250", 0, false,
     false},
    {"otelcol.receiver.jaeger", "protocols/thrift_binary", "endpoint", NULL, "0.0.0.0:6832", 0,
     true, false},
    {"otelcol.receiver.jaeger", "protocols/thrift_compact", "endpoint", NULL, "0.0.0.0:6831", 0,
     true, false},
    {"otelcol.receiver.jaeger", "protocols/thrift_http", "endpoint", NULL, "0.0.0.0:14268", 0,
     false, false},
    {"otelcol.receiver.otlp", "grpc", "endpoint", NULL, "0.0.0.0:4317", 0, false, false},
    {"otelcol.receiver.otlp", "http", "endpoint", NULL, "0.0.0.0:4318", 0, false, false},
    {"otelcol.receiver.zipkin", "", "endpoint", NULL, "0.0.0.0:9411", 0, false, true},
    {"prometheus.receive_http", "http", "listen_address", "listen_port", "", 8080, false, true},
    {"pyroscope.receive_http", "http", "listen_address", "listen_port", "", 8080, false, true},
};

/* The value of an attribute of a body; 0 = it has none. */
static ast_id attribute(const struct ast *ast, ast_id body, const char *name)
{
    AST_EACH(ast, body, statement)
    {
        if (ast_at(ast, statement)->kind == AST_ATTRIBUTE && str_is(ast_name(ast, statement), name))
            return ast_value(ast, statement);
    }
    return 0;
}

/* The text of a literal string or number; false = not known. */
static bool literal_text(struct check *check, const struct ast *ast, ast_id value, struct str *out)
{
    const struct ast_node *node = ast_at(ast, value);
    if (node->kind != AST_LITERAL || (node->op != AST_STRING && node->op != AST_NUMBER))
        return false;
    struct literal literal;
    literal_read(&literal, node->op, ast_text(ast, value), &check->program->arena);
    *out = node->op == AST_STRING ? literal.text : ast_text(ast, value);
    return true;
}

/* "HOST:PORT" into its parts; false without a port. */
static bool split(struct str address, struct str *host, struct str *port)
{
    size_t colon = str_rfind_byte(address, ':');
    if (colon == SIZE_MAX || colon + 1 == address.len)
        return false;
    *host = str_slice(address, 0, colon);
    *port = str_slice(address, colon + 1, address.len);
    return !str_is(*port, "0");
}

static bool is_wild(struct str host)
{
    return !host.len || str_is(host, "0.0.0.0") || str_is(host, "[::]") || str_is(host, "::");
}

static struct str host_of(struct str host)
{
    return str_is(host, "localhost") ? STR("127.0.0.1") : host;
}

static bool collide(const struct check_listener *a, const struct check_listener *b)
{
    struct str host_a, host_b, port_a, port_b;
    if (a->udp != b->udp || !split(a->address, &host_a, &port_a) ||
        !split(b->address, &host_b, &port_b) || !str_eq(port_a, port_b))
        return false;
    return is_wild(host_a) || is_wild(host_b) || str_eq(host_of(host_a), host_of(host_b));
}

static void add(struct check *check, const struct check_listener *listener)
{
    if (check->listeners.len == LISTENERS_MAX)
        return;
    for (size_t i = 0; i < check->listeners.len; i++) {
        const struct check_listener *other = &check->listeners.items[i];
        if (!collide(listener, other))
            continue;
        struct diag *diag =
            diag_add(check->diags, DIAG_SAME_ADDRESS, listener->source, listener->range,
                     STR_ARG(listener->id), STR_ARG(listener->address), STR_ARG(other->id));
        diag_relate(check->diags, diag, other->source, other->range, "%.*s listens on %.*s",
                    STR_ARG(other->id), STR_ARG(other->address));
        diag_hint(check->diags, diag, "give one of the two another port");
        break;
    }
    VEC_PUSH(&check->listeners, *listener);
}

/* What listens by this body, or by default when `body` is 0. */
static void listen(struct check *check, const struct program_block *block, const struct place *p,
                   ast_id body, ast_id at)
{
    const struct ast *ast = block->ast;
    struct arena *arena = &check->program->arena;
    struct str host = str_from(p->default_host);
    struct check_listener listener = {.udp = p->udp, .source = ast->source, .id = block->id};
    ast_id host_value = body ? attribute(ast, body, p->host) : 0;
    ast_id port_value = body && p->port ? attribute(ast, body, p->port) : 0;
    struct str protocol;
    if (host_value && !literal_text(check, ast, host_value, &host))
        return;
    if (!host_value && !p->default_host)
        return;
    listener.address = host;
    if (p->port) {
        struct str port = arena_printf(arena, "%d", p->default_port);
        if (port_value && !literal_text(check, ast, port_value, &port))
            return;
        bool is_all = !host.len;
        listener.address = arena_printf(arena, "%.*s:%.*s", is_all ? 7 : (int)host.len,
                                        is_all ? "0.0.0.0" : host.ptr, STR_ARG(port));
    }
    ast_id udp_value = body ? attribute(ast, body, "protocol") : 0;
    if (udp_value && literal_text(check, ast, udp_value, &protocol))
        listener.udp = str_is(protocol, "udp");
    ast_id shown = port_value ? port_value : host_value ? host_value : at;
    bool is_block = ast_at(ast, shown)->kind == AST_BLOCK;
    listener.range = is_block ? ast_block_name_range(ast, shown) : ast_range(ast, shown);
    add(check, &listener);
}

/* Follows the path of blocks, every block of a name; `path` is at most PATH_DEPTH deep. */
static void follow(struct check *check, const struct program_block *block, const struct place *p)
{
    const struct ast *ast = block->ast;
    struct {
        ast_id statement;
        struct str name, rest;
    } stack[PATH_DEPTH];
    size_t depth = 0;
    ast_id body = ast_block_body(ast, block->node);
    struct str path = str_from(p->blocks);
    bool found = false;
    if (!path.len) {
        listen(check, block, p, body, block->node);
        return;
    }
    stack[0].statement = ast_at(ast, body)->child;
    str_cut(path, '/', &stack[0].name, &stack[0].rest);
    depth = 1;
    while (depth) {
        ast_id statement = stack[depth - 1].statement;
        if (!statement) {
            depth--;
            continue;
        }
        stack[depth - 1].statement = ast_at(ast, statement)->next;
        if (ast_at(ast, statement)->kind != AST_BLOCK ||
            !str_eq(ast_text(ast, ast_at(ast, statement)->child), stack[depth - 1].name))
            continue;
        body = ast_block_body(ast, statement);
        if (!stack[depth - 1].rest.len) {
            found = true;
            listen(check, block, p, body, statement);
        } else if (depth < PATH_DEPTH) {
            stack[depth].statement = ast_at(ast, body)->child;
            str_cut(stack[depth - 1].rest, '/', &stack[depth].name, &stack[depth].rest);
            depth++;
        }
    }
    if (!found && p->always)
        listen(check, block, p, 0, block->node);
}

void check_listen(struct check *check, const struct program_block *block)
{
    if (block->kind != BLOCK_COMPONENT)
        return;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (str_is(block->name, places[i].component))
            follow(check, block, &places[i]);
}
