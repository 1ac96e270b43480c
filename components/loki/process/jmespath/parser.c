/* JMESPath: from tokens to nodes, by binding powers (Pratt's way). A descent whose depth is bounded
 * by JMESPATH_MAX_DEPTH, as is the depth of what it makes. Nodes are made in scratch memory that
 * has room for all that the tokens can become, and copied to the caller's arena. */

#include "base/strconv.h"
#include "components/loki/process/jmespath/internal.h"

enum { NODES_A_TOKEN = 5, SCRATCH_MAX = 64 * 1024 * 1024 };

struct parser {
    const struct jtoken *tokens;
    size_t count, at;
    struct jnode *nodes;
    uint32_t node_count, node_cap;
    unsigned depth;
    struct arena *arena; /* of literals and names */
    struct error *err;
};

static const struct {
    const char *name;
    uint8_t power;
} kinds[] = {
#define TOKEN(name, power) {"TOK" #name, power},
#include "components/loki/process/jmespath/tokens.def"
#undef TOKEN
};

/* ---- errors: every parse function returns 0 after one ---- */
static uint32_t wrong(struct parser *p, const char *what)
{
    error_set(p->err, STATUS_INVALID, "SyntaxError: %s", what);
    return 0;
}

static uint32_t wrong_kind(struct parser *p, const char *what, unsigned kind)
{
    error_set(p->err, STATUS_INVALID, "SyntaxError: %s%s", what, kinds[kind].name);
    return 0;
}

static uint32_t too_deep(struct parser *p)
{
    error_set(p->err, STATUS_LIMIT, "SyntaxError: the expression is nested deeper than %d levels",
              JMESPATH_MAX_DEPTH);
    return 0;
}

/* ---- tokens ---- */
static const struct jtoken *ahead(const struct parser *p, size_t by)
{
    return &p->tokens[p->at + by < p->count ? p->at + by : p->count - 1];
}

static unsigned current(const struct parser *p)
{
    return ahead(p, 0)->kind;
}

static bool match(struct parser *p, unsigned kind)
{
    if (current(p) == kind) {
        p->at++;
        return true;
    }
    error_set(p->err, STATUS_INVALID, "SyntaxError: Expected %s, received: %s", kinds[kind].name,
              kinds[current(p)].name);
    return false;
}

static bool is_keyword(const struct jtoken *token, const char *word)
{
    return token->kind == J_UnquotedIdentifier && str_is(token->value, word);
}

/* ---- nodes ---- */
static uint32_t new_node(struct parser *p, enum jnode_kind kind)
{
    ASSERT(p->node_count < p->node_cap);
    p->nodes[p->node_count] = (struct jnode){.kind = (uint8_t)kind, .depth = 1};
    return p->node_count++;
}

static bool deepen(struct parser *p, uint32_t node, uint32_t child)
{
    unsigned depth = p->nodes[child].depth + 1u;
    if (depth > JMESPATH_MAX_DEPTH) {
        too_deep(p);
        return false;
    }
    if (p->nodes[node].depth < depth)
        p->nodes[node].depth = (uint16_t)depth;
    return true;
}

/* A node over one or two children; 0 when a child is. */
static uint32_t over(struct parser *p, enum jnode_kind kind, uint32_t left, uint32_t right)
{
    if (left == 0 || right == 0)
        return 0;
    uint32_t node = new_node(p, kind);
    p->nodes[node].first = left;
    p->nodes[left].next = right;
    return deepen(p, node, left) && deepen(p, node, right) ? node : 0;
}

static uint32_t over_one(struct parser *p, enum jnode_kind kind, uint32_t child)
{
    if (child == 0)
        return 0;
    uint32_t node = new_node(p, kind);
    p->nodes[node].first = child;
    return deepen(p, node, child) ? node : 0;
}

