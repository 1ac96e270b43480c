/* Collectors of networks for storage and clusters: fibrechannel, infiniband. */

#include "components/prometheus/exporter/unix/collector.h"

struct counter_row {
    const char *file;
    double factor;
    struct family family;
};

/* ---- fibrechannel ---- */
static const struct counter_row fc_rows[] = {
    {"dumped_frames", 1, {COUNTER, "fibrechannel_dumped_frames_total", "Number of dumped frames"}},
    {"error_frames", 1, {COUNTER, "fibrechannel_error_frames_total", "Number of errors in frames"}},
    {"invalid_crc_count",
     1,
     {COUNTER, "fibrechannel_invalid_crc_total", "Invalid Cyclic Redundancy Check count"}},
    {"rx_frames", 1, {COUNTER, "fibrechannel_rx_frames_total", "Number of frames received"}},
    {"rx_words",
     1,
     {COUNTER, "fibrechannel_rx_words_total", "Number of words received by host port"}},
    {"tx_frames",
     1,
     {COUNTER, "fibrechannel_tx_frames_total", "Number of frames transmitted by host port"}},
    {"tx_words",
     1,
     {COUNTER, "fibrechannel_tx_words_total", "Number of words transmitted by host port"}},
    {"seconds_since_last_reset",
     1,
     {COUNTER, "fibrechannel_seconds_since_last_reset_total",
      "Number of seconds since last host port reset"}},
    {"invalid_tx_word_count",
     1,
     {COUNTER, "fibrechannel_invalid_tx_words_total",
      "Number of invalid words transmitted by host port"}},
    {"link_failure_count",
     1,
     {COUNTER, "fibrechannel_link_failure_total", "Number of times the host port link has failed"}},
    {"loss_of_sync_count",
     1,
     {COUNTER, "fibrechannel_loss_of_sync_total",
      "Number of failures on either bit or transmission word boundaries"}},
    {"loss_of_signal_count",
     1,
     {COUNTER, "fibrechannel_loss_of_signal_total", "Number of times signal has been lost"}},
    {"nos_count",
     1,
     {COUNTER, "fibrechannel_nos_total",
      "Number Not_Operational Primitive Sequence received by host port"}},
    {"fcp_packet_aborts",
     1,
     {COUNTER, "fibrechannel_fcp_packet_aborts_total", "Number of aborted packets"}},
};

static void fc_info(struct collect *c, struct str host)
{
    static const struct family info = {
        GAUGE, "fibrechannel_info",
        "Non-numeric data from /sys/class/fc_host/<host>, value is always 1."};
    static const char *const files[] = {"dev_loss_tmo",     "fabric_name",  NULL,
                                        "port_id",          "port_name",    "port_state",
                                        "port_type",        "speed",        "supported_classes",
                                        "supported_speeds", "symbolic_name"};
    enum { FILES = sizeof files / sizeof *files };
    struct label labels[FILES];
    for (size_t i = 0; i < FILES; i++) {
        if (files[i] == NULL) {
            labels[i] = (struct label){STR("fc_host"), host};
            continue;
        }
        struct str text = sys_label(c, "class/fc_host/%.*s/%s", STR_ARG(host), files[i]);
        if (str_starts(text, STR("0x")))
            text = str_slice(text, 2, text.len);
        labels[i] = (struct label){str_from(files[i]), text};
    }
    page_later(c, &info, labels, FILES, 1);
}

void collect_fibrechannel(struct collect *c)
{
    struct str_list hosts;
    if (!sys_dir(c, &hosts, "class/fc_host"))
        return;
    for (size_t i = 0; i < hosts.count; i++) {
        struct str host = hosts.items[i];
        fc_info(c, host);
        for (size_t k = 0; k < sizeof fc_rows / sizeof *fc_rows; k++) {
            double value;
            struct str text =
                sys_label(c, "class/fc_host/%.*s/statistics/%s", STR_ARG(host), fc_rows[k].file);
            /* The driver's way to say that it does not count this. */
            if (!to_number(text, &value) || str_is(text, "0xffffffffffffffff"))
                continue;
            LATER(c, &fc_rows[k].family, value, L("fc_host", host));
        }
    }
}

