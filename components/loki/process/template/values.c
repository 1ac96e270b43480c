/* The functions of templates on logic, numbers and lists, and the table of them all. */

#include "base/strconv.h"
#include "components/loki/process/template/functions.h"

#include <math.h>

/* "12.7" counts as 12, as in spf13/cast; prefixes say the base. */
static int64_t text_to_int(struct str text)
{
    int64_t n = 0;
    size_t dot = str_find_byte(text, '.', 0);
    bool plain = dot != SIZE_MAX;
    for (size_t i = 0; i < text.len && plain; i++) {
        bool is_sign = i == 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
        plain = i == dot || is_sign || (text.ptr[i] >= '0' && text.ptr[i] <= '9');
    }
    struct str whole = plain ? str_slice(text, 0, dot) : text;
    return template_integer(whole, &n) ? n : 0;
}

int64_t tcall_int(struct tcall *c, size_t i)
{
    if (i >= c->count)
        return 0;
    const struct tval *v = &c->args[i];
    switch ((enum tval_kind)v->kind) {
    case TVAL_INT: return v->integer;
    case TVAL_BOOL: return v->boolean;
    case TVAL_STRING: return text_to_int(v->text);
    case TVAL_FLOAT: break;
    default: return 0;
    }
    return v->number >= -9.2e18 && v->number <= 9.2e18 ? (int64_t)v->number : INT64_MIN;
}

static double tcall_float(struct tcall *c, size_t i)
{
    double d = 0;
    bool range = false;
    const struct tval *v = &c->args[i];
    if (v->kind == TVAL_FLOAT)
        return v->number;
    if (v->kind == TVAL_STRING)
        return strconv_parse_float(v->text, &d, &range) && !range ? d : 0;
    return (double)tcall_int(c, i);
}

/* ---- logic ---- */
static struct tval fn_last_arg(struct tcall *c)
{
    return c->args[c->count - 1];
}

static struct tval fn_not(struct tcall *c)
{
    return TVAL_B(!tval_truth(&c->args[0]));
}

/* -1, 0, 1; 2 when the kinds cannot be compared. */
static int order(const struct tval *a, const struct tval *b)
{
    if (a->kind != b->kind)
        return 2;
    switch ((enum tval_kind)a->kind) {
    case TVAL_STRING: {
        int cmp = str_cmp(a->text, b->text);
        return (cmp > 0) - (cmp < 0);
    }
    case TVAL_INT: return (a->integer > b->integer) - (a->integer < b->integer);
    case TVAL_FLOAT: return (a->number > b->number) - (a->number < b->number);
    case TVAL_BOOL: return a->boolean - b->boolean;
    default: return 2;
    }
}

/* Lists and maps can only be compared with what is not there. */
static struct tval fn_eq(struct tcall *c)
{
    const struct tval *a = &c->args[0];
    if (c->count < 2)
        return tcall_fail(c, "missing argument for comparison");
    for (size_t i = 1; i < c->count; i++) {
        const struct tval *b = &c->args[i];
        bool has_nil = a->kind == TVAL_NIL || b->kind == TVAL_NIL;
        int cmp = has_nil ? a->kind != b->kind : order(a, b);
        if (cmp == 2)
            return tcall_fail(c, "incompatible types for comparison");
        if (cmp == 0)
            return TVAL_B(true);
    }
    return TVAL_B(false);
}

static struct tval fn_ne(struct tcall *c)
{
    struct tval equal = fn_eq(c);
    return TVAL_B(!equal.boolean);
}

static struct tval compare(struct tcall *c, bool less, bool equal)
{
    int cmp = order(&c->args[0], &c->args[1]);
    if (cmp == 2 || c->args[0].kind == TVAL_BOOL)
        return tcall_fail(c, "incompatible types for comparison");
    return TVAL_B(cmp == 0 ? equal : (cmp < 0) == less);
}

static struct tval fn_lt(struct tcall *c)
{
    return compare(c, true, false);
}

