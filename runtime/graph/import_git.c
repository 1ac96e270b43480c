/* import.git: a file or folder of a repository, by the git program. A clone stays in the import's
 * data folder, one for each URL, so that a repository that cannot be reached goes on with what was
 * fetched last. One run of a shell script fetches and checks out: it knows no secrets, they are in
 * its environment, which nobody else can read. Bounded by GIT_TIME_NS, GIT_FILE_BLOCKS a file and
 * the limits of import_source.h. */

#include "runtime/graph/modules.h"

#include "base/hash.h"

#include <fcntl.h>

enum { OUTPUT_MAX = 64 * 1024, PATH_MAX_BYTES = 4096 };
#define GIT_FILE_BLOCKS "1048576" /* of 512 bytes */
static const int64_t GIT_TIME_NS = 600000000000;

/* What it ends with. */
enum {
    GIT_OK = 0,
    GIT_MISSING = 41,
    GIT_NO_FOLDER = 42,
    GIT_UNREACHABLE = 43, /* standing alone: what was fetched before is checked out */
    GIT_NO_REVISION = 44,
    GIT_NO_CHECKOUT = 45,
    GIT_NEVER_FETCHED = 46,
};

static const char script[] =
    "umask 077\n"
    "ulimit -f " GIT_FILE_BLOCKS "\n"
    "unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY\n"
    "command -v git >/dev/null || exit 41\n"
    "case $INVAR_GIT_URL in /*|*:*) ;; *) INVAR_GIT_URL=$PWD/$INVAR_GIT_URL ;; esac\n"
    "export INVAR_GIT_HOME=\"$PWD\"\n"
    "mkdir -p \"$INVAR_GIT_FOLDER\" || exit 42\n"
    "cd \"$INVAR_GIT_FOLDER\" || exit 42\n"
    "run() { git -c core.hooksPath=/dev/null -c gc.auto=0 -c http.lowSpeedLimit=1000 \\\n"
    "  -c http.lowSpeedTime=10 \"$@\"; }\n"
    "run init -q --template= . || exit 42\n"
    "if [ -n \"${INVAR_GIT_KEY-}\" ]; then\n"
    "  trap 'rm -f .git/invar-key' EXIT\n"
    "  printf '%s\\n' \"$INVAR_GIT_KEY\" >.git/invar-key || exit 42\n"
    "fi\n"
    "if [ -n \"${INVAR_GIT_PASSPHRASE-}\" ]; then\n"
    "  printf '#!/bin/sh\\nprintf \"%%s\\\\n\" \"$INVAR_GIT_PASSPHRASE\"\\n' >.git/invar-askpass\n"
    "  chmod 700 .git/invar-askpass || exit 42\n"
    "  export SSH_ASKPASS=\"$PWD/.git/invar-askpass\" SSH_ASKPASS_REQUIRE=force DISPLAY=:\n"
    "fi\n"
    "fetch() { run \"$@\" -c \"remote.origin.url=$INVAR_GIT_URL\" fetch -q --force --prune \\\n"
    "  --no-recurse-submodules origin '+refs/heads/*:refs/remotes/origin/*' \\\n"
    "  '+refs/tags/*:refs/tags/*'; }\n"
    "status=0\n"
    "if [ -n \"${INVAR_GIT_ORIGIN-}\" ]; then\n"
    "  fetch -c credential.helper= -c \"credential.$INVAR_GIT_ORIGIN.helper=!f() {\n"
    "    [ \\\"\\$1\\\" != get ] || printf 'username=%s\\npassword=%s\\n' \\\n"
    "      \\\"\\$INVAR_GIT_USER\\\" \\\"\\$INVAR_GIT_PASSWORD\\\"; }; f\" || status=43\n"
    "else\n"
    "  fetch || status=43\n"
    "fi\n"
    "commit=\n"
    "for name in \"refs/tags/$INVAR_GIT_REVISION\" \"refs/remotes/origin/$INVAR_GIT_REVISION\" \\\n"
    "  \"$INVAR_GIT_REVISION\"; do\n"
    "  commit=$(run rev-parse -q --verify \"$name^{commit}\") && break\n"
    "done\n"
    "if [ -z \"$commit\" ]; then\n"
    "  [ $status = 0 ] && exit 44\n"
    "  exit 46\n"
    "fi\n"
    "run checkout -q --force --detach \"$commit\" || exit 45\n"
    "[ ! -f .gitmodules ] || run submodule -q update --init --recursive --force || exit 45\n"
    "exit $status\n";

struct git_fetch {
    struct arena arena;
    const struct import_git_args *args;
    struct str url; /* without credentials */
    struct str user;
    struct str password;
    struct str folder; /* of the clone; with a NUL */
    struct loop_process *process;
    import_fetched_fn *done;
    void *arg;
};

static void cancel(void *arg)
{
    struct git_fetch *f = arg;
    loop_process_close(f->process);
    arena_release(&f->arena);
    mem_free(f);
}

/* ---- what is asked for ---- */

