/* One pass over the tokens, with a stack of what is open. Bounded by OUTLINE_MAX_NODES and
 * SOURCE_MAX_DEPTH. */

#include "compiler/lsp/outline.h"

#include "base/memory.h"

struct builder {
    struct outline *o;
    struct token *tokens; /* comments are among them; ends with EOF */
    uint32_t token_count;
    uint32_t at;
    uint32_t open[SOURCE_MAX_DEPTH + 1]; /* nodes; open[0] is the file */
    uint32_t depth;
    uint32_t last_end;  /* of the last token that was taken */
    bool operand;       /* the last token ends an operand */
    uint32_t last_path; /* node of the path that the last token ended, 0 = none */
};

static enum outline_kind top_kind(const struct builder *b)
{
    return b->o->nodes[b->open[b->depth]].kind;
}

static uint32_t add(struct builder *b, enum outline_kind kind, uint32_t start, uint32_t end)
{
    struct outline *o = b->o;
    if (o->count == OUTLINE_MAX_NODES)
        return 0;
    if (o->count == o->cap) {
        o->cap = o->cap ? o->cap * 2 : 64;
        o->nodes = mem_realloc(&compiler_memory, o->nodes, o->cap * sizeof(*o->nodes));
    }
    uint32_t id = o->count++;
    o->nodes[id] = (struct outline_node){.kind = (uint8_t)kind,
                                         .depth = (uint16_t)b->depth,
                                         .parent = id ? b->open[b->depth] : 0,
                                         .stop = id + 1,
                                         .all = {start, end}};
    return id;
}

static void push(struct builder *b, uint32_t node)
{
    if (b->depth < SOURCE_MAX_DEPTH && node)
        b->open[++b->depth] = node;
}

/* Closes the innermost node at `end`. */
static void pop(struct builder *b, uint32_t end, bool closed)
{
    struct outline_node *node = &b->o->nodes[b->open[b->depth]];
    node->stop = b->o->count;
    node->closed = closed;
    node->close = closed ? end - 1 : end;
    if (end > node->all.end)
        node->all.end = end;
    if (b->depth)
        b->depth--;
}

static const struct token *peek(const struct builder *b, uint32_t ahead)
{
    uint32_t at = b->at + ahead;
    return &b->tokens[at < b->token_count ? at : b->token_count - 1];
}

static bool is_kind(const struct builder *b, uint32_t ahead, enum token_kind kind)
{
    return peek(b, ahead)->kind == kind;
}

static void take(struct builder *b, bool operand)
{
    b->last_end = peek(b, 0)->end;
    b->operand = operand;
    b->at += b->at + 1 < b->token_count;
}

/* Tokens of `a.b.c` from `ahead` on; a dot at the end counts. */
static uint32_t dotted_length(const struct builder *b, uint32_t ahead)
{
    uint32_t n = 0;
    while (is_kind(b, ahead + n, TOKEN_IDENT)) {
        n++;
        if (!is_kind(b, ahead + n, TOKEN_DOT))
            break;
        n++;
    }
    return n;
}

static bool at_line_start(const struct builder *b)
{
    uint32_t start = peek(b, 0)->start;
    const char *text = b->o->source->text.ptr;
    while (start > 0 && (text[start - 1] == ' ' || text[start - 1] == '\t'))
        start--;
    return start == 0 || text[start - 1] == '\n';
}

static bool is_block_head(const struct builder *b)
{
    uint32_t n = dotted_length(b, 0);
    if (!n || b->tokens[b->at + n - 1].kind == TOKEN_DOT)
        return false;
    bool labelled = is_kind(b, n, TOKEN_STRING);
    return is_kind(b, n + labelled, TOKEN_LCURLY);
}

static bool in_expression(const struct builder *b)
{
    enum outline_kind kind = top_kind(b);
    return kind != OUTLINE_FILE && kind != OUTLINE_BLOCK;
}

static struct str token_text(const struct builder *b, const struct token *t)
{
    return str_slice(b->o->source->text, t->start, t->end);
}