static struct tval fn_le(struct tcall *c)
{
    return compare(c, true, true);
}

static struct tval fn_gt(struct tcall *c)
{
    return compare(c, false, false);
}

static struct tval fn_ge(struct tcall *c)
{
    return compare(c, false, true);
}

static struct tval fn_default(struct tcall *c)
{
    return c->count < 2 || !tval_truth(&c->args[1]) ? c->args[0] : c->args[1];
}

static struct tval fn_all(struct tcall *c)
{
    bool all = true;
    for (size_t i = 0; i < c->count; i++)
        all = all && tval_truth(&c->args[i]);
    return TVAL_B(all);
}

static struct tval fn_any(struct tcall *c)
{
    bool any = false;
    for (size_t i = 0; i < c->count; i++)
        any = any || tval_truth(&c->args[i]);
    return TVAL_B(any);
}

static struct tval fn_fail(struct tcall *c)
{
    return tcall_fail(c, arena_cstr(c->arena, c->args[0].text));
}

static struct tval fn_empty(struct tcall *c)
{
    return TVAL_B(!tval_truth(&c->args[0]));
}

static struct tval fn_coalesce(struct tcall *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (tval_truth(&c->args[i]))
            return c->args[i];
    }
    return (struct tval){0};
}

static struct tval fn_ternary(struct tcall *c)
{
    return c->args[2].boolean ? c->args[0] : c->args[1];
}

/* ---- numbers ---- */
static struct tval fn_add(struct tcall *c)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < c->count; i++)
        sum += (uint64_t)tcall_int(c, i);
    return TVAL_WIDE((int64_t)sum);
}

static struct tval fn_add1(struct tcall *c)
{
    return TVAL_WIDE((int64_t)((uint64_t)tcall_int(c, 0) + 1));
}

static struct tval fn_sub(struct tcall *c)
{
    return TVAL_WIDE((int64_t)((uint64_t)tcall_int(c, 0) - (uint64_t)tcall_int(c, 1)));
}

static struct tval fn_mul(struct tcall *c)
{
    uint64_t product = 1;
    for (size_t i = 0; i < c->count; i++)
        product *= (uint64_t)tcall_int(c, i);
    return TVAL_WIDE((int64_t)product);
}

static struct tval fn_div(struct tcall *c)
{
    int64_t a = tcall_int(c, 0);
    int64_t b = tcall_int(c, 1);
    if (b == 0)
        return tcall_fail(c, "integer divide by zero");
    return TVAL_WIDE(b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b);
}

static struct tval fn_mod(struct tcall *c)
{
    int64_t a = tcall_int(c, 0);
    int64_t b = tcall_int(c, 1);
    if (b == 0)
        return tcall_fail(c, "integer divide by zero");
    return TVAL_WIDE(b == -1 ? 0 : a % b);
}

static struct tval extreme(struct tcall *c, bool largest)
{
    int64_t best = tcall_int(c, 0);
    for (size_t i = 1; i < c->count; i++) {
        int64_t n = tcall_int(c, i);
        if ((n > best) == largest && n != best)
            best = n;
    }
    return TVAL_WIDE(best);
}

static struct tval fn_max(struct tcall *c)
{
    return extreme(c, true);
}

static struct tval fn_min(struct tcall *c)
{
    return extreme(c, false);
}

static struct tval fn_int64(struct tcall *c)
{
    return TVAL_WIDE(tcall_int(c, 0));
}

/* Decimal digits only. */
static struct tval fn_atoi(struct tcall *c)
{
    int64_t n = 0;
    return TVAL_I(str_to_i64(c->args[0].text, &n) ? n : 0);
}

static struct tval fn_int(struct tcall *c)
{
    return TVAL_I(tcall_int(c, 0));
}

static struct tval fn_float(struct tcall *c)
{
    return TVAL_F(tcall_float(c, 0));
}

