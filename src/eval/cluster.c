/* Agreement of two clusterings: mutual information, normalised and adjusted for chance.
 *
 * With n things, a_i of cluster i, b_j of class j, n_ij in both:
 *   MI = sum n_ij / n ln(n n_ij / (a_i b_j)), H = - sum a_i / n ln(a_i / n), NMI = MI / ((H(a) + H(b)) / 2)
 *   AMI = (MI - E) / ((H(a) + H(b)) / 2 - E), E the mean of MI over all tables of these margins:
 *   E = sum_ij sum_k k / n ln(n k / (a_i b_j)) a_i! b_j! (n - a_i)! (n - b_j)! /
 *       (n! k! (a_i - k)! (b_j - k)! (n - a_i - b_j + k)!), k from max(1, a_i + b_j - n) to min(a_i, b_j)
 * (Vinh, Epps, Bailey, "Information Theoretic Measures for Clusterings Comparison", JMLR 2010). E depends on
 * a_i and b_j alone, so equal sizes are looked at once. */
#include "eval/eval.h"

#include <math.h>
#include <stdlib.h>

struct pair {
  int32_t a, b;
};

static int by_pair(const void *x, const void *y)
{
  const struct pair *p = x, *q = y;
  if (p->a != q->a) return p->a < q->a ? -1 : 1;
  return p->b < q->b ? -1 : p->b > q->b;
}

static int by_number(const void *x, const void *y)
{
  const int64_t *p = x, *q = y;
  return *p < *q ? -1 : *p > *q;
}

/* Sizes of the groups of one side, rising; returns how many. */
static int64_t group_sizes(const int32_t *label, int64_t n, int64_t *value, int64_t *size)
{
  int64_t groups = 0;
  for (int64_t i = 0; i < n; i++) value[i] = label[i];
  qsort(value, (size_t)n, sizeof *value, by_number);
  for (int64_t i = 0, k; i < n; i = k) {
    for (k = i; k < n && value[k] == value[i];) k++;
    size[groups++] = k - i;
  }
  qsort(size, (size_t)groups, sizeof *size, by_number);
  return groups;
}

static double entropy(const int64_t *size, int64_t groups, double n)
{
  double h = 0;
  for (int64_t i = 0; i < groups; i++) h -= (double)size[i] / n * log((double)size[i] / n);
  return h;
}

/* E's inner sum for one pair of sizes. */
static double expected_term(double a, double b, double n)
{
  double sum = 0,
         fixed = lgamma(a + 1) + lgamma(b + 1) + lgamma(n - a + 1) + lgamma(n - b + 1) - lgamma(n + 1);
  for (double k = fmax(1, a + b - n); k <= fmin(a, b); k++) {
    double chance = fixed - lgamma(k + 1) - lgamma(a - k + 1) - lgamma(b - k + 1) - lgamma(n - a - b + k + 1);
    sum += k / n * log(n * k / (a * b)) * exp(chance);
  }
  return sum;
}

static double expected(const int64_t *a, int64_t na, const int64_t *b, int64_t nb, double n)
{
  double sum = 0;
  for (int64_t i = 0, k; i < na; i = k) {
    for (k = i; k < na && a[k] == a[i];) k++;
    for (int64_t j = 0, m; j < nb; j = m) {
      for (m = j; m < nb && b[m] == b[j];) m++;
      sum += (double)((k - i) * (m - j)) * expected_term((double)a[i], (double)b[j], n);
    }
  }
  return sum;
}

static double mutual_information(struct pair *p, int64_t n, int64_t *size_a, int64_t *size_b)
{
  double mi = 0;
  qsort(p, (size_t)n, sizeof *p, by_pair);
  for (int64_t i = 0, k; i < n; i = k) {
    for (k = i; k < n && p[k].a == p[i].a && p[k].b == p[i].b;) k++;
    double both = (double)(k - i);
    mi += both / (double)n * log((double)n * both / ((double)size_a[p[i].a] * (double)size_b[p[i].b]));
  }
  return mi;
}

int vt_cluster_agreement(const int32_t *a, const int32_t *b, int64_t n, double *nmi, double *ami,
                         struct vt_err *e)
{
  int32_t top = 0;
  *nmi = *ami = NAN;
  if (n < 1) return 0;
  for (int64_t i = 0; i < n; i++) {
    if (a[i] < 0 || b[i] < 0 || a[i] > 1 << 28 || b[i] > 1 << 28)
      return vt_fail(e, VT_EARG, "element %lld: clusters %d and %d; expected 0 to 2^28", (long long)i, a[i],
                     b[i]);
    top = VT_MAX(top, VT_MAX(a[i], b[i]));
  }
  struct pair *p = vt_calloc((size_t)n, sizeof *p);
  int64_t *count[2] = {vt_calloc((size_t)top + 1, sizeof(int64_t)),
                       vt_calloc((size_t)top + 1, sizeof(int64_t))};
  int64_t *value = vt_calloc((size_t)n, sizeof *value), *sa = vt_calloc((size_t)n, sizeof *sa);
  int64_t *sb = vt_calloc((size_t)n, sizeof *sb);
  int rc = p && count[0] && count[1] && value && sa && sb ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) {
    for (int64_t i = 0; i < n; i++) {
      p[i] = (struct pair){a[i], b[i]};
      count[0][a[i]]++;
      count[1][b[i]]++;
    }
    int64_t na = group_sizes(a, n, value, sa), nb = group_sizes(b, n, value, sb);
    double mi = mutual_information(p, n, count[0], count[1]);
    double mean = (entropy(sa, na, (double)n) + entropy(sb, nb, (double)n)) / 2;
    bool same_trivial =
        (na == 1 && nb == 1) || (na == n && nb == n); /* both say nothing, or both all: agreed */
    double e_mi = same_trivial ? 0 : expected(sa, na, sb, nb, (double)n);
    *nmi = same_trivial ? 1 : mean > 0 ? fmax(mi, 0) / mean : 0;
    *ami = same_trivial ? 1 : fabs(mean - e_mi) < 1e-15 ? 0 : (mi - e_mi) / (mean - e_mi);
  }
  vt_free(p);
  vt_free(count[0]);
  vt_free(count[1]);
  vt_free(value);
  vt_free(sa);
  vt_free(sb);
  return rc;
}
