#include "client/experiment/job.h"

#include <string.h>

#define ANY CL_NODE_NULL
#define TEXT CL_NODE_TEXT
#define NUMBER CL_NODE_NUMBER
#define BOOL CL_NODE_BOOL
#define LIST CL_NODE_LIST
#define MAP CL_NODE_MAP

/* Kubernetes API reference 1.31, batch/v1 and core/v1; what its API server requires of a Job is
 * required here. */
static const struct cl_field job_fields[] = {{"apiVersion", TEXT, false}, {"kind", TEXT, false},
    {"metadata", MAP, false}, {"spec", MAP, true}, {"status", MAP, false}, {NULL, 0, false}};
static const struct cl_field job_spec_fields[] = {{"activeDeadlineSeconds", NUMBER, false},
    {"backoffLimit", NUMBER, false}, {"backoffLimitPerIndex", NUMBER, false},
    {"completionMode", TEXT, false}, {"completions", NUMBER, false}, {"managedBy", TEXT, false},
    {"manualSelector", BOOL, false}, {"maxFailedIndexes", NUMBER, false},
    {"parallelism", NUMBER, false}, {"podFailurePolicy", MAP, false},
    {"podReplacementPolicy", TEXT, false}, {"selector", MAP, false}, {"successPolicy", MAP, false},
    {"suspend", BOOL, false}, {"template", MAP, true}, {"ttlSecondsAfterFinished", NUMBER, false},
    {NULL, 0, false}};
static const struct cl_field pod_template_fields[] = {
    {"metadata", MAP, false}, {"spec", MAP, true}, {NULL, 0, false}};
static const struct cl_field pod_fields[] = {{"activeDeadlineSeconds", NUMBER, false},
    {"affinity", MAP, false}, {"automountServiceAccountToken", BOOL, false},
    {"containers", LIST, true}, {"dnsConfig", MAP, false}, {"dnsPolicy", TEXT, false},
    {"enableServiceLinks", BOOL, false}, {"ephemeralContainers", LIST, false},
    {"hostAliases", LIST, false}, {"hostIPC", BOOL, false}, {"hostNetwork", BOOL, false},
    {"hostPID", BOOL, false}, {"hostUsers", BOOL, false}, {"hostname", TEXT, false},
    {"imagePullSecrets", LIST, false}, {"initContainers", LIST, false}, {"nodeName", TEXT, false},
    {"nodeSelector", MAP, false}, {"os", MAP, false}, {"overhead", MAP, false},
    {"preemptionPolicy", TEXT, false}, {"priority", NUMBER, false},
    {"priorityClassName", TEXT, false}, {"readinessGates", LIST, false},
    {"resourceClaims", LIST, false}, {"resources", MAP, false}, {"restartPolicy", TEXT, false},
    {"runtimeClassName", TEXT, false}, {"schedulerName", TEXT, false},
    {"schedulingGates", LIST, false}, {"securityContext", MAP, false},
    {"serviceAccount", TEXT, false}, {"serviceAccountName", TEXT, false},
    {"setHostnameAsFQDN", BOOL, false}, {"shareProcessNamespace", BOOL, false},
    {"subdomain", TEXT, false}, {"terminationGracePeriodSeconds", NUMBER, false},
    {"tolerations", LIST, false}, {"topologySpreadConstraints", LIST, false},
    {"volumes", LIST, false}, {NULL, 0, false}};
static const struct cl_field container_fields[] = {{"args", LIST, false}, {"command", LIST, false},
    {"env", LIST, false}, {"envFrom", LIST, false}, {"image", TEXT, true},
    {"imagePullPolicy", TEXT, false}, {"lifecycle", MAP, false}, {"livenessProbe", MAP, false},
    {"name", TEXT, true}, {"ports", LIST, false}, {"readinessProbe", MAP, false},
    {"resizePolicy", LIST, false}, {"resources", MAP, false}, {"restartPolicy", TEXT, false},
    {"securityContext", MAP, false}, {"startupProbe", MAP, false}, {"stdin", BOOL, false},
    {"stdinOnce", BOOL, false}, {"terminationMessagePath", TEXT, false},
    {"terminationMessagePolicy", TEXT, false}, {"tty", BOOL, false}, {"volumeDevices", LIST, false},
    {"volumeMounts", LIST, false}, {"workingDir", TEXT, false}, {NULL, 0, false}};
static const struct cl_field env_fields[] = {
    {"name", TEXT, true}, {"value", TEXT, false}, {"valueFrom", MAP, false}, {NULL, 0, false}};
static const struct cl_field mount_fields[] = {{"mountPath", TEXT, true},
    {"mountPropagation", TEXT, false}, {"name", TEXT, true}, {"readOnly", BOOL, false},
    {"recursiveReadOnly", TEXT, false}, {"subPath", TEXT, false}, {"subPathExpr", TEXT, false},
    {NULL, 0, false}};

static const struct cl_field port_fields[] = {{"containerPort", NUMBER, true},
    {"hostIP", TEXT, false}, {"hostPort", NUMBER, false}, {"name", TEXT, false},
    {"protocol", TEXT, false}, {NULL, 0, false}};
static const struct cl_field resource_fields[] = {
    {"claims", LIST, false}, {"limits", MAP, false}, {"requests", MAP, false}, {NULL, 0, false}};
