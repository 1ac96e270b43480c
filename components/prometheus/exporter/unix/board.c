/* Collectors of processor clocks, firmware and memory controllers: cpufreq, dmi, edac. */

#include "components/prometheus/exporter/unix/collector.h"

/* ---- cpufreq: kHz in sysfs ---- */
static void scaling_governor(struct collect *c, struct str folder, struct str cpu)
{
    static const struct family family = {GAUGE, "cpu_scaling_governor",
                                         "Current enabled CPU frequency governor."};
    struct str now = sys_label(c, "%s/scaling_governor", folder.ptr);
    struct str all = sys_label(c, "%s/scaling_available_governors", folder.ptr);
    struct str word;
    if (now.len == 0)
        return;
    while (next_word(&all, &word))
        LATER(c, &family, str_eq(word, now), L("cpu", cpu), L("governor", word));
}

void collect_cpufreq(struct collect *c)
{
    static const struct {
        const char *file;
        struct family family;
    } rows[] = {
        {"cpuinfo_cur_freq",
         {GAUGE, "cpu_frequency_hertz", "Current CPU thread frequency in hertz."}},
        {"cpuinfo_min_freq",
         {GAUGE, "cpu_frequency_min_hertz", "Minimum CPU thread frequency in hertz."}},
        {"cpuinfo_max_freq",
         {GAUGE, "cpu_frequency_max_hertz", "Maximum CPU thread frequency in hertz."}},
        {"scaling_cur_freq",
         {GAUGE, "cpu_scaling_frequency_hertz", "Current scaled CPU thread frequency in hertz."}},
        {"scaling_min_freq",
         {GAUGE, "cpu_scaling_frequency_min_hertz",
          "Minimum scaled CPU thread frequency in hertz."}},
        {"scaling_max_freq",
         {GAUGE, "cpu_scaling_frequency_max_hertz",
          "Maximum scaled CPU thread frequency in hertz."}},
    };
    struct str_list names = list_dir(c, sys_path(c, "devices/system/cpu").ptr);
    for (size_t i = 0; i < names.count; i++) {
        uint64_t number;
        if (!str_starts(names.items[i], STR("cpu")))
            continue;
        struct str cpu = str_slice(names.items[i], 3, names.items[i].len);
        if (!str_to_u64(cpu, &number))
            continue;
        struct str folder =
            arena_printf(&c->arena, "devices/system/cpu/%.*s/cpufreq", STR_ARG(names.items[i]));
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            double value;
            if (sys_number(c, &value, "%s/%s", folder.ptr, rows[k].file))
                LATER(c, &rows[k].family, value * 1000, L("cpu", cpu));
        }
        scaling_governor(c, folder, cpu);
    }
}

/* ---- dmi ---- */
void collect_dmi(struct collect *c)
{
    static const struct {
        const char *label, *file;
    } rows[] = {
        {"bios_date", "bios_date"},
        {"bios_release", "bios_release"},
        {"bios_vendor", "bios_vendor"},
        {"bios_version", "bios_version"},
        {"board_asset_tag", "board_asset_tag"},
        {"board_name", "board_name"},
        {"board_serial", "board_serial"},
        {"board_vendor", "board_vendor"},
        {"board_version", "board_version"},
        {"chassis_asset_tag", "chassis_asset_tag"},
        {"chassis_serial", "chassis_serial"},
        {"chassis_vendor", "chassis_vendor"},
        {"chassis_version", "chassis_version"},
        {"product_family", "product_family"},
        {"product_name", "product_name"},
        {"product_serial", "product_serial"},
        {"product_sku", "product_sku"},
        {"product_uuid", "product_uuid"},
        {"product_version", "product_version"},
        {"system_vendor", "sys_vendor"},
    };
    static const struct family info = {
        GAUGE, "dmi_info",
        "A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, "
        "bios_version, board_asset_tag, board_name, board_serial, board_vendor, board_version, "
        "chassis_asset_tag, chassis_serial, chassis_vendor, chassis_version, product_family, "
        "product_name, product_serial, product_sku, product_uuid, product_version, system_vendor "
        "if provided by DMI."};
    struct label labels[sizeof rows / sizeof *rows];
    size_t count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str text = sys_text(c, "class/dmi/id/%s", rows[i].file);
        if (text.ptr != NULL)
            labels[count++] = (struct label){str_from(rows[i].label), valid_text(c, text)};
    }
    if (count == 0) {
        collect_failed(c, "no data: class/dmi/id is not there");
        return;
    }
    page_later(c, &info, labels, count, 1);
}

/* ---- edac ---- */
struct edac_row {
    const char *file;
    struct family family;
    struct str csrow; /* the label of a controller's counts without a row */
};

static bool edac_counts(struct collect *c, struct str folder, const struct edac_row rows[],
                        size_t count, struct str controller)
{
    for (size_t i = 0; i < count; i++) {
        double value;
        if (!sys_number(c, &value, "%s/%s", folder.ptr, rows[i].file))
            return collect_failed(c, "%s/%s cannot be read", folder.ptr, rows[i].file);
        if (rows[i].csrow.len != 0) {
            LATER(c, &rows[i].family, value, L("controller", controller),
                  L("csrow", rows[i].csrow));
        } else {
            LATER(c, &rows[i].family, value, L("controller", controller));
        }
    }
    return true;
}

static bool edac_controller(struct collect *c, struct str name)
{
    const struct family row_ce = {COUNTER, "edac_csrow_correctable_errors_total",
                                  "Total correctable memory errors for this csrow."};
    const struct family row_ue = {COUNTER, "edac_csrow_uncorrectable_errors_total",
                                  "Total uncorrectable memory errors for this csrow."};
    const struct edac_row rows[] = {
        {"ce_count",
         {COUNTER, "edac_correctable_errors_total", "Total correctable memory errors."},
         STR_NONE},
        {"ce_noinfo_count", row_ce, STR("unknown")},
        {"ue_count",
         {COUNTER, "edac_uncorrectable_errors_total", "Total uncorrectable memory errors."},
         STR_NONE},
        {"ue_noinfo_count", row_ue, STR("unknown")},
    };
    struct str folder = arena_printf(&c->arena, "devices/system/edac/mc/%.*s", STR_ARG(name));
    struct str controller = str_slice(name, 2, name.len);
    if (!edac_counts(c, folder, rows, sizeof rows / sizeof *rows, controller))
        return false;
    struct str_list names = list_dir(c, sys_path(c, "%s", folder.ptr).ptr);
    for (size_t i = 0; i < names.count; i++) {
        struct str csrow = names.items[i];
        uint64_t number;
        if (!str_starts(csrow, STR("csrow")) ||
            !str_to_u64(str_slice(csrow, 5, csrow.len), &number)) {
            continue;
        }
        struct str label = str_slice(csrow, 5, csrow.len);
        const struct edac_row counts[] = {{"ce_count", row_ce, label}, {"ue_count", row_ue, label}};
        struct str inner = arena_printf(&c->arena, "%s/%.*s", folder.ptr, STR_ARG(csrow));
        if (!edac_counts(c, inner, counts, 2, controller))
            return false;
    }
    return true;
}

void collect_edac(struct collect *c)
{
    struct str_list names = list_dir(c, sys_path(c, "devices/system/edac/mc").ptr);
    for (size_t i = 0; i < names.count; i++) {
        uint64_t number;
        struct str name = names.items[i];
        if (str_starts(name, STR("mc")) && str_to_u64(str_slice(name, 2, name.len), &number) &&
            !edac_controller(c, name)) {
            return;
        }
    }
}