static bool is_web(struct str url)
{
    return str_starts(url, STR("https://")) || str_starts(url, STR("http://"));
}

/* Where the path begins in "https://user:password@host/path". */
static size_t end_of_host(struct str url, size_t from)
{
    size_t at = from;
    while (at < url.len && url.ptr[at] != '/' && url.ptr[at] != '?' && url.ptr[at] != '#')
        at++;
    return at;
}

/* Credentials that stand in the URL are used as those of basic_auth, and shown nowhere. */
static void split_url(struct git_fetch *f)
{
    struct str url = f->args->repository;
    f->url = url;
    if (f->args->basic_auth) {
        f->user = f->args->basic_auth->username;
        f->password = f->args->basic_auth->password.text;
    }
    if (!is_web(url))
        return;
    size_t host = str_starts(url, STR("https://")) ? 8 : 7;
    struct str place = str_slice(url, host, end_of_host(url, host));
    size_t at = str_rfind_byte(place, '@');
    if (at == SIZE_MAX)
        return;
    if (!f->args->basic_auth)
        str_cut(str_slice(place, 0, at), ':', &f->user, &f->password);
    f->url = arena_printf(&f->arena, "%.*s%.*s", STR_ARG(str_slice(url, 0, host)),
                          STR_ARG(str_slice(url, host + at + 1, url.len)));
}

static struct str quoted(struct git_fetch *f, struct str text)
{
    struct buf out;
    buf_init(&out, NULL, SIZE_MAX);
    buf_byte(&out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'')
            buf_cstr(&out, "'\\'");
        buf_byte(&out, text.ptr[i]);
    }
    buf_byte(&out, '\'');
    struct str kept = arena_str(&f->arena, buf_view(&out));
    buf_release(&out);
    return kept;
}

/* Hosts must be known; what is asked can be answered by the key alone. */
static struct str ssh_command(struct git_fetch *f)
{
    const struct git_ssh_args *ssh = f->args->ssh_key;
    bool is_relative = !ssh->key.text.len && !str_starts(ssh->key_file, STR("/"));
    struct str file = ssh->key.text.len ? STR(".git/invar-key") : ssh->key_file;
    const char *mode = ssh->passphrase.text.len
                           ? "-o NumberOfPasswordPrompts=1 -o PasswordAuthentication=no "
                             "-o KbdInteractiveAuthentication=no"
                           : "-o BatchMode=yes";
    return arena_printf(&f->arena,
                        "ssh %s -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes "
                        "-o ConnectTimeout=10 -o ServerAliveInterval=5 -l %.*s -i %s%.*s",
                        mode, STR_ARG(quoted(f, ssh->username)),
                        is_relative ? "\"$INVAR_GIT_HOME\"/" : "", STR_ARG(quoted(f, file)));
}

struct environment {
    const char *lines[16];
    size_t count;
};

static void set(struct git_fetch *f, struct environment *env, const char *name, struct str value)
{
    env->lines[env->count++] =
        arena_cstr(&f->arena, arena_printf(&f->arena, "%s=%.*s", name, STR_ARG(value)));
}

static void fill(struct git_fetch *f, struct environment *env)
{
    const struct import_git_args *args = f->args;
    set(f, env, "INVAR_GIT_URL", f->url);
    set(f, env, "INVAR_GIT_FOLDER", f->folder);
    set(f, env, "INVAR_GIT_REVISION", args->revision);
    set(f, env, "GIT_TERMINAL_PROMPT", STR("0"));
    set(f, env, "GIT_ALLOW_PROTOCOL", STR("file:git:http:https:ssh"));
    set(f, env, "LC_ALL", STR("C"));
    if (f->user.len || f->password.len) {
        size_t host = str_starts(f->url, STR("https://")) ? 8 : 7;
        set(f, env, "INVAR_GIT_ORIGIN", str_slice(f->url, 0, end_of_host(f->url, host)));
        set(f, env, "INVAR_GIT_USER", f->user);
        set(f, env, "INVAR_GIT_PASSWORD", f->password);
    }
    if (!args->ssh_key || args->basic_auth)
        return;
    set(f, env, "GIT_SSH_COMMAND", ssh_command(f));
    set(f, env, "INVAR_GIT_KEY", args->ssh_key->key.text);
    set(f, env, "INVAR_GIT_PASSPHRASE", args->ssh_key->passphrase.text);
}

static bool leaves(struct str path)
{
    while (path.len) {
        struct str part;
        str_cut(path, '/', &part, &path);
        if (str_is(part, ".."))
            return true;
    }
    return false;
}

static bool has_nul(struct str text)
{
    return text.len && memchr(text.ptr, '\0', text.len);
}