/* ---- infiniband ---- */
static const struct counter_row ib_rows[] = {
    {"counters_ext/port_multicast_rcv_packets",
     1,
     {COUNTER, "infiniband_legacy_multicast_packets_received_total",
      "Number of multicast packets received"}},
    {"counters_ext/port_multicast_xmit_packets",
     1,
     {COUNTER, "infiniband_legacy_multicast_packets_transmitted_total",
      "Number of multicast packets transmitted"}},
    {"counters_ext/port_rcv_data_64",
     4,
     {COUNTER, "infiniband_legacy_data_received_bytes_total",
      "Number of data octets received on all links"}},
    {"counters_ext/port_rcv_packets_64",
     1,
     {COUNTER, "infiniband_legacy_packets_received_total",
      "Number of data packets received on all links"}},
    {"counters_ext/port_unicast_rcv_packets",
     1,
     {COUNTER, "infiniband_legacy_unicast_packets_received_total",
      "Number of unicast packets received"}},
    {"counters_ext/port_unicast_xmit_packets",
     1,
     {COUNTER, "infiniband_legacy_unicast_packets_transmitted_total",
      "Number of unicast packets transmitted"}},
    {"counters_ext/port_xmit_data_64",
     4,
     {COUNTER, "infiniband_legacy_data_transmitted_bytes_total",
      "Number of data octets transmitted on all links"}},
    {"counters_ext/port_xmit_packets_64",
     1,
     {COUNTER, "infiniband_legacy_packets_transmitted_total",
      "Number of data packets received on all links"}},
    {"counters/excessive_buffer_overrun_errors",
     1,
     {COUNTER, "infiniband_excessive_buffer_overrun_errors_total",
      "Number of times that OverrunErrors consecutive flow control update periods occurred, each "
      "having at least one overrun error."}},
    {"counters/link_downed",
     1,
     {COUNTER, "infiniband_link_downed_total",
      "Number of times the link failed to recover from an error state and went down"}},
    {"counters/link_error_recovery",
     1,
     {COUNTER, "infiniband_link_error_recovery_total",
      "Number of times the link successfully recovered from an error state"}},
    {"counters/local_link_integrity_errors",
     1,
     {COUNTER, "infiniband_local_link_integrity_errors_total",
      "Number of times that the count of local physical errors exceeded the threshold specified "
      "by LocalPhyErrors."}},
    {"counters/multicast_rcv_packets",
     1,
     {COUNTER, "infiniband_multicast_packets_received_total",
      "Number of multicast packets received (including errors)"}},
    {"counters/multicast_xmit_packets",
     1,
     {COUNTER, "infiniband_multicast_packets_transmitted_total",
      "Number of multicast packets transmitted (including errors)"}},
    {"counters/port_rcv_constraint_errors",
     1,
     {COUNTER, "infiniband_port_constraint_errors_received_total",
      "Number of packets received on the switch physical port that are discarded"}},
    {"counters/port_xmit_constraint_errors",
     1,
     {COUNTER, "infiniband_port_constraint_errors_transmitted_total",
      "Number of packets not transmitted from the switch physical port"}},
    {"counters/port_rcv_data",
     4,
     {COUNTER, "infiniband_port_data_received_bytes_total",
      "Number of data octets received on all links"}},
    {"counters/port_xmit_data",
     4,
     {COUNTER, "infiniband_port_data_transmitted_bytes_total",
      "Number of data octets transmitted on all links"}},
    {"counters/port_rcv_discards",
     1,
     {COUNTER, "infiniband_port_discards_received_total",
      "Number of inbound packets discarded by the port because the port is down or congested"}},
    {"counters/port_xmit_discards",
     1,
     {COUNTER, "infiniband_port_discards_transmitted_total",
      "Number of outbound packets discarded by the port because the port is down or congested"}},
    {"counters/port_rcv_errors",
     1,
     {COUNTER, "infiniband_port_errors_received_total",
      "Number of packets containing an error that were received on this port"}},
    {"counters/port_rcv_packets",
     1,
     {COUNTER, "infiniband_port_packets_received_total",
      "Number of packets received on all VLs by this port (including errors)"}},
    {"counters/port_xmit_packets",
     1,
     {COUNTER, "infiniband_port_packets_transmitted_total",
      "Number of packets transmitted on all VLs from this port (including errors)"}},
    {"counters/port_xmit_wait",
     1,
     {COUNTER, "infiniband_port_transmit_wait_total",
      "Number of ticks during which the port had data to transmit but no data was sent during "
      "the entire tick"}},
    {"counters/unicast_rcv_packets",
     1,
     {COUNTER, "infiniband_unicast_packets_received_total",
      "Number of unicast packets received (including errors)"}},
    {"counters/unicast_xmit_packets",
     1,
     {COUNTER, "infiniband_unicast_packets_transmitted_total",
      "Number of unicast packets transmitted (including errors)"}},
    {"counters/port_rcv_remote_physical_errors",
     1,
     {COUNTER, "infiniband_port_receive_remote_physical_errors_total",
      "Number of packets marked with the EBP (End of Bad Packet) delimiter received on the port."}},
    {"counters/port_rcv_switch_relay_errors",
     1,
     {COUNTER, "infiniband_port_receive_switch_relay_errors_total",
      "Number of packets that could not be forwarded by the switch."}},
    {"counters/symbol_error",
     1,
     {COUNTER, "infiniband_symbol_error_total",
      "Number of minor link errors detected on one or more physical lanes."}},
    {"counters/VL15_dropped",
     1,
     {COUNTER, "infiniband_vl15_dropped_total",
      "Number of incoming VL15 packets dropped due to resource limitations."}},
};