static const struct cl_field security_fields[] = {{"allowPrivilegeEscalation", BOOL, false},
    {"appArmorProfile", MAP, false}, {"capabilities", MAP, false}, {"fsGroup", NUMBER, false},
    {"fsGroupChangePolicy", TEXT, false}, {"privileged", BOOL, false}, {"procMount", TEXT, false},
    {"readOnlyRootFilesystem", BOOL, false}, {"runAsGroup", NUMBER, false},
    {"runAsNonRoot", BOOL, false}, {"runAsUser", NUMBER, false}, {"seLinuxOptions", MAP, false},
    {"seccompProfile", MAP, false}, {"supplementalGroups", LIST, false},
    {"supplementalGroupsPolicy", TEXT, false}, {"sysctls", LIST, false},
    {"windowsOptions", MAP, false}, {NULL, 0, false}};
static const struct cl_field value_from_fields[] = {{"configMapKeyRef", MAP, false},
    {"fieldRef", MAP, false}, {"resourceFieldRef", MAP, false}, {"secretKeyRef", MAP, false},
    {NULL, 0, false}};
static const struct cl_field key_fields[] = {
    {"key", TEXT, false}, {"name", TEXT, false}, {"optional", BOOL, false}, {NULL, 0, false}};
static const struct cl_field field_ref_fields[] = {
    {"apiVersion", TEXT, false}, {"fieldPath", TEXT, false}, {NULL, 0, false}};
static const struct cl_field env_from_fields[] = {{"configMapRef", MAP, false},
    {"prefix", TEXT, false}, {"secretRef", MAP, false}, {NULL, 0, false}};
static const struct cl_field toleration_fields[] = {{"effect", TEXT, false}, {"key", TEXT, false},
    {"operator", TEXT, false}, {"tolerationSeconds", NUMBER, false}, {"value", TEXT, false},
    {NULL, 0, false}};
static const struct cl_field claim_fields[] = {
    {"claimName", TEXT, false}, {"readOnly", BOOL, false}, {NULL, 0, false}};

/* What the fields of a pod and its containers hold, wherever they stand: a map, or a list of maps.
 */
static const struct {
    const char *key;
    const struct cl_field *fields;
} inside[] = {{"containers", container_fields}, {"initContainers", container_fields},
    {"env", env_fields}, {"envFrom", env_from_fields}, {"valueFrom", value_from_fields},
    {"fieldRef", field_ref_fields}, {"secretKeyRef", key_fields}, {"configMapKeyRef", key_fields},
    {"ports", port_fields}, {"resources", resource_fields}, {"securityContext", security_fields},
    {"tolerations", toleration_fields}, {"volumeMounts", mount_fields}, {"volumes", NULL},
    {"persistentVolumeClaim", claim_fields}};

static void check_inside(const struct cl_checker *c, const struct cl_node *map, const char *path);

static void check_map(const struct cl_checker *c, const struct cl_node *map, const char *path,
    const struct cl_field *fields) {
    if (!fields || cl_schema_check(c, map, path, fields)) {
        check_inside(c, map, path);
    }
}

static void check_pair(const struct cl_checker *c, const struct cl_node_pair *pair,
    const char *path, const struct cl_field *fields) {
    const char *own = mu_arena_format(c->arena, "%s.%s", path, pair->key->text);
    const struct cl_node *value = pair->value;
    if (value->kind == MAP) {
        check_map(c, value, own, fields);
    }
    for (size_t i = 0; value->kind == LIST && i < value->n; i++) {
        check_map(c, value->items[i], mu_arena_format(c->arena, "%s[%zu]", own, i), fields);
    }
}

static void check_inside(const struct cl_checker *c, const struct cl_node *map, const char *path) {
    static const char *const words[] = {"command", "args"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        cl_schema_items(c, cl_node_get(map, words[k]),
            mu_arena_format(c->arena, "%s.%s", path, words[k]), TEXT);
    }
    for (size_t i = 0; map->kind == MAP && i < map->n; i++) {
        for (size_t k = 0; k < sizeof inside / sizeof *inside; k++) {
            if (!strcmp(map->pairs[i].key->text, inside[k].key)) {
                check_pair(c, &map->pairs[i], path, inside[k].fields);
            }
        }
    }
}

/* The API server refuses a Job whose pods restart always, and that is what they do by default
 * (Kubernetes, pkg/apis/batch/validation). */
static void check_restart(const struct cl_checker *c, const struct cl_node *pod) {
    const char *policy = cl_node_text(pod, "restartPolicy", "Always");
    if (strcmp(policy, "Never") != 0 && strcmp(policy, "OnFailure") != 0) {
        cl_problem_add(c->problems, c->arena, pod,
            "trialSpec.spec.template.spec.restartPolicy: a Job takes Never or OnFailure, not %s",
            policy);
    }
}

void cl_job_check(const struct cl_checker *c, const struct cl_node *spec) {
    const struct cl_node *job = cl_node_get(spec, "spec");
    const struct cl_node *template = cl_node_get(job, "template");
    const struct cl_node *pod = cl_node_get(template, "spec");
    cl_schema_check(c, spec, "trialSpec", job_fields);
    if (job) {
        cl_schema_check(c, job, "trialSpec.spec", job_spec_fields);
    }
    if (template) {
        cl_schema_check(c, template, "trialSpec.spec.template", pod_template_fields);
    }
    if (pod) {
        check_map(c, pod, "trialSpec.spec.template.spec", pod_fields);
        check_restart(c, pod);
    }
}
