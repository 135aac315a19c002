/* Pages as text: head, bars and boxes that a browser lays out itself, so that names wrap instead of being cut
 * and a telephone shows them as well as a desk. Lengths are percent of the track between name and number. */
#include "plot/page.h"

#include <math.h>
#include <string.h>

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;color:#1f2328;background:#fff;max-width:1000px;margin:1.5em "
    "auto;"
    "padding:0 1em}h1{font-size:1.6em;overflow-wrap:anywhere}h2{margin:2.2em 0 .3em;font-size:1.15em}"
    "p.note,figcaption,.key{color:#5d6269;font-size:.87em;margin:.2em 0 .6em}"
    "figure{margin:.5em 0;overflow-x:auto}svg{display:block;max-width:100%;height:auto;font:12px "
    "system-ui,sans-serif}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.2em 2em}dd{margin:0}"
    "table{display:block;overflow-x:auto;border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #e4e4e0;white-space:nowrap}"
    "td:first-child,th:first-child{text-align:left}"
    ".bars{display:grid;grid-template-columns:fit-content(17em) 1fr max-content;gap:2px .7em;font-size:13px;"
    "line-height:1.35;align-items:center}.bars>b{font-weight:400;text-align:right;overflow-wrap:anywhere}"
    ".bars>em{font-style:normal;text-align:right;color:#5d6269;font-variant-numeric:tabular-nums}"
    ".bars>div{position:relative;height:14px}i{position:absolute;display:block}"
    "i.a{background:#3b6ea5;left:0;top:1px;height:12px}i.a.half{height:7px}"
    "i.b{background:#9db8d6;left:0;top:8px;height:5px}"
    "i.w{background:#3b6ea5;top:6px;height:1px}i.q{background:#9db8d6;top:2px;height:10px}"
    "i.m{background:#1d4a7a;top:1px;height:12px;width:2px;margin-left:-1px}"
    ".bars>div.axis{height:20px;color:#5d6269}.axis i{font-style:normal;transform:translateX(-50%)}"
    ".bars>div.lines{height:auto;min-height:16px;align-self:stretch;margin:-1px 0}.lines i{top:50%}"
    ".lines i.w{margin-top:0}.lines i.q{margin-top:-5px}.lines i.m{margin-top:-6px}"
    ".lines{background-repeat:repeat-x}.key i{position:static;display:inline-block;width:12px;height:10px;"
    "margin:0 .4em 0 1em}.key i:first-child{margin-left:0}"
    ".tiles{display:flex;flex-wrap:wrap;gap:12px}.tiles figure{width:104px;margin:0;overflow:hidden}"
    ".tiles figcaption{line-height:1.25;margin:.2em 0;overflow-wrap:anywhere}"
    ".few{display:flex;flex-wrap:wrap;gap:1.5em}img{max-width:100%}"
    "@media(max-width:600px){body{font-size:14px}.bars{grid-template-columns:fit-content(8.5em) 1fr "
    "max-content;"
    "font-size:12px;gap:2px .45em}figure svg{max-width:none}.few svg{max-width:100%}}"
    "@media print{body{max-width:none}}";

void vt_html_text(struct vt_buf *b, const char *s)
{
  for (; *s; s++) {
    const char *entity = *s == '&'   ? "&amp;"
                         : *s == '<' ? "&lt;"
                         : *s == '>' ? "&gt;"
                         : *s == '"' ? "&quot;"
                                     : NULL;
    if (entity)
      vt_buf_adds(b, entity);
    else
      vt_buf_addc(b, *s);
  }
}

void vt_html_open(struct vt_buf *b, const char *title)
{
  vt_buf_adds(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                 "content=\"width=device-width,initial-scale=1\"><title>");
  vt_html_text(b, title);
  vt_buf_addf(b, "</title><style>%s</style></head><body>\n<h1>", style);
  vt_html_text(b, title);
  vt_buf_adds(b, "</h1>\n");
}

void vt_html_close(struct vt_buf *b)
{
  vt_buf_adds(b, "</body></html>\n");
}

void vt_html_count(struct vt_buf *b, int64_t n)
{
  char text[32];
  const int len = snprintf(text, sizeof text, "%lld", (long long)n);
  for (int k = 0; k < len; k++) {
    vt_buf_addc(b, text[k]);
    if (text[k] != '-' && k + 1 < len && (len - k - 1) % 3 == 0) vt_buf_addc(b, ',');
  }
}