/* "4: ACTIVE" or "40 Gb/sec (4X QDR)": the number it begins with. */
static bool leading_number(struct str text, double *out)
{
    struct str word;
    if (!next_word(&text, &word))
        return false;
    if (str_ends(word, STR(":")))
        word.len--;
    return to_number(word, out);
}

static void ib_port(struct collect *c, struct str device, struct str port)
{
    static const struct counter_row gauges[] = {
        {"state",
         1,
         {GAUGE, "infiniband_state_id",
          "State of the InfiniBand port (0: no change, 1: down, 2: init, 3: armed, 4: active, 5: "
          "act defer)"}},
        {"phys_state",
         1,
         {GAUGE, "infiniband_physical_state_id",
          "Physical state of the InfiniBand port (0: no change, 1: sleep, 2: polling, 3: disable, "
          "4: shift, 5: link up, 6: link error recover, 7: phytest)"}},
        {"rate",
         125000000,
         {GAUGE, "infiniband_rate_bytes_per_second", "Maximum signal transfer rate"}},
    };
    struct str folder =
        arena_printf(&c->arena, "class/infiniband/%.*s/ports/%.*s", STR_ARG(device), STR_ARG(port));
    double value;
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
        if (!leading_number(sys_label(c, "%s/%s", folder.ptr, gauges[i].file), &value)) {
            collect_failed(c, "%s/%s is no state or rate", folder.ptr, gauges[i].file);
            return;
        }
        LATER(c, &gauges[i].family, value * gauges[i].factor, L("device", device), L("port", port));
    }
    for (size_t i = 0; i < sizeof ib_rows / sizeof *ib_rows; i++) {
        /* A port without a performance manager says "N/A". */
        if (sys_number(c, &value, "%s/%s", folder.ptr, ib_rows[i].file)) {
            LATER(c, &ib_rows[i].family, value * ib_rows[i].factor, L("device", device),
                  L("port", port));
        }
    }
}

void collect_infiniband(struct collect *c)
{
    static const struct family info = {
        GAUGE, "infiniband_info",
        "Non-numeric data from /sys/class/infiniband/<device>, value is always 1."};
    struct str_list devices;
    if (!sys_dir(c, &devices, "class/infiniband"))
        return;
    for (size_t i = 0; i < devices.count; i++) {
        struct str d = devices.items[i];
        LATER(c, &info, 1,
              L("board_id", sys_label(c, "class/infiniband/%.*s/board_id", STR_ARG(d))),
              L("device", d),
              L("firmware_version", sys_label(c, "class/infiniband/%.*s/fw_ver", STR_ARG(d))),
              L("hca_type", sys_label(c, "class/infiniband/%.*s/hca_type", STR_ARG(d))));
        struct str_list ports =
            list_dir(c, sys_path(c, "class/infiniband/%.*s/ports", STR_ARG(d)).ptr);
        for (size_t k = 0; k < ports.count; k++)
            ib_port(c, d, ports.items[k]);
    }
}