static struct tval fn_floor(struct tcall *c)
{
    return TVAL_F(floor(tcall_float(c, 0)));
}

static struct tval fn_ceil(struct tcall *c)
{
    return TVAL_F(ceil(tcall_float(c, 0)));
}

static struct tval fn_to_string(struct tcall *c)
{
    return TVAL_S(tcall_text(c, 0));
}

/* ---- the table ---- */
static const struct template_function functions[] = {
    {"Hash", "ss", tfn_sha3},
    {"Replace", "sssi", tfn_replace_n},
    {"Sha2Hash", "ss", tfn_sha256},
    {"ToLower", "s", tfn_lower},
    {"ToUpper", "s", tfn_upper},
    {"Trim", "ss", tfn_trim},
    {"TrimLeft", "ss", tfn_trim_left},
    {"TrimPrefix", "ss", tfn_trim_prefix},
    {"TrimRight", "ss", tfn_trim_right},
    {"TrimSpace", "s", tfn_trim_space},
    {"TrimSuffix", "ss", tfn_trim_suffix},
    {"add", "a*", fn_add},
    {"add1", "a", fn_add1},
    {"all", "a*", fn_all},
    {"and", "vv*", fn_last_arg},
    {"any", "a*", fn_any},
    {"atoi", "s", fn_atoi},
    {"b64enc", "s", tfn_b64enc},
    {"biggest", "aa*", fn_max},
    {"cat", "a*", tfn_cat},
    {"ceil", "a", fn_ceil},
    {"coalesce", "a*", fn_coalesce},
    {"contains", "ss", tfn_contains},
    {"default", "aa*", fn_default},
    {"div", "aa", fn_div},
    {"empty", "a", fn_empty},
    {"eq", "vv*", fn_eq},
    {"fail", "s", fn_fail},
    {"first", "a", tfn_first},
    {"float64", "a", fn_float},
    {"floor", "a", fn_floor},
    {"ge", "vv", fn_ge},
    {"gt", "vv", fn_gt},
    {"hasPrefix", "ss", tfn_has_prefix},
    {"hasSuffix", "ss", tfn_has_suffix},
    {"indent", "is", tfn_indent},
    {"index", "vv*", tfn_index},
    {"int", "a", fn_int},
    {"int64", "a", fn_int64},
    {"join", "sa", tfn_join},
    {"last", "a", tfn_last},
    {"le", "vv", fn_le},
    {"len", "v", tfn_len},
    {"list", "a*", tfn_list},
    {"lower", "s", tfn_lower},
    {"lt", "vv", fn_lt},
    {"max", "aa*", fn_max},
    {"min", "aa*", fn_min},
    {"mod", "aa", fn_mod},
    {"mul", "aa*", fn_mul},
    {"ne", "vv", fn_ne},
    {"nindent", "is", tfn_nindent},
    {"nospace", "s", tfn_nospace},
    {"not", "v", fn_not},
    {"or", "vv*", fn_last_arg},
    {"print", "a*", tfn_print},
    {"printf", "sa*", tfn_printf},
    {"println", "a*", tfn_println},
    {"quote", "a*", tfn_quote},
    {"regexFind", "ss", tfn_regex_find},
    {"regexMatch", "ss", tfn_regex_match},
    {"regexQuoteMeta", "s", tfn_quote_meta},
    {"regexReplaceAll", "sss", tfn_regex_replace},
    {"regexReplaceAllLiteral", "sss", tfn_regex_replace_literal},
    {"repeat", "is", tfn_repeat},
    {"replace", "sss", tfn_sprig_replace},
    {"sha256sum", "s", tfn_sha256},
    {"split", "ss", tfn_split},
    {"splitList", "ss", tfn_split_list},
    {"squote", "a*", tfn_squote},
    {"sub", "aa", fn_sub},
    {"substr", "iis", tfn_substr},
    {"swapcase", "s", tfn_swapcase},
    {"ternary", "aab", fn_ternary},
    {"title", "s", tfn_title},
    {"toString", "a", fn_to_string},
    {"trim", "s", tfn_trim_space},
    {"trimAll", "ss", tfn_sprig_trim_all},
    {"trimPrefix", "ss", tfn_sprig_trim_prefix},
    {"trimSuffix", "ss", tfn_sprig_trim_suffix},
    {"trimall", "ss", tfn_sprig_trim_all},
    {"trunc", "is", tfn_trunc},
    {"tuple", "a*", tfn_list},
    {"until", "i", tfn_until},
    {"untilStep", "iii", tfn_until_step},
    {"upper", "s", tfn_upper},
};

