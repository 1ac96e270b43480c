/* Collectors of arrays and drives: mdadm, nvme, tapestats. */

#include "components/prometheus/exporter/unix/collector.h"

/* ---- mdadm: /proc/mdstat, an array a paragraph ---- */
enum { MD_LINES = 65536 };

struct array {
    struct str name, state;
    double active, total, failed, spare, blocks, synced;
};

static double count_of(struct str text, struct str needle)
{
    double n = 0;
    for (size_t at = 0; (at = str_find(text, needle, at)) != SIZE_MAX; at += needle.len)
        n++;
    return n;
}

static bool has(struct str text, const char *needle)
{
    return str_find(text, str_from(needle), 0) != SIZE_MAX;
}

/* "[4/3]": how many disks it takes and how many work. */
static bool disk_counts(struct str line, double *total, double *active)
{
    for (size_t at = 0; (at = str_find_byte(line, '[', at)) != SIZE_MAX; at++) {
        struct str inside;
        struct str rest;
        struct str left;
        struct str right;
        if (str_cut(str_slice(line, at + 1, line.len), ']', &inside, &rest) &&
            str_cut(inside, '/', &left, &right) && to_number(left, total) &&
            to_number(right, active)) {
            return true;
        }
    }
    return false;
}

/* "(16775552/195310144)", and none while it waits. */
static bool synced_blocks(struct str line, double *out)
{
    struct str word;
    *out = 0;
    if (has(line, "PENDING") || has(line, "DELAYED"))
        return true;
    while (next_word(&line, &word)) {
        struct str done;
        struct str all;
        if (str_starts(word, STR("(")) && str_cut(str_slice(word, 1, word.len), '/', &done, &all)) {
            return to_number(done, out);
        }
    }
    return false;
}

static bool read_array(struct str head, const struct str *lines, size_t count, struct array *a)
{
    static const struct {
        const char *word, *state;
    } syncs[] = {{"recovery", "recovering"}, {"check", "checking"}, {"resync", "resyncing"}};
    struct str words = head;
    struct str word;
    struct str status = count != 0 ? lines[0] : STR("");
    next_word(&words, &a->name);
    next_word(&words, &word);
    if (!next_word(&words, &a->state) || !next_word(&status, &word) ||
        !to_number(word, &a->blocks)) {
        return false;
    }
    a->failed = count_of(head, STR("(F)"));
    a->spare = count_of(head, STR("(S)"));
    if (has(head, "raid0") || has(head, "linear")) {
        a->total = a->active = count_of(head, STR("["));
    } else if (!has(head, "inactive") && !disk_counts(status, &a->total, &a->active)) {
        return false;
    }
    a->synced = a->blocks;
    size_t at = count > 1 && has(lines[1], "bitmap") ? 2 : 1;
    struct str sync = at < count ? lines[at] : STR("");
    for (size_t i = 0; i < sizeof syncs / sizeof *syncs; i++) {
        if (has(sync, syncs[i].word)) {
            a->state = str_from(syncs[i].state);
            return synced_blocks(sync, &a->synced);
        }
    }
    return true;
}

static void array_families(struct collect *c, const struct array *a)
{
    static const struct family disks = {GAUGE, "md_disks",
                                        "Number of active/failed/spare disks of device."};
    static const struct family required = {GAUGE, "md_disks_required",
                                           "Total number of disks of device."};
    static const struct family state = {GAUGE, "md_state", "Indicates the state of md-device."};
    static const struct family blocks = {GAUGE, "md_blocks", "Total number of blocks on device."};
    static const struct family synced = {GAUGE, "md_blocks_synced",
                                         "Number of blocks synced on device."};
    static const struct {
        const char *label, *state;
    } states[] = {{"active", "active"},
                  {"check", "checking"},
                  {"inactive", "inactive"},
                  {"recovering", "recovering"},
                  {"resync", "resyncing"}};
    LATER(c, &disks, a->active, L("device", a->name), L("state", STR("active")));
    LATER(c, &disks, a->failed, L("device", a->name), L("state", STR("failed")));
    LATER(c, &disks, a->spare, L("device", a->name), L("state", STR("spare")));
    LATER(c, &required, a->total, L("device", a->name));
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        LATER(c, &state, str_is(a->state, states[i].state), L("device", a->name),
              L("state", str_from(states[i].label)));
    }
    LATER(c, &blocks, a->blocks, L("device", a->name));
    LATER(c, &synced, a->synced, L("device", a->name));
}

static bool opens_array(struct str line)
{
    return str_trim(line).len != 0 && line.ptr[0] != ' ' &&
           !str_starts(line, STR("Personalities")) && !str_starts(line, STR("unused"));
}

