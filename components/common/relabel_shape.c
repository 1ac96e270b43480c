/* The shape of a relabel rule and its cross-field checks, worded as Alloy words them. Owns nothing.
 */
#include "components/common/relabel.h"

#include "base/regex.h"
#include "base/strconv.h"
#include "components/common/relabel_rule.h"

static const char *const action_names[] = {
    "replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
    "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase", NULL,
};

static enum status check_action(struct str text, struct error *err)
{
    for (const char *const *name = action_names; *name; name++) {
        if (str_is(text, *name))
            return STATUS_OK;
    }
    return error_set(err, STATUS_INVALID, "unrecognized action type \"%.*s\"", STR_ARG(text));
}

static bool is_name_byte(char c, bool first)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (!first && c >= '0' && c <= '9');
}

bool relabel_name_valid(struct str name, bool legacy)
{
    if (name.len == 0) {
        return false;
    }
    if (!legacy) {
        return utf8_valid(name);
    }
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_byte(name.ptr[i], i == 0)) {
            return false;
        }
    }
    return true;
}

/* Text made of names and variables: ^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$ */
static bool is_name_template(struct str text)
{
    bool after_part = false; /* digits may follow anything but the start */
    for (size_t at = 0; at < text.len;) {
        if (text.ptr[at] != '$') {
            if (!is_name_byte(text.ptr[at], !after_part)) {
                return false;
            }
            after_part = true;
            at++;
            continue;
        }
        bool brace = ++at < text.len && text.ptr[at] == '{';
        at += brace ? 1 : 0;
        size_t from = at;
        while (at < text.len && is_name_byte(text.ptr[at], false)) {
            at++;
        }
        if (at == from || (brace && (at >= text.len || text.ptr[at] != '}'))) {
            return false;
        }
        at += brace ? 1 : 0;
        after_part = true;
    }
    return text.len > 0;
}

static unsigned bit(enum relabel_action action)
{
    return 1U << action;
}

static enum status check_target(const struct relabel_rule *rule, struct error *err)
{
    const unsigned needs = bit(RELABEL_REPLACE) | bit(RELABEL_HASHMOD) | bit(RELABEL_LOWERCASE) |
                           bit(RELABEL_UPPERCASE) | bit(RELABEL_KEEPEQUAL) | bit(RELABEL_DROPEQUAL);
    const char *action = action_names[rule->action];
    if (!(needs & bit(rule->action))) {
        return STATUS_OK;
    }
    if (rule->target_label.len == 0) {
        return error_set(err, STATUS_INVALID,
                         "relabel configuration for %s action requires 'target_label' value",
                         action);
    }
    bool has_variable = str_find_byte(rule->target_label, '$', 0) != SIZE_MAX;
    bool valid = rule->action == RELABEL_REPLACE && has_variable
                     ? is_name_template(rule->target_label)
                     : relabel_name_valid(rule->target_label, false);
    if (!valid) {
        return error_set(err, STATUS_INVALID, "\"%.*s\" is invalid 'target_label' for %s action",
                         STR_ARG(rule->target_label), action);
    }
    return STATUS_OK;
}

static bool is_default_but_target(const struct relabel_rule *rule)
{
    return rule->modulus == 0 && str_is(rule->separator, ";") && str_is(rule->replacement, "$1");
}

static enum status check_lone_fields(const struct relabel_rule *rule, struct error *err)
{
    const unsigned names_only = bit(RELABEL_LABELDROP) | bit(RELABEL_LABELKEEP);
    const unsigned equality = bit(RELABEL_KEEPEQUAL) | bit(RELABEL_DROPEQUAL);
    const char *action = action_names[rule->action];
    if ((names_only & bit(rule->action)) &&
        (rule->source_labels.count > 0 || rule->target_label.len > 0 ||
         !is_default_but_target(rule))) {
        return error_set(err, STATUS_INVALID,
                         "%s action requires only 'regex', and no other fields", action);
    }
    if ((equality & bit(rule->action)) &&
        ((rule->regex.re && !str_is(regex_pattern(rule->regex.re), "(.*)")) ||
         !is_default_but_target(rule))) {
        return error_set(
            err, STATUS_INVALID,
            "%s action requires only 'source_labels' and 'target_label', and no other fields",
            action);
    }
    return STATUS_OK;
}

static enum status check_rule(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct relabel_rule *rule = args;
    const unsigned no_replacement = bit(RELABEL_LOWERCASE) | bit(RELABEL_UPPERCASE) |
                                    bit(RELABEL_KEEPEQUAL) | bit(RELABEL_DROPEQUAL);
    if (rule->modulus == 0 && rule->action == RELABEL_HASHMOD) {
        return error_set(err, STATUS_INVALID,
                         "relabel configuration for hashmod requires non-zero modulus");
    }
    enum status status = check_target(rule, err);
    if (status != STATUS_OK) {
        return status;
    }
    if ((no_replacement & bit(rule->action)) && !str_is(rule->replacement, "$1")) {
        return error_set(err, STATUS_INVALID, "'replacement' can not be set for %s action",
                         action_names[rule->action]);
    }
    if (rule->action == RELABEL_LABELMAP && !is_name_template(rule->replacement)) {
        return error_set(err, STATUS_INVALID, "\"%.*s\" is invalid 'replacement' for %s action",
                         STR_ARG(rule->replacement), action_names[rule->action]);
    }
    return check_lone_fields(rule, err);
}

static const struct row rows[] = {
    {ATTR(struct relabel_rule, source_labels),
     .doc = "Labels whose values are joined and matched."},
    {ATTR(struct relabel_rule, separator), .def = "\";\"",
     .doc = "Text between the joined values."},
    {TEXT(struct relabel_rule, regex, field_regex_full), .def = "\"(.*)\"",
     .doc = "Expression that the whole joined text must match."},
    {ATTR(struct relabel_rule, modulus), .doc = "Modulus of the hash for hashmod."},
    {ATTR(struct relabel_rule, target_label), .doc = "Label that receives the result."},
    {ATTR(struct relabel_rule, replacement), .def = "\"$1\"",
     .doc = "Value to write, with groups of the expression."},
    {CHOICE(struct relabel_rule, action, action_names), .def = "\"replace\"", .check = check_action,
     .doc = "What to do with a match."},
    {0},
};

const struct shape relabel_rule_shape = {
    .name = "rule", .rows = rows, .size = sizeof(struct relabel_rule), .check = check_rule};
