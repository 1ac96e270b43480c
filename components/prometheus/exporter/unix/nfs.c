/* Collectors of NFS: nfs (the client, /proc/net/rpc/nfs) and nfsd (the server, /proc/net/rpc/nfsd).
 * A line is a name and numbers, in a "proc" line the first number says how many follow. */

#include "components/prometheus/exporter/unix/collector.h"

/* Names of procedures in the order of the kernel's tables; NULL = not shown. */
static const char *const v2_names[] = {
    "Null",   "GetAttr", "SetAttr", "Root", "Lookup",  "ReadLink", "Read",  "WrCache", "Write",
    "Create", "Remove",  "Rename",  "Link", "SymLink", "MkDir",    "RmDir", "ReadDir", "FsStat"};
static const char *const v3_names[] = {
    "Null",    "GetAttr",     "SetAttr", "Lookup", "Access",   "ReadLink", "Read",   "Write",
    "Create",  "MkDir",       "SymLink", "MkNod",  "Remove",   "RmDir",    "Rename", "Link",
    "ReadDir", "ReadDirPlus", "FsStat",  "FsInfo", "PathConf", "Commit"};
static const char *const v4_client_names[] = {"Null",
                                              "Read",
                                              "Write",
                                              "Commit",
                                              "Open",
                                              "OpenConfirm",
                                              "OpenNoattr",
                                              "OpenDowngrade",
                                              "Close",
                                              "Setattr",
                                              "FsInfo",
                                              "Renew",
                                              "SetClientID",
                                              "SetClientIDConfirm",
                                              "Lock",
                                              "Lockt",
                                              "Locku",
                                              "Access",
                                              "Getattr",
                                              "Lookup",
                                              "LookupRoot",
                                              "Remove",
                                              "Rename",
                                              "Link",
                                              "Symlink",
                                              "Create",
                                              "Pathconf",
                                              "StatFs",
                                              "ReadLink",
                                              "ReadDir",
                                              "ServerCaps",
                                              "DelegReturn",
                                              "GetACL",
                                              "SetACL",
                                              "FsLocations",
                                              "ReleaseLockowner",
                                              "Secinfo",
                                              "FsidPresent",
                                              "ExchangeID",
                                              "CreateSession",
                                              "DestroySession",
                                              "Sequence",
                                              "GetLeaseTime",
                                              "ReclaimComplete",
                                              "LayoutGet",
                                              "GetDeviceInfo",
                                              "LayoutCommit",
                                              "LayoutReturn",
                                              "SecinfoNoName",
                                              "TestStateID",
                                              "FreeStateID",
                                              "GetDeviceList",
                                              "BindConnToSession",
                                              "DestroyClientID",
                                              "Seek",
                                              "Allocate",
                                              "DeAllocate",
                                              "LayoutStats",
                                              "Clone"};
/* By number of the operation (RFC 7530, section 16); node_exporter 1.6.1 shows the numbers of 35 to
 * 37 as Verify, Write and RelLockOwner, two too low. */
static const char *const v4_operations[] = {
    NULL,     NULL,         NULL,          "Access",      "Close",      "Commit",
    "Create", "DelegPurge", "DelegReturn", "GetAttr",     "GetFH",      "Link",
    "Lock",   "Lockt",      "Locku",       "Lookup",      "LookupRoot", "Nverify",
    "Open",   "OpenAttr",   "OpenConfirm", "OpenDgrd",    "PutFH",      NULL,
    NULL,     "Read",       "ReadDir",     "ReadLink",    "Remove",     "Rename",
    "Renew",  "RestoreFH",  "SaveFH",      "SecInfo",     "SetAttr",    NULL,
    NULL,     "Verify",     "Write",       "RelLockOwner"};

struct procedures {
    const char *line, *proto;
    const char *const *names;
    size_t count;
    bool has_null; /* whether the procedure Null is shown */
};
#define PROCEDURES(line, proto, names, has_null)                                                   \
    {                                                                                              \
        line, proto, names, sizeof(names) / sizeof *(names), has_null                              \
    }

struct number_row {
    const char *line;
    size_t column;
    struct family family;
    const char *label, *value; /* NULL = without */
};

static bool write_numbers(struct collect *c, const struct number_row *rows, size_t count,
                          struct str name, struct str numbers)
{
    struct str word;
    for (size_t column = 0; next_word(&numbers, &word); column++) {
        for (size_t i = 0; i < count; i++) {
            double value;
            if (rows[i].column != column || !str_is(name, rows[i].line))
                continue;
            if (!to_number(word, &value))
                return collect_failed(c, "%s: no number", rows[i].line);
            const struct label label = {str_from(rows[i].label), str_from(rows[i].value)};
            page_later(c, &rows[i].family, &label, rows[i].label != NULL, value);
        }
    }
    return true;
}

/* A kernel without the newer procedures has a shorter line: those are 0. */
static bool write_procedures(struct collect *c, const struct family *family,
                             const struct procedures *p, struct str numbers)
{
    struct str proto = str_from(p->proto);
    struct str word;
    next_word(&numbers, &word); /* how many follow */
    for (size_t i = 0; i < p->count; i++) {
        double value = 0;
        if (next_word(&numbers, &word) && !to_number(word, &value))
            return collect_failed(c, "%s: no number", p->line);
        if (p->names[i] != NULL && (i != 0 || p->has_null)) {
            LATER(c, family, value, L("method", str_from(p->names[i])), L("proto", proto));
        }
    }
    return true;
}

