/* Collectors of power and heat: powersupplyclass, rapl, thermal_zone. */

#include "components/prometheus/exporter/unix/collector.h"

#include "base/map.h"

/* ---- powersupplyclass ---- */
struct supply_row {
    const char *file;
    double divisor;
    struct family family;
};

static const struct supply_row supply_rows[] = {
    {"authentic",
     1,
     {GAUGE, "power_supply_authentic",
      "authentic value of /sys/class/power_supply/<power_supply>."}},
    {"calibrate",
     1,
     {GAUGE, "power_supply_calibrate",
      "calibrate value of /sys/class/power_supply/<power_supply>."}},
    {"capacity",
     1,
     {GAUGE, "power_supply_capacity", "capacity value of /sys/class/power_supply/<power_supply>."}},
    {"capacity_alert_max",
     1,
     {GAUGE, "power_supply_capacity_alert_max",
      "capacity_alert_max value of /sys/class/power_supply/<power_supply>."}},
    {"capacity_alert_min",
     1,
     {GAUGE, "power_supply_capacity_alert_min",
      "capacity_alert_min value of /sys/class/power_supply/<power_supply>."}},
    {"cycle_count",
     1,
     {GAUGE, "power_supply_cyclecount",
      "cyclecount value of /sys/class/power_supply/<power_supply>."}},
    {"online",
     1,
     {GAUGE, "power_supply_online", "online value of /sys/class/power_supply/<power_supply>."}},
    {"present",
     1,
     {GAUGE, "power_supply_present", "present value of /sys/class/power_supply/<power_supply>."}},
    {"time_to_empty_now",
     1,
     {GAUGE, "power_supply_time_to_empty_seconds",
      "time_to_empty_seconds value of /sys/class/power_supply/<power_supply>."}},
    {"time_to_full_now",
     1,
     {GAUGE, "power_supply_time_to_full_seconds",
      "time_to_full_seconds value of /sys/class/power_supply/<power_supply>."}},
    {"current_boot",
     1e6,
     {GAUGE, "power_supply_current_boot",
      "current_boot value of /sys/class/power_supply/<power_supply>."}},
    {"current_max",
     1e6,
     {GAUGE, "power_supply_current_max",
      "current_max value of /sys/class/power_supply/<power_supply>."}},
    {"current_now",
     1e6,
     {GAUGE, "power_supply_current_ampere",
      "current_ampere value of /sys/class/power_supply/<power_supply>."}},
    {"energy_empty",
     1e6,
     {GAUGE, "power_supply_energy_empty",
      "energy_empty value of /sys/class/power_supply/<power_supply>."}},
    {"energy_empty_design",
     1e6,
     {GAUGE, "power_supply_energy_empty_design",
      "energy_empty_design value of /sys/class/power_supply/<power_supply>."}},
    {"energy_full",
     1e6,
     {GAUGE, "power_supply_energy_full",
      "energy_full value of /sys/class/power_supply/<power_supply>."}},
    {"energy_full_design",
     1e6,
     {GAUGE, "power_supply_energy_full_design",
      "energy_full_design value of /sys/class/power_supply/<power_supply>."}},
    {"energy_now",
     1e6,
     {GAUGE, "power_supply_energy_watthour",
      "energy_watthour value of /sys/class/power_supply/<power_supply>."}},
    {"voltage_boot",
     1e6,
     {GAUGE, "power_supply_voltage_boot",
      "voltage_boot value of /sys/class/power_supply/<power_supply>."}},
    {"voltage_max",
     1e6,
     {GAUGE, "power_supply_voltage_max",
      "voltage_max value of /sys/class/power_supply/<power_supply>."}},
    {"voltage_max_design",
     1e6,
     {GAUGE, "power_supply_voltage_max_design",
      "voltage_max_design value of /sys/class/power_supply/<power_supply>."}},
    {"voltage_min",
     1e6,
     {GAUGE, "power_supply_voltage_min",
      "voltage_min value of /sys/class/power_supply/<power_supply>."}},
    {"voltage_min_design",
     1e6,
     {GAUGE, "power_supply_voltage_min_design",
      "voltage_min_design value of /sys/class/power_supply/<power_supply>."}},
    {"voltage_now",
     1e6,
     {GAUGE, "power_supply_voltage_volt",
      "voltage_volt value of /sys/class/power_supply/<power_supply>."}},
    {"voltage_ocv",
     1e6,
     {GAUGE, "power_supply_voltage_ocv",
      "voltage_ocv value of /sys/class/power_supply/<power_supply>."}},
    {"charge_control_limit",
     1e6,
     {GAUGE, "power_supply_charge_control_limit",
      "charge_control_limit value of /sys/class/power_supply/<power_supply>."}},
    {"charge_control_limit_max",
     1e6,
     {GAUGE, "power_supply_charge_control_limit_max",
      "charge_control_limit_max value of /sys/class/power_supply/<power_supply>."}},
    {"charge_counter",
     1e6,
     {GAUGE, "power_supply_charge_counter",
      "charge_counter value of /sys/class/power_supply/<power_supply>."}},
    {"charge_empty",
     1e6,
     {GAUGE, "power_supply_charge_empty",
      "charge_empty value of /sys/class/power_supply/<power_supply>."}},
    {"charge_empty_design",
     1e6,
     {GAUGE, "power_supply_charge_empty_design",
      "charge_empty_design value of /sys/class/power_supply/<power_supply>."}},
    {"charge_full",
     1e6,
     {GAUGE, "power_supply_charge_full",
      "charge_full value of /sys/class/power_supply/<power_supply>."}},
    {"charge_full_design",
     1e6,
     {GAUGE, "power_supply_charge_full_design",
      "charge_full_design value of /sys/class/power_supply/<power_supply>."}},
    {"charge_now",
     1e6,
     {GAUGE, "power_supply_charge_ampere",
      "charge_ampere value of /sys/class/power_supply/<power_supply>."}},
    {"charge_term_current",
     1e6,
     {GAUGE, "power_supply_charge_term_current",
      "charge_term_current value of /sys/class/power_supply/<power_supply>."}},
    {"constant_charge_current",
     1e6,
     {GAUGE, "power_supply_constant_charge_current",
      "constant_charge_current value of /sys/class/power_supply/<power_supply>."}},
    {"constant_charge_current_max",
     1e6,
     {GAUGE, "power_supply_constant_charge_current_max",
      "constant_charge_current_max value of /sys/class/power_supply/<power_supply>."}},
    {"constant_charge_voltage",
     1e6,
     {GAUGE, "power_supply_constant_charge_voltage",
      "constant_charge_voltage value of /sys/class/power_supply/<power_supply>."}},
    {"constant_charge_voltage_max",
     1e6,
     {GAUGE, "power_supply_constant_charge_voltage_max",
      "constant_charge_voltage_max value of /sys/class/power_supply/<power_supply>."}},
    {"precharge_current",
     1e6,
     {GAUGE, "power_supply_precharge_current",
      "precharge_current value of /sys/class/power_supply/<power_supply>."}},
    {"input_current_limit",
     1e6,
     {GAUGE, "power_supply_input_current_limit",
      "input_current_limit value of /sys/class/power_supply/<power_supply>."}},
    {"power_now",
     1e6,
     {GAUGE, "power_supply_power_watt",
      "power_watt value of /sys/class/power_supply/<power_supply>."}},
    {"temp",
     10,
     {GAUGE, "power_supply_temp_celsius",
      "temp_celsius value of /sys/class/power_supply/<power_supply>."}},
    {"temp_alert_max",
     10,
     {GAUGE, "power_supply_temp_alert_max_celsius",
      "temp_alert_max_celsius value of /sys/class/power_supply/<power_supply>."}},
    {"temp_alert_min",
     10,
     {GAUGE, "power_supply_temp_alert_min_celsius",
      "temp_alert_min_celsius value of /sys/class/power_supply/<power_supply>."}},
    {"temp_ambient",
     10,
     {GAUGE, "power_supply_temp_ambient_celsius",
      "temp_ambient_celsius value of /sys/class/power_supply/<power_supply>."}},
    {"temp_ambient_max",
     10,
     {GAUGE, "power_supply_temp_ambient_max_celsius",
      "temp_ambient_max_celsius value of /sys/class/power_supply/<power_supply>."}},
    {"temp_ambient_min",
     10,
     {GAUGE, "power_supply_temp_ambient_min_celsius",
      "temp_ambient_min_celsius value of /sys/class/power_supply/<power_supply>."}},
    {"temp_max",
     10,
     {GAUGE, "power_supply_temp_max_celsius",
      "temp_max_celsius value of /sys/class/power_supply/<power_supply>."}},
    {"temp_min",
     10,
     {GAUGE, "power_supply_temp_min_celsius",
      "temp_min_celsius value of /sys/class/power_supply/<power_supply>."}},
};