static enum status check(const struct git_fetch *f, struct error *err)
{
    const struct import_git_args *args = f->args;
    if (!f->url.len || f->url.ptr[0] == '-')
        return error_set(err, STATUS_INVALID, "\"%.*s\" is no repository", STR_ARG(f->url));
    if (!args->revision.len || args->revision.ptr[0] == '-')
        return error_set(err, STATUS_INVALID, "invalid revision \"%.*s\"", STR_ARG(args->revision));
    if (leaves(args->path))
        return error_set(err, STATUS_INVALID, "path \"%.*s\" leaves the repository",
                         STR_ARG(args->path));
    if (args->basic_auth && !is_web(f->url))
        return error_set(err, STATUS_INVALID, "basic_auth is for http and https repositories");
    if (has_nul(f->url) || has_nul(args->revision) || has_nul(args->path))
        return error_set(err, STATUS_INVALID, "a NUL in repository, revision or path");
    return STATUS_OK;
}

/* ---- what came ---- */

/* The last line that git said, which tells why. */
static struct str reason(const struct process_result *result)
{
    struct str all = str_trim(result->err), line = all;
    while (all.len) {
        str_cut(all, '\n', &line, &all);
        if (str_starts(line, STR("fatal: ")))
            return str_slice(line, 7, line.len);
    }
    return str_trim(line);
}

static enum status word(const struct git_fetch *f, const struct process_result *result,
                        struct error *err)
{
    struct str why = reason(result);
    switch (result->status) {
    case GIT_OK: return STATUS_OK;
    case GIT_MISSING:
        return error_set(err, STATUS_NOT_FOUND,
                         "the git program is not installed, and import.git needs it");
    case GIT_NO_REVISION:
        return error_set(err, STATUS_NOT_FOUND, "invalid revision \"%.*s\"",
                         STR_ARG(f->args->revision));
    case GIT_NO_FOLDER:
    case GIT_NEVER_FETCHED:
        return error_set(err, STATUS_UNAVAILABLE, "failed to download repository \"%.*s\": %.*s",
                         STR_ARG(f->url), STR_ARG(why));
    default:
        return error_set(err, STATUS_UNAVAILABLE, "failed to update repository \"%.*s\": %.*s",
                         STR_ARG(f->url), STR_ARG(why));
    }
}

static enum status read_clone(struct git_fetch *f, struct import_texts *texts, struct error *err)
{
    struct str path =
        arena_printf(&f->arena, "%.*s/%.*s", STR_ARG(f->folder), STR_ARG(f->args->path));
    enum status status = import_texts_read(texts, arena_cstr(&f->arena, path), err);
    if (status == STATUS_OK && texts->count == 1 && str_eq(texts->items[0].name, path))
        texts->items[0].name = arena_str(&texts->arena, f->args->path);
    texts->module_path = arena_str(&texts->arena, f->folder);
    return status;
}

static void ended(void *arg, const struct process_result *result, const struct error *err)
{
    struct git_fetch *f = arg;
    struct import_texts texts;
    struct error why = *err, unread;
    f->process = NULL;
    import_texts_init(&texts);
    if (why.status != STATUS_OK)
        error_prefix(&why, "git for \"%.*s\": ", STR_ARG(f->url));
    else if (word(f, result, &why) == STATUS_OK || result->status == GIT_UNREACHABLE)
        if (read_clone(f, &texts, &unread) != STATUS_OK && why.status == STATUS_OK)
            why = unread;
    import_fetched_fn *done = f->done;
    void *done_arg = f->arg;
    cancel(f);
    done(done_arg, &texts, &why);
}

static void name_folder(struct git_fetch *f, struct str data_path)
{
    unsigned char digest[32];
    hash_sha256(f->url.ptr, f->url.len, digest);
    f->folder = arena_printf(&f->arena, "%.*s/repo-%02x%02x%02x%02x", STR_ARG(data_path), digest[0],
                             digest[1], digest[2], digest[3]);
}

static void *begin(const struct import_place *place, const void *args, import_fetched_fn *done,
                   void *arg, struct error *err)
{
    static const char *const argv[] = {"/bin/sh", "-c", script, "invar-git", NULL};
    struct git_fetch *f = mem_zalloc(NULL, sizeof(*f));
    struct environment env = {0};
    arena_init(&f->arena, NULL, 0);
    f->args = args;
    f->done = done;
    f->arg = arg;
    split_url(f);
    name_folder(f, place->data_path);
    if (check(f, err) == STATUS_OK) {
        fill(f, &env);
        const struct process_options options = {
            .argv = argv, .env = env.lines, .timeout_ns = GIT_TIME_NS, .max_output = OUTPUT_MAX};
        f->process = loop_process_new(place->loop, &options, ended, f, err);
    }
    if (f->process)
        return f;
    cancel(f);
    return NULL;
}

static int64_t every(const void *data)
{
    const struct import_git_args *args = data;
    return args->pull_frequency.ns > 0 ? args->pull_frequency.ns : 0;
}

static int64_t timeout(const void *data)
{
    (void)data;
    return GIT_TIME_NS;
}

static const struct import_remote remote = {.begin = begin,
                                            .cancel = cancel,
                                            .every = every,
                                            .timeout = timeout,
                                            .first_failed = "updating component: ",
                                            .later_failed = "updating component: "};

const struct import_source import_git = {.name = "import.git", .remote = &remote};