static bool holds_blocks(const struct builder *b, uint32_t node)
{
    const struct outline_node *n = &b->o->nodes[node];
    struct str name = outline_text(b->o, n->name);
    return n->kind == OUTLINE_BLOCK &&
           (str_is(name, "declare") || str_is(name, "template") || str_is(name, "foreach"));
}

/* The level of the innermost object that holds the place, without leaving the expression; 0 =
 * none. */
static uint32_t object_level(const struct builder *b)
{
    for (uint32_t level = b->depth; level; level--) {
        enum outline_kind kind = b->o->nodes[b->open[level]].kind;
        if (kind == OUTLINE_OBJECT)
            return level;
        if (kind == OUTLINE_BLOCK || kind == OUTLINE_ATTRIBUTE)
            return 0;
    }
    return 0;
}

/* A line that begins with what can only be a statement ends expressions that were left open; a
 * component's head in the first column ends the blocks as well. */
static void recover(struct builder *b)
{
    if (b->depth == 0 || !is_kind(b, 0, TOKEN_IDENT) || !at_line_start(b))
        return;
    bool block = is_block_head(b);
    if (in_expression(b)) {
        if (!block && !is_kind(b, 1, TOKEN_ASSIGN))
            return;
        uint32_t object = block ? 0 : object_level(b);
        while (b->depth > object && in_expression(b))
            pop(b, b->last_end, false);
    }
    uint32_t parts = dotted_length(b, 0);
    uint32_t start = peek(b, 0)->start;
    bool first_column = start == 0 || b->o->source->text.ptr[start - 1] == '\n';
    bool component = block && is_kind(b, parts, TOKEN_STRING) &&
                     (parts > 1 || str_is(token_text(b, peek(b, 0)), "declare"));
    while (first_column && component && b->depth && !holds_blocks(b, b->open[b->depth]))
        pop(b, b->last_end, false);
}

/* ---- statements ---- */

static void end_attributes(struct builder *b)
{
    while (b->depth && (top_kind(b) == OUTLINE_ATTRIBUTE || top_kind(b) == OUTLINE_FIELD))
        pop(b, b->last_end, false);
}

static void statement(struct builder *b)
{
    uint32_t parts = dotted_length(b, 0);
    const struct token *first = peek(b, 0);
    struct span name = {first->start, b->tokens[b->at + parts - 1].end};
    bool ends_in_dot = b->tokens[b->at + parts - 1].kind == TOKEN_DOT;
    if (parts == 1 && is_kind(b, 1, TOKEN_ASSIGN)) {
        uint32_t node = add(b, OUTLINE_ATTRIBUTE, name.start, peek(b, 1)->end);
        b->o->nodes[node].name = name;
        b->o->nodes[node].open = peek(b, 1)->start;
        take(b, false);
        take(b, false);
        push(b, node);
        return;
    }
    bool labelled = !ends_in_dot && is_kind(b, parts, TOKEN_STRING);
    struct span label = {0, 0};
    if (labelled)
        label = (struct span){peek(b, parts)->start, peek(b, parts)->end};
    bool block = !ends_in_dot && is_kind(b, parts + labelled, TOKEN_LCURLY);
    uint32_t node =
        add(b, block ? OUTLINE_BLOCK : OUTLINE_STUB, name.start, labelled ? label.end : name.end);
    b->o->nodes[node].name = name;
    b->o->nodes[node].label = label;
    for (uint32_t i = 0; i < parts + labelled; i++)
        take(b, false);
    if (block) {
        b->o->nodes[node].open = peek(b, 0)->start;
        take(b, false);
        push(b, node);
    }
}

/* ---- expressions ---- */

static void path(struct builder *b)
{
    uint32_t parts = dotted_length(b, 0);
    uint32_t start = peek(b, 0)->start;
    bool ends_in_dot = b->tokens[b->at + parts - 1].kind == TOKEN_DOT;
    uint32_t node = add(b, OUTLINE_PATH, start, b->tokens[b->at + parts - 1].end);
    b->o->nodes[node].name = b->o->nodes[node].all;
    for (uint32_t i = 0; i < parts; i++)
        take(b, !ends_in_dot);
    b->last_path = node;
}

