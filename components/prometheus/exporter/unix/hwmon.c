/* The collector hwmon: sensors of the chips in /sys/class/hwmon, from files TYPE NUMBER _ PROPERTY
 * ("temp1_max"). Links of a chip are followed by their text, at most two of them. */

#include "base/strconv.h"
#include "base/world.h"
#include "components/prometheus/exporter/unix/collector.h"

#include <fcntl.h>

/* ---- names ---- */
/* Lower case, other characters become '_', without '_' at the ends. */
static struct str clean_name(struct collect *c, struct str text)
{
    struct str copy = arena_str(&c->arena, text);
    char *p = (char *)copy.ptr;
    for (size_t i = 0; i < copy.len; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] |= 32;
        bool ok = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= ':');
        if (!ok)
            p[i] = '_';
    }
    size_t from = 0;
    while (from < copy.len && p[from] == '_')
        from++;
    while (copy.len > from && p[copy.len - 1] == '_')
        copy.len--;
    return arena_str(&c->arena, str_slice(copy, from, copy.len));
}

static struct str last_element(struct str *path)
{
    size_t slash = str_rfind_byte(*path, '/');
    struct str last = slash == SIZE_MAX ? *path : str_slice(*path, slash + 1, path->len);
    *path = slash == SIZE_MAX ? STR("") : str_slice(*path, 0, slash);
    return last;
}

/* The path with "." and ".." worked out by their text. */
static struct str plain_path(struct collect *c, struct str path)
{
    struct str out = STR("");
    bool is_absolute = str_starts(path, STR("/"));
    while (path.len != 0) {
        struct str element;
        str_cut(path, '/', &element, &path);
        if (str_is(element, "..")) {
            last_element(&out);
        } else if (element.len != 0 && !str_is(element, ".")) {
            const char *slash = out.len != 0 || is_absolute ? "/" : "";
            out = arena_printf(&c->arena, "%.*s%s%.*s", STR_ARG(out), slash, STR_ARG(element));
        }
    }
    return out;
}

/* What a path leads to when its last element is a link. */
static struct str follow(struct collect *c, struct str path)
{
    char target[1024];
    const char *text = arena_cstr(&c->arena, path);
    ssize_t len = world_readlink(AT_FDCWD, text, target, sizeof target);
    if (len <= 0)
        return plain_path(c, path);
    struct str link = str_of(target, (size_t)len);
    if (!str_starts(link, STR("/"))) {
        last_element(&path);
        link = arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(link));
    }
    return plain_path(c, link);
}

/* The device's bus and name, else the chip's own name, else hwmonN. */
static struct str chip_name(struct collect *c, struct str hwmon)
{
    struct str folder = sys_path(c, "class/hwmon/%.*s", STR_ARG(hwmon));
    struct str real = follow(c, folder);
    struct str device = arena_printf(&c->arena, "%.*s/device", STR_ARG(folder));
    if (file_exists(c, device.ptr)) {
        struct str path = follow(c, arena_printf(&c->arena, "%.*s/device", STR_ARG(real)));
        struct str name = clean_name(c, last_element(&path));
        struct str bus = clean_name(c, last_element(&path));
        if (name.len != 0 && bus.len != 0)
            return arena_printf(&c->arena, "%.*s_%.*s", STR_ARG(bus), STR_ARG(name));
        if (name.len != 0)
            return name;
    }
    struct str name = clean_name(c, sys_label(c, "class/hwmon/%.*s/name", STR_ARG(hwmon)));
    return name.len != 0 ? name : clean_name(c, last_element(&real));
}

/* ---- sensors ---- */
struct sensor_file {
    struct str type, sensor, property; /* "temp", "temp1", "max" */
};