/* Appends a child behind *last, which is 0 at first. */
static bool append(struct parser *p, uint32_t node, uint32_t *last, uint32_t child)
{
    if (child == 0 || !deepen(p, node, child))
        return false;
    if (*last == 0) {
        p->nodes[node].first = child;
    } else {
        p->nodes[*last].next = child;
    }
    *last = child;
    return true;
}

static uint32_t named(struct parser *p, enum jnode_kind kind, struct str name)
{
    uint32_t node = new_node(p, kind);
    p->nodes[node].text = arena_str(p->arena, name);
    return node;
}

static uint32_t literal(struct parser *p, const struct doc *doc)
{
    uint32_t node = new_node(p, N_LITERAL);
    p->nodes[node].literal = doc;
    return node;
}

static uint32_t parse_expression(struct parser *p, unsigned power);

static uint32_t parse_operand(struct parser *p, unsigned kind)
{
    return parse_expression(p, kinds[kind].power);
}

/* ---- lists of expressions ---- */
/* The commas between arguments may be left out. */
static uint32_t parse_arguments(struct parser *p, enum jnode_kind kind, unsigned end,
                                const char *keyword)
{
    uint32_t node = new_node(p, kind);
    uint32_t last = 0;
    while (keyword != NULL ? !is_keyword(ahead(p, 0), keyword) : current(p) != end) {
        if (!append(p, node, &last, parse_expression(p, 0)))
            return 0;
        if (current(p) == J_Comma)
            p->at++;
    }
    p->at++;
    return node;
}

static uint32_t parse_list(struct parser *p)
{
    uint32_t node = new_node(p, N_LIST);
    uint32_t last = 0;
    for (;;) {
        if (!append(p, node, &last, parse_expression(p, 0)))
            return 0;
        if (current(p) == J_Rbracket)
            break;
        if (!match(p, J_Comma))
            return 0;
    }
    p->at++;
    return node;
}

static uint32_t parse_hash(struct parser *p)
{
    uint32_t node = new_node(p, N_HASH);
    uint32_t last = 0;
    do {
        const struct jtoken *key = ahead(p, 0);
        if (key->kind != J_UnquotedIdentifier && key->kind != J_QuotedIdentifier)
            return wrong(p, "Expected tQuotedIdentifier or tUnquotedIdentifier");
        p->at++;
        if (!match(p, J_Colon))
            return 0;
        uint32_t member = over_one(p, N_MEMBER, parse_expression(p, 0));
        if (!append(p, node, &last, member))
            return 0;
        p->nodes[member].text = arena_str(p->arena, key->value);
        if (current(p) == J_Comma)
            p->at++;
        else if (current(p) == J_Rbrace)
            break;
    } while (true);
    p->at++;
    return node;
}

/* ---- projections ---- */
static uint32_t parse_dot_right(struct parser *p, unsigned power)
{
    unsigned kind = current(p);
    if (kind == J_QuotedIdentifier || kind == J_UnquotedIdentifier || kind == J_Star)
        return parse_expression(p, power);
    if (kind == J_Lbracket) {
        p->at++;
        return parse_list(p);
    }
    if (kind == J_Lbrace) {
        p->at++;
        return parse_hash(p);
    }
    return wrong(p, "Expected identifier, lbracket, or lbrace");
}

static uint32_t parse_projected(struct parser *p, unsigned kind)
{
    enum { ENDS_PROJECTION = 10 };
    unsigned next = current(p);
    if (kinds[next].power < ENDS_PROJECTION)
        return new_node(p, N_CURRENT);
    if (next == J_Lbracket || next == J_Filter)
        return parse_operand(p, kind);
    if (next != J_Dot)
        return wrong(p, "Error");
    p->at++;
    return parse_dot_right(p, kinds[kind].power);
}