void collect_mdadm(struct collect *c)
{
    struct str text = proc_file(c, "mdstat");
    if (text.ptr == NULL)
        return;
    struct str *lines = ARENA_ARRAY(&c->arena, MD_LINES, struct str);
    size_t count = 0;
    while (count < MD_LINES && next_line(&text, &lines[count]))
        count++;
    for (size_t i = 0; i < count; i++) {
        struct array a = {0};
        size_t end = i + 1;
        if (!opens_array(lines[i]))
            continue;
        while (end < count && str_trim(lines[end]).len != 0 && !opens_array(lines[end]))
            end++;
        if (!read_array(lines[i], &lines[i + 1], end - i - 1, &a)) {
            collect_failed(c, "mdstat: \"%.*s\" is not understood", STR_ARG(lines[i]));
            return;
        }
        array_families(c, &a);
    }
}

/* ---- nvme ---- */
void collect_nvme(struct collect *c)
{
    static const struct family info = {
        GAUGE, "nvme_info", "Non-numeric data from /sys/class/nvme/<device>, value is always 1."};
    struct str_list devices;
    if (!sys_dir(c, &devices, "class/nvme"))
        return;
    for (size_t i = 0; i < devices.count; i++) {
        struct str d = devices.items[i];
        LATER(c, &info, 1, L("device", d),
              L("firmware_revision", sys_label(c, "class/nvme/%.*s/firmware_rev", STR_ARG(d))),
              L("model", sys_label(c, "class/nvme/%.*s/model", STR_ARG(d))),
              L("serial", sys_label(c, "class/nvme/%.*s/serial", STR_ARG(d))),
              L("state", sys_label(c, "class/nvme/%.*s/state", STR_ARG(d))));
    }
}

/* ---- tapestats ---- */
struct tape_row {
    const char *file;
    double factor;
    struct family family;
};

static const struct tape_row tape_rows[] = {
    {"in_flight",
     1,
     {GAUGE, "tape_io_now", "The number of I/Os currently outstanding to this device."}},
    {"io_ns",
     1e-9,
     {COUNTER, "tape_io_time_seconds_total",
      "The amount of time spent waiting for all I/O to complete (including read and write). "
      "This includes tape movement commands such as seeking between file or set marks and "
      "implicit tape movement such as when rewind on close tape devices are used."}},
    {"other_cnt",
     1,
     {COUNTER, "tape_io_others_total",
      "The number of I/Os issued to the tape drive other than read or write commands. The "
      "time taken to complete these commands uses the following calculation "
      "io_time_seconds_total-read_time_seconds_total-write_time_seconds_total"}},
    {"read_byte_cnt",
     1,
     {COUNTER, "tape_read_bytes_total", "The number of bytes read from the tape drive."}},
    {"read_cnt",
     1,
     {COUNTER, "tape_reads_completed_total",
      "The number of read requests issued to the tape drive."}},
    {"read_ns",
     1e-9,
     {COUNTER, "tape_read_time_seconds_total",
      "The amount of time spent waiting for read requests to complete."}},
    {"resid_cnt",
     1,
     {COUNTER, "tape_residual_total",
      "The number of times during a read or write we found the residual amount to be "
      "non-zero. This should mean that a program is issuing a read larger thean the block "
      "size on tape. For write not all data made it to tape."}},
    {"write_byte_cnt",
     1,
     {COUNTER, "tape_written_bytes_total", "The number of bytes written to the tape drive."}},
    {"write_cnt",
     1,
     {COUNTER, "tape_writes_completed_total",
      "The number of write requests issued to the tape drive."}},
    {"write_ns",
     1e-9,
     {COUNTER, "tape_write_time_seconds_total",
      "The amount of time spent waiting for write requests to complete."}},
};

void collect_tapestats(struct collect *c)
{
    struct str_list names;
    if (!sys_dir(c, &names, "class/scsi_tape"))
        return;
    for (size_t i = 0; i < names.count; i++) {
        struct str name = names.items[i];
        uint64_t number;
        /* st0; nst0, st0a and the like are other ways to the same tape. */
        if (!str_starts(name, STR("st")) || !str_to_u64(str_slice(name, 2, name.len), &number) ||
            !passes(c->patterns->tapestats, NULL, name)) {
            continue;
        }
        for (size_t k = 0; k < sizeof tape_rows / sizeof *tape_rows; k++) {
            double value;
            if (!sys_number(c, &value, "class/scsi_tape/%.*s/stats/%s", STR_ARG(name),
                            tape_rows[k].file)) {
                collect_failed(c, "stats/%s of %.*s cannot be read", tape_rows[k].file,
                               STR_ARG(name));
                return;
            }
            LATER(c, &tape_rows[k].family, value * tape_rows[k].factor, L("device", name));
        }
    }
}