static void supply_info(struct collect *c, struct str supply)
{
    static const struct family info = {GAUGE, "power_supply_info",
                                       "info of /sys/class/power_supply/<power_supply>."};
    static const char *const files[] = {"capacity_level", "charge_type", "health", "manufacturer",
                                        "model_name",     NULL,          "scope",  "serial_number",
                                        "status",         "technology",  "type",   "usb_type"};
    enum { FILES = sizeof files / sizeof *files };
    struct label labels[FILES];
    size_t count = 0;
    for (size_t i = 0; i < FILES; i++) {
        struct str text = supply;
        if (files[i] != NULL)
            text = sys_label(c, "class/power_supply/%.*s/%s", STR_ARG(supply), files[i]);
        if (text.len == 0)
            continue;
        labels[count].name = files[i] != NULL ? str_from(files[i]) : STR("power_supply");
        labels[count++].value = valid_text(c, text);
    }
    page_later(c, &info, labels, count, 1);
}

void collect_powersupplyclass(struct collect *c)
{
    struct str_list supplies;
    if (!sys_dir(c, &supplies, "class/power_supply"))
        return;
    for (size_t i = 0; i < supplies.count; i++) {
        struct str supply = supplies.items[i];
        if (!passes(c->patterns->powersupply, NULL, supply))
            continue;
        for (size_t k = 0; k < sizeof supply_rows / sizeof *supply_rows; k++) {
            const struct supply_row *row = &supply_rows[k];
            double value;
            if (sys_number(c, &value, "class/power_supply/%.*s/%s", STR_ARG(supply), row->file))
                LATER(c, &row->family, value / row->divisor, L("power_supply", supply));
        }
        supply_info(c, supply);
    }
}

