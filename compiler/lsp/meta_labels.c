/* Labels that discovery gives its targets, by component: the names that Prometheus documents for
 * its service discovery, which Alloy's components keep. "" has those of every target. */

#include "compiler/lsp/complete.h"

static const char *const common[] = {
    "__address__",
    "__metrics_path__",
    "__name__",
    "__param_module",
    "__scheme__",
    "__scrape_interval__",
    "__scrape_timeout__",
    "instance",
    "job",
    NULL,
};
static const char *const docker[] = {
    "__meta_docker_container_id",
    "__meta_docker_container_label_NAME",
    "__meta_docker_container_log_stream",
    "__meta_docker_container_name",
    "__meta_docker_container_network_mode",
    "__meta_docker_network_id",
    "__meta_docker_network_ip",
    "__meta_docker_network_name",
    "__meta_docker_port_private",
    "__meta_docker_port_public",
    "__meta_docker_port_public_ip",
    NULL,
};
static const char *const kubernetes[] = {
    "__meta_kubernetes_endpoint_port_name",
    "__meta_kubernetes_endpoint_ready",
    "__meta_kubernetes_endpoints_name",
    "__meta_kubernetes_endpointslice_name",
    "__meta_kubernetes_ingress_host",
    "__meta_kubernetes_ingress_name",
    "__meta_kubernetes_ingress_path",
    "__meta_kubernetes_ingress_scheme",
    "__meta_kubernetes_namespace",
    "__meta_kubernetes_node_annotation_NAME",
    "__meta_kubernetes_node_label_NAME",
    "__meta_kubernetes_node_name",
    "__meta_kubernetes_node_provider_id",
    "__meta_kubernetes_pod_annotation_NAME",
    "__meta_kubernetes_pod_container_id",
    "__meta_kubernetes_pod_container_image",
    "__meta_kubernetes_pod_container_init",
    "__meta_kubernetes_pod_container_name",
    "__meta_kubernetes_pod_container_port_name",
    "__meta_kubernetes_pod_container_port_number",
    "__meta_kubernetes_pod_container_port_protocol",
    "__meta_kubernetes_pod_controller_kind",
    "__meta_kubernetes_pod_controller_name",
    "__meta_kubernetes_pod_host_ip",
    "__meta_kubernetes_pod_ip",
    "__meta_kubernetes_pod_label_NAME",
    "__meta_kubernetes_pod_labelpresent_NAME",
    "__meta_kubernetes_pod_name",
    "__meta_kubernetes_pod_node_name",
    "__meta_kubernetes_pod_phase",
    "__meta_kubernetes_pod_ready",
    "__meta_kubernetes_pod_uid",
    "__meta_kubernetes_service_annotation_NAME",
    "__meta_kubernetes_service_cluster_ip",
    "__meta_kubernetes_service_label_NAME",
    "__meta_kubernetes_service_name",
    "__meta_kubernetes_service_port_name",
    "__meta_kubernetes_service_port_number",
    "__meta_kubernetes_service_type",
    NULL,
};
static const char *const consul[] = {
    "__meta_consul_address",
    "__meta_consul_dc",
    "__meta_consul_health",
    "__meta_consul_metadata_NAME",
    "__meta_consul_node",
    "__meta_consul_service",
    "__meta_consul_service_address",
    "__meta_consul_service_id",
    "__meta_consul_service_metadata_NAME",
    "__meta_consul_service_port",
    "__meta_consul_tags",
    NULL,
};
static const char *const ec2[] = {
    "__meta_ec2_ami",           "__meta_ec2_availability_zone",
    "__meta_ec2_instance_id",   "__meta_ec2_instance_state",
    "__meta_ec2_instance_type", "__meta_ec2_private_dns_name",
    "__meta_ec2_private_ip",    "__meta_ec2_public_dns_name",
    "__meta_ec2_public_ip",     "__meta_ec2_region",
    "__meta_ec2_subnet_id",     "__meta_ec2_tag_NAME",
    "__meta_ec2_vpc_id",        NULL,
};
static const char *const gce[] = {
    "__meta_gce_instance_id",
    "__meta_gce_instance_name",
    "__meta_gce_instance_status",
    "__meta_gce_label_NAME",
    "__meta_gce_machine_type",
    "__meta_gce_metadata_NAME",
    "__meta_gce_network",
    "__meta_gce_private_ip",
    "__meta_gce_project",
    "__meta_gce_public_ip",
    "__meta_gce_subnetwork",
    "__meta_gce_tags",
    "__meta_gce_zone",
    NULL,
};
static const char *const azure[] = {
    "__meta_azure_machine_computer_name",
    "__meta_azure_machine_id",
    "__meta_azure_machine_location",
    "__meta_azure_machine_name",
    "__meta_azure_machine_os_type",
    "__meta_azure_machine_private_ip",
    "__meta_azure_machine_public_ip",
    "__meta_azure_machine_resource_group",
    "__meta_azure_machine_tag_NAME",
    "__meta_azure_subscription_id",
    "__meta_azure_tenant_id",
    NULL,
};
static const char *const dns[] = {
    "__meta_dns_mx_record_target",  "__meta_dns_name",
    "__meta_dns_ns_record_target",  "__meta_dns_srv_record_port",
    "__meta_dns_srv_record_target", NULL,
};
static const char *const file[] = {"__meta_filepath", NULL};
static const char *const http[] = {"__meta_url", NULL};
static const char *const local_file_match[] = {"__path__", "__path_exclude__", NULL};
static const char *const process[] = {
    "__meta_process_commandline",
    "__meta_process_cwd",
    "__meta_process_exe",
    "__meta_process_uid",
    "__meta_process_username",
    "__process_pid__",
    NULL,
};

static const struct {
    const char *component;
    const char *const *labels;
} tables[] = {
    {"", common},
    {"discovery.docker", docker},
    {"discovery.kubernetes", kubernetes},
    {"discovery.consul", consul},
    {"discovery.ec2", ec2},
    {"discovery.gce", gce},
    {"discovery.azure", azure},
    {"discovery.dns", dns},
    {"discovery.file", file},
    {"discovery.http", http},
    {"discovery.process", process},
    {"local.file_match", local_file_match},
};

const char *const *complete_meta_labels(struct str name)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (str_is(name, tables[i].component))
            return tables[i].labels;
    }
    return NULL;
}