/* Functions that Alloy has besides, from the builtins and Masterminds/sprig. */
static const char *const refused[] = {
    "abbrev",
    "abbrevboth",
    "add1f",
    "addf",
    "adler32sum",
    "ago",
    "append",
    "b32dec",
    "b32enc",
    "b64dec",
    "base",
    "bcrypt",
    "buildCustomCert",
    "call",
    "camelcase",
    "chunk",
    "clean",
    "compact",
    "concat",
    "date",
    "dateInZone",
    "dateModify",
    "date_in_zone",
    "date_modify",
    "decryptAES",
    "deepCopy",
    "deepEqual",
    "derivePassword",
    "dict",
    "dig",
    "dir",
    "divf",
    "duration",
    "durationRound",
    "encryptAES",
    "env",
    "expandenv",
    "ext",
    "fromJson",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "get",
    "getHostByName",
    "gte",
    "has",
    "hasKey",
    "hello",
    "html",
    "htmlDate",
    "htmlDateInZone",
    "htpasswd",
    "initial",
    "initials",
    "isAbs",
    "js",
    "kebabcase",
    "keys",
    "kindIs",
    "kindOf",
    "lte",
    "maxf",
    "merge",
    "mergeOverwrite",
    "minf",
    "mulf",
    "mustAppend",
    "mustChunk",
    "mustCompact",
    "mustDateModify",
    "mustDeepCopy",
    "mustFirst",
    "mustFromJson",
    "mustHas",
    "mustInitial",
    "mustLast",
    "mustMerge",
    "mustMergeOverwrite",
    "mustPrepend",
    "mustPush",
    "mustRegexFind",
    "mustRegexFindAll",
    "mustRegexMatch",
    "mustRegexReplaceAll",
    "mustRegexReplaceAllLiteral",
    "mustRegexSplit",
    "mustRest",
    "mustReverse",
    "mustSlice",
    "mustToDate",
    "mustToJson",
    "mustToPrettyJson",
    "mustToRawJson",
    "mustUniq",
    "mustWithout",
    "must_date_modify",
    "now",
    "omit",
    "osBase",
    "osClean",
    "osDir",
    "osExt",
    "osIsAbs",
    "pick",
    "pluck",
    "plural",
    "prepend",
    "push",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "regexFindAll",
    "regexSplit",
    "rest",
    "reverse",
    "round",
    "semver",
    "semverCompare",
    "seq",
    "set",
    "sha1sum",
    "sha512sum",
    "shuffle",
    "slice",
    "snakecase",
    "sortAlpha",
    "splitn",
    "subf",
    "toDate",
    "toDecimal",
    "toJson",
    "toPrettyJson",
    "toRawJson",
    "toStrings",
    "typeIs",
    "typeIsLike",
    "typeOf",
    "uniq",
    "unixEpoch",
    "unset",
    "untitle",
    "urlJoin",
    "urlParse",
    "urlquery",
    "uuidv4",
    "values",
    "without",
    "wrap",
    "wrapWith",
};

const struct template_function *template_function(struct str name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (str_is(name, functions[i].name))
            return &functions[i];
    }
    return NULL;
}

bool template_function_is_refused(struct str name)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (str_is(name, refused[i]))
            return true;
    }
    return false;
}
