/* The HTTP API over a real socket, with the components on a data loop of their own. */

#include "runtime/server/server.h"
#include "tests/support/graph.h"
#include "tests/support/test.h"

#include <stdio.h>

struct ask {
    const char *method, *path, *authorization;
    int status;
    const char *body; /* the whole text, or what it contains */
    bool part;
    const char *write; /* a configuration to put in place before */
    const char *send;  /* the request's body */
};

struct site {
    struct loop *loop;
    struct fake_files *files;
    struct self_registry *metrics;
    struct stdlib stdlib;
    struct graph *graph;
    struct reloader *reloader;
    struct process_metrics *process;
    struct server_auth *auth;
    struct server *server;
    struct server_slot slot;
    struct http_client *client;
    const struct ask *next;
    char url[400];
    int waiting;
    struct error err;
};

static void one_stopped(void *arg)
{
    struct site *site = arg;
    if (--site->waiting == 0)
        loop_stop(site->loop);
}

static void stop(struct site *site)
{
    http_client_free(site->client);
    site->waiting = 2;
    server_close(site->server, 0, one_stopped, site);
    graph_stop(site->graph, INT64_C(5000000000), one_stopped, site);
}

static void answered(void *arg, const struct http_response *response, const struct error *err);

static void ask_next(struct site *site)
{
    const struct ask *ask = site->next;
    if (!ask->path) {
        stop(site);
        return;
    }
    if (ask->write)
        fake_files_put(site->files, "/main.alloy", str_from(ask->write));
    struct address address;
    server_address(site->server, &address);
    (void)snprintf(site->url, sizeof(site->url), "http://%s%s", address.text, ask->path);
    struct http_call_options call = {.method = str_from(ask->method ? ask->method : "GET"),
                                     .url = str_from(site->url),
                                     .authorization = str_from(ask->authorization),
                                     .body = str_from(ask->send),
                                     .timeout_ns = INT64_C(10000000000)};
    (void)http_client_send(site->client, &call, answered, site);
}

static void answered(void *arg, const struct http_response *response, const struct error *err)
{
    struct site *site = arg;
    const struct ask *ask = site->next++;
    cr_expect_eq(err->status, STATUS_OK, "%s: %s", ask->path, err->message);
    cr_expect_eq(response->status, ask->status, "%s: %d %.*s", ask->path, response->status,
                 STR_ARG(response->body));
    struct str want = str_from(ask->body);
    bool right =
        ask->part ? str_find(response->body, want, 0) != SIZE_MAX : str_eq(response->body, want);
    cr_expect(right || !ask->body, "%s: %.*s", ask->path, STR_ARG(response->body));
    ask_next(site);
}

static void start(struct site *site, const char *text)
{
    site->files = fake_files_new();
    world_enter(fake_files_world(site->files));
    fake_files_put(site->files, "/main.alloy", str_from(text));
    site->loop = loop_new("control", &site->err);
    site->metrics = self_registry_new();
    stdlib_init(&site->stdlib);
    site->auth = server_auth_new();
    site->slot.control = site->loop;
    struct graph_options graph = {.components = rig_components,
                                  .stdlib = &site->stdlib,
                                  .min_stability = STABILITY_GA,
                                  .control = site->loop,
                                  .data_loops = 1,
                                  .metrics = site->metrics,
                                  .storage_path = STR("/data"),
                                  .services = {.http = server_auth_set, .arg = site->auth},
                                  .internal = server_internal,
                                  .internal_arg = &site->slot};
    site->graph = graph_new(&graph, &site->err);
    struct reloader_options reloader = {
        .graph = site->graph, .path = "/main.alloy", .metrics = site->metrics};
    site->reloader = reloader_new(&reloader);
    site->process = process_metrics_new(site->metrics, site->graph);
    struct buf report;
    bool has_diagnostics;
    buf_init(&report, NULL, 1 << 20);
    cr_assert(reloader_first(site->reloader, &report, &has_diagnostics));
    buf_release(&report);
    struct server_options server = {.loop = site->loop,
                                    .listen = STR("127.0.0.1:0"),
                                    .graph = site->graph,
                                    .reloader = site->reloader,
                                    .metrics = site->metrics,
                                    .process = site->process,
                                    .auth = site->auth};
    site->server = server_new(&server, &site->err);
    cr_assert(site->server, "%s", site->err.message);
    site->slot.server = site->server;
    cr_assert_eq(graph_run(site->graph, &site->err), STATUS_OK);
    struct http_client_options client = {0};
    site->client = http_client_new(site->loop, &client, &site->err);
}

static void run(const char *text, const struct ask *asks)
{
    struct site site = {.next = asks};
    start(&site, text);
    ask_next(&site);
    loop_run(site.loop);
    server_free(site.server);
    process_metrics_free(site.process);
    reloader_free(site.reloader);
    graph_free(site.graph);
    server_auth_free(site.auth);
    stdlib_release(&site.stdlib);
    self_registry_free(site.metrics);
    loop_free(site.loop);
    world_enter(NULL);
    fake_files_free(site.files);
}