static void open_bracket(struct builder *b, enum token_kind kind)
{
    enum outline_kind made = kind == TOKEN_LCURLY   ? OUTLINE_OBJECT
                             : kind == TOKEN_LPAREN ? (b->operand ? OUTLINE_CALL : OUTLINE_PAREN)
                                                    : (b->operand ? OUTLINE_INDEX : OUTLINE_ARRAY);
    const struct token *t = peek(b, 0);
    uint32_t node = add(b, made, t->start, t->end);
    b->o->nodes[node].open = t->start;
    if (made == OUTLINE_CALL && b->last_path)
        b->o->nodes[node].name = b->o->nodes[b->last_path].all;
    b->last_path = 0;
    take(b, false);
    push(b, node);
}

static bool closes(enum outline_kind kind, enum token_kind bracket)
{
    if (bracket == TOKEN_RCURLY)
        return kind == OUTLINE_BLOCK || kind == OUTLINE_OBJECT;
    if (bracket == TOKEN_RBRACK)
        return kind == OUTLINE_ARRAY || kind == OUTLINE_INDEX;
    return kind == OUTLINE_CALL || kind == OUTLINE_PAREN;
}

/* Closes up to the innermost node that the bracket fits; a stray one is passed over. */
static void close_bracket(struct builder *b, enum token_kind bracket)
{
    uint32_t level = b->depth;
    while (level && !closes(b->o->nodes[b->open[level]].kind, bracket)) {
        /* A ) or ] never ends a block. */
        if (bracket != TOKEN_RCURLY && b->o->nodes[b->open[level]].kind == OUTLINE_BLOCK)
            level = 1;
        level--;
    }
    while (level && b->depth > level)
        pop(b, b->last_end, false);
    take(b, true);
    if (level)
        pop(b, b->last_end, true);
    b->last_path = 0;
}

static void field(struct builder *b)
{
    const struct token *t = peek(b, 0);
    uint32_t node = add(b, OUTLINE_FIELD, t->start, peek(b, 1)->end);
    b->o->nodes[node].name = (struct span){t->start, t->end};
    b->o->nodes[node].open = peek(b, 1)->start;
    take(b, false);
    take(b, false);
    push(b, node);
}

static void literal(struct builder *b, enum outline_kind kind)
{
    const struct token *t = peek(b, 0);
    add(b, kind, t->start, t->end);
    take(b, true);
    b->last_path = 0;
}

static void terminator(struct builder *b)
{
    if (top_kind(b) == OUTLINE_ATTRIBUTE || top_kind(b) == OUTLINE_FIELD) {
        /* A field's end is the comma; without one, the line's end will do. */
        pop(b, b->last_end, false);
    }
    uint32_t end = b->last_end;
    take(b, false);
    b->last_end = end;
    b->last_path = 0;
}

static void comma(struct builder *b)
{
    if (top_kind(b) == OUTLINE_FIELD)
        pop(b, b->last_end, false);
    const struct token *t = peek(b, 0);
    add(b, OUTLINE_COMMA, t->start, t->end);
    take(b, false);
    b->last_path = 0;
}

static void word(struct builder *b)
{
    bool may_be_field = top_kind(b) == OUTLINE_OBJECT && is_kind(b, 1, TOKEN_ASSIGN);
    if (!in_expression(b)) {
        end_attributes(b);
        statement(b);
    } else if (may_be_field) {
        field(b);
    } else {
        path(b);
    }
}

static void string(struct builder *b)
{
    if (top_kind(b) == OUTLINE_OBJECT && is_kind(b, 1, TOKEN_ASSIGN))
        field(b);
    else
        literal(b, OUTLINE_STRING);
}

static void step(struct builder *b)
{
    recover(b);
    const struct token *t = peek(b, 0);
    switch (t->kind) {
    case TOKEN_IDENT: word(b); break;
    case TOKEN_STRING: string(b); break;
    case TOKEN_NUMBER:
    case TOKEN_FLOAT: literal(b, OUTLINE_NUMBER); break;
    case TOKEN_BOOL:
    case TOKEN_NULL: literal(b, OUTLINE_WORD); break;
    case TOKEN_LCURLY:
    case TOKEN_LBRACK:
    case TOKEN_LPAREN: open_bracket(b, t->kind); break;
    case TOKEN_RCURLY:
    case TOKEN_RBRACK:
    case TOKEN_RPAREN: close_bracket(b, t->kind); break;
    case TOKEN_COMMA: comma(b); break;
    case TOKEN_TERMINATOR: terminator(b); break;
    case TOKEN_COMMENT:
        add(b, OUTLINE_COMMENT, t->start, t->end);
        b->at += b->at + 1 < b->token_count;
        break;
    default:
        take(b, false);
        b->last_path = 0;
        break;
    }
}

