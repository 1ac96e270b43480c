/* Schemas of foreach, import.* and remotecfg: for static checks, and for whoever runs the blocks.
 */

#include "runtime/graph/modules.h"

static const struct row foreach_rows[] = {
    {ATTR(struct foreach_args, collection), .required = true,
     .doc = "The template is run once for each item."},
    {ATTR(struct foreach_args, var), .required = true,
     .doc = "Name of the item inside the template."},
    {ATTR(struct foreach_args, id), .doc = "Field of an item that tells it from the others."},
    {ATTR(struct foreach_args, hash_string_id),
     .doc = "Whether texts are hashed instead of turned into identifiers."},
    {ATTR(struct foreach_args, enable_metrics),
     .doc = "Whether what the template runs shows metrics of its own."},
    {0},
};
const struct shape foreach_shape = SHAPE(struct foreach_args, foreach_rows, NULL);

static const char *const detectors[] = {"fsnotify", "poll", NULL};

static enum status check_detector(struct str text, struct error *err)
{
    if (str_is(text, detectors[0]) || str_is(text, detectors[1]))
        return STATUS_OK;
    return error_set(err, STATUS_INVALID,
                     "unrecognized detector \"%.*s\", expected fsnotify or poll", STR_ARG(text));
}

static const struct row file_rows[] = {
    {ATTR(struct import_file_args, filename), .required = true,
     .doc = "A file, or a folder of *.alloy files."},
    {CHOICE(struct import_file_args, detector, detectors), .def = "\"fsnotify\"",
     .check = check_detector, .doc = "How changes are found."},
    {ATTR(struct import_file_args, poll_frequency), .def = "\"1m\"",
     .doc = "How often to look for changes."},
    {0},
};
const struct shape import_file_shape = SHAPE(struct import_file_args, file_rows, NULL);

static const struct row string_rows[] = {
    {ATTR(struct import_string_args, content), .required = true, .doc = "The text itself."},
    {0},
};
const struct shape import_string_shape = SHAPE(struct import_string_args, string_rows, NULL);

static const struct row git_basic_rows[] = {
    {ATTR(struct git_basic_args, username), .required = true, .doc = "Name to give."},
    {ATTR(struct git_basic_args, password), .required = true, .doc = "Password to give."},
    {0},
};
static const struct shape git_basic_shape = SHAPE(struct git_basic_args, git_basic_rows, NULL);

static const struct row git_ssh_rows[] = {
    {ATTR(struct git_ssh_args, username), .required = true, .doc = "Name to give."},
    {ATTR(struct git_ssh_args, key), .doc = "The private key."},
    {ATTR(struct git_ssh_args, key_file), .doc = "File with the private key."},
    {ATTR(struct git_ssh_args, passphrase), .doc = "What the key is encrypted with."},
    {0},
};
static const struct shape git_ssh_shape = SHAPE(struct git_ssh_args, git_ssh_rows, NULL);

static const struct row git_rows[] = {
    {ATTR(struct import_git_args, repository), .required = true, .doc = "Where to clone from."},
    {ATTR(struct import_git_args, revision), .def = "\"main\"", .doc = "Branch, tag or commit."},
    {ATTR(struct import_git_args, path), .required = true,
     .doc = "File or folder inside the repository."},
    {ATTR(struct import_git_args, pull_frequency), .def = "\"1m\"", .doc = "How often to pull."},
    {BLOCK_OPT(struct import_git_args, basic_auth, git_basic_shape),
     .doc = "Basic authentication."},
    {BLOCK_OPT(struct import_git_args, ssh_key, git_ssh_shape), .doc = "A key for SSH."},
    {0},
};

static enum status check_git(void *data, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct import_git_args *args = data;
    static const char *const special[] = {"HEAD", "FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD",
                                          "CHERRY_PICK_HEAD"};
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (str_is(args->revision, special[i]))
            return error_set(err, STATUS_INVALID,
                             "revision cannot be a special git reference such as HEAD, FETCH_HEAD, "
                             "ORIG_HEAD, MERGE_HEAD, or CHERRY_PICK_HEAD");
    }
    return STATUS_OK;
}

const struct shape import_git_shape = SHAPE(struct import_git_args, git_rows, check_git);

struct remotecfg_args {
    struct str url;
    struct str id;
    struct str name;
    struct str_map attributes;
    struct duration poll_frequency;
};
#define REMOTECFG_LATER "configurations are not fetched yet"
static const struct row remotecfg_rows[] = {
    {ATTR(struct remotecfg_args, url), .doc = "Where to ask; empty switches the service off."},
    {ATTR(struct remotecfg_args, id), .doc = "Says who asks."},
    {ATTR(struct remotecfg_args, name), .doc = "A name for people."},
    {ATTR(struct remotecfg_args, attributes), .doc = "Facts about who asks."},
    {ATTR(struct remotecfg_args, poll_frequency), .def = "\"1m\"", .doc = "How often to ask."},
    {REFUSED("bearer_token", REMOTECFG_LATER)},
    {REFUSED("bearer_token_file", REMOTECFG_LATER)},
    {REFUSED("proxy_url", REMOTECFG_LATER)},
    {REFUSED("no_proxy", REMOTECFG_LATER)},
    {REFUSED("proxy_from_environment", REMOTECFG_LATER)},
    {REFUSED("proxy_connect_header", REMOTECFG_LATER)},
    {REFUSED("follow_redirects", REMOTECFG_LATER)},
    {REFUSED("enable_http2", REMOTECFG_LATER)},
    {REFUSED("http_headers", REMOTECFG_LATER)},
    {REFUSED_BLOCK("basic_auth", REMOTECFG_LATER)},
    {REFUSED_BLOCK("authorization", REMOTECFG_LATER)},
    {REFUSED_BLOCK("oauth2", REMOTECFG_LATER)},
    {REFUSED_BLOCK("tls_config", REMOTECFG_LATER)},
    {0},
};
const struct shape remotecfg_shape = SHAPE(struct remotecfg_args, remotecfg_rows, NULL);
