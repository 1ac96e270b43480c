/* Which data loop a component lives on. */

#include "runtime/graph/parts.h"
#include "tests/support/graph.h"
#include "tests/support/test.h"

static struct loop *loop_of(struct rig *rig, const char *id)
{
    const struct node *node = map_get(&rig->graph->live->cells, str_from(id));
    cr_assert(node, "%s", id);
    return node->cell->loop;
}

TEST(graph_place, joins_what_receivers_connect, .timeout = 30)
{
    static const char text[] = "test.pipe \"a\" {\n  to = [test.pipe.b.receiver]\n}\n"
                               "test.pipe \"b\" { }\n"
                               "test.pipe \"c\" { }\n"
                               "test.sum \"n\" {\n  inputs = [test.pipe.b.number]\n}\n"
                               "declare \"box\" {\n  argument \"to\" { }\n"
                               "  test.pipe \"in\" {\n    to = argument.to.value\n  }\n"
                               "  export \"r\" {\n    value = test.pipe.in.receiver\n  }\n}\n"
                               "box \"x\" {\n  to = [test.pipe.c.receiver]\n}\n"
                               "test.pipe \"d\" {\n  to = [box.x.r]\n}\n";
    struct rig rig;
    rig_init_with(&rig, &(struct graph_options){.min_stability = STABILITY_GA, .data_loops = 2});
    cr_assert_eq(rig_load(&rig, text), GRAPH_APPLIED);
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_eq(loop_of(&rig, "test.pipe.a"), loop_of(&rig, "test.pipe.b"));
    cr_assert_eq(loop_of(&rig, "test.pipe.c"), loop_of(&rig, "test.pipe.d"));
    cr_assert_eq(loop_of(&rig, "test.pipe.c"), loop_of(&rig, "box.x/test.pipe.in"));
    cr_assert_neq(loop_of(&rig, "test.pipe.a"), loop_of(&rig, "test.pipe.c"));
    /* Kept ones stay, new ones join their group. */
    struct loop *a = loop_of(&rig, "test.pipe.a"), *c = loop_of(&rig, "test.pipe.c");
    rig_load(&rig, "test.pipe \"a\" {\n  to = [test.pipe.c.receiver]\n}\n"
                   "test.pipe \"c\" { }\n"
                   "test.pipe \"e\" {\n  to = [test.pipe.c.receiver]\n}\n");
    cr_assert_eq(loop_of(&rig, "test.pipe.a"), a);
    cr_assert_eq(loop_of(&rig, "test.pipe.c"), c);
    cr_assert(loop_of(&rig, "test.pipe.e") == a || loop_of(&rig, "test.pipe.e") == c);
    rig_release(&rig);
}