static void read_tokens(struct builder *b, struct source *source)
{
    struct diags ignored;
    diags_init(&ignored);
    struct lexer lexer;
    lex_init(&lexer, source, &ignored);
    size_t cap = source->text.len / 6 + 64;
    b->tokens = mem_array(&compiler_memory, cap, sizeof(*b->tokens));
    struct token token;
    do {
        lex_next(&lexer, &token);
        if (b->token_count == cap) {
            cap *= 2;
            b->tokens = mem_realloc(&compiler_memory, b->tokens, cap * sizeof(*b->tokens));
        }
        b->tokens[b->token_count++] = token;
    } while (token.kind != TOKEN_EOF);
    diags_release(&ignored);
}

void outline_init(struct outline *o, struct source *source)
{
    *o = (struct outline){.source = source_ref(source)};
    struct builder *b = mem_zalloc(&compiler_memory, sizeof(*b));
    b->o = o;
    read_tokens(b, source);
    add(b, OUTLINE_FILE, 0, (uint32_t)source->text.len);
    while (peek(b, 0)->kind != TOKEN_EOF)
        step(b);
    while (b->depth) {
        /* What is open at the end of the text reaches to its end. */
        bool block = top_kind(b) == OUTLINE_BLOCK;
        pop(b, block ? (uint32_t)source->text.len : b->last_end, false);
    }
    pop(b, (uint32_t)source->text.len, false);
    mem_free(b->tokens);
    mem_free(b);
}

void outline_release(struct outline *o)
{
    source_unref(o->source);
    mem_free(o->nodes);
    *o = (struct outline){0};
}

uint32_t outline_at(const struct outline *o, uint32_t offset)
{
    uint32_t found = 0;
    for (uint32_t id = 1; id < o->count;) {
        const struct outline_node *node = &o->nodes[id];
        if (node->all.start > offset)
            break;
        bool inside = offset <= node->all.end;
        /* Behind its closing bracket one is outside. */
        if (offset == node->all.end && node->closed && node->stop > id + 1)
            inside = false;
        if (inside && node->kind != OUTLINE_COMMA) {
            found = id;
            id++;
        } else {
            id = node->stop;
        }
    }
    return found;
}

uint32_t outline_around(const struct outline *o, uint32_t node, enum outline_kind kind)
{
    while (node && o->nodes[node].kind != kind)
        node = o->nodes[node].parent;
    return node;
}

struct span outline_label_span(const struct outline *o, uint32_t block)
{
    struct span span = o->nodes[block].label;
    if (span.end - span.start >= 2)
        return (struct span){span.start + 1, span.end - 1};
    return (struct span){span.start, span.start};
}

struct str outline_label(const struct outline *o, uint32_t block)
{
    return outline_text(o, outline_label_span(o, block));
}

struct span outline_part(const struct outline *o, struct span dotted, uint32_t n)
{
    const char *text = o->source->text.ptr;
    uint32_t start = dotted.start;
    for (; n && start < dotted.end; start++)
        n -= text[start] == '.';
    if (n)
        return (struct span){dotted.end, dotted.end};
    uint32_t end = start;
    while (end < dotted.end && text[end] != '.')
        end++;
    while (start < end && (text[start] == ' ' || text[start] == '\t' || text[start] == '\n'))
        start++;
    while (end > start && (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\n'))
        end--;
    return (struct span){start, end};
}

uint32_t outline_part_count(const struct outline *o, struct span dotted)
{
    if (dotted.end <= dotted.start)
        return 0;
    uint32_t count = 1;
    for (uint32_t i = dotted.start; i < dotted.end; i++)
        count += o->source->text.ptr[i] == '.';
    return count;
}
