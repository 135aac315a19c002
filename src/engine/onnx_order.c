/* Topological order of a file's nodes: depth-first search from each node to the producers of its inputs,
 * without recursion. Sub-graphs of control flow count as reading what their nodes read. */
#include <stdio.h>
#include <string.h>
#include "engine/onnx_read.h"

/* Output name -> node. */
struct producers {
  const Onnx__GraphProto *p;
  const char **name;
  int *node;
  size_t mask;
};

static size_t slot_of(const struct producers *t, const char *name)
{
  size_t at = vt_hash64(name, strlen(name)) & t->mask;
  while (t->name[at] && strcmp(t->name[at], name) != 0) at = (at + 1) & t->mask;
  return at;
}

static bool index_outputs(struct producers *t, struct vt_arena *a)
{
  size_t n = 0, cap = 16;
  for (size_t i = 0; i < t->p->n_node; i++) n += t->p->node[i]->n_output;
  while (cap < n * 2 + 2) cap *= 2;
  t->name = vt_arena_alloc(a, cap * sizeof *t->name);
  t->node = vt_arena_alloc(a, cap * sizeof *t->node);
  t->mask = cap - 1;
  if (!t->name || !t->node) return false;
  for (size_t i = 0; i < t->p->n_node; i++)
    for (size_t o = 0; o < t->p->node[i]->n_output; o++) {
      const char *name = t->p->node[i]->output[o];
      if (!name || !*name) continue;
      size_t at = slot_of(t, name);
      if (t->name[at]) continue; /* defined twice: found when the value is made */
      t->name[at] = name;
      t->node[at] = (int)i;
    }
  return true;
}

/* The producers that a node waits for, appended to list (NULL: only counted). */
static size_t inputs_of(const struct producers *t, const Onnx__NodeProto *n, int *list)
{
  size_t count = 0;
  for (size_t i = 0; i < n->n_input; i++) {
    if (!n->input[i] || !*n->input[i]) continue;
    size_t at = slot_of(t, n->input[i]);
    if (!t->name[at]) continue;
    if (list) list[count] = t->node[at];
    count++;
  }
  for (size_t a = 0; a < n->n_attribute; a++) {
    const Onnx__GraphProto *g = n->attribute[a]->g;
    for (size_t k = 0; g && k < g->n_node; k++) count += inputs_of(t, g->node[k], list ? list + count : NULL);
    for (size_t k = 0; g && k < g->n_output; k++) { /* an outer value handed out as it is */
      const char *name = g->output[k]->name;
      size_t at = name && *name ? slot_of(t, name) : 0;
      if (!name || !*name || !t->name[at]) continue;
      if (list) list[count] = t->node[at];
      count++;
    }
  }
  return count;
}

struct frame {
  int node;
  int *inputs;
  size_t n, next;
};

static size_t name_node(const Onnx__NodeProto *q, const char *after, char *out, size_t size)
{
  const char *name = q->name && *q->name ? q->name : q->n_output && q->output[0] ? q->output[0] : "?";
  return (size_t)snprintf(out, size, "'%.60s' (%.40s)%s", name, q->op_type ? q->op_type : "?", after);
}

static int show_cycle(const struct vt__onnx_file *f, const Onnx__GraphProto *p, const struct frame *stack,
                      int depth, int again, struct vt_err *e)
{
  char text[600];
  size_t n = 0;
  int from = depth;
  while (from > 0 && stack[from].node != again) from--;
  for (int i = from; i <= depth && n < sizeof text; i++)
    n += name_node(p->node[stack[i].node], " -> ", text + n, sizeof text - n);
  if (n < sizeof text) name_node(p->node[again], "", text + n, sizeof text - n);
  return vt_fail(e, VT_EFORMAT, "%s: its nodes form a cycle, each needing the next one's output: %s", f->path,
                 text);
}

static bool enter(const struct producers *t, struct vt_arena *a, struct frame *f, int node)
{
  *f = (struct frame){.node = node, .n = inputs_of(t, t->p->node[node], NULL)};
  f->inputs = vt_arena_alloc(a, VT_MAX(f->n, 1) * sizeof *f->inputs);
  if (f->inputs) inputs_of(t, t->p->node[node], f->inputs);
  return f->inputs != NULL;
}

int vt__onnx_order(struct vt__onnx_file *f, const Onnx__GraphProto *p, int **order, struct vt_err *e)
{
  enum { NEW, OPEN, DONE };
  struct producers t = {.p = p};
  size_t n = p->n_node, done = 0;
  *order = vt_arena_alloc(&f->arena, VT_MAX(n, 1) * sizeof **order);
  uint8_t *state = vt_arena_alloc(&f->arena, VT_MAX(n, 1));
  struct frame *stack = vt_arena_alloc(&f->arena, VT_MAX(n, 1) * sizeof *stack);
  if (!*order || !state || !stack || !index_outputs(&t, &f->arena)) goto oom;
  for (size_t root = 0; root < n; root++) {
    if (state[root] != NEW) continue;
    int depth = 0;
    if (!enter(&t, &f->arena, &stack[0], (int)root)) goto oom;
    state[root] = OPEN;
    while (depth >= 0) {
      struct frame *top = &stack[depth];
      if (top->next == top->n) {
        state[top->node] = DONE;
        (*order)[done++] = top->node;
        depth--;
        continue;
      }
      int to = top->inputs[top->next++];
      if (state[to] == OPEN) return show_cycle(f, p, stack, depth, to, e);
      if (state[to] == DONE) continue;
      if (!enter(&t, &f->arena, &stack[++depth], to)) goto oom;
      state[to] = OPEN;
    }
  }
  return 0;
oom:
  return vt_fail(e, VT_ENOMEM, "out of memory");
}