/* Splits the name of a file; false when it is of no sensor. */
static bool split_name(struct collect *c, struct str name, struct sensor_file *f)
{
    static const char *const types[] = {
        "vrm",  "beep_enable", "update_interval", "in",     "cpu",      "fan",      "pwm",
        "temp", "curr",        "power",           "energy", "humidity", "intrusion"};
    size_t digits = 0;
    size_t end;
    while (digits < name.len && (name.ptr[digits] < '0' || name.ptr[digits] > '9'))
        digits++;
    for (end = digits; end < name.len && name.ptr[end] >= '0' && name.ptr[end] <= '9';)
        end++;
    f->type = str_slice(name, 0, digits);
    f->property = STR("");
    if (end < name.len) {
        if (name.ptr[end] != '_' || end + 1 == name.len)
            return false;
        f->property = str_slice(name, end + 1, name.len);
    }
    uint64_t number = 0;
    if (end > digits && !str_to_u64(str_slice(name, digits, end), &number))
        return false;
    f->sensor = arena_printf(&c->arena, "%.*s%llu", STR_ARG(f->type), (unsigned long long)number);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (str_is(f->type, types[i]))
            return true;
    }
    return false;
}

struct sensor_rule {
    const char *type, *property; /* NULL = any */
    double factor;
    int metric;
    const char *suffix;
    const char *help; /* %s: the property, or the type where `help_is_type` */
    bool help_is_type;
};

/* The first that fits counts. */
static const struct sensor_rule rules[] = {
    {NULL, "fault", 1, GAUGE, "", "Hardware sensor fault status (%s)", true},
    {NULL, "alarm", 1, GAUGE, "", "Hardware sensor alarm status (%s)", true},
    {NULL, "beep", 1, GAUGE, "_enabled", "Hardware monitor sensor has beeping enabled", false},
    {"in", NULL, 0.001, GAUGE, "_volts", "Hardware monitor for voltage (%s)", false},
    {"cpu", NULL, 0.001, GAUGE, "_volts", "Hardware monitor for voltage (%s)", false},
    {"temp", "type", 1, GAUGE, "", "Hardware monitor temp element %s", false},
    {"temp", NULL, 0.001, GAUGE, "_celsius", "Hardware monitor for temperature (%s)", false},
    {"curr", NULL, 0.001, GAUGE, "_amps", "Hardware monitor for current (%s)", false},
    {"energy", NULL, 1e-6, COUNTER, "_joule_total", "Hardware monitor for joules used so far (%s)",
     false},
    {"power", "accuracy", 1e-6, GAUGE, "", "Hardware monitor power meter accuracy, as a ratio",
     false},
    {"power", "average_interval", 0.001, GAUGE, "_seconds",
     "Hardware monitor power usage update interval (%s)", false},
    {"power", "average_interval_min", 0.001, GAUGE, "_seconds",
     "Hardware monitor power usage update interval (%s)", false},
    {"power", "average_interval_max", 0.001, GAUGE, "_seconds",
     "Hardware monitor power usage update interval (%s)", false},
    {"power", NULL, 1e-6, GAUGE, "_watt", "Hardware monitor for power usage in watts (%s)", false},
    {"humidity", NULL, 1e-6, GAUGE, "",
     "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a "
     "percentage) (%s)",
     false},
    {"fan", "input", 1, GAUGE, "_rpm", "Hardware monitor for fan revolutions per minute (%s)",
     false},
    {"fan", "min", 1, GAUGE, "_rpm", "Hardware monitor for fan revolutions per minute (%s)", false},
    {"fan", "max", 1, GAUGE, "_rpm", "Hardware monitor for fan revolutions per minute (%s)", false},
    {"fan", "target", 1, GAUGE, "_rpm", "Hardware monitor for fan revolutions per minute (%s)",
     false},
};

static const struct sensor_rule *find_rule(const struct sensor_file *f)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if ((rules[i].type == NULL || str_is(f->type, rules[i].type)) &&
            (rules[i].property == NULL || str_is(f->property, rules[i].property))) {
            return &rules[i];
        }
    }
    return NULL;
}

/* `help` with the text in the place of its %s. */
static const char *fill_help(struct collect *c, const char *help, struct str text)
{
    const char *at = strstr(help, "%s");
    if (at == NULL)
        return help;
    struct str head = str_of(help, (size_t)(at - help));
    return arena_printf(&c->arena, "%.*s%.*s%s", STR_ARG(head), STR_ARG(text), at + 2).ptr;
}