/* Go's strconv.Atoi. */
static bool read_index(struct parser *p, int64_t *out)
{
    struct str text = ahead(p, 0)->value;
    if (str_to_i64(text, out)) {
        p->at++;
        return true;
    }
    error_set(p->err, STATUS_INVALID, "strconv.Atoi: parsing \"%.*s\": value out of range",
              STR_ARG(text));
    return false;
}

static uint32_t parse_slice(struct parser *p)
{
    uint32_t node = new_node(p, N_SLICE);
    unsigned part = 0;
    while (current(p) != J_Rbracket) {
        if (current(p) == J_Colon) {
            if (++part == 3)
                return wrong(p, "Too many colons in slice expression");
            p->at++;
        } else if (current(p) == J_Number) {
            if (!read_index(p, &p->nodes[node].parts[part]))
                return 0;
            p->nodes[node].given |= (uint8_t)(1u << part);
        } else {
            return wrong_kind(p, "Expected tColon or tNumber, received: ", current(p));
        }
    }
    p->at++;
    return node;
}

/* [5], [1:2] behind `left`; a slice projects. */
static uint32_t parse_index(struct parser *p, uint32_t left)
{
    if (current(p) == J_Colon || ahead(p, 1)->kind == J_Colon) {
        uint32_t sliced = over(p, N_INDEX_EXPRESSION, left, parse_slice(p));
        return sliced == 0 ? 0 : over(p, N_PROJECTION, sliced, parse_projected(p, J_Star));
    }
    uint32_t node = new_node(p, N_INDEX);
    if (!read_index(p, &p->nodes[node].parts[0]) || !match(p, J_Rbracket))
        return 0;
    return over(p, N_INDEX_EXPRESSION, left, node);
}

static uint32_t parse_filter(struct parser *p, uint32_t left)
{
    uint32_t condition = parse_expression(p, 0);
    if (condition == 0 || !match(p, J_Rbracket))
        return 0;
    uint32_t right =
        current(p) == J_Flatten ? new_node(p, N_CURRENT) : parse_projected(p, J_Filter);
    uint32_t node = over(p, N_FILTER, left, right);
    return node != 0 && append(p, node, &right, condition) ? node : 0;
}

static uint32_t parse_flatten(struct parser *p, uint32_t left)
{
    uint32_t flat = over_one(p, N_FLATTEN, left);
    return flat == 0 ? 0 : over(p, N_PROJECTION, flat, parse_projected(p, J_Flatten));
}

static uint32_t parse_let(struct parser *p)
{
    uint32_t bindings = parse_arguments(p, N_BINDINGS, 0, "in");
    return bindings == 0 ? 0 : over(p, N_LET, bindings, parse_expression(p, 0));
}

/* ---- what an expression begins with ---- */
static uint32_t begin_json(struct parser *p, const struct jtoken *token)
{
    struct doc_limits limits = {.finite = true};
    struct doc *doc = NULL;
    if (json_read(p->arena, arena_str(p->arena, token->value), limits, &doc, p->err) != STATUS_OK)
        return 0;
    return literal(p, doc);
}

static uint32_t begin_string(struct parser *p, const struct jtoken *token)
{
    struct doc *doc = ARENA_NEW(p->arena, struct doc);
    doc->kind = DOC_STRING;
    doc->text = arena_str(p->arena, token->value);
    return literal(p, doc);
}

static uint32_t begin_name(struct parser *p, const struct jtoken *token)
{
    if (token->kind == J_QuotedIdentifier && current(p) == J_Lparen)
        return wrong(p, "Can't have quoted identifier as function name.");
    if (is_keyword(token, "let") && current(p) == J_Varref)
        return parse_let(p);
    return named(p, token->kind == J_Varref ? N_VARIABLE : N_FIELD, token->value);
}

static uint32_t begin_prefix(struct parser *p, const struct jtoken *token)
{
    enum jnode_kind kind = token->kind == J_Not      ? N_NOT
                           : token->kind == J_Expref ? N_EXPREF
                                                     : N_SIGN;
    uint32_t node = over_one(p, kind, parse_operand(p, token->kind));
    p->nodes[node].op = token->kind;
    return node;
}

