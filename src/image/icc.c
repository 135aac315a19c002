/* ICC profiles to sRGB through lcms2, which is touched only when a file brings a profile.
 *
 * A profile whose primaries and tone curve are sRGB's already is recognised and skipped. Perceptual intent,
 * as most viewers choose. CMYK without a usable profile: R = C * K / 255 in Adobe's inverted numbers. */
#include <math.h>
#include <lcms2.h>
#include "image/decode.h"

/* Primaries of sRGB adapted to D50 (IEC 61966-2-1 through the ICC's chromatic adaptation), columns of the
 * matrix. */
static const double srgb_xyz[3][3] = {{.4361, .2225, .0139}, {.3851, .7169, .0971}, {.1431, .0606, .7141}};

static double srgb_to_linear(double v)
{
  return v <= .04045 ? v / 12.92 : pow((v + .055) / 1.055, 2.4);
}

static bool is_srgb(cmsHPROFILE profile)
{
  static const cmsTagSignature column[3] = {cmsSigRedColorantTag, cmsSigGreenColorantTag,
                                            cmsSigBlueColorantTag};
  static const cmsTagSignature curve[3] = {cmsSigRedTRCTag, cmsSigGreenTRCTag, cmsSigBlueTRCTag};
  for (int c = 0; c < 3; c++) {
    const cmsCIEXYZ *xyz = cmsReadTag(profile, column[c]);
    const cmsToneCurve *trc = cmsReadTag(profile, curve[c]);
    if (!xyz || !trc) return false;
    const double got[3] = {xyz->X, xyz->Y, xyz->Z};
    for (int k = 0; k < 3; k++)
      if (fabs(got[k] - srgb_xyz[c][k]) > .002) return false;
    for (double v = .05; v < 1; v += .15)
      if (fabs(cmsEvalToneCurveFloat(trc, (float)v) - srgb_to_linear(v)) > .002) return false;
  }
  return !cmsIsTag(profile, cmsSigAToB0Tag);
}

/* CMYK to RGB, in place: rows of three channels, one right behind the other, at the front of the buffer. */
static void cmyk_plain(struct vt_image *im)
{
  uint8_t *to = im->px;
  for (int y = 0; y < im->height; y++) {
    const uint8_t *p = im->px + y * im->stride;
    for (int x = 0; x < im->width; x++, p += 4, to += 3) {
      int k = p[3], r = p[0] * k, g = p[1] * k, b = p[2] * k;
      to[0] = (uint8_t)((r + 127) / 255);
      to[1] = (uint8_t)((g + 127) / 255);
      to[2] = (uint8_t)((b + 127) / 255);
    }
  }
  im->channels = 3;
  im->stride = (int64_t)im->width * 3;
}

/* Row by row through the transform. Output goes to the front of the same buffer: it is never wider than the
 * input. */
static void run_transform(cmsHTRANSFORM t, struct vt__raw *r, uint8_t *grey_row)
{
  struct vt_image *im = &r->im;
  int out_channels = im->channels == 4 && !r->cmyk ? 4 : 3;
  int64_t out_stride = (int64_t)im->width * out_channels;
  for (int y = 0; y < im->height; y++) {
    uint8_t *in = im->px + y * im->stride, *out = im->px + y * out_stride;
    if (grey_row) {
      for (int x = 0; x < im->width; x++) grey_row[x] = in[(int64_t)x * im->channels];
      cmsDoTransform(t, grey_row, in, (cmsUInt32Number)im->width);
    } else if (r->cmyk) {
      cmsDoTransform(t, in, in, (cmsUInt32Number)im->width);
      for (int64_t i = 0; i < out_stride; i++) out[i] = in[i];
    } else {
      cmsDoTransform(t, in, out, (cmsUInt32Number)im->width);
    }
  }
  im->channels = out_channels;
  im->stride = out_stride;
  r->cmyk = false;
}

/* 1: converted; 0: the profile does not fit the picture or needs no conversion. */
static int convert(struct vt__raw *r, cmsHPROFILE profile, struct vt_err *e)
{
  cmsColorSpaceSignature space = cmsGetColorSpace(profile);
  bool alpha = r->im.channels == 4 && !r->cmyk;
  cmsUInt32Number from, to = alpha ? TYPE_RGBA_8 : TYPE_RGB_8;
  if (space == cmsSigCmykData && r->cmyk)
    from = TYPE_CMYK_8_REV;
  else if (space == cmsSigGrayData && r->grey)
    from = TYPE_GRAY_8;
  else if (space == cmsSigRgbData && !r->cmyk && !is_srgb(profile))
    from = alpha ? TYPE_RGBA_8 : TYPE_RGB_8;
  else
    return 0;
  int rc = 0;
  uint8_t *grey_row = NULL;
  cmsHTRANSFORM t = NULL;
  cmsHPROFILE srgb = cmsCreate_sRGBProfile();
  if (srgb) t = cmsCreateTransform(profile, from, srgb, to, INTENT_PERCEPTUAL, 0);
  if (!t) goto out;
  if (from == TYPE_GRAY_8 && !(grey_row = vt_malloc((size_t)r->im.width))) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory for a row of %d pixels", r->im.width);
    goto out;
  }
  run_transform(t, r, grey_row);
  rc = 1;
out:
  vt_free(grey_row);
  if (t) cmsDeleteTransform(t);
  if (srgb) cmsCloseProfile(srgb);
  return rc;
}

int vt__icc_to_srgb(struct vt__raw *r, struct vt_err *e)
{
  int done = 0;
  if (r->icc && !r->srgb && r->im.channels >= 3) {
    cmsHPROFILE profile =
        r->icc_len <= INT32_MAX ? cmsOpenProfileFromMem(r->icc, (cmsUInt32Number)r->icc_len) : NULL;
    if (profile) {
      done = convert(r, profile, e);
      cmsCloseProfile(profile);
    }
    if (done < 0) return done;
  }
  if (r->cmyk) {
    cmyk_plain(&r->im);
    r->cmyk = false;
  }
  return 0;
}