void vt_html_section(struct vt_buf *b, const char *title, const char *note)
{
  vt_buf_adds(b, "<h2>");
  vt_html_text(b, title);
  vt_buf_adds(b, "</h2>\n");
  if (!note) return;
  vt_buf_adds(b, "<p class=\"note\">");
  vt_html_text(b, note);
  vt_buf_adds(b, "</p>\n");
}

void vt_html_bars_open(struct vt_buf *b, const char *first, const char *second)
{
  vt_buf_adds(b, "<div class=\"key\"><i style=\"background:#3b6ea5\"></i>");
  vt_html_text(b, first);
  if (second) {
    vt_buf_adds(b, "<i style=\"background:#9db8d6\"></i>");
    vt_html_text(b, second);
  }
  vt_buf_adds(b, "</div>\n<div class=\"bars\">\n");
}

static void name_of(struct vt_buf *b, const char *name)
{
  vt_buf_adds(b, "<b>");
  vt_html_text(b, name);
  vt_buf_adds(b, "</b>");
}

static double percent(double share)
{
  return isfinite(share) ? 100 * VT_CLAMP(share, 0, 1) : 0;
}

void vt_html_bar(struct vt_buf *b, const char *name, double first, double second, const char *text)
{
  name_of(b, name);
  vt_buf_addf(b, "<div><i class=\"a%s\" style=\"width:%.2f%%\"></i>", second >= 0 ? " half" : "",
              percent(first));
  if (second >= 0) vt_buf_addf(b, "<i class=\"b\" style=\"width:%.2f%%\"></i>", percent(second));
  vt_buf_adds(b, "</div><em>");
  vt_html_text(b, text);
  vt_buf_adds(b, "</em>\n");
}

void vt_html_axis(struct vt_buf *b, int n, const double *at, const char *const *text)
{
  vt_buf_adds(b, "<b></b><div class=\"axis\">");
  for (int k = 0; k < n; k++) {
    vt_buf_addf(b, "<i style=\"left:%.2f%%\">", percent(at[k]));
    vt_html_text(b, text[k]);
    vt_buf_adds(b, "</i>");
  }
  vt_buf_adds(b, "</div><em></em>\n");
}

void vt_html_box(struct vt_buf *b, const char *name, const double q[5], double step, const char *text)
{
  name_of(b, name);
  vt_buf_addf(b,
              "<div class=\"lines\" style=\"background-image:linear-gradient(to right,#e4e4e0 "
              "1px,transparent 1px);background-size:%.3f%% 100%%\">",
              percent(step));
  if (isfinite(q[0]))
    vt_buf_addf(b,
                "<i class=\"w\" style=\"left:%.2f%%;width:%.2f%%\"></i><i class=\"q\" "
                "style=\"left:%.2f%%;width:%.2f%%\"></i><i class=\"m\" style=\"left:%.2f%%\"></i>",
                percent(q[0]), percent(q[4] - q[0]), percent(q[1]), percent(q[3] - q[1]), percent(q[2]));
  vt_buf_adds(b, "</div><em>");
  vt_html_text(b, text);
  vt_buf_adds(b, "</em>\n");
}

void vt_html_bars_close(struct vt_buf *b)
{
  vt_buf_adds(b, "</div>\n");
}

static void add_base64(struct vt_buf *b, const struct vt_buf *bytes)
{
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint8_t *p = (const uint8_t *)bytes->data;
  for (size_t i = 0; i < bytes->len; i += 3) {
    const size_t left = bytes->len - i;
    const uint32_t v =
        (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
    const char four[4] = {digit[v >> 18], digit[v >> 12 & 63], left > 1 ? digit[v >> 6 & 63] : '=',
                          left > 2 ? digit[v & 63] : '='};
    vt_buf_add(b, four, 4);
  }
}

void vt_html_jpeg(struct vt_buf *b, const struct vt_buf *jpeg, const char *alt)
{
  vt_buf_adds(b, "<img alt=\"");
  vt_html_text(b, alt);
  vt_buf_adds(b, "\" src=\"data:image/jpeg;base64,");
  add_base64(b, jpeg);
  vt_buf_adds(b, "\">\n");
}

const char *vt_short_number(char text[16], double v)
{
  static const struct {
    double unit;
    const char *sign;
  } units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
  for (size_t k = 0; k < VT_COUNT(units); k++)
    if (fabs(v) >= units[k].unit * (1 - 1e-9)) {
      snprintf(text, 16, "%.4g%s", v / units[k].unit, units[k].sign);
      return text;
    }
  snprintf(text, 16, "%.4g", fabs(v) < 1e-12 ? 0 : v);
  return text;
}