TEST(server_api, shows_components_and_reloads, .timeout = 30)
{
    static const struct ask asks[] = {
        {.path = "/-/ready", .status = 200, .body = "Alloy is ready.\n"},
        {.path = "/-/healthy", .status = 200, .body = "All Alloy components are healthy.\n"},
        {.path = "/nope", .status = 404, .body = "404 page not found\n"},
        {.path = "/api/v0/web/components/test.source.s",
         .status = 200,
         .part = true,
         .body = "\"arguments\":[{\"name\":\"value\",\"type\":\"attr\",\"value\":{\"type\":"
                 "\"number\",\"value\":1}}],\"exports\":[{\"name\":\"value\",\"type\":\"attr\","
                 "\"value\":{\"type\":\"number\",\"value\":1}}],\"debugInfo\":[{\"name\":"
                 "\"answer\",\"type\":\"attr\",\"value\":{\"type\":\"number\",\"value\":42}}]"},
        {.path = "/api/v0/web/components",
         .status = 200,
         .part = true,
         .body = "\"localID\":\"test.sum.a\",\"moduleID\":\"\",\"label\":\"a\",\"referencesTo\":"
                 "[\"test.source.s\"],\"referencedBy\":[],\"dataFlowEdgesTo\":[],\"health\":"
                 "{\"state\":\"healthy\",\"message\":\"component evaluated\""},
        {.path = "/api/v0/web/components/test.source.nope", .status = 404},
        {.path = "/api/v0/web/modules/nope/components", .status = 404},
        {.path = "/api/v0/component/test.source.s/a/b?c=d",
         .status = 200,
         .body = "test.source.s serves a/b"},
        {.path = "/api/v0/component/test.sum.a/x",
         .status = 404,
         .body = "no such component, or it serves no requests\n"},
        {.path = "/", .status = 200, .part = true, .body = "<td>healthy</td>"},
        {.path = "/metrics",
         .status = 200,
         .part = true,
         .body = "alloy_component_controller_running_components{controller_id=\"\","
                 "controller_path=\"/\",health_type=\"healthy\"} 2\n"},
        {.method = "POST", .path = "/-/reload", .status = 200, .body = "config reloaded\n"},
        {.path = "/-/reload",
         .write = "test.sum \"a\" {",
         .status = 400,
         .body = "reading config path \"/main.alloy\": /main.alloy:1:15: expected }, got EOF\n"},
        {.path = "/-/reload",
         .write = "nope \"a\" { }\nnope \"b\" { }\n",
         .status = 400,
         .body = "error during the initial load: /main.alloy:1:1: cannot find the definition of "
                 "component name \"nope\" (and 1 more diagnostics)\n"},
        {.path = "/-/reload",
         .write = "test.sum \"a\" {\n  fail = \"build\"\n}\ntest.sum \"b\" {\n  plus = \"x\"\n}\n",
         .status = 400,
         .part = true,
         .body = "error during the initial load: /main.alloy:5:10: \"x\" should be number, got "
                 "string"},
        {.path = "/-/healthy", .status = 500, .body = "unhealthy components: test.sum\n"},
        {.path = "/metrics",
         .status = 200,
         .part = true,
         .body = "alloy_config_load_failures_total 3\n"},
        {.path = "/-/ready", .status = 200, .body = "Alloy is ready.\n"},
        {0},
    };
    run("test.source \"s\" {\n  value = 1\n}\ntest.sum \"a\" {\n  plus = test.source.s.value\n}\n",
        asks);
}

TEST(server_api, asks_for_credentials, .timeout = 30)
{
    static const struct ask asks[] = {
        {.path = "/-/ready", .status = 200},
        {.path = "/metrics", .status = 401, .body = "unauthorized\n"},
        {.path = "/metrics", .authorization = "Basic bWU6d3Jvbmc=", .status = 401},
        {.path = "/metrics", .authorization = "Bearer bWU6c2VjcmV0", .status = 401},
        {.path = "/metrics", .authorization = "Basic !", .status = 401},
        {.path = "/metrics", .authorization = "Basic bWU6c2VjcmV0", .status = 200},
        {.path = "/-/reload", .write = "", .status = 200},
        {.path = "/metrics", .status = 200},
        {0},
    };
    run("http {\n  auth {\n    basic {\n      username = \"me\"\n      password = \"secret\"\n    "
        "}\n    filter {\n      paths = [\"/metrics\"]\n    }\n  }\n}\n",
        asks);
}

/* What another configuration would change; the living one stays as it is. */
TEST(server_api, reviews_a_configuration, .timeout = 30)
{
    static const char path[] = "/api/v0/web/review";
    static const struct ask asks[] = {
        {.path = path,
         .method = "POST",
         .send = "{\"files\":[{\"name\":\"n.alloy\",\"text\":\"test.source \\\"s\\\" {\\nvalue "
                 "= 1\\n}\"}]}",
         .status = 200,
         .body = "{\"same\":true,\"report\":\"0 added, 0 changed, 0 removed, 0 affected, 1 "
                 "kept\\n\"}"},
        {.path = path,
         .method = "POST",
         .send = "{\"files\":[{\"name\":\"n.alloy\",\"text\":\"test.source \\\"s\\\" {\\nvalue "
                 "= 2\\n}\"}]}",
         .status = 200,
         .part = true,
         .body = "~ value: 1 -> 2\\n"},
        {.path = path,
         .method = "POST",
         .send = "{\"files\":[{\"name\":\"n.alloy\",\"text\":\"a {\"}]}",
         .status = 400,
         .part = true,
         .body = "Error: n.alloy:1:4: expected }, got EOF\n"},
        {.path = path, .method = "POST", .send = "{", .status = 400},
        {.path = path, .method = "POST", .send = "{\"files\":[]}", .status = 400},
        {.path = path, .method = "POST", .send = "{\"files\":[1]}", .status = 400},
        {.path = path,
         .method = "POST",
         .send = "{\"files\":[{\"name\":1,\"text\":\"\"}]}",
         .status = 400},
        {.path = "/api/v0/web/components/test.source.s",
         .status = 200,
         .part = true,
         .body = "\"value\":{\"type\":\"number\",\"value\":1}"},
        {0},
    };
    run("test.source \"s\" {\n  value = 1\n}\n", asks);
}