/* ---- rapl ---- */
/* "package-0" is package and 0; a name without a number counts how often it was seen. */
static struct str zone_index(struct collect *c, struct str *name, struct map *seen)
{
    struct str head;
    struct str number;
    uint64_t n;
    if (str_cut(*name, '-', &head, &number) && str_to_u64(number, &n)) {
        *name = head;
    } else {
        n = (uintptr_t)map_get(seen, *name);
        map_put(seen, *name, (void *)(uintptr_t)(n + 1));
    }
    return arena_printf(&c->arena, "%llu", (unsigned long long)n);
}

static void rapl_zones(struct collect *c, const struct str_list *zones, struct map *seen)
{
    for (size_t i = 0; i < zones->count; i++) {
        double joules;
        struct str zone = zones->items[i];
        struct str name = sys_label(c, "class/powercap/%.*s/name", STR_ARG(zone));
        if (name.len == 0 ||
            !file_exists(
                c, sys_path(c, "class/powercap/%.*s/max_energy_range_uj", STR_ARG(zone)).ptr)) {
            continue;
        }
        struct str index = zone_index(c, &name, seen);
        if (!sys_number(c, &joules, "class/powercap/%.*s/energy_uj", STR_ARG(zone))) {
            collect_failed(c, "no data: energy_uj of %.*s cannot be read", STR_ARG(zone));
            return;
        }
        struct str clean = metric_name(c, name);
        struct str family = arena_printf(&c->arena, "rapl_%.*s_joules_total", STR_ARG(clean));
        struct str help =
            arena_printf(&c->arena, "Current RAPL %.*s value in joules", STR_ARG(name));
        const struct family f = {COUNTER, family.ptr, help.ptr};
        LATER(c, &f, joules / 1e6, L("index", index),
              L("path", sys_path(c, "class/powercap/%.*s", STR_ARG(zone))));
    }
}

void collect_rapl(struct collect *c)
{
    struct str_list zones;
    struct map seen;
    if (!sys_dir(c, &zones, "class/powercap"))
        return;
    map_init(&seen, NULL);
    rapl_zones(c, &zones, &seen);
    map_release(&seen);
}

/* ---- thermal_zone, with the cooling devices ---- */
static void cooling_device(struct collect *c, struct str name)
{
    static const struct family current = {GAUGE, "cooling_device_cur_state",
                                          "Current throttle state of the cooling device"};
    static const struct family maximum = {GAUGE, "cooling_device_max_state",
                                          "Maximum throttle state of the cooling device"};
    struct str number = str_slice(name, sizeof "cooling_device" - 1, name.len);
    struct str type = sys_label(c, "class/thermal/%.*s/type", STR_ARG(name));
    double now;
    double most;
    if (!sys_number(c, &now, "class/thermal/%.*s/cur_state", STR_ARG(name)) ||
        !sys_number(c, &most, "class/thermal/%.*s/max_state", STR_ARG(name))) {
        collect_failed(c, "the state of %.*s cannot be read", STR_ARG(name));
        return;
    }
    LATER(c, &current, now, L("name", number), L("type", type));
    LATER(c, &maximum, most, L("name", number), L("type", type));
}

void collect_thermal_zone(struct collect *c)
{
    static const struct family temp = {GAUGE, "thermal_zone_temp", "Zone temperature in Celsius"};
    struct str_list names = list_dir(c, sys_path(c, "class/thermal").ptr);
    for (size_t i = 0; i < names.count; i++) {
        struct str name = names.items[i];
        double value;
        if (str_starts(name, STR("cooling_device"))) {
            cooling_device(c, name);
        } else if (str_starts(name, STR("thermal_zone"))) {
            if (!sys_number(c, &value, "class/thermal/%.*s/temp", STR_ARG(name))) {
                collect_failed(c, "no data: the temperature of %.*s cannot be read", STR_ARG(name));
                return;
            }
            LATER(c, &temp, value / 1000,
                  L("type", sys_label(c, "class/thermal/%.*s/type", STR_ARG(name))),
                  L("zone", str_slice(name, sizeof "thermal_zone" - 1, name.len)));
        }
    }
}