struct nfs_file {
    struct str text;
    const struct number_row *rows;
    size_t row_count;
    const struct procedures *procedures;
    size_t procedure_count;
    struct family requests;
};

static void write_file(struct collect *c, const struct nfs_file *file)
{
    struct str text = file->text;
    struct str line;
    while (next_line(&text, &line)) {
        struct str name;
        if (!next_word(&line, &name))
            continue;
        if (!write_numbers(c, file->rows, file->row_count, name, line))
            return;
        for (size_t i = 0; i < file->procedure_count; i++) {
            if (str_is(name, file->procedures[i].line) &&
                !write_procedures(c, &file->requests, &file->procedures[i], line)) {
                return;
            }
        }
    }
}

void collect_nfs(struct collect *c)
{
    static const char packets[] = "Total NFSd network packets (sent+received) by protocol type.";
    static const struct number_row rows[] = {
        {"net", 1, {COUNTER, "nfs_packets_total", packets}, "protocol", "udp"},
        {"net", 2, {COUNTER, "nfs_packets_total", packets}, "protocol", "tcp"},
        {"net",
         3,
         {COUNTER, "nfs_connections_total", "Total number of NFSd TCP connections."},
         NULL,
         NULL},
        {"rpc", 0, {COUNTER, "nfs_rpcs_total", "Total number of RPCs performed."}, NULL, NULL},
        {"rpc",
         1,
         {COUNTER, "nfs_rpc_retransmissions_total", "Number of RPC transmissions performed."},
         NULL,
         NULL},
        {"rpc",
         2,
         {COUNTER, "nfs_rpc_authentication_refreshes_total",
          "Number of RPC authentication refreshes performed."},
         NULL,
         NULL},
    };
    static const struct procedures procedures[] = {
        PROCEDURES("proc2", "2", v2_names, true),
        PROCEDURES("proc3", "3", v3_names, true),
        PROCEDURES("proc4", "4", v4_client_names, true),
    };
    struct nfs_file file = {proc_file(c, "net/rpc/nfs"),
                            rows,
                            sizeof rows / sizeof *rows,
                            procedures,
                            sizeof procedures / sizeof *procedures,
                            {COUNTER, "nfs_requests_total", "Number of NFS procedures invoked."}};
    write_file(c, &file);
}

static const char server_packets[] = "Total NFSd network packets (sent+received) by protocol type.";
static const char server_errors[] = "Total number of NFSd RPC errors by error type.";
static const struct number_row nfsd_rows[] = {
    {"rc",
     0,
     {COUNTER, "nfsd_reply_cache_hits_total",
      "Total number of NFSd Reply Cache hits (client lost server response)."},
     NULL,
     NULL},
    {"rc",
     1,
     {COUNTER, "nfsd_reply_cache_misses_total",
      "Total number of NFSd Reply Cache an operation that requires caching (idempotent)."},
     NULL,
     NULL},
    {"rc",
     2,
     {COUNTER, "nfsd_reply_cache_nocache_total",
      "Total number of NFSd Reply Cache non-idempotent operations "
      "(rename/delete/\xe2\x80\xa6)."},
     NULL,
     NULL},
    {"fh",
     0,
     {COUNTER, "nfsd_file_handles_stale_total", "Total number of NFSd stale file handles"},
     NULL,
     NULL},
    {"io", 0, {COUNTER, "nfsd_disk_bytes_read_total", "Total NFSd bytes read."}, NULL, NULL},
    {"io", 1, {COUNTER, "nfsd_disk_bytes_written_total", "Total NFSd bytes written."}, NULL, NULL},
    {"th",
     0,
     {GAUGE, "nfsd_server_threads", "Total number of NFSd kernel threads that are running."},
     NULL,
     NULL},
    {"ra",
     0,
     {GAUGE, "nfsd_read_ahead_cache_size_blocks", "How large the read ahead cache is in blocks."},
     NULL,
     NULL},
    {"ra",
     11,
     {COUNTER, "nfsd_read_ahead_cache_not_found_total",
      "Total number of NFSd read ahead cache not found."},
     NULL,
     NULL},
    {"net", 1, {COUNTER, "nfsd_packets_total", server_packets}, "proto", "udp"},
    {"net", 2, {COUNTER, "nfsd_packets_total", server_packets}, "proto", "tcp"},
    {"net",
     3,
     {COUNTER, "nfsd_connections_total", "Total number of NFSd TCP connections."},
     NULL,
     NULL},
    {"rpc", 0, {COUNTER, "nfsd_server_rpcs_total", "Total number of NFSd RPCs."}, NULL, NULL},
    {"rpc", 2, {COUNTER, "nfsd_rpc_errors_total", server_errors}, "error", "fmt"},
    {"rpc", 3, {COUNTER, "nfsd_rpc_errors_total", server_errors}, "error", "auth"},
    {"rpc", 4, {COUNTER, "nfsd_rpc_errors_total", server_errors}, "error", "cInt"},
};

void collect_nfsd(struct collect *c)
{
    static const struct procedures procedures[] = {
        PROCEDURES("proc2", "2", v2_names, false),
        PROCEDURES("proc3", "3", v3_names, false),
        PROCEDURES("proc4ops", "4", v4_operations, false),
    };
    struct nfs_file file = {
        proc_file(c, "net/rpc/nfsd"),
        nfsd_rows,
        sizeof nfsd_rows / sizeof *nfsd_rows,
        procedures,
        sizeof procedures / sizeof *procedures,
        {COUNTER, "nfsd_requests_total", "Total number NFSd Requests by method and protocol."}};
    write_file(c, &file);
}