static uint32_t begin_star(struct parser *p, const struct jtoken *token)
{
    uint32_t left = new_node(p, N_CURRENT);
    return over(p, N_VALUES, left,
                current(p) == J_Rbracket ? new_node(p, N_CURRENT)
                                         : parse_projected(p, token->kind));
}

static uint32_t begin_bracket(struct parser *p)
{
    if (current(p) == J_Number || current(p) == J_Colon)
        return parse_index(p, new_node(p, N_CURRENT));
    if (current(p) != J_Star || ahead(p, 1)->kind != J_Rbracket)
        return parse_list(p);
    p->at += 2;
    uint32_t left = new_node(p, N_CURRENT);
    return over(p, N_PROJECTION, left, parse_projected(p, J_Star));
}

static uint32_t begin_parenthesis(struct parser *p)
{
    uint32_t node = parse_expression(p, 0);
    return node != 0 && match(p, J_Rparen) ? node : 0;
}

static uint32_t begin(struct parser *p, const struct jtoken *token)
{
    switch ((enum jtoken_kind)token->kind) {
    case J_JSONLiteral: return begin_json(p, token);
    case J_StringLiteral: return begin_string(p, token);
    case J_Varref:
    case J_UnquotedIdentifier:
    case J_QuotedIdentifier: return begin_name(p, token);
    case J_Plus:
    case J_Minus:
    case J_Not:
    case J_Expref: return begin_prefix(p, token);
    case J_Star: return begin_star(p, token);
    case J_Filter: return parse_filter(p, new_node(p, N_CURRENT));
    case J_Flatten: return parse_flatten(p, new_node(p, N_CURRENT));
    case J_Lbrace: return parse_hash(p);
    case J_Lbracket: return begin_bracket(p);
    case J_Lparen: return begin_parenthesis(p);
    case J_Current: return new_node(p, N_CURRENT);
    case J_Root: return new_node(p, N_ROOT);
    case J_EOF: return wrong(p, "Incomplete expression");
    default: return wrong_kind(p, "Invalid token: ", token->kind);
    }
}

/* ---- what may follow ---- */
static uint32_t follow_dot(struct parser *p, uint32_t left)
{
    if (current(p) != J_Star)
        return over(p, N_SUBEXPRESSION, left, parse_dot_right(p, kinds[J_Dot].power));
    p->at++;
    return over(p, N_VALUES, left, parse_projected(p, J_Dot));
}

static uint32_t follow_call(struct parser *p, uint32_t left)
{
    if (p->nodes[left].kind != N_FIELD)
        return wrong(p, "Invalid node as function name.");
    uint32_t node = parse_arguments(p, N_FUNCTION, J_Rparen, NULL);
    p->nodes[node].text = p->nodes[left].text;
    return node;
}

static uint32_t follow_bracket(struct parser *p, uint32_t left)
{
    if (current(p) == J_Number || current(p) == J_Colon)
        return parse_index(p, left);
    if (!match(p, J_Star) || !match(p, J_Rbracket))
        return 0;
    return over(p, N_PROJECTION, left, parse_projected(p, J_Star));
}

static uint32_t follow_operator(struct parser *p, unsigned kind, uint32_t left)
{
    static const uint8_t nodes[J_COUNT] = {
        [J_Pipe] = N_PIPE,         [J_Or] = N_OR,
        [J_And] = N_AND,           [J_Plus] = N_ARITHMETIC,
        [J_Minus] = N_ARITHMETIC,  [J_Star] = N_ARITHMETIC,
        [J_Divide] = N_ARITHMETIC, [J_Multiply] = N_ARITHMETIC,
        [J_Div] = N_ARITHMETIC,    [J_Modulo] = N_ARITHMETIC,
        [J_EQ] = N_COMPARATOR,     [J_NE] = N_COMPARATOR,
        [J_GT] = N_COMPARATOR,     [J_GTE] = N_COMPARATOR,
        [J_LT] = N_COMPARATOR,     [J_LTE] = N_COMPARATOR,
    };
    if (nodes[kind] == N_NONE)
        return wrong_kind(p, "Unexpected token: ", kind);
    uint32_t node = over(p, (enum jnode_kind)nodes[kind], left, parse_operand(p, kind));
    p->nodes[node].op = (uint8_t)kind;
    return node;
}