/* Types that are one file without a property. */
static bool whole_chip(struct collect *c, const struct sensor_file *f, struct str value,
                       const struct label labels[2])
{
    static const struct family beep = {GAUGE, "hwmon_beep_enabled", "Hardware beep enabled"};
    static const struct family vrm = {GAUGE, "hwmon_voltage_regulator_version",
                                      "Hardware voltage regulator"};
    static const struct family interval = {GAUGE, "hwmon_update_interval_seconds",
                                           "Hardware monitor update interval"};
    double number;
    bool range;
    if (str_is(f->type, "beep_enable")) {
        page_later(c, &beep, labels, 2, str_is(value, "1"));
        return true;
    }
    bool is_vrm = str_is(f->type, "vrm");
    if (!is_vrm && !str_is(f->type, "update_interval"))
        return false;
    if (strconv_parse_float(value, &number, &range))
        page_later(c, is_vrm ? &vrm : &interval, labels, 2, is_vrm ? number : number * 0.001);
    return true;
}

static void sensor_value(struct collect *c, const struct sensor_file *f, struct str value,
                         struct str chip, bool has_plain)
{
    static const struct family label_family = {GAUGE, "hwmon_sensor_label",
                                               "Label for given chip and sensor"};
    const struct label labels[] = {L("chip", chip), L("sensor", f->sensor)};
    double number;
    bool range;
    if (str_is(f->property, "label")) {
        LATER(c, &label_family, 1, L("chip", chip), L("label", valid_text(c, value)),
              L("sensor", f->sensor));
        return;
    }
    if (whole_chip(c, f, value, labels) || !strconv_parse_float(value, &number, &range))
        return;
    const struct sensor_rule *rule = find_rule(f);
    struct str element = f->property;
    struct str middle = clean_name(c, element);
    if (str_is(element, "input") && !has_plain)
        middle = STR("");
    if (element.len == 0 && str_is(f->type, "temp"))
        element = STR("input");
    struct str name =
        arena_printf(&c->arena, "hwmon_%.*s%s%.*s%s", STR_ARG(f->type), middle.len != 0 ? "_" : "",
                     STR_ARG(middle), rule != NULL ? rule->suffix : "");
    struct family family = {GAUGE, name.ptr, NULL};
    if (rule != NULL) {
        family.type = rule->metric;
        family.help = fill_help(c, rule->help, rule->help_is_type ? f->type : element);
        number *= rule->factor;
    } else {
        family.help = arena_printf(&c->arena, "Hardware monitor %.*s element %.*s",
                                   STR_ARG(f->type), STR_ARG(element))
                          .ptr;
    }
    page_later(c, &family, labels, 2, number);
}

static void chip_folder(struct collect *c, struct str folder, struct str chip)
{
    struct str_list files = list_dir(c, sys_path(c, "%.*s", STR_ARG(folder)).ptr);
    for (size_t i = 0; i < files.count; i++) {
        struct sensor_file f;
        if (!split_name(c, files.items[i], &f))
            continue;
        struct error kept = c->err;
        struct str value = sys_file(c, "%.*s/%.*s", STR_ARG(folder), STR_ARG(files.items[i]));
        c->err = kept;
        if (value.ptr == NULL)
            continue;
        while (str_ends(value, STR("\n")))
            value.len--;
        const char *plain = sys_path(c, "%.*s/%.*s", STR_ARG(folder), STR_ARG(f.sensor)).ptr;
        bool has_plain = str_is(f.property, "input") && file_exists(c, plain);
        sensor_value(c, &f, value, chip, has_plain);
    }
}

void collect_hwmon(struct collect *c)
{
    static const struct family names = {GAUGE, "hwmon_chip_names",
                                        "Annotation metric for human-readable chip names"};
    struct str_list chips;
    if (!sys_dir(c, &chips, "class/hwmon"))
        return;
    for (size_t i = 0; i < chips.count; i++) {
        struct str hwmon = chips.items[i];
        struct str chip = chip_name(c, hwmon);
        if (!passes(c->patterns->hwmon_exclude, c->patterns->hwmon_include, chip))
            continue;
        struct str human = clean_name(c, sys_label(c, "class/hwmon/%.*s/name", STR_ARG(hwmon)));
        if (human.len != 0)
            LATER(c, &names, 1, L("chip", chip), L("chip_name", human));
        chip_folder(c, arena_printf(&c->arena, "class/hwmon/%.*s", STR_ARG(hwmon)), chip);
        chip_folder(c, arena_printf(&c->arena, "class/hwmon/%.*s/device", STR_ARG(hwmon)), chip);
    }
}