static uint32_t follow(struct parser *p, unsigned kind, uint32_t left)
{
    switch (kind) {
    case J_Dot: return follow_dot(p, left);
    case J_Lparen: return follow_call(p, left);
    case J_Lbracket: return follow_bracket(p, left);
    case J_Filter: return parse_filter(p, left);
    case J_Flatten: return parse_flatten(p, left);
    case J_Assign: return over(p, N_BINDING, left, parse_expression(p, 0));
    default: return follow_operator(p, kind, left);
    }
}

static uint32_t parse_expression(struct parser *p, unsigned power)
{
    if (++p->depth > JMESPATH_MAX_DEPTH)
        return too_deep(p);
    const struct jtoken *token = ahead(p, 0);
    p->at++;
    uint32_t node = begin(p, token);
    while (node != 0 && power < kinds[current(p)].power) {
        unsigned kind = current(p);
        p->at++;
        node = follow(p, kind, node);
    }
    p->depth--;
    return node;
}

/* ---- the door ---- */
static void note_fields(struct jmespath *out, struct arena *arena)
{
    struct str fields[JMESPATH_MAX_DEPTH];
    size_t count = 0;
    uint32_t at = out->root;
    while (out->nodes[at].kind == N_SUBEXPRESSION) {
        uint32_t left = out->nodes[at].first;
        const struct jnode *right = &out->nodes[out->nodes[left].next];
        if (right->kind != N_FIELD)
            return;
        fields[count++] = right->text;
        at = left;
    }
    if (out->nodes[at].kind != N_FIELD)
        return;
    fields[count++] = out->nodes[at].text;
    struct str *copy = ARENA_ARRAY(arena, count, struct str);
    for (size_t i = 0; i < count; i++)
        copy[i] = fields[count - 1 - i];
    out->fields = copy;
    out->field_count = count;
}

static enum status compile(struct parser *p, struct jtokens *tokens, struct arena *scratch,
                           struct jmespath *out)
{
    p->tokens = tokens->items;
    p->count = tokens->count;
    p->node_cap = (uint32_t)(tokens->count * NODES_A_TOKEN + 1);
    p->nodes = ARENA_ARRAY(scratch, p->node_cap, struct jnode);
    p->node_count = 1; /* node 0 is none */
    out->root = parse_expression(p, 0);
    if (out->root == 0)
        return p->err->status;
    if (current(p) != J_EOF) {
        wrong_kind(p, "Unexpected token at the end of the expression: ", current(p));
        return p->err->status;
    }
    struct jnode *nodes = ARENA_ARRAY(p->arena, p->node_count, struct jnode);
    memcpy(nodes, p->nodes, p->node_count * sizeof *nodes);
    out->nodes = nodes;
    note_fields(out, p->arena);
    return STATUS_OK;
}

enum status jmespath_compile(struct str text, struct arena *arena, struct jmespath *out,
                             struct error *err)
{
    struct parser p = {.arena = arena, .err = err};
    struct arena scratch;
    struct jtokens tokens;
    *out = (struct jmespath){0};
    arena_init(&scratch, NULL, SCRATCH_MAX);
    enum status status = jmespath_tokenize(text, &scratch, &tokens, err);
    if (status == STATUS_OK)
        status = compile(&p, &tokens, &scratch, out);
    arena_release(&scratch);
    return status;
}
